//! Unisender Go's webhooks (UniOne's too): events of one user in `events_by_user`, or one event, flat.

mod signature;

use domain::{BounceClass, Drop, DropReason, Fact, Scope};

use crate::fact::{bounced, deferred, resubscribed, unsubscribed};
use crate::identity;
use crate::json::Json;
use crate::mapping::Mapping;
use crate::metadata::Metadata;
use crate::outcome::{Outcome, Reject, Reported};
use crate::part::clean;
use crate::url::link_template;
use crate::{agent, part, smtp, when};

pub(crate) use signature::check;

/// Reads a request's body: `{"events_by_user": [{"events": [...]}]}`, or one event.
pub(crate) fn decode(body: &[u8], mapping: &Mapping) -> Result<Vec<Outcome>, Reject> {
    let read = |raw: &[u8]| part::read(raw, |json| event(json, mapping).map(|outcome| vec![outcome]));
    part::each(body, |raw| part::within(raw, "events_by_user", |user| part::within(user, "events", read)))
}

fn event(json: &Json<'_>, mapping: &Mapping) -> Result<Outcome, Reject> {
    let data = json.get("event_data").filter(|data| !data.fields().is_empty()).unwrap_or(json);
    let name = json.words_of("event_name").unwrap_or(EMAIL_STATUS);
    let recipient = data.words_of("email").and_then(identity::address);
    if name != EMAIL_STATUS {
        let why = if name == "transactional_spam_block" { "not_about_a_message" } else { "unknown_event" };
        return Ok(part::ignored(name, why, recipient));
    }
    let status = data.words_of("status").ok_or_else(|| Reject::new("no_event", "the event has no \"status\""))?;
    let status = status.to_lowercase();
    let info = Delivery { data, info: data.get("delivery_info").unwrap_or(&Json::Null) };
    let Some(fact) = fact(&status, &info) else { return Ok(part::ignored(&status, "unknown_event", recipient)) };
    let mut report = Reported::new(fact, when::optional(data, "event_time")?);
    report.recipient = recipient.map(part::kept);
    report.provider_message_id = data.words_of("job_id").map(part::kept);
    describe(&status, &info, &mut report);
    mapping.attribute(&Metadata::of(data.get("metadata")), &mut report);
    report.id = id(&status, &info, &report);
    Ok(Outcome::Event(Box::new(report)))
}

/// The name of the events that are about a message.
const EMAIL_STATUS: &str = "transactional_email_status";

/// An event with what its webhook was set up to say of the delivery.
struct Delivery<'a, 'b> {
    data: &'a Json<'b>,
    info: &'a Json<'b>,
}

impl<'a> Delivery<'a, '_> {
    /// Unisender's own class of a delivery, in lower case.
    fn status(&self) -> String {
        self.info.words_of("delivery_status").unwrap_or_default().to_lowercase()
    }

    fn agent(&self) -> Option<&'a str> {
        self.info.words_of("user_agent")
    }

    /// The server's answer, else Unisender's class, else what the recipient wrote when leaving.
    fn reason(&self) -> Option<&'a str> {
        let said = self.info.words_of("destination_response").or_else(|| self.info.words_of("delivery_status"));
        said.or_else(|| self.data.words_of("comment"))
    }
}

/// What the event says. Unisender tries again for a day or two after a soft bounce, until a delivery or a hard one.
fn fact(status: &str, delivery: &Delivery<'_, '_>) -> Option<Fact> {
    Some(match status {
        "accepted" | "sent" => Fact::Sent,
        "delivered" => Fact::Delivered,
        "soft_bounced" => deferred(delivery.reason()),
        "hard_bounced" => given_up(delivery),
        "opened" => Fact::Opened(agent::opener(delivery.agent()).0),
        "clicked" => {
            let link = delivery.data.words_of("url").map(link_template).unwrap_or_default();
            Fact::Clicked { agent: agent::clicker(delivery.agent()).0, link }
        }
        "unsubscribed" => unsubscribed(Scope::Organisation),
        "subscribed" => resubscribed(Scope::Organisation),
        "spam" => Fact::Complained,
        _ => return None,
    })
}

