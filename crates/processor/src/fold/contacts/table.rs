//! The rows that a batch touches: as they were and as they are now.

use std::collections::BTreeMap;

use bytes::Bytes;
use contract::proto::contact::v1::ContactState;
use contract::{Proto as _, contact};
use domain::Time;
use domain::contact::{Contact, Subject};

/// For which event times a row of `private` was written, in order.
pub(super) type Times = Vec<Time>;

/// Contacts, and the fold's own rows about parts of a client's private rows.
pub(super) struct Table {
    before: BTreeMap<Bytes, Option<Bytes>>,
    /// Rows under the keys of clients that are erased in this batch.
    scans: BTreeMap<Bytes, Vec<(Bytes, Bytes)>>,
    contacts: BTreeMap<Bytes, Contact>,
    /// Times of each part that was touched; none: removed.
    parts: BTreeMap<Bytes, Times>,
}

impl Table {
    pub(super) fn new(before: BTreeMap<Bytes, Option<Bytes>>, scans: BTreeMap<Bytes, Vec<(Bytes, Bytes)>>) -> Self {
        Self { before, scans, contacts: BTreeMap::new(), parts: BTreeMap::new() }
    }

    /// The contact of a key.
    pub(super) fn contact(&mut self, key: &Bytes, subject: &Subject) -> &mut Contact {
        let before = &self.before;
        self.contacts.entry(key.clone()).or_insert_with(|| read(subject, before.get(key).and_then(Option::as_deref)))
    }

    /// The times of a part; none when nothing is known of it.
    pub(super) fn part(&self, key: &Bytes) -> Times {
        let before = || self.before.get(key).and_then(Option::as_deref).map(held).unwrap_or_default();
        self.parts.get(key).cloned().unwrap_or_else(before)
    }

    pub(super) fn set_part(&mut self, key: Bytes, times: Times) {
        self.parts.insert(key, times);
    }

    /// How many rows the scan of a client's key found.
    pub(super) fn scanned(&self, client: &Bytes) -> usize {
        self.scans.get(client).map_or(0, Vec::len)
    }

    /// The parts of a client as far as they are loaded, by key.
    pub(super) fn parts_of(&self, client: &Bytes) -> BTreeMap<Bytes, Times> {
        let scanned = self.scans.get(client).into_iter().flatten().filter(|(key, _)| key != client);
        let mut parts: BTreeMap<Bytes, Times> = scanned.map(|(key, row)| (key.clone(), held(row))).collect();
        let touched = self.parts.iter().filter(|(key, _)| key.starts_with(client));
        parts.extend(touched.map(|(key, times)| (key.clone(), times.clone())));
        parts.retain(|_, times| !times.is_empty());
        parts
    }

    /// Rows that differ from what they were, by key.
    pub(super) fn changed(self) -> Vec<(Bytes, Option<Bytes>)> {
        let Self { before, contacts, parts, .. } = self;
        let contacts = contacts.into_iter().filter(|(_, contact)| contact.facts().len() > 0);
        let contacts = contacts.map(|(key, contact)| (key, Some(contact::row_to_wire(&contact))));
        let part = |(key, times): (Bytes, Times)| {
            let held_us = times.iter().map(|time| time.micros()).collect();
            (key, (!times.is_empty()).then(|| ContactState { held_us, ..ContactState::default() }))
        };
        let rows = contacts.chain(parts.into_iter().map(part));
        let rows = rows.map(|(key, row)| (key, row.map(|row| Bytes::from(row.encode_to_vec()))));
        // A part that was scanned and not loaded by key is removed whatever `before` says.
        let changed = rows.filter(|(key, row)| before.get(key) != Some(row));
        changed.collect::<BTreeMap<_, _>>().into_iter().collect()
    }
}

/// The contact of a row. An unreadable one counts as none, and the recount shows it.
pub(super) fn read(subject: &Subject, row: Option<&[u8]>) -> Contact {
    let row = row.and_then(|row| contract::decode::<ContactState>("ContactState", row).ok());
    row.and_then(|row| contact::row_from_wire(subject, &row).ok()).unwrap_or_else(|| Contact::new(subject))
}

fn held(row: &[u8]) -> Times {
    let row = contract::decode::<ContactState>("ContactState", row).unwrap_or_default();
    row.held_us.into_iter().map(Time::from_micros).collect()
}
