//! What Resend's webhooks are known to surprise with, one test each.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use domain::contact::Cause;
use domain::{Agent, BounceClass, DropReason, Fact};
use providers::{Mapping, Note, Outcome, Place, Reported, provider};
use serde_json::{Value, json};

fn body(kind: &str, data: &Value) -> String {
    let mut all = json!({
        "created_at": "2025-01-01T09:59:58.894719+00:00", "email_id": "e-1", "from": "news@north.example",
        "to": ["ada@example.com"], "subject": "Offer",
    });
    for (name, value) in data.as_object().expect("fields") {
        all.as_object_mut().expect("an object").insert(name.clone(), value.clone());
    }
    json!({"type": kind, "created_at": "2025-01-01T10:00:01.372Z", "data": all}).to_string()
}

fn outcome_with(mapping: &Mapping, headers: &[(&str, &str)], body: &str) -> Outcome {
    let read = provider("resend").expect("known").read(headers, body.as_bytes(), mapping);
    let mut read = read.expect("a body");
    assert_eq!(read.len(), 1, "{read:?}");
    read.remove(0)
}

fn outcome(kind: &str, data: &Value) -> Outcome {
    outcome_with(&Mapping::default(), &[], &body(kind, data))
}

fn reported(outcome: Outcome) -> Reported {
    match outcome {
        Outcome::Event(report) => *report,
        other => panic!("no event: {other:?}"),
    }
}

fn report(kind: &str, data: &Value) -> Reported {
    reported(outcome(kind, data))
}

#[test]
fn the_time_is_that_of_the_event_not_that_of_the_mail() {
    let at = report("email.sent", &json!({})).time.expect("a time").rfc3339();
    assert_eq!(at, "2025-01-01T10:00:01.372Z");
}

#[test]
fn the_event_is_named_by_a_header_and_the_same_over_retries_and_replays() {
    let read = |id: &str, kind: &str| {
        reported(outcome_with(
            &Mapping::default(),
            &[("Svix-Id", id), ("svix-timestamp", "1")],
            &body(kind, &json!({})),
        ))
    };
    let (first, again) = (read("msg_1", "email.opened"), read("msg_1", "email.opened"));
    assert_eq!(first.event_keys(), again.event_keys());
    assert_eq!(first.own_id.as_deref(), Some("msg_1"));
    let other = read("msg_2", "email.clicked");
    assert_eq!(first.provider_message_id, other.provider_message_id, "the message's id names no event");
    assert!(first.event_keys().iter().all(|key| !other.event_keys().contains(key)));
    assert_eq!(report("email.opened", &json!({})).event_keys().len(), 1, "without the header by its meaning");
}

#[test]
fn of_several_recipients_the_event_does_not_say_which() {
    let said = report("email.delivered", &json!({"to": ["ada@example.com", "bob@example.com"]}));
    assert_eq!((said.recipient, said.provider_message_id.as_deref()), (None, Some("e-1")));
    assert_eq!(report("email.delivered", &json!({})).recipient.as_deref(), Some("ada@example.com"));
    let named = report("email.delivered", &json!({"to": "Ada <ada@example.com>"}));
    assert_eq!(named.recipient.as_deref(), Some("ada@example.com"));
}

#[test]
fn a_suppressed_mail_comes_as_a_bounce_or_under_its_own_name_and_was_never_sent() {
    let reason = |kind: &str, data: Value| match report(kind, &data).fact {
        Fact::Dropped(drop) => drop.reason,
        other => panic!("no drop: {other:?}"),
    };
    let in_words = json!({"bounce": {"message": "Resend has suppressed sending to this address because it has a recent history of hard bounces"}});
    assert_eq!(reason("email.bounced", in_words), DropReason::PriorBounce);
    let subtype = |subtype: &str| json!({"bounce": {"type": "Permanent", "subType": subtype, "message": "x"}});
    assert_eq!(reason("email.bounced", subtype("Suppressed")), DropReason::PriorBounce);
    assert_eq!(reason("email.bounced", subtype("OnAccountSuppressionList")), DropReason::PriorBounce);
    assert_eq!(
        reason("email.suppressed", json!({"suppressed": {"message": "on the list", "type": "x"}})),
        DropReason::Suppressed
    );
    assert_eq!(reason("email.failed", json!({"failed": {"reason": "reached_daily_quota"}})), DropReason::Quota);
    assert_eq!(reason("email.failed", json!({"failed": {"reason": "invalid_recipient"}})), DropReason::InvalidAddress);
    assert_eq!(reason("email.failed", json!({"failed": {"reason": "other"}})), DropReason::SenderError);
}

