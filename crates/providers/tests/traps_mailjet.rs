//! What Mailjet's event API is known to surprise with, one test each.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

use domain::{BounceClass, DropReason, Fact, Rank, Scope};
use providers::{Mapping, Outcome, Place, Reported, provider};
use serde_json::{Value, json};

fn read(mapping: &Mapping, body: &str) -> Vec<Outcome> {
    (provider("mailjet").expect("known").decode)(body.as_bytes(), mapping).expect("a body")
}

/// An event: the common fields with these over them; null takes a field away.
fn event(fields: &Value) -> Value {
    let mut event = json!({
        "event": "sent", "time": 1_735_725_600, "MessageID": 576_460_752_303_423_489_i64, "email": "ada@example.com",
        "Message_GUID": "5d2f60aa-9c1e-4a7b-8d55-0c4be0a1f302", "mj_campaign_id": 7, "mj_contact_id": 8, "customcampaign": "",
        "CustomID": "", "Payload": "",
    });
    for (name, value) in fields.as_object().expect("fields") {
        event[name] = value.clone();
    }
    event
}

fn report_with(mapping: &Mapping, fields: &Value) -> Reported {
    match read(mapping, &event(fields).to_string()).remove(0) {
        Outcome::Event(report) => *report,
        other => panic!("no event: {other:?}"),
    }
}

fn report(fields: &Value) -> Reported {
    report_with(&Mapping::default(), fields)
}

fn class(fields: &Value) -> Option<BounceClass> {
    match report(fields).fact {
        Fact::Bounced { class, asynchronous: false, .. } => Some(class),
        _ => None,
    }
}

#[test]
fn sent_means_that_the_receiving_server_took_it() {
    assert_eq!(report(&json!({"event": "sent"})).fact, Fact::Delivered);
}

#[test]
fn message_ids_exceed_what_a_float_holds() {
    let id = |id: Value| report(&json!({"MessageID": id}));
    let (one, next) = (id(json!(576_460_752_303_423_489_i64)), id(json!(576_460_752_303_423_490_i64)));
    assert_eq!(one.provider_message_id.as_deref(), Some("576460752303423489"));
    assert_ne!(one.id, next.id);
    assert_eq!(id(json!("576460752303423489")).id, one.id, "a string is the same number");
    assert_eq!(id(json!(18_446_744_073_709_551_615_u64)).provider_message_id.as_deref(), Some("18446744073709551615"));
    let guid = report(&json!({"MessageID": null})).provider_message_id;
    assert_eq!(guid.as_deref(), Some("5d2f60aa-9c1e-4a7b-8d55-0c4be0a1f302"));
}

#[test]
fn events_come_grouped_or_bare() {
    let (bare, other) = (event(&json!({})), event(&json!({"event": "open"})));
    assert_eq!(read(&Mapping::default(), &bare.to_string()).len(), 1);
    assert_eq!(read(&Mapping::default(), &json!([bare, other]).to_string()).len(), 2);
    assert_eq!(read(&Mapping::default(), "[]").len(), 0);
}

#[test]
fn greylisted_is_deferred_although_it_comes_as_a_bounce() {
    let greylisted = json!({"event": "bounce", "error": "Greylisted", "blocked": true, "hard_bounce": false, "comment": "450 later"});
    assert_eq!(report(&greylisted).fact, Fact::Deferred { reason: "Greylisted: 450 later".to_owned() });
    assert_eq!(class(&json!({"event": "bounce", "error": "greylisted", "hard_bounce": true})), Some(BounceClass::Hard));
}

#[test]
fn a_block_does_not_suppress() {
    let bounce = |error: &str, blocked: bool, hard: bool| {
        class(&json!({"event": "bounce", "error": error, "blocked": blocked, "hard_bounce": hard}))
    };
    assert_eq!(bounce("user unknown", true, true), Some(BounceClass::Hard));
    assert_eq!(bounce("user unknown", true, false), Some(BounceClass::Block));
    for error in
        ["blacklisted", "sender blocked", "content blocked", "policy issue", "relay/access denied", "spam reporter"]
    {
        assert_eq!(bounce(error, false, false), Some(BounceClass::Block), "{error}");
    }
    for error in ["quota exceeded", "system issue", "connection issue"] {
        assert_eq!(bounce(error, false, false), Some(BounceClass::Soft), "{error}");
    }
}

