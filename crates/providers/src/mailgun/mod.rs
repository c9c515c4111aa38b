//! Mailgun's webhooks: `{signature, event-data}` in JSON, and the forms of the webhooks before 2018.

mod check;
mod failure;
mod legacy;

use domain::{Agent, DropReason, Fact, Scope, Time};

use crate::fact::{deferred, dropped, unsubscribed};
use crate::json::Json;
use crate::mapping::Mapping;
use crate::metadata::Metadata;
use crate::outcome::{Outcome, Reject, Reported};
use crate::url::link_template;
use crate::{agent, form, identity, part, when};

pub(crate) use check::check;

/// Reads a request's body: an object, or a form. Several bodies in a file are read one after the other.
pub(crate) fn decode(body: &[u8], mapping: &Mapping) -> Result<Vec<Outcome>, Reject> {
    match form::object(body) {
        Some(form) => Ok(vec![legacy::event(&form, mapping).unwrap_or_else(|why| why.of(body))]),
        None => part::each(body, |raw| part::read(raw, |json| event(data(json), mapping).map(|outcome| vec![outcome]))),
    }
}

/// The event: beside its signature, or bare as Mailgun's events API lists it.
fn data<'a, 'b>(json: &'a Json<'b>) -> &'a Json<'b> {
    json.get("event-data").filter(|data| matches!(data, Json::Object(_))).unwrap_or(json)
}

fn event(data: &Json<'_>, mapping: &Mapping) -> Result<Outcome, Reject> {
    let kind = data.words_of("event").ok_or_else(|| Reject::new("no_event", "the event-data have no \"event\""))?;
    let kind = kind.to_lowercase();
    let recipient = recipient(&kind, data);
    let fact = match fact(&kind, data) {
        Ok(fact) => fact,
        Err(why) => return Ok(part::ignored(&kind, why, recipient)),
    };
    let (stamp, time) = time(data)?;
    let mut report = Reported::new(fact, time);
    report.recipient = recipient.map(part::kept);
    report.provider_message_id = message_id(data).map(part::kept);
    report.own_id = data.words_of("id").and_then(|id| Some(dated(id, time?)));
    describe(&kind, data, &mut report);
    mapping.attribute(&Metadata::of(data.get("user-variables")), &mut report);
    report.id = id(&kind, stamp, data, &report);
    Ok(Outcome::Event(Box::new(report)))
}

/// The recipient. A refusal names none; it is then the one that the mail is to, where there is one.
fn recipient<'a>(kind: &str, data: &'a Json<'_>) -> Option<&'a str> {
    let alone = || {
        let to = data.at(&["message", "headers", "to"]).and_then(Json::words)?;
        (kind == "rejected" && !to.contains(',')).then_some(to)
    };
    data.words_of("recipient").or_else(alone).and_then(identity::address)
}

/// When it happened, and the words of it: seconds with a fraction.
fn time<'a>(json: &'a Json<'_>) -> Result<(&'a str, Option<Time>), Reject> {
    when::stamped(json.words_of("timestamp"))
}

/// Mailgun's id of an event is unique within a day only.
fn dated(id: &str, time: Time) -> String {
    let day = time.rfc3339();
    part::kept(&format!("{id}/{}", day.get(..10).unwrap_or(&day)))
}

/// What the event says, or why it says nothing of a message.
fn fact(kind: &str, data: &Json<'_>) -> Result<Fact, &'static str> {
    Ok(match kind {
        "accepted" => Fact::Sent,
        "delivered" => Fact::Delivered,
        "failed" if failure::temporary(data) => deferred(reason(data)),
        "failed" => failure::permanent(data),
        "rejected" => dropped(DropReason::SenderError, reason(data)),
        "opened" => Fact::Opened(engaged(kind, data).0),
        "clicked" => {
            let link = data.words_of("url").map(link_template).unwrap_or_default();
            Fact::Clicked { agent: engaged(kind, data).0, link }
        }
        "unsubscribed" => unsubscribed(Scope::Organisation),
        "complained" => Fact::Complained,
        "stored" => return Err("inbound_mail"),
        _ => return Err("unknown_event"),
    })
}

/// Who opened or clicked: `bot` names a privacy proxy, an image proxy or a scanner, and is empty for a person.
fn engaged(kind: &str, data: &Json<'_>) -> (Agent, Option<&'static str>) {
    let client = |name: &str| data.at(&["client-info", name]);
    match (client("bot"), client("bot").and_then(Json::words)) {
        (_, Some(_)) => (Agent::Machine, Some("bot")),
        (Some(Json::Text(_)), None) => (Agent::Human, Some("bot")),
        _ if kind == "opened" => agent::opener(client("user-agent").and_then(Json::words)),
        _ => agent::clicker(client("user-agent").and_then(Json::words)),
    }
}

/// The words of the receiving server, else Mailgun's own.
fn reason<'a>(data: &'a Json<'_>) -> Option<&'a str> {
    let paths: [&[&str]; 4] = [
        &["delivery-status", "message"],
        &["delivery-status", "description"],
        &["reject", "reason"],
        &["reject", "description"],
    ];
    let found = paths.into_iter().find_map(|path| data.at(path).and_then(Json::words));
    found.or_else(|| data.words_of("reason"))
}

/// The `Message-Id` header, as the send call returned it but without its brackets.
fn message_id<'a>(data: &'a Json<'_>) -> Option<&'a str> {
    let header = data.at(&["message", "headers", "message-id"]).and_then(Json::words);
    header.or_else(|| part::any_case(data, "message-id")).and_then(identity::address)
}

/// Adds the provider's own words.
fn describe(kind: &str, data: &Json<'_>, report: &mut Reported) {
    let owned = |path: &[&str]| data.at(path).and_then(Json::words).map(part::kept);
    report.reason = reason(data).map(part::kept);
    report.classification = if kind == "failed" { owned(&["reason"]) } else { None };
    report.user_agent = owned(&["client-info", "user-agent"]);
    report.url = owned(&["url"]);
    report.tags = part::tags_in(data.get("tags"));
    report.agent_rule = if matches!(kind, "opened" | "clicked") { engaged(kind, data).1 } else { None };
}

/// Identity by meaning. The token of the signature says nothing: two webhooks for one event have two.
fn id(kind: &str, stamp: &str, data: &Json<'_>, report: &Reported) -> domain::EventId {
    let words = |name: &str| data.words_of(name).unwrap_or_default();
    let message = report.provider_message_id.as_deref().unwrap_or_else(|| words("id"));
    let recipient = identity::keyed(report.recipient.as_deref());
    let source = match kind {
        "opened" | "clicked" if words("ip").is_empty() => report.user_agent.as_deref().unwrap_or_default(),
        "opened" | "clicked" => words("ip"),
        _ => "",
    };
    identity::event(&["mailgun", kind, message, &recipient, stamp, words("severity"), words("url"), source])
}
