//! MailerSend's webhooks: one object a request. What happened stands in `data`, in one of two shapes: with the email and what it came
//! to nested in it (`email`, `morph`), or flat (`email` is the address, `meta`).

use domain::{BounceClass, DropReason, Fact, Scope, Time};

use crate::check::{Accepted, Refusal, Request, Secret};
use crate::fact::{bounced, deferred, dropped, reason_in, unsubscribed};
use crate::identity;
use crate::json::Json;
use crate::mapping::Mapping;
use crate::metadata::Metadata;
use crate::outcome::{Note, Outcome, Reject, Reported, Said};
use crate::url::link_template;
use crate::{agent, part, signed_body, when};

/// Reads a request's body: an object. An array, or several bodies in a file, are read one after the other.
pub(crate) fn decode(body: &[u8], mapping: &Mapping) -> Result<Vec<Outcome>, Reject> {
    part::each(body, |raw| part::read(raw, |json| event(&Activity(json), mapping).map(|outcome| vec![outcome])))
}

/// Whether a request is MailerSend's, by `Signature`.
pub(crate) fn check(request: &Request<'_>, secrets: &[Secret], _: Time) -> Result<Accepted, Refusal> {
    signed_body::check(request, secrets, "signature")
}

fn event(activity: &Activity<'_>, mapping: &Mapping) -> Result<Outcome, Reject> {
    let word = activity.kind().ok_or_else(|| Reject::new("no_event", "the object has no \"type\""))?;
    let kind = word.strip_prefix("activity.").unwrap_or(word).to_lowercase();
    let recipient = activity.words(&RECIPIENTS).and_then(identity::address);
    let said = match said(&kind, activity) {
        Ok(said) => said,
        Err(why) => return Ok(part::ignored(word, why, recipient)),
    };
    let time = when::optional(activity.data(), "created_at")?;
    let mut report = Reported::new(said, time.or(when::optional(activity.0, "created_at")?));
    report.recipient = recipient.map(part::kept);
    report.provider_message_id = activity.words(&MESSAGE_IDS).map(part::kept);
    describe(&kind, activity, &mut report);
    mapping.attribute(&Metadata::of(activity.data().get("meta")), &mut report);
    report.id = id(&kind, activity, &report);
    Outcome::told(report)
}

/// A body, with the places in `data` where one thing may stand.
struct Activity<'a>(&'a Json<'a>);

const RECIPIENTS: [&[&str]; 5] =
    [&["email", "recipient", "email"], &["email"], &["recipient", "email"], &["recipient"], &["email", "recipient"]];
const MESSAGE_IDS: [&[&str]; 3] = [&["email", "message", "id"], &["message_id"], &["message", "id"]];
const REASONS: [&[&str]; 4] =
    [&["morph", "readable_reason"], &["morph", "reason"], &["meta", "readable_reason"], &["meta", "reason"]];
const URLS: [&[&str]; 2] = [&["morph", "url"], &["meta", "url"]];
const AGENTS: [&[&str]; 2] = [&["morph", "user_agent"], &["meta", "user_agent"]];
const ADDRESSES: [&[&str]; 2] = [&["morph", "ip"], &["meta", "ip"]];

impl<'a> Activity<'a> {
    fn data(&self) -> &'a Json<'a> {
        self.0.get("data").unwrap_or(&Json::Null)
    }

    /// What happened: `activity.sent` around `data`, or `sent` inside of it.
    fn kind(&self) -> Option<&'a str> {
        self.0.words_of("type").or_else(|| self.data().words_of("type"))
    }

    /// The first of these places in `data` that says something.
    fn words(&self, places: &[&[&str]]) -> Option<&'a str> {
        places.iter().find_map(|path| self.data().at(path)?.words())
    }
}