#[test]
fn the_error_may_stand_in_what_it_is_related_to() {
    let fields = json!({"event": "bounce", "error": "", "error_related_to": "policy issue", "blocked": false, "hard_bounce": false, "comment": "421 4.7.0 later"});
    assert_eq!(class(&fields), Some(BounceClass::Block));
    assert_eq!(report(&fields).reason.as_deref(), Some("policy issue: 421 4.7.0 later"));
}

#[test]
fn what_was_blocked_was_never_tried() {
    let drop = |error: &str| match report(&json!({"event": "blocked", "error": error, "error_related_to": "x"})).fact {
        Fact::Dropped(drop) => (drop.reason, drop.scope, drop.text),
        other => panic!("no drop: {other:?}"),
    };
    assert_eq!(drop("preblocked"), (DropReason::PriorBounce, Scope::Address, "x: preblocked".to_owned()));
    assert_eq!(drop("duplicate in campaign").0, DropReason::Duplicate);
    assert_eq!(drop("typofix").0, DropReason::InvalidAddress);
    assert_eq!(drop("bad or empty template").0, DropReason::Rendering);
    assert_eq!(drop("error in template language").0, DropReason::Rendering);
    assert_eq!(drop("spam reporter").0, DropReason::PriorSpam);
    let unknown = drop("about ada@example.com");
    assert_eq!(unknown, (DropReason::Other, Scope::Message, "x: about [address]".to_owned()));
}

#[test]
fn the_payload_is_json_text_an_object_or_plain_words() {
    let message = |payload: Value| report(&json!({"Payload": payload})).message;
    assert_eq!(message(json!("{\"mailtally_message\": 17}")).as_deref(), Some("17"));
    assert_eq!(message(json!({"mailtally_message": "17"})).as_deref(), Some("17"));
    for nothing in [json!(""), json!("order 17"), json!([]), json!(null), json!("{")] {
        assert_eq!(message(nothing.clone()), None, "{nothing}");
    }
}

#[test]
fn our_id_may_be_the_custom_id_and_is_then_no_tag() {
    let mapping = Mapping { message: Place::Custom("CustomID".to_owned()), ..Mapping::default() };
    let said = report_with(&mapping, &json!({"CustomID": "m-1", "customcampaign": "spring"}));
    assert_eq!((said.message.as_deref(), said.tags), (Some("m-1"), vec!["spring".to_owned()]));
    let mapping = Mapping { campaign: Place::Category("c-".to_owned()), ..Mapping::default() };
    let said = report_with(&mapping, &json!({"customcampaign": "c-spring"}));
    assert_eq!((said.campaign.as_deref(), said.rank), (Some("spring"), Rank::Tags));
}

#[test]
fn an_event_has_no_id_of_its_own() {
    assert_eq!(report(&json!({})).own_id, None);
    assert_eq!(report(&json!({})).id, report(&json!({"smtp_reply": "250 ok", "email": "Ada@Example.com"})).id);
    let click = |url: &str, ip: &str| report(&json!({"event": "click", "url": url, "ip": ip})).id;
    assert_ne!(click("https://a.example", "192.0.2.1"), click("https://b.example", "192.0.2.1"));
    assert_ne!(click("https://a.example", "192.0.2.1"), click("https://a.example", "192.0.2.2"));
    assert_ne!(report(&json!({"time": 1_735_725_601})).id, report(&json!({})).id);
    assert_ne!(report(&json!({"email": "bob@example.com"})).id, report(&json!({})).id);
}

#[test]
fn a_list_of_zero_is_no_list() {
    let scope = |list: Value| match report(&json!({"event": "unsub", "mj_list_id": list})).fact {
        Fact::Unsubscribed { scope, from_register: false } => scope,
        other => panic!("no unsubscribe: {other:?}"),
    };
    assert_eq!(scope(json!(0)), Scope::Organisation);
    assert_eq!(scope(json!(null)), Scope::Organisation);
    assert_eq!(scope(json!(4711)), Scope::List("4711".to_owned()));
}
