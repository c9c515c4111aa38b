//! What Postal's webhooks are known to surprise with, one test each.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use domain::{BounceClass, DropReason, Fact};
use providers::{Mapping, Outcome, Place, Reported, provider, to_json};
use serde_json::{Value, json};

fn read(body: &Value) -> Outcome {
    let outcomes = (provider("postal").expect("known").decode)(body.to_string().as_bytes(), &Mapping::default());
    outcomes.expect("a body").remove(0)
}

fn report(body: &Value) -> Reported {
    match read(body) {
        Outcome::Event(report) => *report,
        other => panic!("no event: {other:?}"),
    }
}

fn message() -> Value {
    json!({
        "id": 4711, "token": "t", "direction": "outgoing", "message_id": "1a2b@rp.north.example", "to": "ada@example.com",
        "from": "shop@north.example", "subject": "Offer", "timestamp": 1_735_725_599.5, "tag": "c-spring",
    })
}

fn event(name: &str, payload: Value) -> Value {
    json!({"event": name, "timestamp": 1_735_725_600.654_321, "payload": payload, "uuid": "u-1"})
}

fn attempt(name: &str, status: &str, details: &str, output: &str) -> Value {
    event(
        name,
        json!({"message": message(), "status": status, "details": details, "output": output, "timestamp": 1_735_725_600.1}),
    )
}

fn class(body: &Value) -> (BounceClass, bool) {
    match report(body).fact {
        Fact::Bounced { class, asynchronous, .. } => (class, asynchronous),
        other => panic!("no bounce: {other:?}"),
    }
}

#[test]
fn the_guide_shows_payloads_without_what_is_around_them() {
    let bare = |fields: Value| {
        let mut payload = json!({"message": message(), "timestamp": 1_735_725_600.1});
        payload.as_object_mut().expect("an object").extend(fields.as_object().expect("fields").clone());
        read(&payload)
    };
    let fact = |fields: Value| match bare(fields) {
        Outcome::Event(report) => report.fact,
        other => panic!("no event: {other:?}"),
    };
    assert_eq!(fact(json!({"status": "Sent", "output": "250 ok"})), Fact::Delivered);
    assert!(matches!(
        fact(json!({"message": null, "original_message": message(), "bounce": {"id": 2}})),
        Fact::Bounced { .. }
    ));
    assert!(matches!(fact(json!({"url": "https://a.example", "user_agent": "x"})), Fact::Clicked { .. }));
    assert!(matches!(fact(json!({"user_agent": "x"})), Fact::Opened(_)));
    let bounce = json!({"original_message": message(), "bounce": {"id": 2, "timestamp": 1_735_725_609.5}});
    assert_eq!(report(&bounce).time.map(domain::Time::rfc3339).as_deref(), Some("2025-01-01T10:00:09.500Z"));
    let why =
        |outcome| if let Outcome::Ignored { why, .. } = outcome { why } else { panic!("not ignored: {outcome:?}") };
    assert_eq!(why(read(&json!({"domain": "a.example", "dns_checked_at": 1_735_725_600.1}))), "not_about_a_message");
    assert_eq!(why(read(&json!({"server": {}, "volume": 904, "limit": 1000}))), "not_about_a_message");
    assert_eq!(why(read(&json!({"rcpt_to": "in@a.example", "message": "RnJvbTo="}))), "inbound_mail");
}

#[test]
fn sent_means_delivered() {
    assert_eq!(report(&attempt("MessageSent", "Sent", "accepted", "250 ok")).fact, Fact::Delivered);
}

#[test]
fn the_time_is_a_fraction_and_is_not_rounded() {
    let said = report(&attempt("MessageSent", "Sent", "", ""));
    assert_eq!(said.time.expect("a time").rfc3339(), "2025-01-01T10:00:00.654321Z");
}

#[test]
fn a_bounce_comes_later_and_is_about_the_original_message() {
    let bounce = json!({"id": 5, "direction": "incoming", "to": "x@psrp.north.example", "subject": "Undeliverable"});
    let payload = json!({"original_message": message(), "bounce": bounce});
    for name in ["MessageBounced", "MessageDelayed"] {
        let body = event(name, payload.clone());
        assert_eq!(class(&body), (BounceClass::Undetermined, true), "{name}");
        let said = report(&body);
        assert_eq!(
            (said.recipient.as_deref(), said.provider_message_id.as_deref()),
            (Some("ada@example.com"), Some("4711"))
        );
    }
}

