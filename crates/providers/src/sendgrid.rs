//! SendGrid's event webhook: an array of flat objects, our custom arguments among the provider's fields.

mod signature;

use domain::{Agent, BounceClass, Drop, DropReason, Fact, Scope};

use crate::identity;
use crate::json::Json;
use crate::mapping::{Labels, Mapping, truth};
use crate::outcome::{Outcome, Reject, Reported};
use crate::part::clean;
use crate::url::link_template;
use crate::{agent, form, part, when};

pub(crate) use signature::check;

/// Reads a request's body: an array. A bare object is read as an array of one, and several bodies in a file one after the other.
pub(crate) fn decode(body: &[u8], mapping: &Mapping) -> Result<Vec<Outcome>, Reject> {
    if is_inbound(body) {
        return Ok(vec![part::ignored("inbound", "inbound_mail", None)]);
    }
    part::each(body, |raw| part::read(raw, |json| event(json, mapping).map(|outcome| vec![outcome])))
}

/// Whether it is a mail that came in: SendGrid's Inbound Parse posts it as a form in parts, one of which is its envelope.
fn is_inbound(body: &[u8]) -> bool {
    form::fields(body).is_some_and(|fields| fields.iter().any(|(name, _)| **name == *b"envelope"))
}

fn event(json: &Json<'_>, mapping: &Mapping) -> Result<Outcome, Reject> {
    let kind = json.words_of("event").ok_or_else(|| Reject::new("no_event", "the element has no field \"event\""))?;
    let kind = kind.to_lowercase();
    let recipient = json.words_of("email").and_then(identity::address);
    let fact = match fact(&kind, json, mapping) {
        Ok(fact) => fact,
        Err(why) => return Ok(part::ignored(&kind, why, recipient)),
    };
    let mut report = Reported::new(fact, when::optional(json, "timestamp")?);
    report.recipient = recipient.map(part::kept);
    report.provider_message_id = message_id(json);
    describe(&kind, json, &mut report);
    mapping.attribute(&Flat(json), &mut report);
    report.id = id(&kind, json, &report);
    Ok(Outcome::Event(Box::new(report)))
}

