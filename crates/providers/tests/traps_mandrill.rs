//! What Mandrill's webhooks are known to surprise with, one test each.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use domain::contact::Cause;
use domain::{DropReason, Fact};
use providers::{Mapping, Note, Outcome, Place, Reported, provider};
use serde_json::{Value, json};

fn read_with(mapping: &Mapping, body: &str) -> Vec<Outcome> {
    (provider("mandrill").expect("known").decode)(body.as_bytes(), mapping).expect("a body")
}

fn read(body: &str) -> Vec<Outcome> {
    read_with(&Mapping::default(), body)
}

/// An event: the common fields with these over them, those of the message likewise.
fn event(fields: &Value, message: &Value) -> Value {
    let mut event = json!({
        "event": "open", "ts": 1_735_725_601, "_id": "id-1", "ip": "192.0.2.1", "user_agent": "Firefox",
        "msg": {"_id": "id-1", "ts": 1_735_725_500, "email": "ada@example.com", "metadata": {}, "tags": ["news"]},
    });
    for (name, value) in fields.as_object().expect("fields") {
        event.as_object_mut().expect("an object").insert(name.clone(), value.clone());
    }
    for (name, value) in message.as_object().expect("fields") {
        let of_message = event.get_mut("msg").and_then(Value::as_object_mut);
        of_message.expect("an object").insert(name.clone(), value.clone());
    }
    event
}

fn only(mut read: Vec<Outcome>) -> Reported {
    match (read.len(), read.remove(0)) {
        (1, Outcome::Event(report)) => *report,
        other => panic!("no event: {other:?}"),
    }
}

fn report(fields: &Value, message: &Value) -> Reported {
    only(read(&json!([event(fields, message)]).to_string()))
}

#[test]
fn the_events_stand_in_a_field_of_a_form() {
    let events = json!([event(&json!({"event": "send"}), &json!({})), event(&json!({}), &json!({}))]).to_string();
    let encoded: String = events.bytes().map(|byte| format!("%{byte:02X}")).collect();
    assert_eq!(read(&format!("mandrill_events={encoded}")), read(&events));
    assert_eq!(read(&format!("other=1&mandrill_events={encoded}&more=2")), read(&events));
    assert_eq!(read(&format!("{{\"mandrill_events\": {events}}}")), read(&events));
}

#[test]
fn a_set_up_probe_is_an_empty_batch() {
    assert_eq!(read("mandrill_events=%5B%5D"), []);
    assert_eq!(read("[]"), []);
}

#[test]
fn the_time_is_that_of_the_event_not_that_of_the_sending() {
    let at = |fields: &Value| report(fields, &json!({})).time.expect("a time").rfc3339();
    assert_eq!(at(&json!({})), "2025-01-01T10:00:01Z");
    assert_eq!(at(&json!({"ts": "1735725601"})), "2025-01-01T10:00:01Z");
    let without = event(&json!({"ts": null}), &json!({}));
    let read = read(&json!([without]).to_string());
    assert!(matches!(read.as_slice(), [Outcome::Event(said)] if said.time.is_none()), "{read:?}");
}

#[test]
fn the_id_is_the_messages_and_may_stand_in_the_message_only() {
    let said = report(&json!({"_id": null}), &json!({}));
    assert_eq!((said.provider_message_id.as_deref(), said.event_keys().len()), (Some("id-1"), 1));
}

#[test]
fn an_event_is_known_by_kind_message_time_link_and_place() {
    let id = |fields: &Value| report(fields, &json!({})).id;
    let first = id(&json!({}));
    assert_eq!(first, id(&json!({"location": {"city": "x"}})));
    for other in [
        json!({"event": "send"}),
        json!({"_id": "id-2"}),
        json!({"ts": 1_735_725_602}),
        json!({"ip": "192.0.2.2"}),
        json!({"event": "click", "url": "https://a.example"}),
    ] {
        assert_ne!(first, id(&other), "{other}");
    }
    let click = |url: &str| id(&json!({"event": "click", "url": url}));
    assert_ne!(click("https://a.example"), click("https://b.example"));
}