#[test]
fn a_hard_fail_is_the_remote_sides_or_postals_own() {
    let fail = |details: &str, output: &str| attempt("MessageDeliveryFailed", "HardFail", details, output);
    assert_eq!(class(&fail("Could not deliver", "server output")), (BounceClass::Hard, false));
    assert_eq!(class(&fail("Permanent SMTP delivery error", "550 5.7.1 no")), (BounceClass::Block, false));
    assert_eq!(
        class(&fail("Maximum number of delivery attempts (18) has been reached.", "")),
        (BounceClass::Soft, false)
    );
    let own = |details: &str| match report(&fail(details, "")).fact {
        Fact::Dropped(drop) => drop.reason,
        other => panic!("no drop: {other:?}"),
    };
    assert_eq!(own("Message is likely spam. Threshold is 5"), DropReason::ContentSpam);
    assert_eq!(own("Message's domain no longer exist"), DropReason::SenderError);
    assert_eq!(own("Message doesn't have an RCPT to"), DropReason::InvalidAddress);
}

#[test]
fn a_held_message_waits_and_is_neither_dropped_nor_delivered() {
    let held = attempt("MessageHeld", "Held", "Recipient (ada@example.com) is on the suppression list", "");
    assert_eq!(report(&held).fact, Fact::Queued);
    let shown = to_json(&read(&held));
    assert_eq!((&shown["type"], &shown["qualifier"]), (&json!("Sent"), &json!("queued")));
}

#[test]
fn loaded_is_an_open() {
    let payload = json!({"message": message(), "ip_address": "192.0.2.1", "user_agent": "Mozilla/5.0"});
    assert!(matches!(report(&event("MessageLoaded", payload)).fact, Fact::Opened(_)));
}

#[test]
fn a_message_id_is_a_number_or_a_header() {
    let mut body = attempt("MessageSent", "Sent", "", "");
    assert_eq!(report(&body).provider_message_id.as_deref(), Some("4711"));
    body["payload"]["message"]["id"] = Value::Null;
    assert_eq!(report(&body).provider_message_id.as_deref(), Some("1a2b@rp.north.example"));
}

#[test]
fn mail_that_comes_in_is_not_ours() {
    let mut body = attempt("MessageDeliveryFailed", "HardFail", "Received a 400", "");
    body["payload"]["message"]["direction"] = json!("incoming");
    assert!(matches!(read(&body), Outcome::Ignored { why: "inbound_mail", .. }));
    let inbound = json!({"id": 1, "rcpt_to": "reply@north.example", "mail_from": "ada@example.com", "message": "UmU6"});
    assert!(matches!(read(&inbound), Outcome::Ignored { why: "inbound_mail", .. }));
}

#[test]
fn what_happened_to_the_server_is_not_about_a_message() {
    for name in ["DomainDNSError", "SendLimitApproaching", "SendLimitExceeded"] {
        assert!(
            matches!(read(&event(name, json!({"server": {}}))), Outcome::Ignored { why: "not_about_a_message", .. }),
            "{name}"
        );
    }
}

#[test]
fn two_webhooks_have_two_uuids_for_one_event() {
    let again = |mut body: Value| {
        body["uuid"] = json!("u-2");
        body["timestamp"] = json!(1_735_725_600.9);
        body
    };
    let sent = attempt("MessageSent", "Sent", "", "");
    assert_eq!(report(&sent).id, report(&again(sent.clone())).id);
    let click = event(
        "MessageLinkClicked",
        json!({"message": message(), "url": "https://a.example", "ip_address": "192.0.2.1"}),
    );
    assert_eq!(report(&click).id, report(&again(click.clone())).id);
    assert_ne!(report(&click).id, report(&sent).id);
}

#[test]
fn only_a_tag_comes_back() {
    let mapping = Mapping {
        campaign: Place::Category("c-".to_owned()),
        message: Place::Custom("token".to_owned()),
        ..Mapping::default()
    };
    let body = attempt("MessageSent", "Sent", "", "").to_string();
    let outcomes = (provider("postal").expect("known").decode)(body.as_bytes(), &mapping).expect("a body");
    let [Outcome::Event(said)] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert_eq!((said.campaign.as_deref(), said.message.as_deref()), (Some("spring"), Some("t")));
}
