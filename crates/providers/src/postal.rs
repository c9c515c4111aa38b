//! Postal's webhooks: one object a request, what happened in `payload`.

mod signature;

use domain::{BounceClass, Drop, DropReason, Fact, Scope, Time};

use crate::fact::{bounced, deferred};
use crate::identity;
use crate::json::Json;
use crate::mapping::{Labels, Mapping};
use crate::outcome::{Outcome, Reject, Reported};
use crate::part::clean;
use crate::url::link_template;
use crate::{agent, part, smtp, when};

pub(crate) use signature::check;

/// Reads a request's body: an object. An array, or several bodies in a file, are read one after the other.
pub(crate) fn decode(body: &[u8], mapping: &Mapping) -> Result<Vec<Outcome>, Reject> {
    part::each(body, |raw| part::read(raw, |json| event(&Notice::of(json)?, mapping).map(|outcome| vec![outcome])))
}

fn event(notice: &Notice<'_>, mapping: &Mapping) -> Result<Outcome, Reject> {
    let recipient = notice.message.words_of("to").and_then(identity::address);
    let fact = match fact(notice) {
        Ok(fact) => fact,
        Err(why) => return Ok(part::ignored(notice.word, why, recipient)),
    };
    let mut report = Reported::new(fact, notice.time()?);
    report.recipient = recipient.map(part::kept);
    let ids = [notice.message.words_of("id"), notice.message.words_of("message_id")];
    report.provider_message_id = ids.into_iter().flatten().find_map(identity::message_id).map(part::kept);
    describe(notice, &mut report);
    mapping.attribute(notice, &mut report);
    report.id = id(notice, &report);
    Ok(Outcome::Event(Box::new(report)))
}

/// Stands where an object is absent.
const NOTHING: Json<'static> = Json::Null;

/// The parts of a body.
struct Notice<'a> {
    body: &'a Json<'a>,
    payload: &'a Json<'a>,
    /// The message that it is about: of a bounce the one that bounced, not the one that says so.
    message: &'a Json<'a>,
    /// Postal's word for it.
    word: &'a str,
    /// What happened, in lower case.
    kind: &'static str,
}

impl<'a> Notice<'a> {
    fn of(body: &'a Json<'a>) -> Result<Self, Reject> {
        let payload = body.get("payload").filter(|payload| matches!(payload, Json::Object(_))).unwrap_or(body);
        let word = body.words_of("event").or_else(|| payload.words_of("status")).or_else(|| name(payload));
        let word = word.ok_or_else(|| Reject::new("no_event", "the object has no \"event\""))?;
        let message = payload.get("original_message").or_else(|| payload.get("message")).unwrap_or(&NOTHING);
        Ok(Self { body, payload, message, word, kind: kind(word, payload) })
    }

    /// When Postal posted it, else when the attempt was, else when the mail came that brought a bounce back.
    fn time(&self) -> Result<Option<Time>, Reject> {
        let bounce = self.payload.get("bounce").unwrap_or(&NOTHING);
        let times = [self.body, self.payload, bounce].map(|json| when::optional(json, "timestamp"));
        times.into_iter().find_map(Result::transpose).transpose()
    }

    /// The first of these fields of the payload that says something.
    fn words(&self, names: &[&str]) -> Option<&'a str> {
        names.iter().find_map(|name| self.payload.words_of(name))
    }

    /// The receiving server's answer, else Postal's own words, else the subject of the mail that brought a bounce back.
    fn reason(&self) -> Option<&'a str> {
        self.words(&["output", "details"]).or_else(|| self.payload.at(&["bounce", "subject"])?.words())
    }
}

