//! One event as its contact's row keeps it.

use std::cmp::Ordering;

use super::{ContactEvent, ContactFact};
use crate::entry::clip_scope;
use crate::kept::Copied;
use crate::{Arrival, EventId, Time};

/// A kept event. Public fields, because [`super::Contact::from_facts`] normalises whatever it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactEntry {
    /// Identity of the event.
    pub id: EventId,
    /// When it happened.
    pub time: Time,
    /// Version of the decoder that read it.
    pub decoder: u32,
    /// It is taken back.
    pub retracted: bool,
    /// See [`ContactEvent::version`].
    pub version: Time,
    /// What happened.
    pub fact: ContactFact,
    /// How its first copy reached us, for facts that go on to messages; nothing for the others.
    pub arrival: Arrival,
}

impl ContactEntry {
    /// The entry of an event; `None` for one that says nothing of the contact itself.
    pub(crate) fn of(event: &ContactEvent) -> Option<Self> {
        let entry = Self {
            id: event.id,
            time: event.time,
            decoder: event.decoder,
            retracted: event.retracted,
            version: event.version,
            fact: event.fact.clone(),
            arrival: event.arrival.clone(),
        };
        (event.fact != ContactFact::Held).then(|| entry.normalised())
    }

    /// Texts cut to their bounds, and no arrival where nothing goes on. An erasure cannot be taken back.
    pub(crate) fn normalised(mut self) -> Self {
        match &mut self.fact {
            ContactFact::Unsubscribed { scope, .. } | ContactFact::Resubscribed { scope, .. } => clip_scope(scope),
            ContactFact::Erased => self.retracted = false,
            _ => {}
        }
        if self.fact.register().is_none() {
            self.arrival = Arrival::default();
        }
        self
    }

    /// Whether both are the same copy, arrival aside.
    pub(crate) fn is_copy_of(&self, other: &Self) -> bool {
        self.key() == other.key() && self.version(other).is_eq()
    }
}

impl Copied for ContactEntry {
    fn key(&self) -> (Time, EventId) {
        (self.time, self.id)
    }

    fn version(&self, other: &Self) -> Ordering {
        let content = |entry: &Self| (entry.version, entry.decoder, entry.retracted);
        content(self).cmp(&content(other)).then_with(|| self.fact.cmp(&other.fact))
    }

    fn retracted(&self) -> bool {
        self.retracted
    }
}
