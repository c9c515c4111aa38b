//! What providers post: SendGrid's batches and Amazon SES's events in their SNS envelopes (formats: Twilio SendGrid, Event
//! Webhook reference; Amazon SES, event data published to SNS).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::Item;
use crate::campaign::of;
use crate::random::Random;

/// Events of one SendGrid request at most here.
const BATCH_MAX: u64 = 60;
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
/// Reasons that SendGrid drops mails for, in turn.
const SENDGRID_DROPS: [&str; 7] = [
    "Bounced Address",
    "Unsubscribed Address",
    "Spam Reporting Address",
    "Invalid",
    "Recipient List over Package Quota",
    "Invalid SMTPAPI header",
    "Spam Content",
];

/// One mail as it was handed to the provider.
pub(crate) struct Mail {
    pub(crate) organisation: &'static str,
    pub(crate) provider: &'static str,
    pub(crate) campaign: u64,
    pub(crate) client: u64,
    /// Seconds since the Unix epoch.
    pub(crate) sent: u64,
}

impl Mail {
    fn id(&self) -> String {
        format!("c{}-{}", self.campaign, self.client)
    }

    fn address(&self) -> String {
        format!("client{}@example.org", self.client)
    }

    fn provider_id(&self) -> String {
        format!("{}.{}.{}", self.organisation, self.campaign, self.client)
    }

    /// The fields that name a mail in a platform event.
    pub(crate) fn named(&self) -> String {
        format!(
            r#""message":"{}","campaign":"c{}","client":"k{}","address":"{}""#,
            self.id(),
            self.campaign,
            self.client,
            self.address()
        )
    }

