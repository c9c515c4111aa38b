//! What Unisender Go's webhooks are known to surprise with, one test each.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

use domain::{BounceClass, DropReason, Fact, Scope};
use providers::{Mapping, Outcome, Reported, provider};
use serde_json::{Value, json};

fn read(body: &str) -> Vec<Outcome> {
    (provider("unisender_go").expect("known").decode)(body.as_bytes(), &Mapping::default()).expect("a body")
}

/// The data of an event: the common fields with these over them; null takes a field away.
fn data(fields: &Value) -> Value {
    let mut data = json!({
        "job_id": "1aBcDe-0001ab-Cd", "metadata": {"mailtally_message": "m-1"}, "email": "ada@example.com", "status": "sent",
        "event_time": "2025-01-01 10:00:00",
    });
    for (name, value) in fields.as_object().expect("fields") {
        data[name] = value.clone();
    }
    data
}

fn enveloped(all: &[Value]) -> String {
    let events: Vec<Value> =
        all.iter().map(|data| json!({"event_name": "transactional_email_status", "event_data": data})).collect();
    json!({"auth": "0", "events_by_user": [{"user_id": 1, "events": events}]}).to_string()
}

fn flat(fields: &Value) -> String {
    let mut event = data(fields);
    event["event_name"] = json!("transactional_email_status");
    event["auth"] = json!("0");
    event.to_string()
}

fn only(mut outcomes: Vec<Outcome>) -> Reported {
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    match outcomes.remove(0) {
        Outcome::Event(report) => *report,
        other => panic!("no event: {other:?}"),
    }
}

fn report(fields: &Value) -> Reported {
    only(read(&enveloped(&[data(fields)])))
}

#[test]
fn an_event_is_nested_or_flat() {
    let nested = report(&json!({}));
    assert_eq!(nested, only(read(&flat(&json!({})))));
    assert_eq!(nested.message.as_deref(), Some("m-1"));
    assert_eq!(nested.provider_message_id.as_deref(), Some("1aBcDe-0001ab-Cd"));
}

#[test]
fn many_events_come_in_one_request() {
    let all = [data(&json!({})), data(&json!({"email": "bob@example.com"})), data(&json!({"status": "delivered"}))];
    let read = read(&enveloped(&all));
    let ids: std::collections::BTreeSet<_> = read
        .iter()
        .filter_map(|outcome| if let Outcome::Event(report) = outcome { Some(report.id) } else { None })
        .collect();
    assert_eq!((read.len(), ids.len()), (3, 3), "one job stands for all its recipients");
}

#[test]
fn one_broken_event_does_not_take_its_neighbours_along() {
    let good = data(&json!({})).to_string();
    let body = format!(
        r#"{{"auth": "0", "events_by_user": [{{"events": [{{"event_data": {good}}}, {{"event_data" 7}}, {{"event_data": {good}}}, {{"ev"#
    );
    let kinds: Vec<bool> = read(&body).iter().map(|outcome| matches!(outcome, Outcome::Event(_))).collect();
    assert_eq!(kinds, [true, false, true, false]);
}

#[test]
fn the_time_has_no_zone_and_is_utc() {
    assert_eq!(report(&json!({})).time.expect("a time").rfc3339(), "2025-01-01T10:00:00Z");
}

#[test]
fn an_event_may_have_no_time() {
    let timeless = report(&json!({"event_time": null, "status": "opened"}));
    assert_eq!((timeless.time, timeless.recipient.as_deref()), (None, Some("ada@example.com")));
}

#[test]
fn there_is_no_usable_event_id() {
    assert_eq!(report(&json!({})).own_id, None);
    let opened = |info: Value| report(&json!({"status": "opened", "delivery_info": info})).id;
    assert_ne!(opened(json!({"ip": "192.0.2.1"})), opened(json!({"ip": "192.0.2.2"})));
    let bounced = |info: Value| report(&json!({"status": "hard_bounced", "delivery_info": info})).id;
    assert_eq!(bounced(json!({"delivery_status": "err_user_unknown"})), bounced(json!(null)), "details may be off");
}

#[test]
fn a_soft_bounce_is_tried_again() {
    let fields = json!({"status": "soft_bounced", "delivery_info": {"delivery_status": "err_mailbox_full", "destination_response": "552 <ada@example.com> full"}});
    assert_eq!(report(&fields).fact, Fact::Deferred { reason: "552 <[address]> full".to_owned() });
    assert_eq!(report(&fields).classification.as_deref(), Some("err_mailbox_full"));
}

#[test]
fn a_hard_bounce_is_of_a_class_or_was_never_sent() {
    let fact =
        |status: &str| report(&json!({"status": "hard_bounced", "delivery_info": {"delivery_status": status}})).fact;
    let class = |status: &str| match fact(status) {
        Fact::Bounced { class, asynchronous: false, .. } => class,
        other => panic!("no bounce: {other:?}"),
    };
    assert_eq!(class("err_user_unknown"), BounceClass::Hard);
    assert_eq!(class("err_mailbox_full"), BounceClass::Soft);
    assert_eq!(class("err_spam_rejected"), BounceClass::Block);
    assert_eq!(class("err_delivery_failed"), BounceClass::Undetermined);
    assert_eq!(class(""), BounceClass::Hard);
    let drop = |status: &str| match fact(status) {
        Fact::Dropped(drop) => (drop.reason, drop.scope),
        other => panic!("no drop: {other:?}"),
    };
    assert_eq!(drop("err_unsubscribed"), (DropReason::Unsubscribed, Scope::Address));
    assert_eq!(drop("skip_dup_unreachable"), (DropReason::PriorBounce, Scope::Address));
    assert_eq!(drop("err_spam_skipped"), (DropReason::ContentSpam, Scope::Campaign));
}

#[test]
fn who_leaves_may_come_back() {
    let gone = report(&json!({"status": "unsubscribed", "comment": "Too many"}));
    assert_eq!(gone.fact, Fact::Unsubscribed { scope: Scope::Organisation, from_register: false });
    assert_eq!(gone.reason.as_deref(), Some("Too many"));
    let back = report(&json!({"status": "subscribed"})).fact;
    assert_eq!(back, Fact::Resubscribed { scope: Scope::Organisation, from_register: false });
}

#[test]
fn a_spam_block_of_a_server_is_not_about_a_message() {
    let block = json!({"event_name": "transactional_spam_block", "event_data": {"block_type": "one_smtp", "domain": "example.com"}});
    let read = read(&json!({"auth": "0", "events_by_user": [{"user_id": 1, "events": [block]}]}).to_string());
    assert!(matches!(&read[..], [Outcome::Ignored { why: "not_about_a_message", .. }]), "{read:?}");
}