#[test]
fn lists_of_opens_and_clicks_are_snapshots_and_count_nothing() {
    let clicks = json!({"clicks": [{"ts": 1, "url": "https://a.example"}, {"ts": 2, "url": "https://b.example"}], "opens": [{"ts": 1}, {"ts": 2}]});
    let said = report(&json!({"event": "open"}), &clicks);
    assert!(matches!(said.fact, Fact::Opened(_)) && said.url.is_none());
    let click = report(&json!({"event": "click"}), &clicks);
    assert_eq!(click.url.as_deref(), Some("https://b.example"), "of an event without a link, the last");
}

#[test]
fn lists_may_be_null_and_the_version_a_number() {
    let nulls = json!({"opens": null, "clicks": null, "smtp_events": null, "tags": null, "_version": 7, "metadata": null, "template": null});
    let said = report(&json!({"event": "deferral"}), &nulls);
    assert_eq!(said.fact, Fact::Deferred { reason: String::new() });
    assert!(said.tags.is_empty());
}

#[test]
fn metadata_are_an_object_an_empty_list_null_or_text() {
    let message = |metadata: Value| report(&json!({}), &json!({"metadata": metadata})).message;
    assert_eq!(message(json!({"mailtally_message": 111})).as_deref(), Some("111"));
    assert_eq!(message(json!("{\"mailtally_message\": \"m\"}")).as_deref(), Some("m"));
    assert_eq!((message(json!([])), message(Value::Null)), (None, None));
}

#[test]
fn delivered_is_a_delivery_and_send_is_none() {
    assert_eq!(report(&json!({"event": "delivered"}), &json!({})).fact, Fact::Delivered);
    assert_eq!(report(&json!({"event": "send"}), &json!({})).fact, Fact::Sent);
}

#[test]
fn a_reject_is_a_drop_by_its_reason() {
    let reason = |message: &Value| match report(&json!({"event": "reject"}), message).fact {
        Fact::Dropped(drop) => drop.reason,
        other => panic!("no drop: {other:?}"),
    };
    assert_eq!(reason(&json!({"reject": {"reason": "hard-bounce"}})), DropReason::PriorBounce);
    assert_eq!(reason(&json!({"reject": "unsub"})), DropReason::Unsubscribed);
    assert_eq!(reason(&json!({"reject_reason": "spam"})), DropReason::PriorSpam);
    assert_eq!(reason(&json!({"bounce_description": "invalid"})), DropReason::InvalidAddress);
    assert_eq!(reason(&json!({})), DropReason::Other);
}

#[test]
fn sync_items_are_no_events_and_move_the_list_of_suppressed_addresses() {
    let note = |list: &str, action: &str, reason: &str| {
        let item = json!([{"type": list, "action": action, "ts": 1_735_725_601, "reject": {"email": "ada@example.com", "reason": reason}}]);
        match read(&item.to_string()).remove(0) {
            Outcome::Note(report) => report.fact,
            other => panic!("no note: {other:?}"),
        }
    };
    assert_eq!(note("blacklist", "add", "hard-bounce"), Note::SuppressionAdded(Some(Cause::Bounce)));
    assert_eq!(note("denylist", "change", "spam"), Note::SuppressionAdded(Some(Cause::Complaint)));
    assert_eq!(note("blacklist", "add", "custom"), Note::SuppressionAdded(None));
    assert_eq!(note("blacklist", "remove", "unsub"), Note::SuppressionRemoved(None));
    assert_eq!(note("allowlist", "add", ""), Note::SuppressionRemoved(None));
}

#[test]
fn a_subaccount_may_stand_for_an_organisation() {
    let mapping = Mapping { organisation: Place::Custom("subaccount".to_owned()), ..Mapping::default() };
    let body = json!([event(&json!({}), &json!({"subaccount": "north"}))]).to_string();
    assert_eq!(only(read_with(&mapping, &body)).organisation.as_deref(), Some("north"));
}