#[test]
fn a_bounce_has_the_classes_of_ses_or_none() {
    let class = |bounce: Value| match report("email.bounced", &json!({"bounce": bounce})).fact {
        Fact::Bounced { class, asynchronous: false, .. } => class,
        other => panic!("no bounce: {other:?}"),
    };
    assert_eq!(class(json!({"type": "Permanent", "subType": "General"})), BounceClass::Hard);
    assert_eq!(class(json!({"type": "Transient", "subType": "MailboxFull"})), BounceClass::Soft);
    assert_eq!(class(json!({"type": "Transient", "subType": "ContentRejected"})), BounceClass::Block);
    assert_eq!(class(json!({"type": "Temporary", "subType": "General"})), BounceClass::Soft);
    assert_eq!(class(json!({"type": "Undetermined", "subType": "Undetermined"})), BounceClass::Undetermined);
    assert_eq!(class(json!({"message": "no such user"})), BounceClass::Hard);
    assert_eq!(class(Value::Null), BounceClass::Hard);
    let diagnosed = report("email.bounced", &json!({"bounce": {"diagnosticCode": ["smtp; 550 5.5.0 unavailable"]}}));
    assert_eq!(diagnosed.reason.as_deref(), Some("smtp; 550 5.5.0 unavailable"));
}

#[test]
fn no_flag_tells_a_machine() {
    let click = |agent: Value| {
        report("email.clicked", &json!({"click": {"link": "https://a.example/?id=1", "userAgent": agent}}))
    };
    let agent = |said: &Reported| match said.fact {
        Fact::Clicked { agent, .. } | Fact::Opened(agent) => agent,
        _ => panic!("no engagement"),
    };
    assert_eq!(agent(&click(Value::Null)), Agent::Unknown);
    assert_eq!(agent(&click(json!("Slackbot-LinkExpanding 1.0"))), Agent::Machine);
    assert_eq!(click(Value::Null).url.as_deref(), Some("https://a.example/?id=1"));
    assert_eq!(agent(&report("email.opened", &json!({}))), Agent::Unknown);
}

#[test]
fn suppressions_are_about_an_address_and_no_message() {
    let note = |kind: &str, origin: &str| {
        let data = json!({"to": null, "email_id": null, "email": "ada@example.com", "origin": origin});
        match outcome(kind, &data) {
            Outcome::Note(said) => {
                assert_eq!(said.provider_message_id, None);
                said.fact
            }
            other => panic!("no note: {other:?}"),
        }
    };
    assert_eq!(note("suppression.added", "bounce"), Note::SuppressionAdded(Some(Cause::Bounce)));
    assert_eq!(note("suppression.added", "complaint"), Note::SuppressionAdded(Some(Cause::Complaint)));
    assert_eq!(note("suppression.removed", "manual"), Note::SuppressionRemoved(None));
}

#[test]
fn a_contact_that_is_subscribed_may_have_been_so_before() {
    let contact = |unsubscribed: bool| json!({"to": null, "email_id": null, "email": "ada@example.com", "unsubscribed": unsubscribed});
    assert!(matches!(report("contact.updated", &contact(true)).fact, Fact::Unsubscribed { .. }));
    for kind in ["contact.created", "contact.updated", "contact.deleted"] {
        assert!(matches!(outcome(kind, &contact(false)), Outcome::Ignored { why: "no_change", .. }), "{kind}");
    }
}

#[test]
fn tags_are_a_map_a_list_or_missing() {
    let message = |tags: Value| report("email.sent", &json!({"tags": tags})).message;
    assert_eq!(message(json!({"mailtally_message": "m"})).as_deref(), Some("m"));
    assert_eq!(message(json!([{"name": "mailtally_message", "value": "m"}])).as_deref(), Some("m"));
    assert_eq!((message(Value::Null), message(json!([])), message(json!("x"))), (None, None, None));
    let mapping = Mapping { campaign: Place::Tag("run".to_owned()), ..Mapping::default() };
    let tagged = body("email.sent", &json!({"tags": {"run": "spring", "kind": "news"}}));
    let said = reported(outcome_with(&mapping, &[], &tagged));
    assert_eq!((said.campaign.as_deref(), said.tags), (Some("spring"), vec!["kind=news".to_owned()]));
}

#[test]
fn headers_carry_our_data_in_any_case() {
    let headers = json!([{"name": "x-metadata", "value": "{\"mailtally_message\": 7}"}, {"name": "X-Tags", "value": "[\"one\"]"}]);
    let said = report("email.sent", &json!({"headers": headers}));
    assert_eq!((said.message.as_deref(), said.tags), (Some("7"), vec!["one".to_owned()]));
    assert!(report("email.sent", &json!({"headers": null})).message.is_none());
}
