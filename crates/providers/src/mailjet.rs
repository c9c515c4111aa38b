//! Mailjet's event API: flat objects, in an array when events are grouped and bare when not. Mailjet signs nothing: the check is of credentials.

use domain::{BounceClass, Drop, DropReason, Fact, Scope};

use crate::fact::{bounced, deferred, unsubscribed};
use crate::identity;
use crate::json::Json;
use crate::mapping::{Labels, Mapping, truth};
use crate::metadata::Metadata;
use crate::outcome::{Outcome, Reject, Reported};
use crate::part::clean;
use crate::url::link_template;
use crate::{agent, part, smtp, when};

pub(crate) use crate::check::credentials as check;

/// Reads a request's body: an array, or one event.
pub(crate) fn decode(body: &[u8], mapping: &Mapping) -> Result<Vec<Outcome>, Reject> {
    part::each(body, |raw| part::read(raw, |json| event(json, mapping).map(|outcome| vec![outcome])))
}

fn event(json: &Json<'_>, mapping: &Mapping) -> Result<Outcome, Reject> {
    let kind = json.words_of("event").ok_or_else(|| Reject::new("no_event", "the element has no field \"event\""))?;
    let kind = kind.to_lowercase();
    let recipient = json.words_of("email").and_then(identity::address);
    let Some(fact) = fact(&kind, json) else { return Ok(part::ignored(&kind, "unknown_event", recipient)) };
    let mut report = Reported::new(fact, when::optional(json, "time")?);
    report.recipient = recipient.map(part::kept);
    report.provider_message_id = MESSAGE_IDS.iter().find_map(|name| json.words_of(name)).map(part::kept);
    describe(&kind, json, mapping, &mut report);
    mapping.attribute(&Words::of(json), &mut report);
    report.id = id(&kind, json, &report);
    Ok(Outcome::Event(Box::new(report)))
}

/// The message's id, as the send call returns it; the other names stand in.
const MESSAGE_IDS: [&str; 3] = ["MessageID", "mj_message_id", "Message_GUID"];

/// What the event says. `sent` is Mailjet's word for what the receiving server took.
fn fact(kind: &str, json: &Json<'_>) -> Option<Fact> {
    Some(match kind {
        "sent" => Fact::Delivered,
        "open" => Fact::Opened(agent::opener(json.words_of("agent")).0),
        "click" => {
            let link = json.words_of("url").map(link_template).unwrap_or_default();
            Fact::Clicked { agent: agent::clicker(json.words_of("agent")).0, link }
        }
        "bounce" => bounce(json),
        "blocked" => Fact::Dropped(dropped(json)),
        "spam" => Fact::Complained,
        "unsub" => unsubscribed(list(json)),
        _ => return None,
    })
}

/// The list that was left. Mailjet writes 0 where there is none.
fn list(json: &Json<'_>) -> Scope {
    let list = json.words_of("mj_list_id").filter(|list| *list != "0");
    list.map(|list| Scope::List(part::kept(list))).unwrap_or_default()
}

/// The words of Mailjet's error table, in lower case: the error, or what it is related to where the error is empty.
fn error(json: &Json<'_>) -> String {
    json.words_of("error").or_else(|| json.words_of("error_related_to")).unwrap_or_default().to_lowercase()
}

/// A greylisted mail is tried again. The error `blacklisted` and its like are refusals that do not suppress the address.
fn bounce(json: &Json<'_>) -> Fact {
    let flag = |name: &str| json.words_of(name).and_then(truth);
    let (error, words) = (error(json), reason(json));
    let words = words.as_deref();
    if error == "greylisted" && flag("hard_bounce") != Some(true) {
        return deferred(words);
    }
    let class = match (flag("hard_bounce"), error.as_str()) {
        (Some(true), _) => BounceClass::Hard,
        (None, "user unknown" | "mailbox inactive" | "invalid domain" | "no mail host") => BounceClass::Hard,
        (_, "blacklisted" | "spam reporter" | "relay/access denied") => BounceClass::Block,
        (_, "sender blocked" | "content blocked" | "policy issue" | "spam") => BounceClass::Block,
        _ if flag("blocked") == Some(true) => BounceClass::Block,
        (None, "") => json.words_of("comment").and_then(smtp::refusal).unwrap_or(BounceClass::Undetermined),
        _ => BounceClass::Soft,
    };
    bounced(class, words)
}

