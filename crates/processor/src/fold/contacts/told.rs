//! What a contact's row makes known to others: the difference of what it says after and before an event.

use std::collections::BTreeMap;

use contract::identity;
use domain::contact::{Contact, ContactEvent, ContactFact, Followed, Lift, Subject};
use domain::{AddressHash, Attribution, Event, EventId, Fact, Rank, Time};

use crate::emit::Emit;

/// What a row says, where an event may change it.
#[derive(Default)]
pub(super) struct Known {
    followed: BTreeMap<(AddressHash, EventId, Time), Followed>,
    lifts: BTreeMap<(String, EventId, Time), Lift>,
}

impl Known {
    /// What the row says that a fact can have an effect on.
    pub(super) fn of(contact: &Contact, fact: &ContactFact) -> Self {
        let is_register = matches!(fact, ContactFact::Unsubscribed { .. } | ContactFact::Resubscribed { .. });
        let is_link = matches!(fact, ContactFact::Addressed { .. } | ContactFact::Removed { .. });
        let followed = if is_register || is_link { contact.followed() } else { Vec::new() };
        let lifts = if is_register { contact.lifts() } else { Vec::new() };
        Self {
            followed: followed.into_iter().map(|item| ((item.address, item.entry.id, item.entry.time), item)).collect(),
            lifts: lifts.into_iter().map(|lift| ((lift.message.clone(), lift.id, lift.time), lift)).collect(),
        }
    }

    /// Sends on what the row says now and did not say before the event.
    pub(super) fn difference(&self, contact: &Contact, event: &ContactEvent, emit: &mut Emit<'_>) {
        let now = Self::of(contact, &event.fact);
        for (key, item) in now.followed {
            if self.followed.get(&key) != Some(&item) {
                emit.contact(&follower(event, item));
            }
        }
        for (key, item) in now.lifts {
            if self.lifts.get(&key) != Some(&item) {
                emit.event(&lift(&event.organisation, item));
            }
        }
    }
}

/// Answers an unsubscribe that the row does not keep with the lifts that are later than it.
pub(super) fn answer(contact: &Contact, event: &ContactEvent, emit: &mut Emit<'_>) {
    let ContactFact::Unsubscribed { scope, message: Some(message) } = &event.fact else { return };
    if contact.facts().any(|entry| entry.id == event.id) {
        return;
    }
    for item in contact.answers(message, scope, event.time) {
        emit.event(&lift(&event.organisation, item));
    }
}

/// What an address hears of its client. Each client that has the address is heard by itself.
fn follower(event: &ContactEvent, item: Followed) -> ContactEvent {
    let client = match &event.subject {
        Subject::Client(client) => client.as_bytes(),
        Subject::Address(hash) => &hash.0,
    };
    let entry = item.entry;
    ContactEvent {
        organisation: event.organisation.clone(),
        subject: Subject::Address(item.address),
        id: identity::event(&[b"follows", client, &entry.id.0]),
        time: entry.time,
        decoder: entry.decoder,
        retracted: entry.retracted,
        version: entry.version,
        fact: entry.fact,
        part: None,
        arrival: entry.arrival,
    }
}

/// The lift as the message hears it.
fn lift(organisation: &str, lift: Lift) -> Event {
    let id = identity::event(&[b"lift", lift.message.as_bytes(), &lift.id.0]);
    Event {
        organisation: organisation.to_owned(),
        message: lift.message,
        id,
        time: lift.time,
        decoder: lift.version,
        retracted: lift.retracted,
        rank: Rank::Tags,
        attribution: Attribution::default(),
        provider: String::new(),
        fact: Fact::Resubscribed { scope: lift.scope, from_register: true },
        arrival: lift.arrival,
    }
}
