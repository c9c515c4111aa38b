//! A test body of every provider: one delivery, with our ids where the default mapping looks for them.

use domain::Time;
use serde_json::{Value, json};

/// What a test body is about.
#[derive(Clone, Debug)]
pub struct About<'a> {
    /// Our ids by the names of their custom data: `mailtally_message`, `mailtally_campaign` and so on.
    pub custom: Vec<(&'a str, &'a str)>,
    /// The address.
    pub recipient: &'a str,
    /// When it was delivered.
    pub at: Time,
    /// The provider's id of the message.
    pub message_id: &'a str,
    /// Words that no other event has.
    pub nonce: &'a str,
}

/// The body of a delivery as this provider posts it, before it is signed; nothing for an unknown provider. MailerSend and Postal give
/// nothing back of what the sender gave along but tags, so ours stand there as `name:value`.
pub fn delivered(provider: &str, about: &About<'_>) -> Option<Vec<u8>> {
    let sample = SAMPLES.iter().find(|(name, _)| *name == provider)?.1;
    Some(sample(about).to_string().into_bytes())
}

type Sample = fn(&About<'_>) -> Value;

const SAMPLES: [(&str, Sample); 13] = [
    ("amazon_ses", amazon_ses),
    ("brevo", brevo),
    ("mailersend", mailersend),
    ("mailgun", mailgun),
    ("mailjet", mailjet),
    ("mailtrap", mailtrap),
    ("mandrill", mandrill),
    ("postal", postal),
    ("postmark", postmark),
    ("resend", resend),
    ("sendgrid", sendgrid),
    ("sparkpost", sparkpost),
    ("unisender_go", unisender_go),
];

impl About<'_> {
    fn map(&self) -> Value {
        self.custom
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    fn tags(&self) -> Vec<String> {
        self.custom.iter().map(|(name, value)| format!("{name}:{value}")).collect()
    }

    fn seconds(&self) -> i64 {
        self.at.micros().div_euclid(1_000_000)
    }

    /// `YYYY-MM-DD HH:MM:SS`.
    fn plain(&self) -> String {
        self.at.rfc3339().get(..19).unwrap_or_default().replace('T', " ")
    }
}

fn amazon_ses(about: &About<'_>) -> Value {
    let at = about.at.rfc3339();
    let tags: serde_json::Map<_, _> =
        about.custom.iter().map(|(name, value)| ((*name).to_owned(), json!([value]))).collect();
    json!({
        "eventType": "Delivery",
        "mail": {"timestamp": at, "messageId": about.message_id, "destination": [about.recipient], "tags": tags},
        "delivery": {"timestamp": at, "recipients": [about.recipient], "smtpResponse": "250 2.6.0 Message received"},
    })
}

fn brevo(about: &About<'_>) -> Value {
    json!({
        "event": "delivered", "email": about.recipient, "id": 1, "ts_event": about.seconds(), "ts": about.seconds(),
        "ts_epoch": about.at.micros().div_euclid(1_000), "message-id": format!("<{}>", about.message_id),
        "X-Mailin-custom": about.map().to_string(), "tags": [], "subject": "Test",
    })
}

fn mailersend(about: &About<'_>) -> Value {
    let at = about.at.rfc3339();
    json!({
        "type": "activity.delivered", "created_at": at, "webhook_id": "test",
        "data": {
            "object": "activity", "id": about.nonce, "type": "delivered", "created_at": at, "morph": null,
            "email": {
                "object": "email", "status": "delivered", "subject": "Test", "tags": about.tags(),
                "message": {"object": "message", "id": about.message_id},
                "recipient": {"object": "recipient", "email": about.recipient},
            },
        },
    })
}

fn mailgun(about: &About<'_>) -> Value {
    json!({"event-data": {
        "event": "delivered", "id": about.nonce, "timestamp": about.seconds(), "recipient": about.recipient, "tags": [],
        "message": {"headers": {"message-id": about.message_id}}, "user-variables": about.map(),
        "delivery-status": {"code": 250, "message": "OK"},
    }})
}

fn mailjet(about: &About<'_>) -> Value {
    json!([{
        "event": "sent", "time": about.seconds(), "MessageID": 1, "Message_GUID": about.message_id, "email": about.recipient,
        "mj_campaign_id": 0, "mj_contact_id": 1, "customcampaign": "", "CustomID": "", "Payload": about.map().to_string(),
        "smtp_reply": "250 2.0.0 OK",
    }])
}

fn mailtrap(about: &About<'_>) -> Value {
    json!({"events": [{
        "event": "delivery", "timestamp": about.seconds(), "sending_stream": "bulk", "custom_variables": about.map(),
        "message_id": about.message_id, "email": about.recipient, "event_id": about.nonce,
    }]})
}

fn mandrill(about: &About<'_>) -> Value {
    json!([{
        "event": "delivered", "ts": about.seconds(), "_id": about.message_id,
        "msg": {"_id": about.message_id, "ts": about.seconds(), "email": about.recipient, "tags": [], "metadata": about.map()},
    }])
}

fn postal(about: &About<'_>) -> Value {
    let at = about.seconds();
    json!({
        "event": "MessageSent", "timestamp": at, "uuid": about.nonce,
        "payload": {
            "message": {
                "id": about.message_id, "direction": "outgoing", "to": about.recipient, "tag": about.tags().first(),
            },
            "status": "Sent", "details": "Message accepted", "output": "250 OK", "timestamp": at,
        },
    })
}

fn postmark(about: &About<'_>) -> Value {
    json!({
        "RecordType": "Delivery", "MessageID": about.message_id, "Recipient": about.recipient, "DeliveredAt": about.at.rfc3339(),
        "Details": "250 OK", "Metadata": about.map(), "MessageStream": "broadcast", "ServerID": 1, "Tag": "",
    })
}

fn resend(about: &About<'_>) -> Value {
    let at = about.at.rfc3339();
    json!({
        "type": "email.delivered", "created_at": at,
        "data": {"created_at": at, "email_id": about.message_id, "to": [about.recipient], "tags": about.map()},
    })
}

fn sendgrid(about: &About<'_>) -> Value {
    let mut event = about.map();
    let fields = json!({
        "event": "delivered", "email": about.recipient, "timestamp": about.seconds(), "sg_event_id": about.nonce,
        "sg_message_id": format!("{}.recvd-test", about.message_id), "response": "250 OK",
    });
    if let (Value::Object(event), Value::Object(fields)) = (&mut event, fields) {
        event.extend(fields);
    }
    json!([event])
}

fn sparkpost(about: &About<'_>) -> Value {
    json!([{"msys": {"message_event": {
        "type": "delivery", "timestamp": about.seconds().to_string(), "event_id": about.nonce,
        "transmission_id": about.message_id, "message_id": about.message_id, "rcpt_to": about.recipient,
        "rcpt_meta": about.map(), "rcpt_tags": [],
    }}}])
}

fn unisender_go(about: &About<'_>) -> Value {
    let data = json!({
        "job_id": about.message_id, "metadata": about.map(), "email": about.recipient, "status": "delivered",
        "event_time": about.plain(),
    });
    let event = json!({"event_name": "transactional_email_status", "event_data": data});
    json!({"auth": "", "events_by_user": [{"user_id": 1, "events": [event]}]})
}
