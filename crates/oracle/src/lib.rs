//! The recount: every event kept, every number computed from all of them in the plainest way. Shares words with the folds
//! (facts, times, the shape of the counters) and none of their code, so that a mistake would have to be made twice.
//!
//! Needs memory for all events that it is given: about 400 bytes each. Whoever has more gives it a part of the messages at a
//! time and adds the tallies up.

mod campaigns;
pub mod contacts;
mod history;
mod row;
mod status;
mod tally;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use domain::{Event, EventId};

pub use campaigns::Share;
pub use contacts::{ContactVerdict, Contacts};
pub use history::Part;
pub use row::Row;
pub use status::Verdict;
pub use tally::Tally;

/// A message, named by its organisation and id.
pub type Name = (String, String);

/// All events, by message.
#[derive(Clone, Debug, Default)]
pub struct Recount {
    messages: BTreeMap<Name, Held>,
    /// Messages with events that the tallies lack.
    behind: BTreeSet<Name>,
    tallies: BTreeMap<Name, Tally>,
    events: u64,
}

/// The events of a message in the order in which they were taken, and how many of them the tallies know.
#[derive(Clone, Debug, Default)]
struct Held {
    events: Vec<Event>,
    tallied: usize,
}

impl Recount {
    /// Takes an event, in any order and as often as it comes.
    pub fn take(&mut self, event: Event) {
        self.events += 1;
        let name = (event.organisation.clone(), event.message.clone());
        self.behind.insert(name.clone());
        self.messages.entry(name).or_default().events.push(event);
    }

    /// Events taken, copies included.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The messages that have an event, by name.
    pub fn messages(&self) -> impl Iterator<Item = &Name> {
        self.messages.keys()
    }

    /// What the facts of a message amount to; `None` when it has none.
    pub fn verdict(&self, name: &Name) -> Option<Verdict> {
        let live = live(&self.messages.get(name)?.events);
        (!live.is_empty()).then(|| status::verdict(&live))
    }

    /// What each message counts for, and where.
    pub fn shares(&self) -> impl Iterator<Item = (&Name, Share)> {
        self.messages.iter().filter_map(|(name, held)| Some((name, campaigns::share(&live(&held.events))?)))
    }
}

/// One event an id, that of the highest decoder; without those that were taken back; by (time, id).
fn live<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<&'a Event> {
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
