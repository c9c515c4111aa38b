//! What MailerSend's webhooks are known to surprise with, one test each.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use domain::{BounceClass, DropReason, Fact, Rank};
use providers::{Mapping, Note, Outcome, Place, Reported, provider};
use serde_json::{Value, json};

fn read(body: &Value) -> Outcome {
    let outcomes = (provider("mailersend").expect("known").decode)(body.to_string().as_bytes(), &Mapping::default());
    outcomes.expect("a body").remove(0)
}

fn activity(kind: &str, morph: Value) -> Value {
    json!({
        "type": format!("activity.{kind}"), "created_at": "2025-01-01T10:00:01.700000Z", "webhook_id": "w",
        "data": {
            "object": "activity", "id": format!("a-{kind}"), "type": kind, "created_at": "2025-01-01T10:00:01.678901Z",
            "email": {
                "id": "e-1", "from": "shop@north.example", "status": "delivered", "tags": ["news"], "headers": null,
                "message": {"id": "msg-1"}, "recipient": {"email": "ada@example.com"},
            },
            "morph": morph, "template_id": "",
        },
    })
}

fn report(body: &Value) -> Reported {
    match read(body) {
        Outcome::Event(report) => *report,
        other => panic!("no event: {other:?}"),
    }
}

#[test]
fn a_suppressed_mail_was_never_sent() {
    let reason = |words: Value| match report(&activity("suppressed", json!({"reason": words}))).fact {
        Fact::Dropped(drop) => drop.reason,
        other => panic!("no drop: {other:?}"),
    };
    assert_eq!(reason(json!("hard_bounced")), DropReason::PriorBounce);
    assert_eq!(reason(json!("spam_complaint")), DropReason::PriorSpam);
    assert_eq!(reason(json!("unsubscribed")), DropReason::Unsubscribed);
    assert_eq!(reason(Value::Null), DropReason::Suppressed);
}

#[test]
fn unique_events_repeat_the_first_one() {
    let open = json!({"object": "open", "id": "o", "created_at": "2025-01-01T10:00:01.670000Z", "ip": "192.0.2.1"});
    let (one, again) = (report(&activity("opened", open.clone())), report(&activity("opened_unique", open)));
    assert_eq!((one.fact.clone(), one.id), (again.fact, again.id));
    assert_ne!(one.own_id, again.own_id);
    let click = |ip: &str, url: &str| json!({"created_at": "2025-01-01T10:00:01.670000Z", "ip": ip, "url": url});
    let id = |kind: &str, ip: &str, url: &str| report(&activity(kind, click(ip, url))).id;
    assert_eq!(id("clicked", "192.0.2.1", "https://a.example"), id("clicked_unique", "192.0.2.1", "https://a.example"));
    assert_ne!(id("clicked", "192.0.2.1", "https://a.example"), id("clicked", "192.0.2.1", "https://b.example"));
    assert_ne!(id("clicked", "192.0.2.1", "https://a.example"), id("clicked", "192.0.2.2", "https://a.example"));
    assert_ne!(one.id, id("clicked", "192.0.2.1", ""));
}

#[test]
fn what_it_came_to_stands_in_morph_which_may_be_null() {
    let bounce = report(&activity("hard_bounced", json!({"reason": "no ada@example.com here"})));
    assert!(
        matches!(&bounce.fact, Fact::Bounced { class: BounceClass::Hard, reason, .. } if reason == "no [address] here")
    );
    assert_eq!(bounce.reason.as_deref(), Some("no ada@example.com here"));
    assert!(matches!(
        report(&activity("soft_bounced", Value::Null)).fact,
        Fact::Bounced { class: BounceClass::Soft, .. }
    ));
    assert_eq!(report(&activity("spam_complaint", json!({"reason": null}))).fact, Fact::Complained);
    let left = report(&activity("unsubscribed", json!({"reason": "option_3", "readable_reason": "Too many"})));
    assert_eq!(left.reason.as_deref(), Some("Too many"));
}

#[test]
fn a_newer_version_has_flat_data_and_an_empty_map_that_is_a_list() {
    let flat = |meta: Value| {
        report(&json!({"type": "activity.clicked", "created_at": "2025-01-01T10:00:01Z", "data": {
            "id": "a", "message_id": "msg-1", "email_id": "e", "type": "clicked", "email": "ada@example.com", "tags": ["news"], "meta": meta,
        }}))
    };
    let said = flat(json!([]));
    assert_eq!(
        (said.recipient.as_deref(), said.provider_message_id.as_deref()),
        (Some("ada@example.com"), Some("msg-1"))
    );
    assert_eq!(said.time.expect("a time").rfc3339(), "2025-01-01T10:00:01Z");
    assert_eq!(flat(json!({"url": "https://a.example/?x=1"})).url.as_deref(), Some("https://a.example/?x=1"));
}

#[test]
fn slashes_are_escaped_and_times_have_microseconds() {
    let body = activity("clicked", json!({"url": "https://a.example/x"})).to_string().replace('/', "\\/");
    let decode = provider("mailersend").expect("known").decode;
    let outcomes = decode(body.as_bytes(), &Mapping::default()).expect("a body");
    let [Outcome::Event(said)] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert_eq!(said.url.as_deref(), Some("https://a.example/x"));
    assert_eq!(said.time.expect("a time").rfc3339(), "2025-01-01T10:00:01.678901Z");
}

#[test]
fn the_set_up_ping_has_no_data() {
    let ping = json!({"type": "webhook.test", "message": "This is a ping test message", "created_at": "2025-01-01T10:00:00.1Z"});
    assert!(matches!(read(&ping), Outcome::Ignored { why: "set_up", .. }));
}

#[test]
fn there_is_no_metadata_so_tags_may_carry_our_ids() {
    let tags = |tags: Value| {
        let mut body = activity("delivered", Value::Null);
        body["data"]["email"]["tags"] = tags;
        body
    };
    assert_eq!(report(&tags(Value::Null)).tags.len(), 0);
    let mapping = Mapping {
        message: Place::Category("m-".to_owned()),
        campaign: Place::Category("c-".to_owned()),
        ..Mapping::default()
    };
    let body = tags(json!(["news", "c-spring", "m-17"])).to_string();
    let outcomes = (provider("mailersend").expect("known").decode)(body.as_bytes(), &mapping).expect("a body");
    let [Outcome::Event(said)] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert_eq!(
        (said.message.as_deref(), said.campaign.as_deref(), said.rank),
        (Some("17"), Some("spring"), Rank::Tags)
    );
}

#[test]
fn an_address_on_hold_is_a_suppression() {
    let held = |kind: &str| {
        read(
            &json!({"type": kind, "created_at": "2025-01-01T10:00:00Z", "data": {"recipient": {"email": "ada@example.com"}}}),
        )
    };
    assert!(
        matches!(held("recipient.on_hold_added"), Outcome::Note(note) if note.fact == Note::SuppressionAdded(None))
    );
    assert!(
        matches!(held("recipient.on_hold_removed"), Outcome::Note(note) if note.fact == Note::SuppressionRemoved(None))
    );
    let nobody = read(&json!({"type": "recipient.on_hold_added", "created_at": "2025-01-01T10:00:00Z", "data": {}}));
    assert!(matches!(&nobody, Outcome::Rejected { why, .. } if why.reason == "no_recipient"), "{nobody:?}");
}
