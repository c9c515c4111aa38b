//! What Mailgun's webhooks are known to surprise with, one test each.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use domain::{Agent, BounceClass, DropReason, Fact};
use providers::{Mapping, Outcome, Reported, provider};
use serde_json::{Value, json};

fn read(body: &str) -> Vec<Outcome> {
    (provider("mailgun").expect("known").decode)(body.as_bytes(), &Mapping::default()).expect("a body")
}

/// The report of one event: the common fields with these over them.
fn report(fields: &Value) -> Reported {
    let mut event = json!({
        "event": "delivered", "id": "ev-1", "timestamp": 1_735_725_600.641_821, "recipient": "ada@example.com", "tags": [],
        "user-variables": {}, "message": {"headers": {"message-id": "1.A@mg.example"}},
    });
    for (name, value) in fields.as_object().expect("fields") {
        event.as_object_mut().expect("an object").insert(name.clone(), value.clone());
    }
    let body = json!({"signature": {"timestamp": "1", "token": "t", "signature": "s"}, "event-data": event});
    only(read(&body.to_string()))
}

fn only(mut read: Vec<Outcome>) -> Reported {
    match (read.len(), read.remove(0)) {
        (1, Outcome::Event(report)) => *report,
        other => panic!("no event: {other:?}"),
    }
}

fn failed(reason: &str, status: &Value) -> Fact {
    report(&json!({"event": "failed", "severity": "permanent", "reason": reason, "delivery-status": status})).fact
}

fn drop_of(fact: Fact) -> DropReason {
    match fact {
        Fact::Dropped(drop) => drop.reason,
        other => panic!("no drop: {other:?}"),
    }
}

fn class_of(fact: Fact) -> BounceClass {
    match fact {
        Fact::Bounced { class, .. } => class,
        other => panic!("no bounce: {other:?}"),
    }
}

#[test]
fn a_suppressed_address_was_never_tried() {
    let cases = [
        ("suppress-bounce", 605, DropReason::PriorBounce),
        ("suppress-unsubscribe", 606, DropReason::Unsubscribed),
        ("suppress-complaint", 607, DropReason::PriorSpam),
        ("generic", 625, DropReason::PolicyList),
    ];
    for (reason, code, expected) in cases {
        assert_eq!(drop_of(failed(reason, &json!({"code": code}))), expected);
        assert_eq!(drop_of(failed("bounce", &json!({"code": code.to_string()}))), expected, "by its code, a string");
    }
    assert_eq!(drop_of(failed("suppress-bounce", &Value::Null)), DropReason::PriorBounce);
}

#[test]
fn the_class_of_a_failure_is_by_code_reason_and_enhanced_code() {
    let class = |reason: &str, status: Value| class_of(failed(reason, &status));
    assert_eq!(class("bounce", json!({"code": 550})), BounceClass::Hard);
    assert_eq!(class("hardfail", json!({})), BounceClass::Hard);
    assert_eq!(class("espblock", json!({"code": 550})), BounceClass::Block);
    assert_eq!(class("blacklisted", json!({})), BounceClass::Block);
    assert_eq!(class("old", json!({"code": 602})), BounceClass::Soft);
    assert_eq!(class("greylisted", json!({})), BounceClass::Soft);
    assert_eq!(class("generic", json!({"code": 499})), BounceClass::Soft);
    assert_eq!(class("generic", json!({"code": 498})), BounceClass::Hard);
    assert_eq!(class("generic", json!({"code": 550, "enhanced-code": "5.1.1"})), BounceClass::Hard);
    assert_eq!(class("generic", json!({"code": 550, "message": "550-5.7.26 refused"})), BounceClass::Block);
    assert_eq!(class("unknown", json!({"code": 550, "message": "from 192.0.2.5.1"})), BounceClass::Soft);
}

#[test]
fn a_delayed_bounce_came_after_the_delivery() {
    let fact = |flags: Value| {
        report(&json!({"event": "failed", "severity": "permanent", "reason": "bounce", "flags": flags, "envelope": {}}))
            .fact
    };
    assert!(matches!(fact(json!({"is-delayed-bounce": true})), Fact::Bounced { asynchronous: true, .. }));
    assert!(matches!(fact(json!({"is-delayed-bounce": "true"})), Fact::Bounced { asynchronous: true, .. }));
    assert!(matches!(fact(json!({"is-delayed-bounce": false})), Fact::Bounced { asynchronous: false, .. }));
    assert!(matches!(fact(Value::Null), Fact::Bounced { asynchronous: false, .. }));
}

