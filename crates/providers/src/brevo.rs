//! Brevo's (Sendinblue's) webhooks: one object a request, or an array where they are batched. Brevo signs nothing: the check is of
//! credentials.

use domain::{Agent, BounceClass, DropReason, Fact, Scope, Time};

use crate::fact::{bounced, deferred, dropped, reason_in, resubscribed, unsubscribed};
use crate::json::Json;
use crate::mapping::{Labels, Mapping};
use crate::metadata::Metadata;
use crate::outcome::{Outcome, Reject, Reported};
use crate::url::link_template;
use crate::{agent, identity, part, when};

pub(crate) use crate::check::credentials as check;

/// The header that carries our custom data.
const CUSTOM: &str = "X-Mailin-custom";
/// Lists that one event may add an address to.
const LISTS_MAX: usize = 100;

/// Reads a request's body: an object or an array; several bodies in a file one after the other.
pub(crate) fn decode(body: &[u8], mapping: &Mapping) -> Result<Vec<Outcome>, Reject> {
    part::each(body, |raw| part::read(raw, |json| event(json, mapping)))
}

fn event(json: &Json<'_>, mapping: &Mapping) -> Result<Vec<Outcome>, Reject> {
    let recipient = json.words_of("email").and_then(identity::address);
    let Some(word) = json.words_of("event") else { return other(json) };
    let kind: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
    let kind = kind.to_lowercase();
    let facts = match facts(&kind, json) {
        Ok(facts) => facts,
        Err(why) => return Ok(vec![part::ignored(word, why, recipient)]),
    };
    let (stamp, time) = time(json)?;
    let reported = facts.into_iter().map(|fact| {
        let mut report = Reported::new(fact, time);
        report.recipient = recipient.map(part::kept);
        report.provider_message_id = json.words_of("message-id").and_then(identity::address).map(part::kept);
        describe(&kind, json, &mut report);
        mapping.attribute(&Words::of(json), &mut report);
        report.id = id(&kind, stamp, json, &report);
        Ok(Outcome::Event(Box::new(report)))
    });
    reported.collect()
}

/// What is no event of a mail: an inbound mail, or a text message.
fn other(json: &Json<'_>) -> Result<Vec<Outcome>, Reject> {
    match (json.get("items"), json.words_of("msg_status")) {
        (Some(_), _) => Ok(vec![part::ignored("items", "inbound_mail", None)]),
        (None, Some(status)) => Ok(vec![part::ignored(status, "not_about_a_message", None)]),
        (None, None) => Err(Reject::new("no_event", "the object has no \"event\"")),
    }
}

/// When it happened, and the words of it: milliseconds, in samples seconds, and under another name at proxy opens. Never `date`, which
/// is in the account's time zone.
fn time<'a>(json: &'a Json<'_>) -> Result<(&'a str, Option<Time>), Reject> {
    let stamps = ["ts_epoch", "s_epoch", "ts_event", "ts"].iter().filter_map(|name| json.words_of(name));
    let known = stamps.clone().find_map(|words| Some((words, Some(when::unix(words)?))));
    known.map_or_else(|| when::stamped(stamps.clone().next()), Ok)
}