/// Errors of mails that Mailjet did not try to deliver, with what the cause is attached to.
const DROPS: [(&str, DropReason, Scope); 17] = [
    ("preblocked", DropReason::PriorBounce, Scope::Address),
    ("user unknown", DropReason::PriorBounce, Scope::Address),
    ("mailbox inactive", DropReason::PriorBounce, Scope::Address),
    ("quota exceeded", DropReason::PriorBounce, Scope::Address),
    ("blacklisted", DropReason::Suppressed, Scope::Address),
    ("spam reporter", DropReason::PriorSpam, Scope::Address),
    ("typofix", DropReason::InvalidAddress, Scope::Address),
    ("invalid domain", DropReason::InvalidAddress, Scope::Address),
    ("no mail host", DropReason::InvalidAddress, Scope::Address),
    ("relay/access denied", DropReason::Other, Scope::Domain),
    ("duplicate in campaign", DropReason::Duplicate, Scope::Campaign),
    ("bad or empty template", DropReason::Rendering, Scope::Message),
    ("error in template language", DropReason::Rendering, Scope::Message),
    ("content blocked", DropReason::ContentSpam, Scope::Message),
    ("sender blocked", DropReason::SenderError, Scope::Account),
    ("policy issue", DropReason::SenderError, Scope::Account),
    ("content", DropReason::Rendering, Scope::Message),
];

fn dropped(json: &Json<'_>) -> Drop {
    let (error, text) = (error(json), clean(reason(json).as_deref()));
    match DROPS.iter().find(|(known, ..)| *known == error) {
        Some((_, reason, scope)) => Drop { reason: *reason, scope: scope.clone(), text },
        None => Drop { reason: DropReason::Other, scope: Scope::Message, text },
    }
}

/// What Mailjet says of the cause: to what it is related, the error, the server's answer; of a complaint, who forwarded it.
fn reason(json: &Json<'_>) -> Option<String> {
    let names = ["error_related_to", "error", "comment", "smtp_reply", "source"];
    let words: Vec<&str> = names.iter().filter_map(|name| json.words_of(name)).collect();
    (!words.is_empty()).then(|| words.join(": "))
}

/// Adds the provider's own words.
fn describe(kind: &str, json: &Json<'_>, mapping: &Mapping, report: &mut Reported) {
    let owned = |name: &str| json.words_of(name).map(part::kept);
    report.reason = reason(json).as_deref().map(part::kept);
    report.classification = owned("error").or_else(|| owned("error_related_to"));
    report.user_agent = owned("agent");
    report.url = owned("url");
    let tags = ["customcampaign", "CustomID"].into_iter().filter(|name| !mapping.names(name));
    report.tags = part::tags(tags.filter_map(owned));
    report.agent_rule = match kind {
        "open" => agent::opener(json.words_of("agent")).1,
        "click" => agent::clicker(json.words_of("agent")).1,
        _ => None,
    };
}

/// Identity by meaning: Mailjet has no ids of its own for events.
fn id(kind: &str, json: &Json<'_>, report: &Reported) -> domain::EventId {
    let words = |name: &str| json.words_of(name).unwrap_or_default();
    let message = report.provider_message_id.as_deref().unwrap_or_default();
    let recipient = identity::keyed(report.recipient.as_deref());
    let source = if words("ip").is_empty() { words("agent") } else { words("ip") };
    let source = if matches!(kind, "open" | "click") { source } else { "" };
    identity::event(&["mailjet", kind, message, &recipient, words("time"), words("url"), words("mj_list_id"), source])
}

/// `Payload` holds our custom data, as JSON text; the fields beside it may hold one of our ids as well.
struct Words<'a>(Metadata<'a>, &'a Json<'a>);

impl<'a> Words<'a> {
    fn of(json: &'a Json<'a>) -> Self {
        Self(Metadata::of(json.get("Payload")), json)
    }
}

impl Labels for Words<'_> {
    fn custom(&self, name: &str) -> Option<String> {
        self.0.custom(name).or_else(|| part::any_case(self.1, name).map(part::kept))
    }

    fn tag(&self, name: &str) -> Option<String> {
        self.custom(name)
    }
}