/// What a payload is of that names neither event nor status, as Postal's guide shows them: by the fields that it has.
fn name(payload: &Json<'_>) -> Option<&'static str> {
    let known = [
        ("original_message", "MessageBounced"),
        ("rcpt_to", "inbound"),
        ("url", "MessageLinkClicked"),
        ("user_agent", "MessageLoaded"),
        ("dns_checked_at", "DomainDNSError"),
        ("volume", "SendLimitApproaching"),
    ];
    known.into_iter().find(|(field, _)| payload.get(field).is_some()).map(|(_, name)| name)
}

/// Postal's own samples name a bounce `MessageDelayed`, so what the payload holds decides before the name.
fn kind(word: &str, payload: &Json<'_>) -> &'static str {
    if payload.get("bounce").is_some() || payload.get("original_message").is_some() {
        return "bounced";
    }
    let status = payload.words_of("status").unwrap_or_default().to_lowercase();
    match (status.as_str(), word.to_lowercase().as_str()) {
        ("sent", _) | ("", "messagesent") => "sent",
        ("softfail", _) | ("", "messagedelayed") => "softfail",
        ("hardfail", _) | ("", "messagedeliveryfailed") => "hardfail",
        ("held", _) | ("", "messageheld") => "held",
        ("bounced", _) | ("", "messagebounced") => "bounced",
        ("", "messagelinkclicked") => "clicked",
        ("", "messageloaded") => "loaded",
        ("", "inbound") => "inbound",
        ("", "domaindnserror" | "sendlimitapproaching" | "sendlimitexceeded") => "server",
        _ => "",
    }
}

/// What the event says, or why it says nothing of a message of ours.
fn fact(notice: &Notice<'_>) -> Result<Fact, &'static str> {
    let incoming = notice.message.words_of("direction").is_some_and(|word| word.eq_ignore_ascii_case("incoming"));
    if incoming {
        return Err("inbound_mail");
    }
    Ok(match notice.kind {
        "sent" => Fact::Delivered,
        "softfail" => deferred(notice.reason()),
        "hardfail" => failed(notice),
        "held" => Fact::Queued,
        "bounced" => {
            let class = notice.reason().and_then(smtp::refusal).unwrap_or(BounceClass::Undetermined);
            Fact::Bounced { class, asynchronous: true, reason: clean(notice.reason()) }
        }
        "clicked" => {
            let link = notice.words(&["url"]).map(link_template).unwrap_or_default();
            Fact::Clicked { agent: agent::clicker(notice.words(&["user_agent"])).0, link }
        }
        "loaded" => Fact::Opened(agent::opener(notice.words(&["user_agent"])).0),
        "inbound" => return Err("inbound_mail"),
        "server" => return Err("not_about_a_message"),
        _ => return Err("unknown_event"),
    })
}

/// Beginnings of Postal's own reasons for not trying, in lower case, with what the cause is attached to.
const DROPS: [(&str, DropReason, Scope); 5] = [
    ("message's domain no longer exist", DropReason::SenderError, Scope::Account),
    ("message doesn't have an rcpt to", DropReason::InvalidAddress, Scope::Address),
    ("message is likely spam", DropReason::ContentSpam, Scope::Message),
    ("raw message has been removed", DropReason::SenderError, Scope::Message),
    ("scope ", DropReason::SenderError, Scope::Message),
];

/// The remote side refused for good, or attempts were given up; Postal calls failures of its own the same.
fn failed(notice: &Notice<'_>) -> Fact {
    let details = notice.words(&["details"]).unwrap_or_default().to_lowercase();
    if let Some((_, reason, scope)) = DROPS.iter().find(|(start, ..)| details.starts_with(start)) {
        return Fact::Dropped(Drop { reason: *reason, scope: scope.clone(), text: clean(notice.words(&["details"])) });
    }
    let given_up = details.starts_with("maximum number of delivery attempts").then_some(BounceClass::Soft);
    let class = given_up.or_else(|| notice.reason().and_then(smtp::refusal));
    bounced(class.unwrap_or(BounceClass::Hard), notice.reason())
}

/// Adds the provider's own words.
fn describe(notice: &Notice<'_>, report: &mut Reported) {
    report.own_id = notice.body.words_of("uuid").map(part::kept);
    report.reason = notice.reason().map(part::kept);
    report.classification = notice.words(&["status"]).map(part::kept);
    report.user_agent = notice.words(&["user_agent"]).map(part::kept);
    report.url = notice.words(&["url"]).map(part::kept);
    report.tags = part::tags_in(notice.message.get("tag"));
    report.agent_rule = match notice.kind {
        "loaded" => agent::opener(notice.words(&["user_agent"])).1,
        "clicked" => agent::clicker(notice.words(&["user_agent"])).1,
        _ => None,
    };
}

/// Identity by meaning: with two webhooks set up, one event has two uuids and two times of posting. An attempt has a time of its
/// own; what has none is told apart by its second.
fn id(notice: &Notice<'_>, report: &Reported) -> domain::EventId {
    let words = |name: &str| notice.words(&[name]).unwrap_or_default();
    let message = report.provider_message_id.as_deref().unwrap_or_default();
    let recipient = identity::keyed(report.recipient.as_deref());
    let second = report.time.map(|time| time.micros().div_euclid(1_000_000).to_string());
    let bounce = notice.payload.at(&["bounce", "id"]).and_then(Json::words);
    let stamp = bounce.or_else(|| notice.words(&["timestamp"])).or(second.as_deref()).unwrap_or_default();
    let source = if words("ip_address").is_empty() { words("user_agent") } else { words("ip_address") };
    identity::event(&["postal", notice.kind, message, &recipient, stamp, words("url"), source])
}

/// Postal gives nothing back of the sender's but the tag; fields of the message stand in for custom data.
impl Labels for Notice<'_> {
    fn custom(&self, name: &str) -> Option<String> {
        part::any_case(self.message, name).map(part::kept)
    }

    fn tag(&self, name: &str) -> Option<String> {
        self.custom(name)
    }
}
