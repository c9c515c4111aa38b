//! What Postmark's webhooks are known to surprise with, one test each.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use domain::contact::Cause;
use domain::{Agent, BounceClass, DropReason, Fact, Scope};
use providers::{Mapping, Note, Outcome, Reported, provider};
use serde_json::{Value, json};

/// The outcome of one record: the common fields with these over them; null stands for null.
fn outcome(fields: &Value) -> Outcome {
    let mut record = json!({
        "RecordType": "Bounce", "Type": "HardBounce", "TypeCode": 1, "ID": 42, "MessageID": "m-1", "Email": "ada@example.com",
        "BouncedAt": "2025-01-01T10:00:00.1234567Z", "MessageStream": "outbound", "Tag": "news", "Metadata": {"a": "b"},
    });
    for (name, value) in fields.as_object().expect("fields") {
        record.as_object_mut().expect("an object").insert(name.clone(), value.clone());
    }
    let postmark = provider("postmark").expect("known");
    let mut read = (postmark.decode)(record.to_string().as_bytes(), &Mapping::default()).expect("a body");
    assert_eq!(read.len(), 1, "{read:?}");
    read.remove(0)
}

fn report(fields: &Value) -> Reported {
    match outcome(fields) {
        Outcome::Event(report) => *report,
        other => panic!("no event: {other:?}"),
    }
}

fn note(fields: &Value) -> Note {
    match outcome(fields) {
        Outcome::Note(report) => report.fact,
        other => panic!("no note: {other:?}"),
    }
}

fn change(suppress: bool, reason: Value) -> Value {
    json!({"RecordType": "SubscriptionChange", "Type": null, "BouncedAt": null, "ChangedAt": "2025-01-01T10:00:00Z",
           "Recipient": "ada@example.com", "SuppressSending": suppress, "SuppressionReason": reason})
}

fn bounce_of(kind: &str) -> BounceClass {
    match report(&json!({"Type": kind})).fact {
        Fact::Bounced { class, asynchronous: false, .. } => class,
        other => panic!("no bounce: {other:?}"),
    }
}

#[test]
fn not_every_bounce_record_is_a_bounce() {
    assert_eq!(bounce_of("HardBounce"), BounceClass::Hard);
    assert_eq!(bounce_of("SoftBounce"), BounceClass::Soft);
    for kind in ["Transient", "DnsError", "OpenRelayTest"] {
        assert!(matches!(report(&json!({"Type": kind})).fact, Fact::Deferred { .. }), "{kind}");
    }
    for kind in ["AutoResponder", "AddressChange", "ChallengeVerification"] {
        assert_eq!(note(&json!({"Type": kind})), Note::AutoResponded, "{kind}");
    }
    for (kind, reason) in [
        ("BadEmailAddress", DropReason::InvalidAddress),
        ("ManuallyDeactivated", DropReason::Suppressed),
        ("Unconfirmed", DropReason::Suppressed),
        ("SMTPApiError", DropReason::SenderError),
        ("TemplateRenderingFailed", DropReason::SenderError),
    ] {
        assert!(matches!(report(&json!({"Type": kind})).fact, Fact::Dropped(drop) if drop.reason == reason), "{kind}");
    }
    assert!(matches!(outcome(&json!({"Type": "InboundError"})), Outcome::Ignored { why: "inbound_mail", .. }));
    assert!(matches!(outcome(&json!({"Type": "Unknown"})), Outcome::Ignored { why: "unknown_event", .. }));
}

#[test]
fn what_an_isp_refused_is_a_block_and_no_persons_complaint() {
    for kind in ["Blocked", "DMARCPolicy", "SpamNotification", "VirusNotification"] {
        assert_eq!(bounce_of(kind), BounceClass::Block, "{kind}");
    }
    assert_eq!(report(&json!({"Type": "SpamComplaint"})).fact, Fact::Complained);
    assert_eq!(report(&json!({"RecordType": "SpamComplaint", "Type": "Anything"})).fact, Fact::Complained);
}

#[test]
fn the_type_decides_since_the_tables_of_codes_disagree() {
    assert_eq!(report(&json!({"Type": "SpamComplaint", "TypeCode": 512})).fact, Fact::Complained);
    assert!(matches!(report(&json!({"Type": "Blocked", "TypeCode": 16})).fact, Fact::Bounced { .. }));
    assert!(matches!(
        report(&json!({"Type": null, "TypeCode": "4096"})).fact,
        Fact::Bounced { class: BounceClass::Soft, .. }
    ));
}

