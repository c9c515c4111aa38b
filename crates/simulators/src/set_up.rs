//! What a provider asks of a webhook while somebody sets it up: probes, confirmations and test posts, as its documentation has them.
//! None is about a mail: their ids and addresses are the documentation's. Providers that ask nothing special are left out.

use providers::Secret;
use providers::sign::{Posting, Signing, Unsignable, confirmation, sign};
use providers::sns::Kind;
use serde_json::{Value, json};

/// What signs Mandrill's empty batch, before the webhook has a key.
const MANDRILL_TEST_KEY: &str = "test-webhook";
/// The address of SendGrid's test events.
const SENDGRID_RECIPIENT: &str = "example@test.com";
/// What Amazon SES publishes once it may publish to a topic.
const SES_VALIDATED: &str = "Successfully validated SNS topic for Amazon SES event publishing.";

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What it is, in words.
    pub name: &'static str,
    /// Whether it is a HEAD; a POST otherwise.
    pub head: bool,
    /// Headers and body.
    pub posting: Posting,
}

/// The probes of a provider, in the order of a set-up.
///
/// # Errors
/// When one cannot be signed with the secret.
pub fn probes(provider: &str, with: &Signing<'_>) -> Result<Vec<Probe>, Unsignable> {
    let post = |name, posting| Probe { name, head: false, posting };
    let signed = |body: &Value| sign(provider, body.to_string().as_bytes(), with);
    Ok(match provider {
        "amazon_ses" => vec![
            post("subscription confirmation", confirmation(Kind::SubscriptionConfirmation, with)?),
            post("notice of a validated topic", sign(provider, SES_VALIDATED.as_bytes(), with)?),
            post("unsubscribe confirmation", confirmation(Kind::UnsubscribeConfirmation, with)?),
        ],
        "mailersend" => vec![post("ping", signed(&ping(with))?)],
        "mailjet" => vec![post("test post", signed(&json!([mailjet()]))?)],
        "mandrill" => {
            let key = Secret::Key(MANDRILL_TEST_KEY.to_owned());
            let empty = sign(provider, b"[]", &Signing { secret: &key, ..*with })?;
            let nothing = Posting { headers: Vec::new(), body: Vec::new() };
            vec![Probe { name: "head", head: true, posting: nothing }, post("empty batch", empty)]
        }
        "postmark" => vec![post("test post", signed(&postmark())?)],
        "sendgrid" => vec![post("test your integration", signed(&sendgrid(with))?)],
        "sparkpost" => vec![
            post("empty batch", signed(&json!([{"msys": {}}]))?),
            post("validation", signed(&json!([{"msys": {"message_event": sparkpost()}}]))?),
        ],
        _ => Vec::new(),
    })
}

fn ping(with: &Signing<'_>) -> Value {
    json!({"type": "webhook.test", "message": "This is a ping test message", "created_at": with.now.rfc3339()})
}

fn mailjet() -> Value {
    json!({
        "event": "sent", "time": 1_433_333_949, "MessageID": 19_421_777_835_146_490_u64, "email": "api@mailjet.com",
        "mj_campaign_id": 7_257, "mj_contact_id": 4, "customcampaign": "", "mj_message_id": "19421777835146490",
        "smtp_reply": "sent (250 2.0.0 OK 1433333948 fa5si855896wjc.199 - gsmtp)", "CustomID": "helloworld", "Payload": "",
    })
}

fn postmark() -> Value {
    json!({
        "RecordType": "Delivery", "MessageStream": "outbound", "ServerID": 23, "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Recipient": "john@example.com", "Tag": "Test", "DeliveredAt": "2024-01-01T10:00:00Z", "Details": "Test delivery webhook details",
        "Metadata": {"example": "value", "example_2": "value"},
    })
}

fn sparkpost() -> Value {
    json!({
        "type": "delivery", "event_id": "92356927693813856", "timestamp": "1454442600", "message_id": "000443ee14578172be22",
        "transmission_id": "65832150921904138", "rcpt_to": "recipient@example.com", "raw_rcpt_to": "recipient@example.com",
        "rcpt_meta": {}, "rcpt_tags": [], "subject": "Summer deals are here!", "num_retries": "2", "queue_time": "12",
    })
}

/// One event of each of the eleven kinds.
fn sendgrid(with: &Signing<'_>) -> Value {
    let particulars = [
        ("processed", json!({})),
        ("deferred", json!({"response": "400 try again later", "attempt": "5"})),
        ("delivered", json!({"response": "250 OK"})),
        ("open", json!({"useragent": "Mozilla/4.0 (compatible; MSIE 6.1; Windows XP)", "ip": "255.255.255.255"})),
        ("click", json!({"useragent": "Mozilla/4.0", "ip": "255.255.255.255", "url": "http://www.sendgrid.com/"})),
        ("bounce", json!({"reason": "500 unknown recipient", "status": "5.0.0"})),
        ("dropped", json!({"reason": "Bounced Address", "status": "5.0.0"})),
        ("spamreport", json!({})),
        ("unsubscribe", json!({})),
        ("group_unsubscribe", json!({"asm_group_id": 10, "url": "http://www.sendgrid.com/", "ip": "255.255.255.255"})),
        ("group_resubscribe", json!({"asm_group_id": 10, "url": "http://www.sendgrid.com/", "ip": "255.255.255.255"})),
    ];
    let at = with.now.micros().div_euclid(1_000_000);
    let one = |(kind, more): (&str, Value)| {
        let mut event = json!({
            "email": SENDGRID_RECIPIENT, "timestamp": at, "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>", "event": kind,
            "category": ["cat facts"], "sg_event_id": format!("test-{kind}"),
            "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        });
        if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
            event.extend(more);
        }
        event
    };
    particulars.into_iter().map(one).collect()
}
