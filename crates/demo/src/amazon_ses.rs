//! What Amazon SES publishes through SNS (event publishing to a configuration set): one event a request.

use serde_json::{Value, json};

use crate::mail::{Deed, Mail};
use crate::random::{Random, word};
use crate::sendgrid::{AGENTS, PROXY, SCANNER};

/// The event that reports `deed` at `at`.
pub(crate) fn event(mail: &Mail<'_>, at: u64, deed: &Deed, random: &mut Random) -> Value {
    let (name, field, body) = said(mail, at, deed, random);
    let mut event = json!({"eventType": name, "mail": described(mail)});
    if let Value::Object(event) = &mut event {
        event.insert(field.to_owned(), body);
    }
    event
}

/// The event's type, the name of its object, and the object.
fn said(mail: &Mail<'_>, at: u64, deed: &Deed, random: &mut Random) -> (&'static str, &'static str, Value) {
    let time = stamp(at, random.below(1_000));
    let person = word(&AGENTS, random.below(4));
    let ip = format!("198.51.100.{}", random.between(1, 250));
    let feedback = format!("0102019{:09x}-{}-000000", at, uuid(random));
    let bounce = |kind: &str, sub: &str, status: &str, words: &str| {
        json!({"bounceType": kind, "bounceSubType": sub, "timestamp": time, "feedbackId": feedback,
            "bouncedRecipients": [{"emailAddress": mail.address, "action": "failed", "status": status, "diagnosticCode": words}],
            "reportingMTA": "dns; a1-2.smtp-out.eu-west-1.amazonses.com"})
    };
    let complaint = |sub: Value, kind: Value| {
        json!({"complainedRecipients": [{"emailAddress": mail.address}], "timestamp": time, "feedbackId": feedback,
            "complaintSubType": sub, "complaintFeedbackType": kind, "arrivalDate": time})
    };
    let preferences = |from: bool, to: bool| {
        json!({"contactList": "members", "timestamp": time, "source": "UnsubscribeHeader",
            "oldTopicPreferences": {"unsubscribeAll": from, "topicSubscriptionStatus": []},
            "newTopicPreferences": {"unsubscribeAll": to, "topicSubscriptionStatus": []}})
    };
    match deed {
        Deed::Processed => ("Send", "send", json!({})),
        Deed::Deferred => (
            "DeliveryDelay",
            "deliveryDelay",
            json!({"timestamp": time, "delayType": "TransientCommunicationFailure",
            "delayedRecipients": [{"emailAddress": mail.address, "status": "4.4.1", "diagnosticCode": "smtp; 421 4.4.1 Connection timed out"}]}),
        ),
        Deed::Delivered => (
            "Delivery",
            "delivery",
            json!({"timestamp": time, "recipients": [mail.address],
            "processingTimeMillis": 600 + at % 900, "smtpResponse": "250 2.6.0 Message received",
            "reportingMTA": "a1-2.smtp-out.eu-west-1.amazonses.com"}),
        ),
        Deed::HardBounce => {
            ("Bounce", "bounce", bounce("Permanent", "General", "5.1.1", "smtp; 550 5.1.1 user unknown"))
        }
        Deed::SoftBounce => {
            ("Bounce", "bounce", bounce("Transient", "MailboxFull", "4.2.2", "smtp; 452 4.2.2 mailbox full"))
        }
        Deed::Block => (
            "Bounce",
            "bounce",
            bounce("Transient", "ContentRejected", "5.7.1", "smtp; 554 5.7.1 refused for its content"),
        ),
        Deed::Undetermined => {
            ("Bounce", "bounce", bounce("Undetermined", "Undetermined", "5.0.0", "smtp; 500 no reason given"))
        }
        Deed::DroppedBounced | Deed::Dropped(_) => (
            "Bounce",
            "bounce",
            bounce(
                "Permanent",
                "OnAccountSuppressionList",
                "5.1.1",
                "Amazon SES did not send the message to this address because it is on the suppression list for your account",
            ),
        ),
        Deed::DroppedSpam => ("Complaint", "complaint", complaint("OnAccountSuppressionList".into(), Value::Null)),
        Deed::Rejected => ("Reject", "reject", json!({"reason": "Bad content"})),
        Deed::NotRendered => (
            "Rendering Failure",
            "failure",
            json!({"templateName": "members",
            "errorMessage": "Attribute 'first_name' is not present in the rendering data."}),
        ),
        Deed::MachineOpen => ("Open", "open", json!({"timestamp": time, "ipAddress": ip, "userAgent": PROXY})),
        Deed::Open => ("Open", "open", json!({"timestamp": time, "ipAddress": ip, "userAgent": person})),
        Deed::Click(link) => (
            "Click",
            "click",
            json!({"timestamp": time, "ipAddress": ip, "userAgent": person,
            "link": mail.link(*link), "linkTags": Value::Null}),
        ),
        Deed::MachineClick(link) => (
            "Click",
            "click",
            json!({"timestamp": time, "ipAddress": ip, "userAgent": SCANNER,
            "link": mail.link(*link), "linkTags": Value::Null}),
        ),
        Deed::Complaint => ("Complaint", "complaint", complaint(Value::Null, "abuse".into())),
        Deed::Unsubscribe { .. } => ("Subscription", "subscription", preferences(false, true)),
        Deed::Resubscribe => ("Subscription", "subscription", preferences(true, false)),
    }
}

/// The mail as every event describes it.
fn described(mail: &Mail<'_>) -> Value {
    let from = format!("{} <{}>", mail.organisation.name, mail.organisation.contact);
    let mut tags = json!({"ses:configuration-set": ["members"], "ses:source-ip": ["198.51.100.7"]});
    if let (true, Value::Object(tags)) = (mail.carries_ids, &mut tags) {
        tags.insert("mailtally_organisation".to_owned(), json!([mail.organisation.id]));
        tags.insert("mailtally_message".to_owned(), json!([mail.id]));
        tags.insert("mailtally_client".to_owned(), json!([mail.client]));
        if !mail.campaign.is_empty() {
            tags.insert("mailtally_campaign".to_owned(), json!([mail.campaign]));
        }
    }
    json!({
        "timestamp": stamp(mail.sent, 0), "source": from, "sendingAccountId": "111122223333",
        "messageId": mail.provider_id, "destination": [mail.address], "headersTruncated": false,
        "commonHeaders": {"from": [from], "to": [mail.address], "subject": mail.subject}, "tags": tags,
    })
}

/// An id as SES gives it to a message.
pub(crate) fn message_id(at: u64, random: &mut Random) -> String {
    format!("0102019{at:09x}-{}-000000", uuid(random))
}

fn uuid(random: &mut Random) -> String {
    let (a, b, c, d) = (random.below(1 << 32), random.below(1 << 16), random.below(1 << 12), random.below(1 << 12));
    format!("{a:08x}-{b:04x}-4{c:03x}-8{d:03x}-{:012x}", random.below(1 << 48))
}

fn stamp(seconds: u64, milliseconds: u64) -> String {
    crate::time(seconds).plus_micros(i64::try_from(milliseconds * 1_000).unwrap_or(0)).rfc3339()
}
