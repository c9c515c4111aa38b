//! The registers of unsubscribes: per scope the latest event time wins, a tie is unsubscribed. An unsubscribe that was
//! made from a message holds in that message too, so a lift, wherever it came from, goes to every such message.

use std::collections::{BTreeMap, BTreeSet};

use super::{Contact, ContactEntry};
use crate::kept::Row;
use crate::{Arrival, Scope, Time};

/// Where one scope's register stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    /// Of what.
    pub scope: Scope,
    /// Unsubscribed, or lifted.
    pub unsubscribed: bool,
    /// When that began: the first unsubscribe that is not lifted, or the first lift after the last unsubscribe. Exact up
    /// to the bounds of [`super::bound`].
    pub since: Time,
    /// The message that the deciding event was made from.
    pub message: Option<String>,
}

/// A lift that a message is to know. Its identity is (message, scope, time): told twice it is told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lift {
    /// The message whose unsubscribe is lifted.
    pub message: String,
    /// What was subscribed to again.
    pub scope: Scope,
    /// When.
    pub time: Time,
    /// Version of the decoder that read the lift.
    pub decoder: u32,
    /// It is taken back.
    pub retracted: bool,
    /// How its first copy reached us.
    pub arrival: Arrival,
}

/// Whether a lift of one scope lifts an unsubscribe of the other: one for the whole organisation lifts every scope.
fn lifts(lift: &Scope, unsubscribed: &Scope) -> bool {
    lift == unsubscribed || *lift == Scope::Organisation
}

impl Contact {
    /// Every scope that was ever spoken of, by scope.
    pub fn registers(&self) -> Vec<Register> {
        let scopes: BTreeSet<&Scope> =
            self.live().filter_map(|entry| entry.fact.register()).map(|(scope, _)| scope).collect();
        scopes.into_iter().filter_map(|scope| self.register(scope)).collect()
    }

    /// Whether mail of this scope is unsubscribed from.
    pub fn is_unsubscribed(&self, scope: &Scope) -> bool {
        self.register(scope).is_some_and(|register| register.unsubscribed)
    }

    /// Where one scope's register stands; `None` when it was never spoken of.
    pub fn register(&self, scope: &Scope) -> Option<Register> {
        let off = || self.spoken(move |of, off| off && of == scope);
        let on = || self.spoken(move |of, off| !off && lifts(of, scope));
        let (last_off, last_on) = (off().last().map(|entry| entry.time), on().last().map(|entry| entry.time));
        let unsubscribed = last_off.is_some_and(|off| Some(off) >= last_on);
        let decided = if unsubscribed {
            off().find(|entry| Some(entry.time) >= last_on)
        } else {
            on().find(|entry| Some(entry.time) > last_off)
        }?;
        let message = decided.fact.message().map(str::to_owned);
        Some(Register { scope: scope.clone(), unsubscribed, since: decided.time, message })
    }

    /// The lifts that messages are to know: of every message that unsubscribed here, each later lift of its scope. The
    /// message that a lift was made from knows it already.
    pub fn lifts(&self) -> Vec<Lift> {
        let spoken = |off: bool| {
            let of = move |row: &'_ Row<ContactEntry>| row.copy.fact.register().is_some_and(|(_, is)| is == off);
            self.rows().iter().filter(move |row| of(row))
        };
        let mut found: BTreeMap<(&str, &Scope, Time), Lift> = BTreeMap::new();
        for off in spoken(true) {
            let (Some(message), Some((scope, _))) = (off.copy.fact.message(), off.copy.fact.register()) else {
                continue;
            };
            for on in spoken(false).filter(|on| on.copy.time > off.copy.time) {
                let Some((lifted, _)) = on.copy.fact.register().filter(|(lifted, _)| lifts(lifted, scope)) else {
                    continue;
                };
                if on.copy.fact.message() != Some(message) {
                    merge(&mut found, (message, lifted, on.copy.time), on);
                }
            }
        }
        found.into_values().collect()
    }

    /// The lifts that answer one unsubscribe, whether or not it is kept.
    pub fn answers(&self, message: &str, scope: &Scope, time: Time) -> Vec<Lift> {
        let mut found = BTreeMap::new();
        for on in self.rows().iter().filter(|on| on.copy.time > time) {
            let Some((lifted, false)) = on.copy.fact.register() else { continue };
            if lifts(lifted, scope) && on.copy.fact.message() != Some(message) {
                merge(&mut found, (message, lifted, on.copy.time), on);
            }
        }
        found.into_values().collect()
    }

    fn spoken<'a>(
        &'a self,
        is: impl Fn(&Scope, bool) -> bool + 'a,
    ) -> impl DoubleEndedIterator<Item = &'a ContactEntry> {
        self.live().filter(move |entry| entry.fact.register().is_some_and(|(scope, off)| is(scope, off)))
    }
}

/// Of lifts at one time any that stands makes the lift stand; of several the first arrival is told.
fn merge<'a>(
    found: &mut BTreeMap<(&'a str, &'a Scope, Time), Lift>,
    at: (&'a str, &'a Scope, Time),
    on: &Row<ContactEntry>,
) {
    let lift = Lift {
        message: at.0.to_owned(),
        scope: at.1.clone(),
        time: at.2,
        decoder: on.copy.decoder,
        retracted: !on.live,
        arrival: on.copy.arrival.clone(),
    };
    let held = found.entry(at).or_insert_with(|| lift.clone());
    held.retracted &= lift.retracted;
    held.decoder = held.decoder.max(lift.decoder);
    if lift.arrival < held.arrival {
        held.arrival = lift.arrival;
    }
}