/// What the event says, or why it says nothing of a message. The `_unique` events repeat the first open or click.
fn said(kind: &str, activity: &Activity<'_>) -> Result<Said, &'static str> {
    let (reason, agent) = (activity.words(&REASONS), activity.words(&AGENTS));
    let fact = match kind {
        "sent" => Fact::Sent,
        "queued" => Fact::Queued,
        "delivered" => Fact::Delivered,
        "deferred" => deferred(reason),
        "soft_bounced" => bounced(BounceClass::Soft, reason),
        "hard_bounced" => bounced(BounceClass::Hard, reason),
        "suppressed" => dropped(listed(reason), reason),
        "opened" | "opened_unique" => Fact::Opened(agent::opener(agent).0),
        "clicked" | "clicked_unique" => {
            let link = activity.words(&URLS).map(link_template).unwrap_or_default();
            Fact::Clicked { agent: agent::clicker(agent).0, link }
        }
        "unsubscribed" => unsubscribed(Scope::Organisation),
        "spam_complaint" => Fact::Complained,
        "recipient.on_hold_added" => return Ok(Note::SuppressionAdded(None).into()),
        "recipient.on_hold_removed" => return Ok(Note::SuppressionRemoved(None).into()),
        _ => return Err(left_aside(kind)),
    };
    Ok(fact.into())
}

/// Why an address is on the suppression list, by words: the mail was never sent.
fn listed(words: Option<&str>) -> DropReason {
    let known = [
        ("bounce", DropReason::PriorBounce),
        ("spam", DropReason::PriorSpam),
        ("complain", DropReason::PriorSpam),
        ("unsub", DropReason::Unsubscribed),
    ];
    reason_in(words, &known).unwrap_or(DropReason::Suppressed)
}

fn left_aside(kind: &str) -> &'static str {
    match kind.split_once('.').map_or(kind, |(subject, _)| subject) {
        "webhook" => "set_up",
        "inbound" | "inbound_forward" | "inbound_message" => "inbound_mail",
        "survey_opened" | "survey_submitted" => "no_change",
        "sender_identity" | "maintenance" | "email_single" | "email_list" | "bulk_email" | "sms" => {
            "not_about_a_message"
        }
        _ => "unknown_event",
    }
}

/// Adds the provider's own words.
fn describe(kind: &str, activity: &Activity<'_>, report: &mut Reported<Said>) {
    let owned = |places: &[&[&str]]| activity.words(places).map(part::kept);
    report.own_id = owned(&[&["id"]]);
    report.reason = owned(&REASONS);
    report.user_agent = owned(&AGENTS);
    report.url = owned(&URLS);
    let tags = activity.data().at(&["email", "tags"]).or_else(|| activity.data().get("tags"));
    report.tags = part::tags_in(tags);
    report.agent_rule = match kind {
        "opened" | "opened_unique" => agent::opener(activity.words(&AGENTS)).1,
        "clicked" | "clicked_unique" => agent::clicker(activity.words(&AGENTS)).1,
        _ => None,
    };
}

/// Identity by meaning. The two events of one first open or click have ids of their own, and share what `morph` says: message,
/// recipient, second, address and link.
fn id(kind: &str, activity: &Activity<'_>, report: &Reported<Said>) -> domain::EventId {
    let words = |places: &[&[&str]]| activity.words(places).unwrap_or_default();
    let kind = kind.strip_suffix("_unique").unwrap_or(kind);
    let engaged = matches!(kind, "opened" | "clicked");
    let stamp = words(if engaged { &[&["morph", "created_at"], &["created_at"]] } else { &[&["created_at"]] });
    let second = when::iso(stamp).filter(|_| engaged).map(|time| time.micros().div_euclid(1_000_000).to_string());
    let message = report.provider_message_id.as_deref().unwrap_or_default();
    let recipient = identity::keyed(report.recipient.as_deref());
    let (url, source) = if engaged { (words(&URLS), words(&ADDRESSES)) } else { ("", "") };
    identity::event(&["mailersend", kind, message, &recipient, second.as_deref().unwrap_or(stamp), url, source])
}
