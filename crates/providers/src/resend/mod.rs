//! Resend's webhooks: `{type, created_at, data}`, one object a request; the event's id is a header's.

mod check;
mod labels;

use domain::contact::Cause;
use domain::{BounceClass, DropReason, Fact, Scope, Time};

use crate::fact::{bounced, deferred, dropped, reason_in, unsubscribed};
use crate::identity;
use crate::json::Json;
use crate::mapping::{Mapping, truth};
use crate::outcome::{Note, Outcome, Reject, Reported, Said};
use crate::url::link_template;
use crate::{agent, part, when};

pub(crate) use check::check;

/// The header that names the event: the same over all retries and replays.
pub(crate) const EVENT_ID_HEADER: &str = "svix-id";
/// Stands where an object is absent.
const NOTHING: Json<'static> = Json::Null;

/// Reads a request's body: an object; an array, or several bodies in a file, one after the other.
pub(crate) fn decode(body: &[u8], mapping: &Mapping) -> Result<Vec<Outcome>, Reject> {
    part::each(body, |raw| part::read(raw, |json| Event::of(json)?.outcome(mapping).map(|outcome| vec![outcome])))
}

struct Event<'a> {
    /// Its type in lower case.
    kind: String,
    json: &'a Json<'a>,
    data: &'a Json<'a>,
}

impl<'a> Event<'a> {
    fn of(json: &'a Json<'a>) -> Result<Self, Reject> {
        let kind = json.words_of("type").ok_or_else(|| Reject::new("no_event", "the object has no \"type\""))?;
        Ok(Self { kind: kind.to_lowercase(), json, data: json.get("data").unwrap_or(&NOTHING) })
    }

    fn outcome(&self, mapping: &Mapping) -> Result<Outcome, Reject> {
        let recipient = self.recipient();
        let said = match self.said() {
            Ok(said) => said,
            Err(why) => return Ok(part::ignored(&self.kind, why, recipient)),
        };
        let (stamp, time) = self.time()?;
        let mut report = Reported::new(said, time);
        report.recipient = recipient.map(part::kept);
        report.provider_message_id = self.data.words_of("email_id").map(part::kept);
        self.describe(&mut report);
        let labels = labels::Words::of(self.data);
        report.tags = labels.tags(mapping);
        mapping.attribute(&labels, &mut report);
        report.id = self.id(stamp, &report);
        Outcome::told(report)
    }

