//! What SparkPost's webhooks are known to surprise with, one test each.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use domain::{Agent, BounceClass, DropReason, Fact, Scope};
use providers::{Mapping, Note, Outcome, Place, Reported, provider};
use serde_json::{Value, json};

fn read_with(mapping: &Mapping, body: &Value) -> Vec<Outcome> {
    (provider("sparkpost").expect("known").decode)(body.to_string().as_bytes(), mapping).expect("a body")
}

fn event(fields: &Value) -> Value {
    let mut event = json!({
        "type": "delivery", "timestamp": "1735725601", "event_id": "e-1", "rcpt_to": "ada@example.com",
        "raw_rcpt_to": "Ada@Example.com", "message_id": "m-1", "transmission_id": "t-1", "rcpt_meta": {}, "rcpt_tags": ["news"],
    });
    for (name, value) in fields.as_object().expect("fields") {
        event.as_object_mut().expect("an object").insert(name.clone(), value.clone());
    }
    event
}

fn outcome(fields: &Value) -> Outcome {
    let mut read = read_with(&Mapping::default(), &json!([{"msys": {"message_event": event(fields)}}]));
    assert_eq!(read.len(), 1, "{read:?}");
    read.remove(0)
}

fn report(fields: &Value) -> Reported {
    match outcome(fields) {
        Outcome::Event(report) => *report,
        other => panic!("no event: {other:?}"),
    }
}

#[test]
fn the_type_decides_and_not_the_group() {
    let failure = event(&json!({"type": "generation_failure"}));
    let read = |group: &str| read_with(&Mapping::default(), &json!([{"msys": {group: failure}}]));
    assert_eq!(read("gen_event"), read("message_event"));
    assert!(matches!(read("gen_event").as_slice(), [Outcome::Event(said)] if matches!(said.fact, Fact::Dropped(_))));
}

#[test]
fn a_mail_that_came_in_has_no_type() {
    let mail = json!({"content": {"subject": "Re: Offer"}, "customer_id": "1", "rcpt_to": "in@north.example", "webhook_id": "7"});
    let read = read_with(&Mapping::default(), &json!([{"msys": {"relay_message": mail}}]));
    assert!(matches!(read.as_slice(), [Outcome::Ignored { why: "inbound_mail", .. }]), "{read:?}");
}

#[test]
fn a_set_up_probe_is_an_element_without_an_event() {
    let read = read_with(&Mapping::default(), &json!([{"msys": {}}]));
    assert!(matches!(read.as_slice(), [Outcome::Ignored { why: "set_up", .. }]), "{read:?}");
}

#[test]
fn numbers_are_often_strings() {
    let at = |stamp: Value| report(&json!({"timestamp": stamp})).time;
    assert_eq!(at(json!(1_735_725_601)), at(json!("1735725601")));
    let class = |class: Value| report(&json!({"type": "bounce", "bounce_class": class})).fact;
    assert_eq!(class(json!(10)), class(json!("10")));
}

#[test]
fn recipients_are_the_same_in_any_case() {
    let said = report(&json!({}));
    assert_eq!(said.recipient.as_deref(), Some("Ada@Example.com"));
    assert_eq!(said.id, report(&json!({"raw_rcpt_to": null})).id);
    assert_ne!(said.id, report(&json!({"raw_rcpt_to": "bob@example.com"})).id);
}

#[test]
fn an_out_of_band_bounce_came_later_and_names_the_message_only() {
    let said = report(
        &json!({"type": "out_of_band", "bounce_class": "1", "transmission_id": null, "rcpt_meta": null, "rcpt_tags": null}),
    );
    assert!(matches!(said.fact, Fact::Bounced { class: BounceClass::Undetermined, asynchronous: true, .. }));
    assert_eq!((said.provider_message_id.as_deref(), said.tags.len()), (Some("m-1"), 0));
    assert_eq!(report(&json!({})).provider_message_id.as_deref(), Some("t-1"));
}

