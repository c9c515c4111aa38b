//! What Brevo's webhooks are known to surprise with, one test each.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use domain::{Agent, DropReason, Fact, Scope};
use providers::{Mapping, Outcome, Reported, provider};
use serde_json::{Value, json};

fn read(fields: &Value) -> Vec<Outcome> {
    let mut event = json!({
        "event": "delivered", "email": "ada@example.com", "id": 814_119, "date": "2025-01-01 11:00:01", "ts": 1_735_725_599,
        "ts_event": 1_735_725_600, "ts_epoch": 1_735_725_601_372_u64, "message-id": "<1@relay.example>",
    });
    for (name, value) in fields.as_object().expect("fields") {
        event.as_object_mut().expect("an object").insert(name.clone(), value.clone());
    }
    (provider("brevo").expect("known").decode)(event.to_string().as_bytes(), &Mapping::default()).expect("a body")
}

fn report(fields: &Value) -> Reported {
    match read(fields).remove(0) {
        Outcome::Event(report) => *report,
        other => panic!("no event: {other:?}"),
    }
}

fn at(fields: &Value) -> String {
    report(fields).time.expect("a time").rfc3339()
}

#[test]
fn the_epoch_is_in_milliseconds_and_in_samples_in_seconds() {
    assert_eq!(at(&json!({})), "2025-01-01T10:00:01.372Z");
    assert_eq!(at(&json!({"ts_epoch": 1_735_725_601})), "2025-01-01T10:00:01Z");
    assert_eq!(at(&json!({"ts_epoch": "1735725601372"})), "2025-01-01T10:00:01.372Z");
}

#[test]
fn proxy_opens_have_the_epoch_under_another_name() {
    let fields = json!({"event": "proxy_open", "ts_epoch": null, "s_epoch": 1_735_725_601_372_u64});
    assert_eq!(at(&fields), "2025-01-01T10:00:01.372Z");
}

#[test]
fn the_date_is_in_the_accounts_time_zone_and_is_never_used() {
    assert_eq!(at(&json!({"ts_epoch": null})), "2025-01-01T10:00:00Z");
    assert_eq!(at(&json!({"ts_epoch": null, "ts_event": null})), "2025-01-01T09:59:59Z");
    let without = read(&json!({"ts_epoch": null, "ts_event": null, "ts": null}));
    assert!(matches!(without.as_slice(), [Outcome::Event(said)] if said.time.is_none()), "dated by who received it");
    let unread = read(&json!({"ts_epoch": null, "ts_event": null, "ts": "soon"}));
    assert!(matches!(unread.as_slice(), [Outcome::Rejected { why, .. }] if why.reason == "bad_time"));
}

#[test]
fn the_id_is_the_webhooks_and_names_no_event() {
    let said = report(&json!({}));
    assert_eq!((said.own_id.clone(), said.event_keys().len()), (None, 1));
    assert_eq!(said.id, report(&json!({"id": "other"})).id);
    assert_ne!(said.id, report(&json!({"event": "request"})).id);
}

#[test]
fn the_first_open_has_a_name_of_its_own_and_is_an_open_like_the_others() {
    let (first, later) = (report(&json!({"event": "unique_opened"})), report(&json!({"event": "opened"})));
    assert_eq!((&first.fact, first.id), (&later.fact, later.id));
    assert_ne!(later.id, report(&json!({"event": "opened", "ts_epoch": 1_735_725_700_000_u64})).id);
}

#[test]
fn opens_by_a_proxy_are_events_of_their_own() {
    for event in ["proxy_open", "unique_proxy_open"] {
        assert_eq!(report(&json!({"event": event})).fact, Fact::Opened(Agent::Machine), "{event}");
    }
    assert_eq!(report(&json!({"event": "opened"})).fact, Fact::Opened(Agent::Unknown));
    assert_eq!(report(&json!({"event": "opened", "user_agent": "Mozilla/5.0"})).fact, Fact::Opened(Agent::Machine));
}