    /// The fields of a send that say whom it was handed to.
    pub(crate) fn handed(&self) -> String {
        let (provider, account) = (self.provider, self.organisation);
        format!(r#""provider":"{provider}","account":"{account}","provider_message_id":"{}""#, self.provider_id())
    }

    /// Whether our ids travel in the custom data; without them only the provider's id finds the mail.
    fn carries_our_ids(&self) -> bool {
        self.client % 7 != 3
    }
}

/// A report: after how many seconds, of what kind, with what more.
type Report = (u64, &'static str, Value);

/// Everything that the providers have to post.
#[derive(Default)]
pub(crate) struct Reports {
    sendgrid: BTreeMap<&'static str, Vec<(u64, Value)>>,
    amazon_ses: Vec<(u64, &'static str, Value)>,
}

impl Reports {
    /// What becomes of a mail that was accepted.
    pub(crate) fn mail(&mut self, mail: &Mail, random: &mut Random) {
        let turn = random.below(1_000);
        let reports = match turn {
            0..5 => return self.dropped(mail, of(&SENDGRID_DROPS, random.below(1_000)), random),
            5..20 => vec![(6, "hard", json!({}))],
            20..28 => vec![(6, "block", json!({}))],
            28..32 => vec![(30, "deferred", json!({})), (9_000, "soft", json!({}))],
            // A late bounce takes a delivery back.
            32..36 => vec![(5, "delivered", json!({})), (7_200, "hard", json!({}))],
            36..60 => [vec![(3, "deferred", json!({}))], reached(900, random)].concat(),
            // No report comes at all.
            60..64 => Vec::new(),
            _ => reached(4, random),
        };
        reports.into_iter().for_each(|report| self.add(mail, &report, random));
    }

    /// A mail that the provider did not send on.
    pub(crate) fn dropped(&mut self, mail: &Mail, reason: &str, random: &mut Random) {
        self.add(mail, &(2, "dropped", json!({"reason": reason})), random);
    }

    fn add(&mut self, mail: &Mail, (after, kind, more): &Report, random: &mut Random) {
        let time = mail.sent + after;
        for _ in 0..1 + u64::from(random.chance(200)) {
            if mail.provider == "sendgrid" {
                let report = sendgrid(mail, time, kind, more);
                self.sendgrid.entry(mail.organisation).or_default().push((time, report));
            } else if let Some(report) = amazon_ses(mail, time, kind, more) {
                self.amazon_ses.push((time, mail.organisation, report));
            }
        }
    }

    /// The requests, about in the order of their events.
    pub(crate) fn posted(self, random: &mut Random) -> Vec<Item> {
        let mut posted: Vec<(u64, Item)> = Vec::new();
        for (account, mut reports) in self.sendgrid {
            reports.sort_by_key(|(time, _)| *time);
            while !reports.is_empty() {
                let size = usize::try_from(1 + random.below(BATCH_MAX)).unwrap_or(1).min(reports.len());
                let batch: Vec<(u64, Value)> = reports.drain(..size).collect();
                let time = batch.first().map_or(0, |(time, _)| *time);
                let events: Vec<Value> = batch.into_iter().map(|(_, report)| report).collect();
                let body = Value::from(events).to_string().into_bytes();
                posted.push((time, Item::Webhook { provider: "sendgrid", account, body }));
            }
        }
        for (time, account, report) in self.amazon_ses {
            let body = report.to_string().into_bytes();
            posted.push((time, Item::Webhook { provider: "amazon_ses", account, body }));
        }
        posted.sort_by_key(|(time, _)| *time);
        posted.into_iter().map(|(_, item)| item).collect()
    }
}

/// What follows a delivery: machines and people open and click, few complain, some leave, some come back.
fn reached(after: u64, random: &mut Random) -> Vec<Report> {
    let mut reports = vec![(after, "delivered", json!({}))];
    if random.chance(120) {
        reports.push((after + 2, "machine_open", json!({})));
    }
    if random.chance(410) {
        let opened = after + 60 + random.below(80_000);
        reports.push((opened, "open", json!({})));
        if random.chance(300) {
            reports.push((opened + 3_600, "open", json!({})));
        }
        if random.chance(220) {
            let link = format!("https://example.org/page/{}", random.below(5));
            reports.push((opened + 20, "click", json!({"url": link})));
        }
        if random.chance(6) {
            reports.push((opened + 40, "complaint", json!({})));
        } else if random.chance(17) {
            reports.push((opened + 50, "unsubscribe", json!({})));
            if random.chance(200) {
                reports.push((opened + 90_000, "resubscribe", json!({})));
            }
        }
    }
    reports
}

fn sendgrid(mail: &Mail, time: u64, kind: &str, more: &Value) -> Value {
    let (event, extra) = match kind {
        "hard" => ("bounce", json!({"type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 no such user"})),
        "soft" => (
            "bounce",
            json!({"type": "bounce", "status": "4.2.2", "reason": "452 4.2.2 mailbox full", "bounce_classification": "Mailbox Unavailable"}),
        ),
        "block" => ("bounce", json!({"type": "blocked", "status": "5.7.1", "reason": "550 5.7.1 message refused"})),
        "deferred" => ("deferred", json!({"response": "451 4.7.1 try again later", "attempt": "1"})),
        "machine_open" => ("open", json!({"sg_machine_open": true, "useragent": "Mozilla/5.0"})),
        "open" => ("open", json!({"sg_machine_open": false, "useragent": FIREFOX})),
        "click" => ("click", json!({"useragent": FIREFOX})),
        "complaint" => ("spamreport", json!({})),
        "unsubscribe" => ("group_unsubscribe", json!({"asm_group_id": 7})),
        "resubscribe" => ("group_resubscribe", json!({"asm_group_id": 7})),
        other => (other, json!({})),
    };
    let mut report = json!({
        "email": mail.address(), "timestamp": time, "event": event, "category": ["members"],
        "sg_event_id": format!("{kind}-{}-{time}", mail.provider_id()),
        "sg_message_id": format!("{}.recvd-0001", mail.provider_id()),
    });
    put(&mut report, &extra);
    put(&mut report, more);
    if mail.carries_our_ids() {
        let ours = json!({
            "mailtally_organisation": mail.organisation, "mailtally_message": mail.id(),
            "mailtally_campaign": format!("c{}", mail.campaign), "mailtally_client": format!("k{}", mail.client),
        });
        put(&mut report, &ours);
    }
    report
}

/// SES's own event inside its SNS envelope; `None` for what SES does not report.
fn amazon_ses(mail: &Mail, time: u64, kind: &str, more: &Value) -> Option<Value> {
    let at = stamp(time);
    let recipient = json!([{"emailAddress": mail.address()}]);
    let bounce = |kind: &str, sub: &str| json!({"bounceType": kind, "bounceSubType": sub, "bouncedRecipients": recipient, "timestamp": at, "feedbackId": format!("f-{}-{time}", mail.provider_id())});
    let (name, field, body) = match kind {
        "delivered" => ("Delivery", "delivery", json!({"timestamp": at, "recipients": [mail.address()]})),
        "hard" => ("Bounce", "bounce", bounce("Permanent", "General")),
        "soft" => ("Bounce", "bounce", bounce("Transient", "MailboxFull")),
        "block" => ("Bounce", "bounce", bounce("Transient", "ContentRejected")),
        "dropped" => ("Bounce", "bounce", bounce("Permanent", "OnAccountSuppressionList")),
        "deferred" => (
            "DeliveryDelay",
            "deliveryDelay",
            json!({"timestamp": at, "delayType": "TransientCommunicationFailure", "delayedRecipients": recipient}),
        ),
        "machine_open" => ("Open", "open", json!({"timestamp": at, "userAgent": "Mozilla/5.0"})),
        "open" => ("Open", "open", json!({"timestamp": at, "userAgent": FIREFOX})),
        "click" => ("Click", "click", json!({"timestamp": at, "userAgent": FIREFOX, "link": more.get("url")})),
        "complaint" => (
            "Complaint",
            "complaint",
            json!({"timestamp": at, "complainedRecipients": recipient, "feedbackId": format!("f-{}-{time}", mail.provider_id()), "complaintFeedbackType": "abuse"}),
        ),
        _ => return None,
    };
    let mut tags = json!({"ses:configuration-set": ["main"]});
    if mail.carries_our_ids() {
        let ours = json!({
            "mailtally_organisation": [mail.organisation], "mailtally_message": [mail.id()],
            "mailtally_campaign": [format!("c{}", mail.campaign)], "mailtally_client": [format!("k{}", mail.client)],
        });
        put(&mut tags, &ours);
    }
    let event = json!({
        "eventType": name,
        "mail": {"timestamp": stamp(mail.sent), "source": "office@example.org", "messageId": mail.provider_id(), "destination": [mail.address()], "tags": tags},
        field: body,
    });
    Some(json!({
        "Type": "Notification", "MessageId": format!("{kind}-{}-{time}", mail.provider_id()),
        "TopicArn": "arn:aws:sns:eu-west-3:111122223333:mail-events", "Message": event.to_string(), "Timestamp": at,
        "SignatureVersion": "2", "Signature": "", "SigningCertURL": "https://sns.eu-west-3.amazonaws.com/none.pem",
    }))
}

fn stamp(seconds: u64) -> String {
    let micros = i64::try_from(seconds.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
    domain::Time::from_micros(micros).rfc3339()
}

fn put(into: &mut Value, more: &Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
}
