//! Mandrill's (Mailchimp Transactional's) webhooks: a form whose field `mandrill_events` holds an array of events.

mod check;
mod sync;

use domain::{BounceClass, DropReason, Fact, Scope, Time};

use crate::fact::{bounced, deferred, dropped, unsubscribed};
use crate::json::Json;
use crate::mapping::{Labels, Mapping};
use crate::metadata::Metadata;
use crate::outcome::{Outcome, Reject, Reported};
use crate::url::link_template;
use crate::{agent, form, identity, part, when};

pub(crate) use check::check;

/// The form's field.
const FIELD: &str = "mandrill_events";

/// Reads a request's body: the form, the array that is in it, or an object of the same name as relays make of the form.
pub(crate) fn decode(body: &[u8], mapping: &Mapping) -> Result<Vec<Outcome>, Reject> {
    let one = |raw: &[u8]| part::read(raw, |json| item(json, mapping).map(|outcome| vec![outcome]));
    let read = |body: &[u8]| part::each(body, |raw| part::within(raw, FIELD, one));
    match form::fields(body) {
        None => read(body),
        Some(fields) => match fields.iter().find(|(name, _)| **name == *FIELD.as_bytes()) {
            Some((_, events)) => read(events),
            None => Err(Reject::new("unknown_envelope", "a form without the field \"mandrill_events\"")),
        },
    }
}

fn item(json: &Json<'_>, mapping: &Mapping) -> Result<Outcome, Reject> {
    match (json.words_of("event"), json.words_of("type")) {
        (Some(kind), _) => event(&kind.to_lowercase(), json, mapping),
        (None, Some(list)) => sync::item(&list.to_lowercase(), json),
        (None, None) => Err(Reject::new("no_event", "the element has neither \"event\" nor \"type\"")),
    }
}

fn event(kind: &str, json: &Json<'_>, mapping: &Mapping) -> Result<Outcome, Reject> {
    let recipient = of_message(json, "email").and_then(identity::address);
    let fact = match fact(kind, json) {
        Ok(fact) => fact,
        Err(why) => return Ok(part::ignored(kind, why, recipient)),
    };
    let (stamp, time) = time(json)?;
    let mut report = Reported::new(fact, time);
    report.recipient = recipient.map(part::kept);
    report.provider_message_id = json.words_of("_id").or_else(|| of_message(json, "_id")).map(part::kept);
    describe(kind, json, &mut report);
    mapping.attribute(&Words::of(json), &mut report);
    report.id = id(kind, stamp, json, &report);
    Ok(Outcome::Event(Box::new(report)))
}

/// A field of the message that the event is about.
fn of_message<'a>(json: &'a Json<'_>, name: &str) -> Option<&'a str> {
    json.at(&["msg", name]).and_then(Json::words)
}

/// When it happened, and the words of it: not `msg.ts`, which is when the mail was sent.
fn time<'a>(json: &'a Json<'_>) -> Result<(&'a str, Option<Time>), Reject> {
    when::stamped(json.words_of("ts"))
}