/// Classes of mails that were never handed over although they count as hard bounces, with what the cause is attached to.
const DROPS: [(&str, DropReason, Scope); 11] = [
    ("err_unsubscribed", DropReason::Unsubscribed, Scope::Address),
    ("err_skip_letter", DropReason::PriorBounce, Scope::Address),
    ("skip_dup_unreachable", DropReason::PriorBounce, Scope::Address),
    ("skip_dup_temp_unreachable", DropReason::PriorBounce, Scope::Address),
    ("skip_dup_mailbox_full", DropReason::PriorBounce, Scope::Address),
    ("err_spam_skipped", DropReason::ContentSpam, Scope::Campaign),
    ("err_spam_removed", DropReason::ContentSpam, Scope::Campaign),
    ("err_dest_invalid", DropReason::InvalidAddress, Scope::Address),
    ("err_src_invalid", DropReason::SenderError, Scope::Message),
    ("err_lost", DropReason::Other, Scope::Message),
    ("err_internal", DropReason::Other, Scope::Message),
];

fn given_up(delivery: &Delivery<'_, '_>) -> Fact {
    let status = delivery.status();
    if let Some((_, reason, scope)) = DROPS.iter().find(|(known, ..)| *known == status) {
        return Fact::Dropped(Drop { reason: *reason, scope: scope.clone(), text: clean(delivery.reason()) });
    }
    let answered = || delivery.info.words_of("destination_response").and_then(smtp::refusal);
    let class = match status.as_str() {
        "err_user_unknown" | "err_user_inactive" | "err_mailbox_discarded" | "err_domain_inactive" => BounceClass::Hard,
        "err_unreachable" | "err_no_dns" | "err_no_smtp" => BounceClass::Hard,
        "err_mailbox_full" | "err_too_large" | "err_giveup" | "err_will_retry" | "err_resend" => BounceClass::Soft,
        "err_destination_misconfigured" | "err_retry_letter" | "err_not_available" => BounceClass::Soft,
        "err_spam_rejected" | "err_blacklisted" => BounceClass::Block,
        "" => answered().unwrap_or(BounceClass::Hard),
        _ => answered().unwrap_or(BounceClass::Undetermined),
    };
    bounced(class, delivery.reason())
}

/// Adds the provider's own words.
fn describe(status: &str, delivery: &Delivery<'_, '_>, report: &mut Reported) {
    report.reason = delivery.reason().map(part::kept);
    report.classification = delivery.info.words_of("delivery_status").map(part::kept);
    report.user_agent = delivery.agent().map(part::kept);
    report.url = delivery.data.words_of("url").map(part::kept);
    report.tags = part::tags_in(delivery.data.get("tags"));
    report.agent_rule = match status {
        "opened" => agent::opener(delivery.agent()).1,
        "clicked" => agent::clicker(delivery.agent()).1,
        _ => None,
    };
}

/// Identity by meaning: an event has no id, and one `job_id` stands for all recipients of a send. What only a webhook with
/// details says tells opens and clicks apart, nothing else: another webhook of the account may be without.
fn id(status: &str, delivery: &Delivery<'_, '_>, report: &Reported) -> domain::EventId {
    let words = |name: &str| delivery.data.words_of(name).unwrap_or_default();
    let message = report.provider_message_id.as_deref().or(report.message.as_deref()).unwrap_or_default();
    let recipient = identity::keyed(report.recipient.as_deref());
    let engaged = matches!(status, "opened" | "clicked");
    let source = delivery.info.words_of("ip").or(delivery.agent()).filter(|_| engaged).unwrap_or_default();
    identity::event(&["unisender_go", status, message, &recipient, words("event_time"), words("url"), source])
}
