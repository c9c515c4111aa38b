//! SparkPost's event webhooks: an array of `{msys: {GROUP: event}}`. SparkPost signs nothing: the check is of credentials.

use domain::{Agent, BounceClass, DropReason, Fact, Scope, Time};

use crate::fact::{bounced, bounced_later, deferred, dropped, reason_in, resubscribed, unsubscribed};
use crate::json::Json;
use crate::mapping::{Labels, Mapping, truth};
use crate::metadata::Metadata;
use crate::outcome::{Note, Outcome, Reject, Reported, Said};
use crate::url::link_template;
use crate::{agent, identity, part, when};

pub(crate) use crate::check::credentials as check;

/// Reads a request's body: an array. A bare element is read as an array of one, and several bodies in a file one after the other.
pub(crate) fn decode(body: &[u8], mapping: &Mapping) -> Result<Vec<Outcome>, Reject> {
    part::each(body, |raw| {
        part::read(raw, |json| match json.get("msys") {
            Some(Json::Object(groups)) if groups.is_empty() => Ok(vec![part::ignored("msys", "set_up", None)]),
            Some(Json::Object(groups)) => Ok(groups
                .iter()
                .map(|(group, json)| grouped(group, json, mapping).unwrap_or_else(|why| why.of(raw)))
                .collect()),
            Some(_) => Err(Reject::new("unknown_envelope", "\"msys\" is no object")),
            None if json.get("type").is_some() => event(json, mapping).map(|outcome| vec![outcome]),
            None => Err(Reject::new("unknown_envelope", "the element has no \"msys\"")),
        })
    })
}

/// An event of a group. Only a mail that came in is known by its group: it has no type.
fn grouped(group: &str, json: &Json<'_>, mapping: &Mapping) -> Result<Outcome, Reject> {
    match group {
        "relay_message" => Ok(part::ignored(group, "inbound_mail", json.words_of("rcpt_to"))),
        _ => event(json, mapping),
    }
}

/// The group says nothing: a generation failure comes as an event of generation or of messages.
fn event(json: &Json<'_>, mapping: &Mapping) -> Result<Outcome, Reject> {
    let kind = json.words_of("type").ok_or_else(|| Reject::new("no_event", "the event has no \"type\""))?;
    let kind = kind.to_lowercase();
    let recipient = json.words_of("raw_rcpt_to").or_else(|| json.words_of("rcpt_to")).and_then(identity::address);
    let said = match said(&kind, json) {
        Ok(said) => said,
        Err(why) => return Ok(part::ignored(&kind, why, recipient)),
    };
    let (stamp, time) = time(json)?;
    let mut report = Reported::new(said, time);
    report.recipient = recipient.map(part::kept);
    report.provider_message_id = message_id(json).map(part::kept);
    describe(&kind, json, &mut report);
    mapping.attribute(&Words { metadata: Metadata::of(json.get("rcpt_meta")), json }, &mut report);
    report.id = id(&kind, stamp, json, &report);
    Outcome::told(report)
}

/// The transmission's id is what the send call returned. An out-of-band bounce has the message's only.
fn message_id<'a>(json: &'a Json<'_>) -> Option<&'a str> {
    json.words_of("transmission_id").or_else(|| json.words_of("message_id"))
}

/// When it happened, and the words of it.
fn time<'a>(json: &'a Json<'_>) -> Result<(&'a str, Option<Time>), Reject> {
    when::stamped(json.words_of("timestamp"))
}

