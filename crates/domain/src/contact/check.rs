//! The send check: before a send, one verdict per client with its reason. The only place that enforces the limit of
//! clients in one request; a send that happened is counted in full.

use std::collections::BTreeSet;

use super::state::{EmailState, Holding, LiftedBy, inactive, suppressed, unsubscribed};
use super::{Activity, Cause, Contact, Policy};
use crate::{AddressHash, MailClass, Scope, Time, WithheldReason};

/// Distinct clients in one request of an organisation that sets no limit of its own.
pub const CLIENTS_MAX: u32 = 150;

/// More distinct clients than one request may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{clients} distinct clients, at most {limit} may be mailed at once: split the request, or raise the organisation's send_limit"
)]
pub struct OverLimit {
    /// Distinct clients asked for.
    pub clients: usize,
    /// How many may be.
    pub limit: u32,
}

/// Refuses a request of too many distinct clients. Copies are not to be given; second addresses of a client do not count.
/// `limit` 0 is [`CLIENTS_MAX`].
///
/// # Errors
/// [`OverLimit`].
pub fn within_limit<'a>(clients: impl IntoIterator<Item = &'a str>, limit: u32) -> Result<usize, OverLimit> {
    let limit = if limit == 0 { CLIENTS_MAX } else { limit };
    let clients = clients.into_iter().collect::<BTreeSet<_>>().len();
    if u32::try_from(clients).is_ok_and(|clients| clients <= limit) {
        return Ok(clients);
    }
    Err(OverLimit { clients, limit })
}

/// The mail that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Mass mail is withheld from the inactive and the unsubscribed; transactional mail ignores both, not the rest.
    pub class: MailClass,
    /// The list that it is of, if any: its register counts beside the organisation's.
    pub list: Option<String>,
    /// When.
    pub at: Time,
}

/// One reason to withhold a mail, with what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hindrance {
    /// The word, as a `withheld` event gives it.
    pub reason: WithheldReason,
    /// Since when, because of which message, what lifts it.
    pub holding: Holding,
}

/// Whether a mail may go to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Every reason against it, the gravest first; none: send.
    pub hindrances: Vec<Hindrance>,
    /// No interaction is on record, so inactivity could not be judged.
    pub no_activity_on_record: bool,
}

impl Verdict {
    /// Whether to send.
    pub fn may_send(&self) -> bool {
        self.hindrances.is_empty()
    }

    /// The reason in one word: the gravest.
    pub fn reason(&self) -> Option<WithheldReason> {
        self.hindrances.first().map(|hindrance| hindrance.reason)
    }
}

/// The verdict on a mail to a client at one of its addresses. Without an address there is none to write to; without a row
/// of the address nothing is known against it.
pub fn verdict(
    client: &Contact,
    address: Option<(AddressHash, Option<&Contact>)>,
    mail: &Mail,
    policy: &Policy,
) -> Verdict {
    let mut hindrances = Vec::new();
    let mut hinder = |reason: WithheldReason, holding: Holding| hindrances.push(Hindrance { reason, holding });
    match address {
        None => hinder(WithheldReason::NoAddress, Holding::of(EmailState::NoAddress, None, Some(LiftedBy::Address))),
        Some((hash, Some(row))) => {
            suppressed(row, hash).into_iter().for_each(|holding| hinder(suppression(&holding), holding));
        }
        Some((_, None)) => {}
    }
    let mass = mail.class == MailClass::Mass;
    if mass {
        let concerns = |holding: &Holding| match &holding.scope {
            Some(Scope::List(list)) => mail.list.as_ref() == Some(list),
            _ => true,
        };
        let of = |row: &Contact, address| unsubscribed(row, address).into_iter().filter(concerns).collect::<Vec<_>>();
        for holding in of(client, None) {
            hinder(WithheldReason::ClientUnsubscribed, holding);
        }
        if let Some((hash, Some(row))) = address {
            of(row, Some(hash)).into_iter().for_each(|holding| hinder(WithheldReason::AddressUnsubscribed, holding));
        }
        if let Some(holding) = inactive(client, policy, mail.at) {
            hinder(WithheldReason::Inactive, holding);
        }
    }
    let no_activity_on_record = mass && client.activity(policy, mail.at) == Activity::NoRecord;
    Verdict { hindrances, no_activity_on_record }
}

fn suppression(holding: &Holding) -> WithheldReason {
    match holding.cause {
        Some((Cause::Bounce, _)) => WithheldReason::Bounced,
        Some((Cause::Complaint, _)) => WithheldReason::Spam,
        Some((Cause::Invalid, _)) => WithheldReason::Invalid,
        Some((Cause::Domain, _)) => WithheldReason::DomainFlagged,
        None => WithheldReason::Other,
    }
}