/// What the event says, or why it says nothing of a message.
fn fact(kind: &str, json: &Json<'_>) -> Result<Fact, &'static str> {
    let words = reason(json);
    let agent = json.words_of("user_agent");
    Ok(match kind {
        "send" => Fact::Sent,
        "delivered" => Fact::Delivered,
        "deferral" => deferred(words),
        "hard_bounce" => bounced(BounceClass::Hard, words),
        "soft_bounce" => bounced(BounceClass::Soft, words),
        "reject" => dropped(drop_reason(rejection(json).unwrap_or_default()), words),
        "open" => Fact::Opened(agent::opener(agent).0),
        "click" => {
            Fact::Clicked { agent: agent::clicker(agent).0, link: url(json).map(link_template).unwrap_or_default() }
        }
        "spam" => Fact::Complained,
        "unsub" => unsubscribed(Scope::Organisation),
        "inbound" => return Err("inbound_mail"),
        _ => return Err("unknown_event"),
    })
}

/// Why Mandrill refused to send, wherever it says so.
fn rejection<'a>(json: &'a Json<'_>) -> Option<&'a str> {
    let paths: [&[&str]; 6] = [
        &["msg", "reject", "reason"],
        &["reject", "reason"],
        &["msg", "reject_reason"],
        &["reject_reason"],
        &["msg", "reject"],
        &["msg", "bounce_description"],
    ];
    paths.into_iter().find_map(|path| json.at(path).and_then(Json::words))
}

/// The `reject_reason` of Mandrill's API.
fn drop_reason(word: &str) -> DropReason {
    match word.to_lowercase().replace('_', "-").as_str() {
        "hard-bounce" | "soft-bounce" => DropReason::PriorBounce,
        "spam" => DropReason::PriorSpam,
        "unsub" => DropReason::Unsubscribed,
        "custom" => DropReason::Suppressed,
        "invalid" => DropReason::InvalidAddress,
        "invalid-sender" | "unsigned" | "rule" => DropReason::SenderError,
        "test-mode-limit" => DropReason::Quota,
        _ => DropReason::Other,
    }
}

/// The words of the receiving server, else Mandrill's own.
fn reason<'a>(json: &'a Json<'_>) -> Option<&'a str> {
    let attempts = json.at(&["msg", "smtp_events"]).map(Json::elements).unwrap_or_default();
    let last = || attempts.iter().rev().find_map(|attempt| attempt.words_of("diag"));
    let detail = || json.at(&["msg", "reject", "detail"]).and_then(Json::words);
    of_message(json, "diag").or_else(last).or_else(detail).or_else(|| rejection(json))
}

/// The link: events of old have it only in the list of all clicks so far, where the last is this one.
fn url<'a>(json: &'a Json<'_>) -> Option<&'a str> {
    let clicks = json.at(&["msg", "clicks"]).map(Json::elements).unwrap_or_default();
    json.words_of("url").or_else(|| clicks.last().and_then(|click| click.words_of("url")))
}

/// Adds the provider's own words.
fn describe(kind: &str, json: &Json<'_>, report: &mut Reported) {
    report.reason = reason(json).map(part::kept);
    report.classification = rejection(json).map(part::kept);
    report.user_agent = json.words_of("user_agent").map(part::kept);
    report.url = if kind == "click" { url(json).map(part::kept) } else { None };
    report.tags = part::tags_in(json.at(&["msg", "tags"]));
    report.agent_rule = match kind {
        "open" => agent::opener(json.words_of("user_agent")).1,
        "click" => agent::clicker(json.words_of("user_agent")).1,
        _ => None,
    };
}

/// Identity by meaning: `_id` is the message's, and no event has an id of its own.
fn id(kind: &str, stamp: &str, json: &Json<'_>, report: &Reported) -> domain::EventId {
    let words = |name: &str| json.words_of(name).unwrap_or_default();
    let message = report.provider_message_id.as_deref().unwrap_or_default();
    let recipient = identity::keyed(report.recipient.as_deref());
    let url = report.url.as_deref().unwrap_or_default();
    let source = match kind {
        "open" | "click" if words("ip").is_empty() => words("user_agent"),
        "open" | "click" => words("ip"),
        _ => "",
    };
    identity::event(&["mandrill", kind, message, &recipient, stamp, url, source])
}

/// Metadata, and the subaccount, by which an account may tell organisations apart.
struct Words<'a> {
    metadata: Metadata<'a>,
    subaccount: Option<&'a str>,
}

impl<'a> Words<'a> {
    fn of(json: &'a Json<'a>) -> Self {
        Self { metadata: Metadata::of(json.at(&["msg", "metadata"])), subaccount: of_message(json, "subaccount") }
    }
}

impl Labels for Words<'_> {
    fn custom(&self, name: &str) -> Option<String> {
        let subaccount = || self.subaccount.filter(|_| name == "subaccount").map(part::kept);
        self.metadata.custom(name).or_else(subaccount)
    }

    fn tag(&self, _: &str) -> Option<String> {
        None
    }
}