#[test]
fn a_temporary_failure_ends_nothing() {
    let fields = json!({"event": "failed", "severity": "temporary", "reason": "generic", "delivery-status": {"code": 451, "message": "later, <ada@example.com>"}});
    assert_eq!(report(&fields).fact, Fact::Deferred { reason: "later, <[address]>".to_owned() });
}

#[test]
fn the_delivery_status_may_be_null() {
    assert_eq!(report(&json!({"delivery-status": null})).fact, Fact::Delivered);
    assert_eq!(class_of(failed("generic", &Value::Null)), BounceClass::Soft);
}

#[test]
fn the_id_is_unique_within_a_day_only() {
    let first = report(&json!({}));
    let next_day = report(&json!({"timestamp": 1_735_725_600.641_821 + 86_400.0}));
    assert_eq!(first.own_id.as_deref(), Some("ev-1/2025-01-01"));
    assert_eq!(next_day.own_id.as_deref(), Some("ev-1/2025-01-02"));
    assert_ne!(first.id, next_day.id);
}

#[test]
fn the_token_is_of_the_post_and_names_no_event() {
    let body = |token: &str| {
        format!(
            r#"{{"signature": {{"token": "{token}"}}, "event-data": {{"event": "delivered", "timestamp": 1735725600.5, "recipient": "a@example.com"}}}}"#
        )
    };
    let (one, two) = (only(read(&body("t1"))), only(read(&body("t2"))));
    assert_eq!((one.event_keys(), one.id), (two.event_keys(), two.id));
}