#[test]
fn a_hard_bounce_comes_twice_and_bounces_once() {
    assert_eq!(note(&change(true, json!("HardBounce"))), Note::SuppressionAdded(Some(Cause::Bounce)));
    assert_eq!(note(&change(true, json!("SpamComplaint"))), Note::SuppressionAdded(Some(Cause::Complaint)));
}

#[test]
fn a_suppression_by_hand_is_an_unsubscribe_from_its_stream_and_its_end_a_resubscribe() {
    let scope = Scope::List("outbound".to_owned());
    assert_eq!(
        report(&change(true, json!("ManualSuppression"))).fact,
        Fact::Unsubscribed { scope: scope.clone(), from_register: false }
    );
    assert_eq!(report(&change(false, Value::Null)).fact, Fact::Resubscribed { scope, from_register: false });
    assert_eq!(note(&change(false, json!("HardBounce"))), Note::SuppressionRemoved(Some(Cause::Bounce)));
}

#[test]
fn times_have_seven_fraction_digits_and_any_zone() {
    let at = |words: &str| report(&json!({"BouncedAt": words})).time.expect("a time").rfc3339();
    assert_eq!(at("2025-01-01T10:00:00.1234567Z"), "2025-01-01T10:00:00.123456Z");
    assert_eq!(at("2014-08-01T13:28:10.2735393-04:00"), "2014-08-01T17:28:10.273539Z");
}

#[test]
fn bounces_and_complaints_alone_have_an_id() {
    assert_eq!(report(&json!({})).event_keys().first().map(String::as_str), Some("42"));
    let delivery = json!({"RecordType": "Delivery", "DeliveredAt": "2025-01-01T10:00:00Z"});
    assert_eq!(report(&delivery).event_keys().len(), 1);
    assert_eq!(report(&json!({})).id, report(&json!({"ID": 43})).id, "the id is no part of what happened");
    assert_ne!(report(&json!({})).id, report(&json!({"BouncedAt": "2025-01-01T10:00:01Z"})).id);
}

#[test]
fn fields_may_be_missing_null_or_of_another_type() {
    let said = report(&json!({"Tag": null, "Metadata": null, "TypeCode": null, "ID": "42", "MessageStream": null}));
    assert!(said.tags.is_empty() && said.own_id.as_deref() == Some("42"));
    assert_eq!(report(&json!({"Metadata": {"mailtally_message": 17}})).message.as_deref(), Some("17"));
    assert!(report(&json!({"Metadata": []})).message.is_none());
}

#[test]
fn a_record_of_old_does_not_name_its_kind() {
    assert!(matches!(report(&json!({"RecordType": null})).fact, Fact::Bounced { .. }));
    let bare = json!({"RecordType": null, "TypeCode": null, "BouncedAt": null});
    assert!(matches!(report(&bare).fact, Fact::Bounced { .. }));
}

#[test]
fn a_mail_that_came_in_does_not_always_say_so() {
    let postmark = provider("postmark").expect("known");
    for mail in [
        json!({"FromFull": {"Email": "ada@example.com"}, "TextBody": "x"}),
        json!({"OriginalRecipient": "a@b.example"}),
    ] {
        let read = (postmark.decode)(mail.to_string().as_bytes(), &Mapping::default()).expect("a body");
        assert!(matches!(read.as_slice(), [Outcome::Ignored { why: "inbound_mail", .. }]), "{read:?}");
    }
}

#[test]
fn the_first_open_flag_decides_nothing_and_no_flag_tells_a_machine() {
    let open = |first: bool, agent: Value| json!({"RecordType": "Open", "ReceivedAt": "2025-01-01T10:00:00Z", "FirstOpen": first, "UserAgent": agent});
    assert_eq!(report(&open(true, Value::Null)).fact, Fact::Opened(Agent::Unknown));
    assert_eq!(report(&open(true, Value::Null)).id, report(&open(false, Value::Null)).id);
    assert_eq!(report(&open(false, json!("Mozilla/5.0"))).fact, Fact::Opened(Agent::Machine));
}

#[test]
fn what_is_about_no_message_has_an_id_of_zeros() {
    let said = change(false, json!("HardBounce"));
    let mut fields = said.as_object().expect("fields").clone();
    fields.insert("MessageID".to_owned(), json!("00000000-0000-0000-0000-000000000000"));
    let Outcome::Note(report) = outcome(&Value::Object(fields)) else { panic!("no note") };
    assert_eq!((report.named_message(), report.recipient.as_deref()), (None, Some("ada@example.com")));
    assert_eq!(report.provider_message_id.as_deref(), Some("00000000-0000-0000-0000-000000000000"));
}