/// What the event says, or why it says nothing of a message.
fn said(kind: &str, json: &Json<'_>) -> Result<Said, &'static str> {
    let words = reason(json);
    Ok(match kind {
        "injection" => Fact::Sent.into(),
        "delivery" => Fact::Delivered.into(),
        "delay" => deferred(words).into(),
        "bounce" => bounce(json, bounced),
        "out_of_band" => bounce(json, bounced_later),
        "policy_rejection" | "generation_rejection" => dropped(rejection(words), words).into(),
        "generation_failure" => dropped(DropReason::Rendering, words).into(),
        "open" | "initial_open" | "amp_open" | "amp_initial_open" => Fact::Opened(opener(json).0).into(),
        "click" | "amp_click" => {
            let link = json.words_of("target_link_url").map(link_template).unwrap_or_default();
            Fact::Clicked { agent: clicker(json).0, link }.into()
        }
        "spam_complaint" if json.words_of("fbtype") == Some("not-spam") => return Err("not_spam"),
        "spam_complaint" => Fact::Complained.into(),
        "list_unsubscribe" | "link_unsubscribe" => unsubscribed(Scope::Organisation).into(),
        kind if kind.starts_with("relay_") => return Err("inbound_mail"),
        kind if ["sms_", "ab_test_", "ingest_"].iter().any(|start| kind.starts_with(start)) => {
            return Err("not_about_a_message");
        }
        _ => return Err("unknown_event"),
    })
}

/// SparkPost's classification of bounces. Not all of them are.
fn bounce(json: &Json<'_>, bounced: fn(BounceClass, Option<&str>) -> Fact) -> Said {
    let class = match json.words_of("bounce_class").unwrap_or_default() {
        "10" | "30" => BounceClass::Hard,
        "20" | "21" | "22" | "23" | "24" | "40" | "70" => BounceClass::Soft,
        "25" | "50" | "51" | "52" | "53" | "54" => BounceClass::Block,
        "60" | "100" => return Note::AutoResponded.into(),
        "80" => return resubscribed(Scope::Organisation).into(),
        "90" => return unsubscribed(Scope::Organisation).into(),
        _ => BounceClass::Undetermined,
    };
    bounced(class, reason(json)).into()
}

/// Why SparkPost refused to send. Its words say when the address is on its list, and not why it is.
fn rejection(words: Option<&str>) -> DropReason {
    let known = [
        ("suppress", DropReason::Suppressed),
        ("sending limit", DropReason::Quota),
        ("invalid recipient", DropReason::InvalidAddress),
    ];
    reason_in(words, &known).unwrap_or(DropReason::Other)
}

/// Who opened: newer events say when a mailbox provider fetched the pixel ahead of any reader.
fn opener(json: &Json<'_>) -> (Agent, Option<&'static str>) {
    match json.at(&["user_agent_parsed", "is_prefetched"]).and_then(Json::words).and_then(truth) {
        Some(true) => (Agent::Machine, Some("is_prefetched")),
        _ => agent::opener(json.words_of("user_agent")),
    }
}

/// Who clicked: there is no flag.
fn clicker(json: &Json<'_>) -> (Agent, Option<&'static str>) {
    agent::clicker(json.words_of("user_agent"))
}

/// The receiving server's own words, else those that SparkPost made of them.
fn reason<'a>(json: &'a Json<'_>) -> Option<&'a str> {
    json.words_of("raw_reason").or_else(|| json.words_of("reason"))
}

/// Adds the provider's own words.
fn describe<F>(kind: &str, json: &Json<'_>, report: &mut Reported<F>) {
    let owned = |name: &str| json.words_of(name).map(part::kept);
    report.own_id = owned("event_id");
    report.reason = reason(json).map(part::kept);
    report.classification = owned("bounce_class").or_else(|| owned("fbtype"));
    report.user_agent = owned("user_agent");
    report.url = owned("target_link_url");
    report.tags = part::tags_in(json.get("rcpt_tags"));
    report.agent_rule = match pixel(kind) {
        "open" | "amp_open" => opener(json).1,
        "click" | "amp_click" => clicker(json).1,
        _ => None,
    };
}

/// Mails have a pixel at the top and one at the bottom, and both report the same open.
fn pixel(kind: &str) -> &str {
    match kind {
        "initial_open" => "open",
        "amp_initial_open" => "amp_open",
        kind => kind,
    }
}

/// Identity by meaning. The message's id is part of it: one transmission has many recipients, each with a message.
fn id<F>(kind: &str, stamp: &str, json: &Json<'_>, report: &Reported<F>) -> domain::EventId {
    let words = |name: &str| json.words_of(name).unwrap_or_default();
    let message = json.words_of("message_id").or(report.provider_message_id.as_deref()).unwrap_or_default();
    let recipient = identity::keyed(report.recipient.as_deref());
    let kind = pixel(kind);
    let source = if words("ip_address").is_empty() { words("user_agent") } else { words("ip_address") };
    let source = if kind.ends_with("open") || kind.ends_with("click") { source } else { "" };
    let attempt = if kind == "delay" { words("num_retries") } else { "" };
    identity::event(&["sparkpost", kind, message, &recipient, stamp, words("target_link_url"), attempt, source])
}

/// Metadata of the recipient, and what SparkPost itself says of the mail.
struct Words<'a> {
    metadata: Metadata<'a>,
    json: &'a Json<'a>,
}

impl Labels for Words<'_> {
    fn custom(&self, name: &str) -> Option<String> {
        let own = || matches!(name, "campaign_id" | "subaccount_id" | "template_id").then(|| self.json.words_of(name));
        self.metadata.custom(name).or_else(|| own().flatten().map(part::kept))
    }

    fn tag(&self, _: &str) -> Option<String> {
        None
    }
}
