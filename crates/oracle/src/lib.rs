//! The recount: every event kept, every number computed from all of them in the plainest way. Shares words with the folds
//! (facts, times, the shape of the counters) and none of their code, so that a mistake would have to be made twice.
//!
//! Needs memory for all events: about 400 bytes each.

mod campaigns;
mod status;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use domain::{Event, EventId};

pub use campaigns::Share;
pub use status::Verdict;

/// A message, named by its organisation and id.
pub type Name = (String, String);

/// All events, by message.
#[derive(Clone, Debug, Default)]
pub struct Recount {
    messages: BTreeMap<Name, Vec<Event>>,
    events: u64,
}

impl Recount {
    /// Takes an event, in any order and as often as it comes.
    pub fn take(&mut self, event: Event) {
        self.events += 1;
        self.messages.entry((event.organisation.clone(), event.message.clone())).or_default().push(event);
    }

    /// Events taken, copies included.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The messages that have a fact.
    pub fn messages(&self) -> impl Iterator<Item = &Name> {
        self.messages.keys()
    }

    /// What the facts of a message amount to; `None` when it has none.
    pub fn verdict(&self, name: &Name) -> Option<Verdict> {
        let live = live(self.messages.get(name)?);
        (!live.is_empty()).then(|| status::verdict(&live))
    }

    /// Every event of a message as it came, by time: the history of a difference.
    pub fn history(&self, name: &Name) -> Vec<&Event> {
        let mut history: Vec<&Event> = self.messages.get(name).into_iter().flatten().collect();
        history.sort_by_key(|event| (event.time, event.id, event.arrival.clone()));
        history
    }

    /// What each message counts for, and where.
    pub fn shares(&self) -> impl Iterator<Item = (&Name, Share)> {
        self.messages.iter().filter_map(|(name, events)| Some((name, campaigns::share(&live(events))?)))
    }

    /// Each campaign's numbers, by (organisation, campaign).
    pub fn campaigns(&self) -> BTreeMap<Name, domain::Counters> {
        let mut sums: BTreeMap<Name, domain::Counters> = BTreeMap::new();
        for ((organisation, _), share) in self.shares() {
            sums.entry((organisation.clone(), share.campaign)).or_default().add(&share.counters);
        }
        sums
    }
}

/// One event an id, that of the highest decoder; without those that were taken back; by (time, id).
fn live(events: &[Event]) -> Vec<&Event> {
    let mut winners: BTreeMap<EventId, &Event> = BTreeMap::new();
    for event in events {
        let held = winners.entry(event.id).or_insert(event);
        if precedence(event) > precedence(held) {
            *held = event;
        }
    }
    let mut live: Vec<&Event> = winners.into_values().filter(|event| !event.retracted).collect();
    live.sort_by_key(|event| (event.time, event.id));
    live
}

/// Of two events under one id the greater holds.
fn precedence(event: &Event) -> impl Ord + '_ {
    (event.decoder, event.retracted, Reverse(event.rank), &event.fact, &event.attribution, &event.provider, event.time)
}
