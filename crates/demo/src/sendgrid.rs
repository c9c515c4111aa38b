//! What Twilio SendGrid posts (Event Webhook reference): flat objects, custom arguments among the provider's fields.

use serde_json::{Map, Value, json};

use crate::mail::{Deed, Mail};
use crate::random::{Random, word};

/// Browsers of people.
pub(crate) const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
];
/// The images of a mail as Apple's privacy proxy fetches them.
pub(crate) const PROXY: &str = "Mozilla/5.0";
/// A scanner that says what it is.
pub(crate) const SCANNER: &str = "Barracuda Sentinel (EE)";
/// The unsubscribe group of the newsletters.
const GROUP: u64 = 17_204;

/// The event that reports `deed` at `at`.
pub(crate) fn event(mail: &Mail<'_>, at: u64, deed: &Deed, random: &mut Random) -> Value {
    let mut event = Map::new();
    let mut put = |name: &str, value: Value| {
        event.insert(name.to_owned(), value);
    };
    put("email", mail.address.into());
    put("timestamp", at.into());
    put("event", name(deed).into());
    put("sg_event_id", random.id(22).into());
    put("sg_message_id", format!("{}.recvd-6c5f4-x7k2p-1-{at:X}-{:X}.0", mail.provider_id, at % 64).into());
    put("smtp-id", format!("<{}@geopod-ismtpd-{}>", mail.provider_id, at % 40).into());
    put("category", json!(["members"]));
    if mail.carries_ids {
        put("mailtally_organisation", mail.organisation.id.into());
        put("mailtally_message", mail.id.as_str().into());
        put("mailtally_client", mail.client.into());
        if !mail.campaign.is_empty() {
            put("mailtally_campaign", mail.campaign.into());
        }
    }
    if let Value::Object(more) = more(mail, deed, random) {
        event.extend(more);
    }
    Value::Object(event)
}

fn name(deed: &Deed) -> &'static str {
    match deed {
        Deed::Processed => "processed",
        Deed::Deferred => "deferred",
        Deed::Delivered => "delivered",
        Deed::HardBounce | Deed::SoftBounce | Deed::Block | Deed::Undetermined => "bounce",
        Deed::Dropped(_) | Deed::DroppedBounced | Deed::DroppedSpam | Deed::Rejected | Deed::NotRendered => "dropped",
        Deed::MachineOpen | Deed::Open => "open",
        Deed::Click(_) | Deed::MachineClick(_) => "click",
        Deed::Complaint => "spamreport",
        Deed::Unsubscribe { group: false } => "unsubscribe",
        Deed::Unsubscribe { group: true } => "group_unsubscribe",
        Deed::Resubscribe => "group_resubscribe",
    }
}

fn more(mail: &Mail<'_>, deed: &Deed, random: &mut Random) -> Value {
    let ip = format!("203.0.113.{}", random.between(1, 250));
    let person = word(&AGENTS, random.below(4));
    match deed {
        Deed::Processed | Deed::Complaint | Deed::Unsubscribe { group: false } => json!({}),
        Deed::Deferred => json!({"response": "451 4.7.1 Greylisted, please try again later", "attempt": "1", "tls": 0}),
        Deed::Delivered => json!({"response": "250 2.0.0 OK queued", "ip": ip, "tls": 1}),
        Deed::HardBounce => json!({"type": "bounce", "status": "5.1.1", "bounce_classification": "Invalid Address",
            "reason": format!("550 5.1.1 <{}>: Recipient address rejected: User unknown", mail.address), "tls": 1}),
        Deed::SoftBounce => {
            json!({"type": "expired", "status": "4.2.2", "bounce_classification": "Mailbox Unavailable",
            "reason": "452 4.2.2 Mailbox full; not accepted within 72 hours", "tls": 1})
        }
        Deed::Block => json!({"type": "blocked", "status": "5.7.1", "bounce_classification": "Reputation",
            "reason": "550 5.7.1 Message refused by the recipient's policy", "tls": 1}),
        Deed::Undetermined => json!({"status": "5.0.0", "bounce_classification": "Unclassified",
            "reason": "Unable to get MX info: unable to get the server's answer"}),
        Deed::Dropped(reason) => json!({"reason": reason}),
        Deed::DroppedBounced => json!({"reason": "Bounced Address"}),
        Deed::DroppedSpam => json!({"reason": "Spam Reporting Address"}),
        Deed::Rejected | Deed::NotRendered => json!({"reason": "Invalid SMTPAPI header"}),
        Deed::MachineOpen => json!({"useragent": PROXY, "ip": ip, "sg_machine_open": true, "sg_content_type": "html"}),
        Deed::Open => json!({"useragent": person, "ip": ip, "sg_machine_open": false, "sg_content_type": "html"}),
        Deed::Click(link) => json!({"url": mail.link(*link), "url_offset": {"index": link, "type": "html"},
            "useragent": person, "ip": ip}),
        Deed::MachineClick(link) => json!({"url": mail.link(*link), "url_offset": {"index": link, "type": "html"},
            "useragent": SCANNER, "ip": ip}),
        Deed::Unsubscribe { group: true } | Deed::Resubscribe => {
            json!({"asm_group_id": GROUP, "useragent": person, "ip": ip})
        }
    }
}