/// What the event says, or why it says nothing of a message.
fn fact(kind: &str, json: &Json<'_>, mapping: &Mapping) -> Result<Fact, &'static str> {
    let reason = || clean(json.words_of("reason").or_else(|| json.words_of("response")));
    Ok(match kind {
        "processed" => Fact::Sent,
        "deferred" => Fact::Deferred { reason: clean(json.words_of("response").or_else(|| json.words_of("reason"))) },
        "delivered" => Fact::Delivered,
        "bounce" | "blocked" => {
            Fact::Bounced { class: bounce_class(kind, json), asynchronous: false, reason: reason() }
        }
        "dropped" => Fact::Dropped(dropped(json, reason())),
        "open" => Fact::Opened(opener(json).0),
        "click" => {
            Fact::Clicked { agent: clicker(json).0, link: json.words_of("url").map(link_template).unwrap_or_default() }
        }
        "spamreport" => Fact::Complained,
        "unsubscribe" => Fact::Unsubscribed { scope: Scope::Organisation, from_register: false },
        "group_unsubscribe" => {
            Fact::Unsubscribed { scope: group(json, mapping).unwrap_or_default(), from_register: false }
        }
        "group_resubscribe" => {
            let scope = group(json, mapping).ok_or("no_group")?;
            Fact::Resubscribed { scope, from_register: false }
        }
        kind if kind.starts_with("account_") => return Err("not_about_a_message"),
        _ => return Err("unknown_event"),
    })
}

/// `bounce` puts the address on SendGrid's bounce list, `blocked` does not, `expired` ends 72 hours of deferrals. Samples older than
/// the field mean `bounce`, unless a classification says otherwise.
fn bounce_class(kind: &str, json: &Json<'_>) -> BounceClass {
    let lower = |name: &str| json.words_of(name).unwrap_or_default().to_lowercase();
    let given = lower("type");
    match if given.is_empty() { kind } else { &given } {
        "blocked" => BounceClass::Block,
        "expired" => BounceClass::Soft,
        "bounce" if !given.is_empty() => BounceClass::Hard,
        "bounce" => match lower("bounce_classification").as_str() {
            "content" | "reputation" | "frequency or volume too high" => BounceClass::Block,
            "technical" | "technical failure" | "mailbox unavailable" => BounceClass::Soft,
            "unclassified" => BounceClass::Undetermined,
            _ => BounceClass::Hard,
        },
        _ => BounceClass::Undetermined,
    }
}

/// Beginnings of drop reasons in lower case, with what the cause is attached to. The first that fits holds.
const DROPS: [(&str, DropReason, Scope); 8] = [
    ("bounced address", DropReason::PriorBounce, Scope::Address),
    ("unsubscribed address", DropReason::Unsubscribed, Scope::Address),
    ("spam reporting address", DropReason::PriorSpam, Scope::Address),
    ("invalid smtpapi header", DropReason::SenderError, Scope::Message),
    ("invalid", DropReason::InvalidAddress, Scope::Address),
    ("spam content", DropReason::ContentSpam, Scope::Message),
    ("recipient list over package quota", DropReason::Quota, Scope::Account),
    ("duplicate", DropReason::Duplicate, Scope::Message),
];

fn dropped(json: &Json<'_>, text: String) -> Drop {
    let known = |name: &str| {
        let words = json.words_of(name)?.to_lowercase();
        DROPS.iter().find(|(start, ..)| words.starts_with(start))
    };
    match known("reason").or_else(|| known("type")) {
        Some((_, reason, scope)) => Drop { reason: *reason, scope: scope.clone(), text },
        None => Drop { reason: DropReason::Other, scope: Scope::Message, text },
    }
}

/// The list that an unsubscribe group stands for.
fn group(json: &Json<'_>, mapping: &Mapping) -> Option<Scope> {
    let group = json.words_of("asm_group_id")?;
    Some(Scope::List(mapping.sendgrid_groups.get(group).map_or(group, String::as_str).to_owned()))
}

/// Who opened: the flag is on every open since October 2021 and knows Apple's mail privacy only.
fn opener(json: &Json<'_>) -> (Agent, Option<&'static str>) {
    match json.words_of("sg_machine_open").and_then(truth) {
        Some(true) => (Agent::Machine, Some("sg_machine_open")),
        Some(false) => (Agent::Human, Some("sg_machine_open")),
        None => agent::opener(json.words_of("useragent")),
    }
}

/// Who clicked: there is no flag.
fn clicker(json: &Json<'_>) -> (Agent, Option<&'static str>) {
    agent::clicker(json.words_of("useragent"))
}

/// Adds the provider's own words.
fn describe(kind: &str, json: &Json<'_>, report: &mut Reported) {
    let owned = |name: &str| json.words_of(name).map(part::kept);
    report.own_id = owned("sg_event_id");
    report.reason = owned("reason").or_else(|| owned("response"));
    report.classification = owned("bounce_classification");
    report.user_agent = owned("useragent");
    report.url = owned("url");
    report.tags = part::tags_in(json.get("category"));
    report.agent_rule = match kind {
        "open" => opener(json).1,
        "click" => clicker(json).1,
        _ => None,
    };
}

/// The id that the send call returned (`X-Message-Id`): `sg_message_id` without its suffix, else out of `smtp-id`.
fn message_id(json: &Json<'_>) -> Option<String> {
    let ours = json.words_of("sg_message_id").and_then(without_suffix);
    ours.or_else(|| json.words_of("smtp-id").and_then(of_smtp_id)).map(part::kept)
}

/// Ids of old hold dots themselves, so the suffix begins at the first `.filter` or `.recvd`, and only else at the first dot. A drop
/// may carry a suffix alone, which names no message.
fn without_suffix(id: &str) -> Option<&str> {
    if id.starts_with("filter") || id.starts_with("recvd") {
        return None;
    }
    let end = [".filter", ".recvd"].iter().filter_map(|mark| id.find(mark)).min().or_else(|| id.find('.'));
    end.map_or(Some(id), |end| id.get(..end)).filter(|id| !id.is_empty())
}

/// The `Message-ID` header. One that SendGrid made holds the send call's id before its host.
fn of_smtp_id(id: &str) -> Option<&str> {
    let id = id.trim().trim_start_matches('<').trim_end_matches('>').trim();
    let id = match id.split_once('@') {
        Some((local, host)) if host.contains("ismtpd") => local,
        _ => id,
    };
    (!id.is_empty()).then_some(id)
}

/// Identity by meaning: `sg_event_id` is known to change when SendGrid repeats an event, so it stands in only where no message id is.
fn id(kind: &str, json: &Json<'_>, report: &Reported) -> domain::EventId {
    let words = |name: &str| json.words_of(name).unwrap_or_default();
    let message = report.provider_message_id.as_deref().unwrap_or_else(|| words("sg_event_id"));
    let recipient = identity::keyed(report.recipient.as_deref());
    let source = if words("ip").is_empty() { words("useragent") } else { words("ip") };
    let source = if matches!(kind, "open" | "click") { source } else { "" };
    identity::event(&[
        "sendgrid",
        kind,
        message,
        &recipient,
        words("timestamp"),
        words("url"),
        words("attempt"),
        words("asm_group_id"),
        source,
    ])
}

/// Custom arguments stand among SendGrid's fields; over SMTP `X-` headers do too, in any case.
struct Flat<'a, 'b>(&'a Json<'b>);

impl Labels for Flat<'_, '_> {
    fn custom(&self, name: &str) -> Option<String> {
        let exact = self.0.words_of(name);
        let nested = || ["custom_args", "unique_args"].iter().find_map(|outer| self.0.at(&[outer, name])?.words());
        exact.or_else(nested).or_else(|| part::any_case(self.0, name)).map(part::kept)
    }

    fn tag(&self, _: &str) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_id_loses_its_suffix_only() {
        let cases = [
            ("14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0", Some("14c5d75ce93.dfd.64b469")),
            ("LRzXl_NHStOGhQ4kofSm_A.recvd-5f9c-x-1-65A-2.0", Some("LRzXl_NHStOGhQ4kofSm_A")),
            ("fPJrJPIRTxC_obpgfTy74w.stfilter-015.5185.55F883564.0", Some("fPJrJPIRTxC_obpgfTy74w")),
            ("plain", Some("plain")),
            ("filter0093p1las1.9128.5515.0", None),
        ];
        for (id, expected) in cases {
            assert_eq!(without_suffix(id), expected, "{id}");
        }
    }

    #[test]
    fn the_smtp_id_stands_in() {
        assert_eq!(of_smtp_id("<14c5d75ce93.dfd.64b469@ismtpd-555>"), Some("14c5d75ce93.dfd.64b469"));
        assert_eq!(of_smtp_id("<abc@geopod-ismtpd-3>"), Some("abc"));
        assert_eq!(of_smtp_id("<own-id@mail.example.com>"), Some("own-id@mail.example.com"));
        assert_eq!(of_smtp_id("<>"), None);
    }
}
