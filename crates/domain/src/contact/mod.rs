//! The row of one contact: registers of unsubscribes, suppression, addresses, the clock of inactivity, the erasure. Owns
//! folding; each file beside this one owns what one group of facts amounts to.

pub mod bound;
pub mod check;
mod clock;
mod entry;
pub mod erasure;
mod event;
mod link;
mod register;
pub mod state;
mod suppression;

pub use clock::{Activity, MONTHS_MAX, MONTHS_MIN, Policy, PolicyError};
pub use entry::ContactEntry;
pub use event::{Cause, ContactEvent, ContactFact, Subject};
pub use link::{Followed, Link};
pub use register::{Lift, Register};
pub use suppression::Suppression;

use crate::kept::{Copied as _, Kept, Row};
use crate::{Change, Time};

/// The facts of one contact, a pure function of the set of events folded into it (I4).
///
/// ```
/// # use domain::contact::{Contact, ContactEvent, ContactFact, Subject};
/// # use domain::{Arrival, Change, EventId, Scope, Time};
/// let subject = Subject::Client("k".into());
/// let event = ContactEvent {
///     organisation: "o".into(), subject: subject.clone(), id: EventId([1; 16]), time: Time::from_micros(5), decoder: 1,
///     retracted: false, version: Time::default(), part: None, arrival: Arrival::default(),
///     fact: ContactFact::Unsubscribed { scope: Scope::Organisation, message: None },
/// };
/// let mut contact = Contact::new(&subject);
/// assert_eq!(contact.fold(&event), Change::Changed);
/// assert_eq!(contact.fold(&event), Change::Duplicate);
/// assert!(contact.is_unsubscribed(&Scope::Organisation));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    is_client: bool,
    kept: Kept<ContactEntry>,
}

impl Contact {
    /// A contact of whom nothing is known.
    pub fn new(subject: &Subject) -> Self {
        Self { is_client: matches!(subject, Subject::Client(_)), kept: Kept::default() }
    }

    /// A row of any facts in any order; total: copies are merged, bounds applied.
    pub fn from_facts(subject: &Subject, facts: impl IntoIterator<Item = ContactEntry>) -> Self {
        let mut entries: Vec<ContactEntry> = facts.into_iter().map(ContactEntry::normalised).collect();
        entries
            .sort_by(|a, b| a.key().cmp(&b.key()).then_with(|| a.version(b)).then_with(|| a.arrival.cmp(&b.arrival)));
        entries.dedup_by(|later, earlier| later.is_copy_of(earlier));
        let mut contact = Self { kept: Kept::from_copies(entries), ..Self::new(subject) };
        contact.settle();
        contact
    }

    /// Adds an event. Any order and duplication of the same events ends in the same row (I4).
    pub fn fold(&mut self, event: &ContactEvent) -> Change {
        let Some(entry) = ContactEntry::of(event) else {
            return Change::Ignored("says only what is kept in private");
        };
        if bound::is_refused(&entry, self.erased_at()) {
            return Change::Ignored("older than the erasure of the client");
        }
        let is_copy = |known: &ContactEntry| known.is_copy_of(&entry);
        if self.kept.at(entry.key()).iter().any(|row| is_copy(&row.copy)) {
            let earlier = self.kept.rows_mut().find(|known| is_copy(known) && entry.arrival < known.arrival);
            return earlier.map_or(Change::Duplicate, |known| {
                known.arrival = entry.arrival.clone();
                Change::Changed
            });
        }
        let before = self.kept.rows().len();
        self.kept.insert(entry.clone());
        self.settle();
        let survived = self.kept.at(entry.key()).iter().any(|row| row.copy.is_copy_of(&entry));
        if survived || self.kept.rows().len() != before {
            return Change::Changed;
        }
        Change::Ignored("beyond the facts that a contact keeps")
    }

    /// The kept facts by (time, id), superseded and retracted ones too, for a codec and for the history.
    pub fn facts(&self) -> impl ExactSizeIterator<Item = &ContactEntry> {
        self.kept.rows().iter().map(|row| &row.copy)
    }

    /// The facts that count: of each event the highest version, unless it is retracted.
    pub fn live(&self) -> impl DoubleEndedIterator<Item = &ContactEntry> {
        self.kept.live()
    }

    /// When the client was last erased: facts that are not later are refused.
    pub fn erased_at(&self) -> Option<Time> {
        bound::erased(self.kept.rows())
    }

    /// The latest event about the contact: of a client what a person would call a change of its file. A mail that is sent
    /// to a client changes nothing of it; what came of the mail may.
    pub fn changed_at(&self) -> Option<Time> {
        let is_change = |entry: &&ContactEntry| !matches!(entry.fact, ContactFact::Addressed { by_send: true, .. });
        let changed = self.live().filter(is_change).map(|entry| entry.time).max();
        self.erased_at().max(changed)
    }

    fn rows(&self) -> &[Row<ContactEntry>] {
        self.kept.rows()
    }

    fn settle(&mut self) {
        let chosen = bound::choice(self.kept.rows(), self.is_client);
        self.kept.retain(&chosen);
    }
}