#[test]
fn bounce_classes_tell_bounces_from_answers_and_subscriptions() {
    let class = |class: &str| match report(&json!({"type": "bounce", "bounce_class": class})).fact {
        Fact::Bounced { class, asynchronous: false, .. } => class,
        other => panic!("no bounce: {other:?}"),
    };
    for (classes, expected) in [
        (vec!["1", "999"], BounceClass::Undetermined),
        (vec!["10", "30"], BounceClass::Hard),
        (vec!["20", "21", "22", "23", "24", "40", "70"], BounceClass::Soft),
        (vec!["25", "50", "51", "52", "53", "54"], BounceClass::Block),
    ] {
        classes.into_iter().for_each(|word| assert_eq!(class(word), expected, "{word}"));
    }
    for kind in ["bounce", "out_of_band"] {
        for class in ["60", "100"] {
            let read = outcome(&json!({"type": kind, "bounce_class": class}));
            assert!(matches!(read, Outcome::Note(said) if said.fact == Note::AutoResponded), "{kind} {class}");
        }
        let fact = |class: &str| report(&json!({"type": kind, "bounce_class": class})).fact;
        let scope = Scope::Organisation;
        assert_eq!(fact("90"), Fact::Unsubscribed { scope: scope.clone(), from_register: false });
        assert_eq!(fact("80"), Fact::Resubscribed { scope, from_register: false });
    }
}

#[test]
fn both_pixels_report_one_open() {
    let open = |kind: &str, stamp: u64| report(&json!({"type": kind, "timestamp": stamp, "ip_address": "192.0.2.1"}));
    let (top, bottom) = (open("initial_open", 1_735_725_601), open("open", 1_735_725_601));
    assert_eq!((&top.fact, top.id), (&bottom.fact, bottom.id));
    assert_ne!(top.id, open("open", 1_735_725_602).id, "a later open is another");
    assert_eq!(open("amp_initial_open", 1_735_725_601).id, open("amp_open", 1_735_725_601).id);
}

#[test]
fn a_sample_shares_one_event_id_among_all() {
    let (one, two) = (report(&json!({})), report(&json!({"type": "injection"})));
    assert_eq!(one.own_id, two.own_id);
    assert_ne!(one.id, two.id);
}

#[test]
fn opens_say_nothing_of_machines_unless_they_are_prefetched() {
    let agent = |fields: Value| match report(&fields).fact {
        Fact::Opened(agent) => agent,
        other => panic!("no open: {other:?}"),
    };
    assert_eq!(agent(json!({"type": "open"})), Agent::Unknown);
    assert_eq!(agent(json!({"type": "open", "user_agent_parsed": {"is_prefetched": true}})), Agent::Machine);
    assert_eq!(agent(json!({"type": "open", "user_agent_parsed": {"is_prefetched": false}})), Agent::Unknown);
    assert_eq!(agent(json!({"type": "amp_open", "user_agent": "Mozilla/5.0"})), Agent::Machine);
}

#[test]
fn an_address_on_the_list_was_never_tried() {
    let reason = |kind: &str, words: &str| match report(&json!({"type": kind, "raw_reason": words})).fact {
        Fact::Dropped(drop) => drop.reason,
        other => panic!("no drop: {other:?}"),
    };
    let listed = "554 5.7.1 recipient address was suppressed due to customer policy";
    assert_eq!(reason("policy_rejection", listed), DropReason::Suppressed);
    assert_eq!(reason("generation_rejection", listed), DropReason::Suppressed);
    assert_eq!(reason("policy_rejection", "550 refused"), DropReason::Other);
    assert_eq!(reason("generation_failure", "x"), DropReason::Rendering);
}

#[test]
fn not_spam_is_no_complaint() {
    assert_eq!(report(&json!({"type": "spam_complaint", "fbtype": "abuse"})).fact, Fact::Complained);
    assert!(matches!(
        outcome(&json!({"type": "spam_complaint", "fbtype": "not-spam"})),
        Outcome::Ignored { why: "not_spam", .. }
    ));
}

#[test]
fn metadata_may_be_missing_a_list_or_text_and_the_mails_own_fields_stand_beside() {
    let message = |metadata: Value| report(&json!({"rcpt_meta": metadata})).message;
    assert_eq!(message(json!({"mailtally_message": 7})).as_deref(), Some("7"));
    assert_eq!(message(json!("{\"mailtally_message\": \"m\"}")).as_deref(), Some("m"));
    assert_eq!((message(json!([])), message(Value::Null)), (None, None));
    let mapping = Mapping { campaign: Place::Custom("campaign_id".to_owned()), ..Mapping::default() };
    let body = json!([{"msys": {"message_event": event(&json!({"campaign_id": "spring"}))}}]);
    let read = read_with(&mapping, &body);
    assert!(matches!(read.as_slice(), [Outcome::Event(said)] if said.campaign.as_deref() == Some("spring")));
}
