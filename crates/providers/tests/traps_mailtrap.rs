//! What Mailtrap's webhooks are known to surprise with, one test each.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

use domain::{BounceClass, DropReason, Fact, Rank, Scope};
use providers::{Mapping, Outcome, Place, Reported, provider};
use serde_json::{Value, json};

fn read(mapping: &Mapping, body: &str) -> Vec<Outcome> {
    (provider("mailtrap").expect("known").decode)(body.as_bytes(), mapping).expect("a body")
}

/// An event: the common fields with these over them; null takes a field away.
fn event(fields: &Value) -> Value {
    let mut event = json!({
        "event": "delivery", "timestamp": 1_735_725_600, "sending_stream": "bulk", "message_id": "8a1e5c52-2f6b",
        "email": "ada@example.com", "event_id": "e-1", "category": "news", "custom_variables": {"mailtally_message": "m-1"},
    });
    for (name, value) in fields.as_object().expect("fields") {
        event[name] = value.clone();
    }
    event
}

fn report_with(mapping: &Mapping, fields: &Value) -> Reported {
    match read(mapping, &json!({"events": [event(fields)]}).to_string()).remove(0) {
        Outcome::Event(report) => *report,
        other => panic!("no event: {other:?}"),
    }
}

fn report(fields: &Value) -> Reported {
    report_with(&Mapping::default(), fields)
}

fn drop_of(kind: &str, reason: &str) -> (DropReason, Scope) {
    match report(&json!({"event": kind, "reason": reason})).fact {
        Fact::Dropped(drop) => (drop.reason, drop.scope),
        other => panic!("no drop: {other:?}"),
    }
}

#[test]
fn a_soft_bounce_has_a_blank_and_is_tried_again() {
    for kind in ["soft bounce", "soft_bounce", "Soft Bounce"] {
        let said = report(
            &json!({"event": kind, "response": "450 <ada@example.com> later", "bounce_category": "greylisting"}),
        );
        assert_eq!(said.fact, Fact::Deferred { reason: "450 <[address]> later".to_owned() }, "{kind}");
    }
}

#[test]
fn a_suspension_was_never_sent() {
    assert_eq!(drop_of("suspension", "The daily sending limit is used up"), (DropReason::Quota, Scope::Account));
    assert_eq!(drop_of("suspension", "Domain not verified"), (DropReason::SenderError, Scope::Account));
    assert_eq!(drop_of("suspension", ""), (DropReason::Other, Scope::Account));
}

#[test]
fn a_reject_says_why_in_words() {
    let listed = |why: &str| drop_of("reject", &format!("Recipient in suppression list. Reason: {why}"));
    assert_eq!(listed("unsubscription"), (DropReason::Unsubscribed, Scope::Address));
    assert_eq!(listed("spam complaint"), (DropReason::PriorSpam, Scope::Address));
    assert_eq!(listed("hard bounce"), (DropReason::PriorBounce, Scope::Address));
    assert_eq!(listed("manual import"), (DropReason::Suppressed, Scope::Address));
    assert_eq!(drop_of("reject", "unknown"), (DropReason::Other, Scope::Message));
}

#[test]
fn a_bounce_has_its_class_in_its_category_or_its_answer() {
    let class = |category: &str, response: &str, code: Value| {
        let fields =
            json!({"event": "bounce", "bounce_category": category, "response": response, "response_code": code});
        match report(&fields).fact {
            Fact::Bounced { class, asynchronous: false, .. } => class,
            other => panic!("no bounce: {other:?}"),
        }
    };
    assert_eq!(class("spam", "[CS01] local policy", json!(555)), BounceClass::Block);
    assert_eq!(class("BadRecipient", "", json!(null)), BounceClass::Hard);
    assert_eq!(class("overquota", "550 5.1.1", json!(550)), BounceClass::Soft);
    assert_eq!(class("new", "550 5.7.1 no", json!(550)), BounceClass::Block);
    assert_eq!(class("new", "no such user", json!("550")), BounceClass::Hard);
    assert_eq!(class("new", "no", json!(null)), BounceClass::Undetermined);
}

#[test]
fn samples_share_one_event_id() {
    let (one, other) = (report(&json!({"event": "delivery"})), report(&json!({"event": "open"})));
    assert_eq!(one.own_id, other.own_id);
    assert_ne!(one.id, other.id);
    assert_eq!(one.id, report(&json!({"event_id": "e-2"})).id);
}

#[test]
fn events_come_in_an_object_in_lines_or_alone() {
    let lines = [event(&json!({})).to_string(), event(&json!({"event": "open"})).to_string()];
    let count = |body: &str| read(&Mapping::default(), body).len();
    assert_eq!(count(&format!("{{\"events\": [{}]}}", lines.join(","))), 2);
    assert_eq!(count(&lines.join("\n")), 2);
    assert_eq!(count(&format!("[{}]", lines.join(","))), 2);
    assert_eq!(count(&lines.concat()), 2);
    assert_eq!(count("{\"events\": []}"), 0);
}

#[test]
fn one_broken_event_does_not_take_its_neighbours_along() {
    let good = event(&json!({})).to_string();
    let body = format!("{{\"events\": [{good}, {{\"event\": \"open\" 7}}, {good}, {{\"event\": \"op");
    let read = read(&Mapping::default(), &body);
    let kinds: Vec<bool> = read.iter().map(|outcome| matches!(outcome, Outcome::Event(_))).collect();
    assert_eq!(kinds, [true, false, true, false], "{read:?}");
}

#[test]
fn the_activity_log_is_not_about_a_message() {
    let read = read(
        &Mapping::default(),
        r#"{"event": "activity_log.user.updated", "actor": {"id": 1}, "timestamp": 1735725600}"#,
    );
    assert!(matches!(&read[..], [Outcome::Ignored { why: "not_about_a_message", .. }]), "{read:?}");
}

#[test]
fn variables_have_many_shapes_and_the_category_may_name_the_campaign() {
    let message = |variables: Value| report(&json!({"custom_variables": variables})).message;
    assert_eq!(message(json!({"mailtally_message": 7})).as_deref(), Some("7"));
    assert_eq!(message(json!("{\"mailtally_message\": \"7\"}")).as_deref(), Some("7"));
    assert_eq!(message(json!([])).or(message(json!(null))).or(message(json!(true))), None);
    let mapping = Mapping { campaign: Place::Category(String::from("c-")), ..Mapping::default() };
    let said = report_with(&mapping, &json!({"category": "c-spring"}));
    assert_eq!((said.campaign.as_deref(), said.rank), (Some("spring"), Rank::Tags));
}
