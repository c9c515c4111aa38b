//! The row of one message: the set of its facts. Owns folding and the bound; what the facts amount to is `status`'s.

use std::sync::Arc;

use crate::bound::{self, Beyond};
use crate::entry::{Entry, clipped, is_within_bounds};
use crate::kept::{Copied, Kept};
use crate::{Event, Time};

/// What folding an event did to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The row differs and must be written.
    Changed,
    /// The row has this event already.
    Duplicate,
    /// The row stays as it is, for this reason.
    Ignored(&'static str),
}

/// The facts of one message, a pure function of the set of events folded into it (I4).
///
/// ```
/// # use domain::{Arrival, Attribution, Change, Event, EventId, Fact, Message, Rank, Status, Time};
/// let event = Event {
///     organisation: "o".into(), message: "m".into(), id: EventId([1; 16]), time: Time::from_micros(5), decoder: 1,
///     retracted: false, rank: Rank::Send, attribution: Attribution::default(), provider: String::new(),
///     fact: Fact::Sent, arrival: Arrival::default(),
/// };
/// let mut message = Message::default();
/// assert_eq!(message.fold(&event), Change::Changed);
/// assert_eq!(message.fold(&event), Change::Duplicate);
/// assert_eq!(message.standing().status, Status::Sent);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    kept: Kept<Entry>,
    beyond: Beyond,
}

impl Message {
    /// A row of any facts in any order; total: copies are merged, bounds applied.
    pub fn from_facts(facts: impl IntoIterator<Item = Entry>, beyond: Beyond) -> Self {
        let facts: Vec<Entry> = facts.into_iter().collect();
        if is_settled(&facts) {
            return Self { kept: Kept::of_distinct(facts), beyond };
        }
        let mut shared: Vec<Entry> = Vec::with_capacity(facts.len());
        for mut entry in facts {
            entry.fact = clipped(&entry.fact);
            share(&mut entry, &shared);
            shared.push(entry);
        }
        let mut message = Self { kept: Kept::from_copies(merge_arrivals(shared)), beyond };
        message.settle();
        message
    }

    /// The kept facts by (time, id), superseded and retracted ones too, for a codec and for the timeline.
    pub fn facts(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.kept.rows().iter().map(|row| &row.copy)
    }

    /// The facts that count: of each event the highest version, unless it is retracted.
    pub fn live(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.kept.live()
    }

    /// Whether the fact at this place of [`Self::facts`] counts.
    pub fn is_live(&self, place: usize) -> bool {
        self.kept.rows().get(place).is_some_and(|row| row.live)
    }

    /// What came and could not be kept.
    pub fn beyond(&self) -> Beyond {
        self.beyond
    }

    /// Whether no fact counts: never folded into, or all retracted.
    pub fn is_empty(&self) -> bool {
        self.kept.live().next().is_none()
    }

    /// Campaigns that sends of this message name, with the earliest time of each. Retracted and superseded sends are
    /// among them, so that a campaign's first send only ever gets earlier.
    pub fn sends(&self) -> impl Iterator<Item = (&str, Time)> {
        let sends = self.facts().filter(|entry| entry.fact == crate::Fact::Sent);
        sends.filter_map(|entry| Some((entry.attribution.campaign.as_deref()?, entry.time)))
    }

    /// Adds an event. Any order and duplication of the same events ends in the same row (I4).
    pub fn fold(&mut self, event: &Event) -> Change {
        let there = self.kept.at((event.time, event.id));
        if let Some(row) = there.iter().find(|row| row.copy.is_copy_of(event)) {
            return if event.arrival < row.copy.arrival { self.arrived_earlier(event) } else { Change::Duplicate };
        }
        let crowded = !there.is_empty() || self.kept.rows().len() >= bound::FACTS_FIRST;
        let mut entry = Entry::of(event, self.kept.rows().iter().map(|row| &row.copy));
        let earlier = self.share_arrival(&mut entry);
        if !crowded {
            self.kept.insert(entry);
            return Change::Changed;
        }
        let change = self.fold_crowded(entry);
        if earlier { Change::Changed } else { change }
    }

    fn fold_crowded(&mut self, entry: Entry) -> Change {
        let before = (self.kept.rows().len(), self.beyond);
        let key = entry.key();
        let superseded = self.kept.at(key).iter().any(|row| row.copy.version(&entry).is_gt());
        self.kept.insert(entry.clone());
        self.settle();
        let survived = self.kept.at(key).iter().any(|row| row.copy.version(&entry).is_eq());
        match (survived || (self.kept.rows().len(), self.beyond) != before, superseded) {
            (true, _) => Change::Changed,
            (false, true) => Change::Ignored("a later version of the decoder has spoken"),
            (false, false) => Change::Ignored("beyond the facts that a message keeps"),
        }
    }

    fn arrived_earlier(&mut self, event: &Event) -> Change {
        for entry in self.kept.rows_mut().filter(|entry| entry.id == event.id) {
            entry.arrival.clone_from(&event.arrival);
        }
        Change::Changed
    }

    /// Copies of one event have one arrival: the earliest. Says whether that moved a known one.
    fn share_arrival(&mut self, entry: &mut Entry) -> bool {
        let mut moved = false;
        for known in self.kept.rows_mut().filter(|known| known.id == entry.id) {
            if known.arrival <= entry.arrival {
                entry.arrival.clone_from(&known.arrival);
            } else {
                known.arrival.clone_from(&entry.arrival);
                moved = true;
            }
        }
        moved
    }

    fn settle(&mut self) {
        let (chosen, beyond) = bound::choice(self.kept.rows());
        self.kept.retain(&chosen);
        self.beyond = self.beyond.with(beyond);
    }
}

/// Whether nothing is to be merged, cut, sorted or left out: the common row, which was written like that.
fn is_settled(facts: &[Entry]) -> bool {
    facts.len() <= bound::FACTS_FIRST
        && facts.iter().enumerate().all(|(place, entry)| {
            let before = facts.get(..place).unwrap_or_default();
            before.last().is_none_or(|last| last.key() < entry.key())
                && before.iter().all(|known| known.id != entry.id)
                && is_within_bounds(&entry.fact)
        })
}

fn share(entry: &mut Entry, known: &[Entry]) {
    if let Some(other) = known.iter().find(|other| other.attribution == entry.attribution) {
        entry.attribution = Arc::clone(&other.attribution);
    }
    if let Some(other) = known.iter().find(|other| other.provider == entry.provider) {
        entry.provider = Arc::clone(&other.provider);
    }
}

/// Drops equal copies and gives all copies of an event its earliest arrival.
fn merge_arrivals(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by(|a, b| a.id.cmp(&b.id).then_with(|| a.arrival.cmp(&b.arrival)));
    let mut first: Option<Entry> = None;
    for entry in &mut entries {
        match &first {
            Some(known) if known.id == entry.id => entry.arrival.clone_from(&known.arrival),
            _ => first = Some(entry.clone()),
        }
    }
    entries.sort_by(|a, b| a.key().cmp(&b.key()).then_with(|| a.version(b)));
    entries.dedup_by(|a, b| a.key() == b.key() && a.version(b).is_eq());
    entries
}