#[test]
fn the_time_is_a_float_and_is_not_rounded() {
    let at = |stamp: &str| {
        let body =
            format!(r#"{{"event-data": {{"event": "opened", "timestamp": {stamp}, "recipient": "a@example.com"}}}}"#);
        only(read(&body)).time.expect("a time").rfc3339()
    };
    assert_eq!(at("1529692198.641821"), "2018-06-22T18:29:58.641821Z");
    assert_eq!(at("1377047343.042277"), "2013-08-21T01:09:03.042277Z");
    assert_eq!(at("1666214138.4046676"), "2022-10-19T21:15:38.404667Z");
    assert_eq!(at("\"1529692198\""), "2018-06-22T18:29:58Z");
}

#[test]
fn the_message_id_has_brackets_in_the_answer_and_none_in_the_event() {
    let id = |id: &str| report(&json!({"message": {"headers": {"message-id": id}}})).provider_message_id;
    assert_eq!(id("<1.A@mg.example>"), id("1.A@mg.example"));
    assert_eq!(id("1.A@mg.example").as_deref(), Some("1.A@mg.example"));
}

#[test]
fn a_rejected_mail_names_no_recipient() {
    let said = report(&json!({"event": "rejected", "recipient": null, "reject": {"reason": "No", "description": ""}}));
    assert_eq!(
        (drop_of(said.fact), said.recipient, said.reason.as_deref()),
        (DropReason::SenderError, None, Some("No"))
    );
    assert_eq!(said.provider_message_id.as_deref(), Some("1.A@mg.example"));
}

#[test]
fn any_bot_is_a_machine_at_opens_and_at_clicks() {
    let agent = |event: &str, client: Value| match report(&json!({"event": event, "client-info": client})).fact {
        Fact::Opened(agent) | Fact::Clicked { agent, .. } => agent,
        other => panic!("no engagement: {other:?}"),
    };
    for event in ["opened", "clicked"] {
        for bot in ["apple", "gmail", "generic", "new-word"] {
            assert_eq!(agent(event, json!({"bot": bot})), Agent::Machine, "{event} {bot}");
        }
        assert_eq!(agent(event, json!({"bot": ""})), Agent::Human);
        assert_eq!(agent(event, json!({"bot": null})), Agent::Unknown);
        assert_eq!(agent(event, Value::Null), Agent::Unknown);
    }
}

#[test]
fn the_webhooks_of_old_are_forms_with_our_variables_among_their_fields() {
    let said = only(read(
        "event=delivered&recipient=Ada%40Example.com&Message-Id=%3C1.A%40mg.example%3E&timestamp=1735725600&token=t&signature=s&mailtally_message=m%2B1",
    ));
    assert_eq!((said.fact, said.recipient.as_deref()), (Fact::Delivered, Some("Ada@Example.com")));
    assert_eq!((said.provider_message_id.as_deref(), said.message.as_deref()), (Some("1.A@mg.example"), Some("m+1")));
}

#[test]
fn a_variable_that_clashes_with_a_field_of_the_form_stands_in_the_header() {
    let headers =
        r#"[["Message-Id", "<1.A@mg.example>"], ["X-Mailgun-Variables", "{\"mailtally_campaign\": \"spring\"}"]]"#;
    let encoded: String = headers.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let said = only(read(&format!(
        "event=complained&recipient=a%40example.com&timestamp=1735725600&mailtally_campaign=other&message-headers={encoded}"
    )));
    assert_eq!((said.fact, said.campaign.as_deref()), (Fact::Complained, Some("spring")));
    assert_eq!(said.provider_message_id.as_deref(), Some("1.A@mg.example"));
}

#[test]
fn a_route_posts_mails_that_came_in_as_forms_without_an_event() {
    for part in ["body-plain=Hello", "body-html=", "body-mime=x", "message-url=https%3A%2F%2Fmg.example%2F1"] {
        let read =
            read(&format!("recipient=in%40mg.example&sender=ada%40example.com&{part}&timestamp=1735725600&token=t"));
        assert!(matches!(read.as_slice(), [Outcome::Ignored { why: "inbound_mail", .. }]), "{part}: {read:?}");
    }
    assert!(matches!(read("recipient=a%40mg.example&timestamp=1").as_slice(), [Outcome::Rejected { .. }]));
}

#[test]
fn a_form_that_drops_says_why_by_code_or_words() {
    let fact =
        |rest: &str| only(read(&format!("event=dropped&recipient=a%40example.com&timestamp=1735725600&{rest}"))).fact;
    assert_eq!(drop_of(fact("reason=hardfail&code=605")), DropReason::PriorBounce);
    assert_eq!(drop_of(fact("description=Not+delivering+to+unsubscribed+address")), DropReason::Unsubscribed);
    assert_eq!(drop_of(fact("reason=something")), DropReason::Other);
    assert_eq!(class_of(fact("reason=hardfail&code=550")), BounceClass::Hard);
    assert_eq!(drop_of(fact("reason=old&code=499")), DropReason::Other);
}

#[test]
fn a_form_names_mailguns_fields_before_ours_and_what_is_signed_behind_them() {
    let said = only(read(
        "event=clicked&recipient=a%40example.com&event=ours&recipient=b%40example.com&timestamp=ours&timestamp=1735725600",
    ));
    assert!(matches!(said.fact, Fact::Clicked { .. }));
    assert_eq!(said.recipient.as_deref(), Some("a@example.com"));
    assert_eq!(said.time.map(domain::Time::rfc3339).as_deref(), Some("2025-01-01T10:00:00Z"));
}

#[test]
fn a_refusal_is_of_whom_the_mail_was_to_where_that_is_one() {
    let to = |to: &str| {
        let message = json!({"headers": {"to": to, "message-id": "1.A@mg.example"}});
        report(&json!({"event": "rejected", "recipient": null, "message": message})).recipient
    };
    assert_eq!(to("Ada <ada@example.com>").as_deref(), Some("ada@example.com"));
    assert_eq!(to("Ada <ada@example.com>, Bob <bob@example.com>"), None);
}

#[test]
fn variables_may_be_missing_null_a_list_or_text() {
    for field in [json!({}), Value::Null, json!([]), json!("text")] {
        assert_eq!(report(&json!({"user-variables": field})).message, None);
    }
    let said = report(&json!({"user-variables": "{\"mailtally_message\": 7}", "tags": null}));
    assert_eq!((said.message.as_deref(), said.tags.len()), (Some("7"), 0));
}