    /// The recipient. Of several `to` the event does not say which it is about, so it is then about none.
    fn recipient(&self) -> Option<&'a str> {
        let one = match self.data.get("to") {
            Some(Json::Array(all)) if all.len() != 1 => None,
            Some(Json::Null) | None => self.data.words_of("email"),
            Some(to) => to.words(),
        };
        one.and_then(identity::address)
    }

    /// When it happened, and the words of it: not `data.created_at`, which is when the mail was made.
    fn time(&self) -> Result<(&'a str, Option<Time>), Reject> {
        when::stamped(self.json.words_of("created_at").or_else(|| self.data.words_of("created_at")))
    }

    /// A field of the object that the type has of its own.
    fn own(&self, object: &str, name: &str) -> Option<&'a str> {
        self.data.get(object).and_then(|own| own.words_of(name))
    }

    /// What the event says, or why it says nothing of a message.
    fn said(&self) -> Result<Said, &'static str> {
        let words = self.reason();
        Ok(match self.kind.as_str() {
            "email.sent" => Fact::Sent.into(),
            "email.scheduled" => Fact::Queued.into(),
            "email.delivered" => Fact::Delivered.into(),
            "email.delivery_delayed" => deferred(words).into(),
            "email.bounced" => self.bounce().into(),
            "email.suppressed" => dropped(listed(words), words).into(),
            "email.failed" => dropped(failure(words), words).into(),
            "email.opened" => Fact::Opened(agent::opener(self.user_agent()).0).into(),
            "email.clicked" => {
                let link = self.own("click", "link").map(link_template).unwrap_or_default();
                Fact::Clicked { agent: agent::clicker(self.user_agent()).0, link }.into()
            }
            "email.complained" => Fact::Complained.into(),
            "suppression.added" => Note::SuppressionAdded(self.origin()).into(),
            "suppression.removed" => Note::SuppressionRemoved(self.origin()).into(),
            // A contact that is subscribed may have been so before: only what is declined is a change.
            "contact.created" | "contact.updated"
                if self.data.words_of("unsubscribed").and_then(truth) == Some(true) =>
            {
                unsubscribed(Scope::Organisation).into()
            }
            kind if kind.starts_with("contact.") => return Err("no_change"),
            "email.received" => return Err("inbound_mail"),
            kind if kind.starts_with("domain.") || kind.starts_with("inbox.") => return Err("not_about_a_message"),
            _ => return Err("unknown_event"),
        })
    }

    /// A mail to an address on a suppression list was never sent. Older events say that only in words, and have no type.
    fn bounce(&self) -> Fact {
        let lower = |name: &str| self.own("bounce", name).unwrap_or_default().to_lowercase();
        let (kind, subtype, message) = (lower("type"), lower("subType"), lower("message"));
        let words = self.reason();
        let class = match (kind.as_str(), subtype.as_str()) {
            (_, "suppressed" | "onaccountsuppressionlist") => return dropped(DropReason::PriorBounce, words),
            _ if ["suppressed sending", "suppression list"].iter().any(|part| message.contains(part)) => {
                return dropped(listed(words), words);
            }
            ("transient" | "temporary", "contentrejected" | "attachmentrejected") => BounceClass::Block,
            ("transient" | "temporary", _) => BounceClass::Soft,
            ("undetermined", _) => BounceClass::Undetermined,
            _ => BounceClass::Hard,
        };
        bounced(class, words)
    }

    /// Why an address is, or was, on the suppression list; by hand is none of our causes.
    fn origin(&self) -> Option<Cause> {
        match self.data.words_of("origin")?.to_lowercase().as_str() {
            "bounce" => Some(Cause::Bounce),
            "complaint" => Some(Cause::Complaint),
            _ => None,
        }
    }

    fn user_agent(&self) -> Option<&'a str> {
        self.own("click", "userAgent").or_else(|| self.own("open", "userAgent"))
    }

    fn reason(&self) -> Option<&'a str> {
        let places = [
            ("bounce", "message"),
            ("bounce", "diagnosticCode"),
            ("suppressed", "message"),
            ("failed", "reason"),
            ("delivery_delayed", "message"),
        ];
        places.into_iter().find_map(|(object, name)| self.own(object, name))
    }

    /// Adds the provider's own words.
    fn describe<F>(&self, report: &mut Reported<F>) {
        let bounce: Vec<&str> = ["type", "subType"].iter().filter_map(|name| self.own("bounce", name)).collect();
        let other = || self.own("suppressed", "type").or_else(|| self.data.words_of("origin")).map(part::kept);
        report.classification = if bounce.is_empty() { other() } else { Some(part::kept(&bounce.join("/"))) };
        report.reason = self.reason().map(part::kept);
        report.user_agent = self.user_agent().map(part::kept);
        report.url = self.own("click", "link").map(part::kept);
        report.agent_rule = match self.kind.as_str() {
            "email.opened" => agent::opener(self.user_agent()).1,
            "email.clicked" => agent::clicker(self.user_agent()).1,
            _ => None,
        };
    }

    /// Identity by meaning; the message's id is far from enough.
    fn id<F>(&self, stamp: &str, report: &Reported<F>) -> domain::EventId {
        let message = report.provider_message_id.as_deref().unwrap_or_default();
        let recipient = identity::keyed(report.recipient.as_deref());
        let url = report.url.as_deref().unwrap_or_default();
        let source = self.own("click", "ipAddress").or_else(|| self.user_agent()).unwrap_or_default();
        let clicked = self.own("click", "timestamp").unwrap_or_default();
        identity::event(&["resend", &self.kind, message, &recipient, stamp, url, source, clicked])
    }
}

/// Why an address is on the suppression list, by words.
fn listed(words: Option<&str>) -> DropReason {
    let known = [
        ("hard bounce", DropReason::PriorBounce),
        ("previously bounced", DropReason::PriorBounce),
        ("complain", DropReason::PriorSpam),
        ("spam", DropReason::PriorSpam),
        ("unsubscribe", DropReason::Unsubscribed),
    ];
    reason_in(words, &known).unwrap_or(DropReason::Suppressed)
}

/// Why Resend could not send: its words are names such as `reached_daily_quota`; the recipient, its keys, a domain or a quota.
fn failure(words: Option<&str>) -> DropReason {
    let words = words.unwrap_or_default().to_lowercase();
    let any = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    match () {
        () if any(&["quota", "limit"]) => DropReason::Quota,
        () if any(&["invalid_recipient", "invalid recipient", "invalid_to"]) => DropReason::InvalidAddress,
        () => DropReason::SenderError,
    }
}
