//! Mailtrap's webhooks: events in `events`, or one a line, bare.

use domain::{BounceClass, Drop, DropReason, Fact, Scope, Time};

use crate::check::{self, Accepted, Refusal, Request, Secret};
use crate::fact::{bounced, deferred, unsubscribed};
use crate::identity;
use crate::json::Json;
use crate::mapping::Mapping;
use crate::metadata::Metadata;
use crate::outcome::{Outcome, Reject, Reported};
use crate::part::clean;
use crate::url::link_template;
use crate::{agent, part, signed_body, smtp, when};

/// Reads a request's body: `{"events": [...]}`, or JSON lines.
pub(crate) fn decode(body: &[u8], mapping: &Mapping) -> Result<Vec<Outcome>, Reject> {
    let read = |raw: &[u8]| part::read(raw, |json| event(json, mapping).map(|outcome| vec![outcome]));
    part::each(body, |raw| part::within(raw, "events", read))
}

/// Whether a request is Mailtrap's: by `Mailtrap-Signature`, or without a key by the credentials in the webhook's URL.
pub(crate) fn check(request: &Request<'_>, secrets: &[Secret], now: Time) -> Result<Accepted, Refusal> {
    match check::keys(secrets) {
        Ok(_) => signed_body::check(request, secrets, "mailtrap-signature"),
        Err(_) => check::credentials(request, secrets, now),
    }
}

fn event(json: &Json<'_>, mapping: &Mapping) -> Result<Outcome, Reject> {
    let word = json.words_of("event").ok_or_else(|| Reject::new("no_event", "the element has no field \"event\""))?;
    let kind = word.to_lowercase().replace([' ', '-'], "_");
    let recipient = json.words_of("email").and_then(identity::address);
    let fact = match fact(&kind, json) {
        Ok(fact) => fact,
        Err(why) => return Ok(part::ignored(word, why, recipient)),
    };
    let mut report = Reported::new(fact, when::optional(json, "timestamp")?);
    report.recipient = recipient.map(part::kept);
    report.provider_message_id = json.words_of("message_id").and_then(identity::message_id).map(part::kept);
    describe(&kind, json, &mut report);
    mapping.attribute(&Metadata::of(json.get("custom_variables")), &mut report);
    report.id = id(&kind, json, &report);
    Ok(Outcome::Event(Box::new(report)))
}

/// What the event says, or why it says nothing of a message. Mailtrap goes on after a soft bounce, until a delivery or a bounce.
fn fact(kind: &str, json: &Json<'_>) -> Result<Fact, &'static str> {
    Ok(match kind {
        "delivery" => Fact::Delivered,
        "soft_bounce" => deferred(reason(json)),
        "bounce" => bounced(bounce_class(json), reason(json)),
        "reject" => Fact::Dropped(rejected(clean(reason(json)))),
        "suspension" => Fact::Dropped(suspended(clean(reason(json)))),
        "open" => Fact::Opened(agent::opener(json.words_of("user_agent")).0),
        "click" => {
            let link = json.words_of("url").map(link_template).unwrap_or_default();
            Fact::Clicked { agent: agent::clicker(json.words_of("user_agent")).0, link }
        }
        "spam" => Fact::Complained,
        "unsubscribe" => unsubscribed(Scope::Organisation),
        kind if kind.starts_with("activity_log.") => return Err("not_about_a_message"),
        _ => return Err("unknown_event"),
    })
}

/// By Mailtrap's category, which it takes from the server's answer, or by that answer.
fn bounce_class(json: &Json<'_>) -> BounceClass {
    let words = |name: &str| json.words_of(name).unwrap_or_default();
    let answered = || smtp::refusal(words("response")).or_else(|| smtp::refusal(words("response_code")));
    match words("bounce_category").to_lowercase().as_str() {
        "badrecipient" | "hard" => BounceClass::Hard,
        "overquota" | "timeout" | "transientfail" | "greylisting" | "dnsfail" | "serverfail" => BounceClass::Soft,
        "block" | "content" | "spam" | "spam_gmail" | "serverpolicy" | "badsender" | "relayfail" => BounceClass::Block,
        _ => answered().unwrap_or(BounceClass::Undetermined),
    }
}

/// A mail to an address on the suppression list, or from a domain that was never verified.
fn rejected(text: String) -> Drop {
    let lower = text.to_lowercase();
    let any = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
    let (reason, scope) = match () {
        () if any(&["unsubscri"]) => (DropReason::Unsubscribed, Scope::Address),
        () if any(&["complain", "spam"]) => (DropReason::PriorSpam, Scope::Address),
        () if any(&["bounce"]) => (DropReason::PriorBounce, Scope::Address),
        () if any(&["suppress"]) => (DropReason::Suppressed, Scope::Address),
        () if any(&["domain", "verif"]) => (DropReason::SenderError, Scope::Account),
        () => (DropReason::Other, Scope::Message),
    };
    Drop { reason, scope, text }
}

/// Nothing leaves until the account is in order again: its limit is used up, or its domain is not verified.
fn suspended(text: String) -> Drop {
    let lower = text.to_lowercase();
    let reason = match () {
        () if lower.contains("limit") || lower.contains("quota") => DropReason::Quota,
        () if lower.contains("domain") || lower.contains("verif") => DropReason::SenderError,
        () => DropReason::Other,
    };
    Drop { reason, scope: Scope::Account, text }
}

fn reason<'a>(json: &'a Json<'_>) -> Option<&'a str> {
    json.words_of("response").or_else(|| json.words_of("reason"))
}

/// Adds the provider's own words.
fn describe(kind: &str, json: &Json<'_>, report: &mut Reported) {
    let owned = |name: &str| json.words_of(name).map(part::kept);
    report.own_id = owned("event_id");
    report.reason = reason(json).map(part::kept);
    report.classification = owned("bounce_category");
    report.user_agent = owned("user_agent");
    report.url = owned("url");
    report.tags = part::tags_in(json.get("category"));
    report.agent_rule = match kind {
        "open" => agent::opener(json.words_of("user_agent")).1,
        "click" => agent::clicker(json.words_of("user_agent")).1,
        _ => None,
    };
}

/// Identity by meaning: Mailtrap's samples give one `event_id` to different events.
fn id(kind: &str, json: &Json<'_>, report: &Reported) -> domain::EventId {
    let words = |name: &str| json.words_of(name).unwrap_or_default();
    let message = report.provider_message_id.as_deref().unwrap_or_default();
    let recipient = identity::keyed(report.recipient.as_deref());
    let source = if words("ip").is_empty() { words("user_agent") } else { words("ip") };
    let source = if matches!(kind, "open" | "click") { source } else { "" };
    identity::event(&["mailtrap", kind, message, &recipient, words("timestamp"), words("url"), source])
}
