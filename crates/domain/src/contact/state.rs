//! The Email State of a client: every state that holds, since when, because of which message, and what lifts it.

use std::collections::BTreeMap;

use super::{Activity, Cause, Contact, Policy, Subject};
use crate::{AddressHash, Scope, Time};

/// One word of the icon, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EmailState {
    /// Spam was reported from an address.
    Spam,
    /// An address is not one.
    Invalid,
    /// An address bounced hard, or its domain is flagged by the provider.
    Undeliverable,
    /// The client, or an address, unsubscribed.
    Unsubscribed,
    /// No interaction for the organisation's period.
    Inactive,
    /// No address to write to.
    NoAddress,
    /// Nothing stands in the way.
    Ok,
}

impl EmailState {
    /// Every state, the gravest first.
    pub const ALL: [Self; 7] =
        [Self::Spam, Self::Invalid, Self::Undeliverable, Self::Unsubscribed, Self::Inactive, Self::NoAddress, Self::Ok];

    /// The state as a word for programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Spam => "spam",
            Self::Invalid => "invalid",
            Self::Undeliverable => "undeliverable",
            Self::Unsubscribed => "unsubscribed",
            Self::Inactive => "inactive",
            Self::NoAddress => "no_address",
            Self::Ok => "ok",
        }
    }
}

/// What ends a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LiftedBy {
    /// Another address, or the platform's word that this one works again, once it is off the provider's list.
    Reactivation,
    /// The recipient asking for mail again: the platform may then say that the address works again.
    Consent,
    /// A resubscribe by the client: in its account, or at the provider.
    Resubscribe,
    /// The client's next transaction; a login does not.
    Transaction,
    /// An address in the client's file.
    Address,
}

impl LiftedBy {
    /// As a sentence for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Reactivation => {
                "another address, or this one marked as working again once the provider's list is clear"
            }
            Self::Consent => "the recipient's own request, then the address marked as working again",
            Self::Resubscribe => "a resubscribe by the client",
            Self::Transaction => "the client's next transaction",
            Self::Address => "an address in the client's file",
        }
    }
}

/// One state that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Which.
    pub state: EmailState,
    /// When it began; unknown for a client that never had an address.
    pub since: Option<Time>,
    /// The message that caused it.
    pub message: Option<String>,
    /// The address that it is about; none when it is the client.
    pub address: Option<AddressHash>,
    /// Of Unsubscribed: from what.
    pub scope: Option<Scope>,
    /// Of suppressions: the cause, and whether only a drop revealed it, which is when the provider flagged the address
    /// before and maybe not because of this organisation's mail.
    pub cause: Option<(Cause, bool)>,
    /// What ends it; nothing ends OK.
    pub lifted_by: Option<LiftedBy>,
}

impl Holding {
    pub(super) const fn of(state: EmailState, since: Option<Time>, lifted_by: Option<LiftedBy>) -> Self {
        Self { state, since, message: None, address: None, scope: None, cause: None, lifted_by }
    }
}

/// Every state that holds of a client at an instant, the gravest first, then by address and scope; OK alone when there is
/// none. `addresses` holds the rows of the client's addresses as far as there are any.
pub fn email_state(
    client: &Contact,
    addresses: &BTreeMap<AddressHash, Contact>,
    policy: &Policy,
    at: Time,
) -> Vec<Holding> {
    let current = client.addresses();
    let mut holding = unsubscribed(client, None);
    for address in &current {
        let Some(row) = addresses.get(address) else { continue };
        holding.extend(suppressed(row, *address));
        holding.extend(unsubscribed(row, Some(*address)));
    }
    holding.extend(inactive(client, policy, at));
    if current.is_empty() {
        let removed = client.removed_addresses().into_iter().map(|(_, time)| time).max();
        let since = removed.max(client.erased_at());
        holding.push(Holding::of(EmailState::NoAddress, since, Some(LiftedBy::Address)));
    }
    if holding.is_empty() {
        holding.push(Holding::of(EmailState::Ok, None, None));
    }
    holding.sort_by(|a, b| (a.state, a.address, &a.scope).cmp(&(b.state, b.address, &b.scope)));
    holding
}

/// What a row holds against mail by itself: an address's suppressions and registers, a client's registers.
pub fn held(row: &Contact, of: &Subject) -> Vec<Holding> {
    match of {
        Subject::Client(_) => unsubscribed(row, None),
        Subject::Address(address) => [suppressed(row, *address), unsubscribed(row, Some(*address))].concat(),
    }
}

/// The suppressions of an address.
pub(super) fn suppressed(row: &Contact, address: AddressHash) -> Vec<Holding> {
    let holding = |held: super::Suppression| {
        let (state, lifted_by) = match held.cause {
            Cause::Complaint => (EmailState::Spam, LiftedBy::Consent),
            Cause::Invalid => (EmailState::Invalid, LiftedBy::Reactivation),
            Cause::Bounce | Cause::Domain => (EmailState::Undeliverable, LiftedBy::Reactivation),
        };
        Holding {
            message: Some(held.message),
            address: Some(address),
            cause: Some((held.cause, held.revealed)),
            ..Holding::of(state, Some(held.since), Some(lifted_by))
        }
    };
    row.suppressions().into_iter().map(holding).collect()
}

/// The registers of a client, or of an address, that hold.
pub(super) fn unsubscribed(row: &Contact, address: Option<AddressHash>) -> Vec<Holding> {
    let holding = |register: super::Register| Holding {
        message: register.message,
        address,
        scope: Some(register.scope),
        ..Holding::of(EmailState::Unsubscribed, Some(register.since), Some(LiftedBy::Resubscribe))
    };
    row.registers().into_iter().filter(|register| register.unsubscribed).map(holding).collect()
}

/// The inactivity of a client.
pub(super) fn inactive(client: &Contact, policy: &Policy, at: Time) -> Option<Holding> {
    match client.activity(policy, at) {
        Activity::Inactive { since, .. } => {
            Some(Holding::of(EmailState::Inactive, Some(since), Some(LiftedBy::Transaction)))
        }
        Activity::NoRecord | Activity::Active { .. } => None,
    }
}
