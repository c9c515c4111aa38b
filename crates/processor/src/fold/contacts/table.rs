//! The rows that a batch touches: as they were and as they are now.

use std::collections::BTreeMap;

use bytes::Bytes;
use contract::proto::contact::v1::ContactState;
use contract::{Proto as _, contact};
use domain::Time;
use domain::contact::{Contact, Subject};

/// Contacts, and the fold's own rows about parts of a client's private rows.
pub(super) struct Table {
    before: BTreeMap<Bytes, Option<Bytes>>,
    /// Rows under the keys of clients that are erased in this batch.
    scans: BTreeMap<Bytes, Vec<(Bytes, Bytes)>>,
    contacts: BTreeMap<Bytes, Contact>,
    /// Event time of each part that was touched; none: removed.
    parts: BTreeMap<Bytes, Option<Time>>,
}

impl Table {
    pub(super) fn new(before: BTreeMap<Bytes, Option<Bytes>>, scans: BTreeMap<Bytes, Vec<(Bytes, Bytes)>>) -> Self {
        Self { before, scans, contacts: BTreeMap::new(), parts: BTreeMap::new() }
    }

    /// The contact of a key. An unreadable row counts as none, and the recount shows it.
    pub(super) fn contact(&mut self, key: &Bytes, subject: &Subject) -> &mut Contact {
        let before = &self.before;
        self.contacts.entry(key.clone()).or_insert_with(|| {
            let held = before.get(key).and_then(Option::as_deref);
            let row = held.and_then(|row| contract::decode::<ContactState>("ContactState", row).ok());
            row.and_then(|row| contact::row_from_wire(subject, &row).ok()).unwrap_or_else(|| Contact::new(subject))
        })
    }

    /// When the part of a key was last written, if it is known.
    pub(super) fn part(&self, key: &Bytes) -> Option<Time> {
        let before = || self.before.get(key).and_then(Option::as_deref).map(held_at);
        self.parts.get(key).copied().unwrap_or_else(before)
    }

    pub(super) fn set_part(&mut self, key: Bytes, held: Option<Time>) {
        self.parts.insert(key, held);
    }

    /// How many rows the scan of a client's key found.
    pub(super) fn scanned(&self, client: &Bytes) -> usize {
        self.scans.get(client).map_or(0, Vec::len)
    }

    /// The parts of a client as far as they are loaded, by key.
    pub(super) fn parts_of(&self, client: &Bytes) -> BTreeMap<Bytes, Time> {
        let scanned = self.scans.get(client).into_iter().flatten();
        let held = scanned.filter(|(key, _)| key != client).map(|(key, row)| (key.clone(), Some(held_at(row))));
        let mut parts: BTreeMap<Bytes, Option<Time>> = held.collect();
        let touched = self.parts.iter().filter(|(key, _)| key.starts_with(client));
        parts.extend(touched.map(|(key, held)| (key.clone(), *held)));
        parts.into_iter().filter_map(|(key, held)| Some((key, held?))).collect()
    }

    /// Rows that differ from what they were, by key.
    pub(super) fn changed(self) -> Vec<(Bytes, Option<Bytes>)> {
        let Self { before, contacts, parts, .. } = self;
        let contacts = contacts.into_iter().filter(|(_, contact)| contact.facts().len() > 0);
        let contacts = contacts.map(|(key, contact)| (key, Some(contact::row_to_wire(&contact))));
        let part = |(key, held): (Bytes, Option<Time>)| {
            (key, held.map(|held| ContactState { held_at_us: held.micros(), ..ContactState::default() }))
        };
        let rows = contacts.chain(parts.into_iter().map(part));
        let rows = rows.map(|(key, row)| (key, row.map(|row| Bytes::from(row.encode_to_vec()))));
        // A part that was scanned and not loaded by key is removed whatever `before` says.
        let changed = rows.filter(|(key, row)| before.get(key) != Some(row));
        changed.collect::<BTreeMap<_, _>>().into_iter().collect()
    }
}

fn held_at(row: &[u8]) -> Time {
    let row = contract::decode::<ContactState>("ContactState", row).unwrap_or_default();
    Time::from_micros(row.held_at_us)
}
