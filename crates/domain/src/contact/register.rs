//! The registers of unsubscribes: per scope the latest event time wins, a tie is unsubscribed. An unsubscribe that was
//! made from a message holds in that message too, so a lift, wherever it came from, goes to every such message.

use std::collections::{BTreeMap, BTreeSet};

use super::{Contact, ContactEntry};
use crate::kept::Row;
use crate::{Arrival, EventId, Scope, Time};

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

/// A lift that a message is to know. Its identity is (message, id).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lift {
    /// The message whose unsubscribe is lifted.
    pub message: String,
    /// The register's fact.
    pub id: EventId,
    /// What was subscribed to again.
    pub scope: Scope,
    /// When.
    pub time: Time,
    /// Of two words on one lift the higher holds: it grows with the decoder and with what decides whether it follows a client.
    pub version: u32,
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
        let mut found = BTreeMap::new();
        for off in self.rows() {
            if let (Some(message), Some((scope, true))) = (off.copy.fact.message(), off.copy.fact.register()) {
                self.add_answers(message, scope, off.copy.time, &mut found);
            }
        }
        found.into_values().collect()
    }

    /// The lifts that answer one unsubscribe, whether or not it is kept.
    pub fn answers(&self, message: &str, scope: &Scope, time: Time) -> Vec<Lift> {
        let mut found = BTreeMap::new();
        self.add_answers(message, scope, time, &mut found);
        found.into_values().collect()
    }

    fn add_answers(
        &self,
        message: &str,
        scope: &Scope,
        time: Time,
        found: &mut BTreeMap<(String, EventId, Time), Lift>,
    ) {
        for on in self.spoken_copies().filter(|on| on.copy.time > time) {
            let Some((lifted, false)) = on.copy.fact.register() else { continue };
            if lifts(lifted, scope) && on.copy.fact.message() != Some(message) {
                // Of one key the winning copy comes first.
                let key = (message.to_owned(), on.copy.id, on.copy.time);
                found.entry(key).or_insert_with(|| lift(message, lifted, on));
            }
        }
    }

    /// The copies that speak for their facts of the register: the one that counts, or those that are taken back.
    pub(super) fn spoken_copies(&self) -> impl Iterator<Item = &Row<ContactEntry>> {
        let of_register = |row: &&Row<ContactEntry>| row.copy.fact.register().is_some();
        let counts = |row: &Row<ContactEntry>| self.live().any(|live| live.id == row.copy.id);
        self.rows().iter().filter(of_register).filter(move |row| row.live || !counts(row))
    }

    fn spoken<'a>(
        &'a self,
        is: impl Fn(&Scope, bool) -> bool + 'a,
    ) -> impl DoubleEndedIterator<Item = &'a ContactEntry> {
        self.live().filter(move |entry| entry.fact.register().is_some_and(|(scope, off)| is(scope, off)))
    }
}

fn lift(message: &str, scope: &Scope, on: &Row<ContactEntry>) -> Lift {
    let seconds = u32::try_from(on.copy.version.micros() / 1_000_000).unwrap_or(u32::MAX);
    Lift {
        message: message.to_owned(),
        id: on.copy.id,
        scope: scope.clone(),
        time: on.copy.time,
        version: seconds.saturating_add(on.copy.decoder),
        retracted: !on.live,
        arrival: on.copy.arrival.clone(),
    }
}
