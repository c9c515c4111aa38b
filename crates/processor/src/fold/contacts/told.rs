//! What a contact's row makes known to others: the difference of what it says after and before an event.

use std::collections::BTreeMap;

use bytes::Bytes;
use contract::{contact, identity};
use domain::contact::{Contact, ContactEvent, ContactFact, Followed, Lift, Subject};
use domain::{AddressHash, Attribution, Event, EventId, Fact, Rank, Time};
use engine::Change;

use super::table::read;
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
        Self::from(followed, lifts)
    }

    /// All that a row says.
    fn all(contact: &Contact) -> Self {
        Self::from(contact.followed(), contact.lifts())
    }

    fn from(followed: Vec<Followed>, lifts: Vec<Lift>) -> Self {
        Self {
            followed: followed.into_iter().map(|item| ((item.address, item.entry.id, item.entry.time), item)).collect(),
            lifts: lifts.into_iter().map(|lift| ((lift.message.clone(), lift.id, lift.time), lift)).collect(),
        }
    }

    /// Sends on what the row says now and did not say before the event.
    pub(super) fn difference(&self, contact: &Contact, event: &ContactEvent, emit: &mut Emit<'_>) {
        self.less(Self::of(contact, &event.fact), &event.organisation, &event.subject, emit);
    }

    fn less(&self, now: Self, organisation: &str, subject: &Subject, emit: &mut Emit<'_>) {
        for (key, item) in now.followed {
            if self.followed.get(&key) != Some(&item) {
                emit.contact(&follower(organisation, subject, item));
            }
        }
        for (key, item) in now.lifts {
            if self.lifts.get(&key) != Some(&item) {
                emit.event(&lift(organisation, item));
            }
        }
    }
}

/// Sends on what a row says after a rebuild and did not say before. Rows about parts say nothing.
pub(super) fn again(change: &Change, emit: &mut Emit<'_>) {
    let Some((organisation, subject)) = contact::subject(&change.key) else { return };
    let read = |row: &Option<Bytes>| Known::all(&read(&subject, row.as_deref()));
    read(&change.before).less(read(&change.after), organisation, &subject, emit);
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
fn follower(organisation: &str, subject: &Subject, item: Followed) -> ContactEvent {
    let client = match subject {
        Subject::Client(client) => client.as_bytes(),
        Subject::Address(hash) => &hash.0,
    };
    let entry = item.entry;
    ContactEvent {
        organisation: organisation.to_owned(),
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