#[test]
fn both_words_for_an_unsubscribe_and_for_a_complaint_are_known() {
    for event in ["unsubscribe", "unsubscribed"] {
        assert!(matches!(report(&json!({"event": event})).fact, Fact::Unsubscribed { scope: Scope::Organisation, .. }));
    }
    for event in ["spam", "complaint"] {
        assert_eq!(report(&json!({"event": event})).fact, Fact::Complained, "{event}");
    }
}

#[test]
fn what_was_refused_before_sending_is_a_drop() {
    let reason = |fields: Value| match report(&fields).fact {
        Fact::Dropped(drop) => drop.reason,
        other => panic!("no drop: {other:?}"),
    };
    assert_eq!(reason(json!({"event": "invalid_email"})), DropReason::InvalidAddress);
    assert_eq!(reason(json!({"event": "error"})), DropReason::SenderError);
    let blocked = |words: &str| reason(json!({"event": "blocked", "reason": words}));
    assert_eq!(blocked("blocked : due to unsubscribed user"), DropReason::Unsubscribed);
    assert_eq!(blocked("blocked : due to blacklist user"), DropReason::Suppressed);
    assert_eq!(blocked(""), DropReason::Suppressed);
}

#[test]
fn a_request_may_come_after_its_delivery_or_be_followed_by_a_block() {
    assert_eq!(report(&json!({"event": "request", "reason": "sent"})).fact, Fact::Sent);
    assert_eq!(
        report(&json!({"event": "request"})).provider_message_id,
        report(&json!({"event": "blocked"})).provider_message_id
    );
}

#[test]
fn custom_data_may_be_json_pairs_or_words_and_never_fail() {
    let message = |words: Value| report(&json!({"X-Mailin-custom": words})).message;
    assert_eq!(message(json!("{\"mailtally_message\": \"m\"}")).as_deref(), Some("m"));
    assert_eq!(message(json!("mailtally_message:m|other:1")).as_deref(), Some("m"));
    assert_eq!(message(json!({"mailtally_message": 7})).as_deref(), Some("7"));
    for words in [json!("some_custom_header"), json!("{broken"), Value::Null, json!([]), json!("")] {
        assert_eq!(message(words), None);
    }
}

#[test]
fn tags_are_a_list_and_a_tag_a_word_or_text_of_a_list() {
    let tags = |fields: Value| report(&fields).tags;
    assert_eq!(tags(json!({"tags": ["a", "b"], "tag": "[\"c\"]"})), ["a", "b"]);
    assert_eq!(tags(json!({"tag": "[\"a\",\"b\"]"})), ["a", "b"]);
    assert_eq!(tags(json!({"tag": "a"})), ["a"]);
    assert_eq!(tags(json!({"tag": ["a"]})), ["a"]);
    assert!(tags(json!({"tags": null, "tag": null})).is_empty() && tags(json!({})).is_empty());
}

#[test]
fn the_message_id_comes_with_brackets() {
    assert_eq!(report(&json!({})).provider_message_id.as_deref(), Some("1@relay.example"));
    assert_eq!(report(&json!({"message-id": "1@relay.example"})).id, report(&json!({})).id);
}

#[test]
fn an_address_may_be_added_to_several_lists_at_once() {
    let read = read(&json!({"event": "list_addition", "list_id": [3, 42]}));
    let lists: Vec<&Scope> = read
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::Event(said) => match &said.fact {
                Fact::Resubscribed { scope, .. } => Some(scope),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(lists, [&Scope::List("3".to_owned()), &Scope::List("42".to_owned())]);
}

#[test]
fn a_click_has_a_link_and_an_open_an_empty_one() {
    let click = report(&json!({"event": "click", "link": "https://a.example/?id=1"}));
    assert_eq!(click.fact, Fact::Clicked { agent: Agent::Unknown, link: "https://a.example/?id=".to_owned() });
    assert_eq!(report(&json!({"event": "opened", "link": ""})).url, None);
    let of_campaign = report(&json!({"event": "click", "message-id": null, "camp_id": 7, "URL": "https://a.example/"}));
    assert_eq!(of_campaign.url.as_deref(), Some("https://a.example/"));
}