/// What the event says, or why it says nothing of a message.
fn facts(kind: &str, json: &Json<'_>) -> Result<Vec<Fact>, &'static str> {
    let words = json.words_of("reason");
    let fact = match kind {
        "request" | "sent" => Fact::Sent,
        "delivered" => Fact::Delivered,
        "deferred" => deferred(words),
        "softbounce" => bounced(BounceClass::Soft, words),
        "hardbounce" => bounced(BounceClass::Hard, words),
        "invalidemail" => dropped(DropReason::InvalidAddress, words),
        "blocked" => dropped(blocked(words), words),
        "error" => dropped(DropReason::SenderError, words),
        "opened" | "uniqueopened" | "proxyopen" | "uniqueproxyopen" | "loadedbyproxy" => {
            Fact::Opened(engaged(kind, json).0)
        }
        "click" | "clicked" => {
            let link = link(json).map(link_template).unwrap_or_default();
            Fact::Clicked { agent: engaged(kind, json).0, link }
        }
        "spam" | "complaint" => Fact::Complained,
        // The documentation names the one, real requests carry the other.
        "unsubscribe" | "unsubscribed" => unsubscribed(Scope::Organisation),
        "listaddition" => return lists(json),
        "contactupdated" | "contactdeleted" => return Err("no_change"),
        "inboundemailprocessed" => return Err("inbound_mail"),
        _ => return Err("unknown_event"),
    };
    Ok(vec![fact])
}

/// One fact for each list that the address was added to.
fn lists(json: &Json<'_>) -> Result<Vec<Fact>, &'static str> {
    let lists = match json.get("list_id") {
        Some(Json::Array(lists)) => lists.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let scopes = lists.iter().filter_map(Json::words).take(LISTS_MAX).map(|list| Scope::List(part::kept(list)));
    let facts: Vec<Fact> = scopes.map(resubscribed).collect();
    if facts.is_empty() { Err("no_group") } else { Ok(facts) }
}

/// Why Brevo did not send, by its words.
fn blocked(words: Option<&str>) -> DropReason {
    let known = [
        ("unsubscribe", DropReason::Unsubscribed),
        ("spam", DropReason::PriorSpam),
        ("complain", DropReason::PriorSpam),
        ("bounce", DropReason::PriorBounce),
        ("invalid", DropReason::InvalidAddress),
    ];
    reason_in(words, &known).unwrap_or(DropReason::Suppressed)
}

/// Who opened or clicked: opens by Apple's privacy proxy are events of their own.
fn engaged(kind: &str, json: &Json<'_>) -> (Agent, Option<&'static str>) {
    let words = json.words_of("user_agent");
    match kind {
        "proxyopen" | "uniqueproxyopen" | "loadedbyproxy" => (Agent::Machine, Some("proxy_open")),
        "opened" | "uniqueopened" => agent::opener(words),
        _ => agent::clicker(words),
    }
}

/// The link that was followed: `link` in transactional mails, `URL` in campaigns made at Brevo.
fn link<'a>(json: &'a Json<'_>) -> Option<&'a str> {
    json.words_of("link").or_else(|| json.words_of("URL"))
}

/// Adds the provider's own words.
fn describe(kind: &str, json: &Json<'_>, report: &mut Reported) {
    let owned = |name: &str| json.words_of(name).map(part::kept);
    report.reason = owned("reason");
    report.user_agent = owned("user_agent");
    report.url = if kind.starts_with("click") { link(json).map(part::kept) } else { None };
    report.tags = part::tags_in(json.get("tags"));
    if report.tags.is_empty() {
        report.tags = part::tags_in(json.get("tag"));
    }
    report.agent_rule = match report.fact {
        Fact::Opened(_) | Fact::Clicked { .. } => engaged(kind, json).1,
        _ => None,
    };
}

/// Identity by meaning: `id` is the webhook's. The first open comes under a name of its own, and is an open like the others.
fn id(kind: &str, stamp: &str, json: &Json<'_>, report: &Reported) -> domain::EventId {
    let kind = kind.strip_prefix("unique").unwrap_or(kind);
    let message = report.provider_message_id.as_deref().unwrap_or_default();
    let recipient = identity::keyed(report.recipient.as_deref());
    let list = match &report.fact {
        Fact::Resubscribed { scope: Scope::List(list), .. } => list,
        _ => "",
    };
    identity::event(&["brevo", kind, message, &recipient, stamp, link(json).unwrap_or_default(), list])
}

/// Custom data: JSON in a header of ours, or whatever else we put there.
struct Words<'a> {
    metadata: Metadata<'a>,
    header: Option<&'a str>,
}

impl<'a> Words<'a> {
    fn of(json: &'a Json<'a>) -> Self {
        let field = json.fields().iter().rev().find(|(name, _)| name.eq_ignore_ascii_case(CUSTOM));
        let field = field.map(|(_, value)| value);
        Self { metadata: Metadata::of(field), header: field.and_then(Json::words) }
    }
}

impl Labels for Words<'_> {
    fn custom(&self, name: &str) -> Option<String> {
        let whole = || self.header.filter(|_| name.eq_ignore_ascii_case(CUSTOM)).map(part::kept);
        self.metadata.custom(name).or_else(whole)
    }

    fn tag(&self, _: &str) -> Option<String> {
        None
    }
}
