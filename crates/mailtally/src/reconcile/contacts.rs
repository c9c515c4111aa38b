//! Contacts of one partition: their published rows against the oracle's, some contacts at a time so that memory is bounded.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hasher as _};

use anyhow::{Result, anyhow};
use bytes::Bytes;
use contract::contact;
use contract::proto::contact::v1::{Cause as WireCause, ContactEvent as WireEvent, ContactState};
use contract::topic::Topic;
use domain::contact::{Cause, ContactEvent, Subject};
use domain::{AddressHash, Time};
use engine::{Offset, Stored};
use oracle::contacts::ContactName;
use oracle::{ContactVerdict, Contacts};

use super::view::View;
use super::{Difference, Report};
use crate::scan::Steps;

/// Offsets of contact events recounted at once, on average: about 150 MB of memory.
const SLICE_OFFSETS: u64 = 500_000;
/// Events that the history of a difference names.
const HISTORY_MAX: usize = 100;

/// One partition at a vector of positions.
pub(super) struct Partition<'a> {
    view: &'a View<'a>,
    number: u32,
    /// Where the contacts fold stands: its rows reflect the events below.
    committed: Offset,
    slices: u64,
}

impl<'a> Partition<'a> {
    pub(super) fn new(view: &'a View<'a>, number: u32) -> Self {
        let committed = view.committed(Topic::ContactEvents, number);
        Self { view, number, committed, slices: committed.div_ceil(SLICE_OFFSETS).max(1) }
    }

    /// Offsets that the recount reads.
    pub(super) fn work(&self) -> Result<u64> {
        let rows = self.view.length(Topic::ContactState, self.number)?;
        Ok(self.slices.saturating_mul(self.committed.saturating_add(rows)))
    }

    /// The first row that is not what its contact's events amount to.
    pub(super) fn recount(&self, report: &mut Report, steps: &mut Steps<'_>) -> Result<Option<Difference>> {
        let (events, rows) = (Topic::ContactEvents, Topic::ContactState);
        for slice in 0..self.slices {
            let mut contacts = Contacts::default();
            self.view.scan((events, self.number), 0..self.committed, steps, |stored| {
                let is_in = self.is_in(stored.record.key.as_deref().unwrap_or_default(), slice);
                is_in.then(|| self.event(&stored)).flatten().into_iter().for_each(|event| contacts.take(event));
                Ok(())
            })?;
            let is_wanted = |key: &[u8]| self.is_in(key, slice) && contact::subject(key).is_some();
            let rows = self.view.newest((rows, self.number), steps, is_wanted)?;
            report.contacts += u64::try_from(rows.len())?;
            let found = compare(&contacts, &rows)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn is_in(&self, key: &[u8], slice: u64) -> bool {
        let mut hash = DefaultHasher::new();
        hash.write(key);
        hash.finish().checked_rem(self.slices) == Some(slice)
    }

    /// The event of a record; `None` for what the fold dead-letters: it counts nowhere.
    fn event(&self, stored: &Stored) -> Option<ContactEvent> {
        let key = stored.record.key.as_deref().unwrap_or_default();
        let (organisation, subject) = contact::subject(key)?;
        if contract::key::partition(key, self.view.settings().partitions) != self.number {
            return None;
        }
        let value = stored.record.value.as_deref().unwrap_or_default();
        let wire: WireEvent = contract::decode("ContactEvent", value).ok()?;
        contact::from_wire(organisation, &subject, &wire).ok()
    }
}

fn compare(contacts: &Contacts, rows: &BTreeMap<Bytes, Stored>) -> Result<Option<Difference>> {
    let mut names: BTreeSet<ContactName> = contacts.contacts().cloned().collect();
    let mut published: BTreeMap<ContactName, ContactVerdict> = BTreeMap::new();
    for (key, stored) in rows {
        let Some((organisation, subject)) = contact::subject(key) else { continue };
        let name = (organisation.to_owned(), subject);
        let row = contract::decode("ContactState", stored.record.value.as_deref().unwrap_or_default())?;
        published.insert(name.clone(), verdict(&row)?);
        names.insert(name);
    }
    Ok(names.into_iter().find_map(|name| {
        let recounted = contacts.verdict(&name);
        let row = published.remove(&name).unwrap_or_default();
        (row != recounted).then(|| Difference {
            topic: "contact-state",
            name: (name.0.clone(), shown(&name.1)),
            published: format!("{row:?}"),
            recounted: format!("{recounted:?}"),
            history: history(contacts, &name),
        })
    }))
}

pub(super) fn shown(subject: &Subject) -> String {
    match subject {
        Subject::Client(client) => format!("client {client}"),
        Subject::Address(hash) => format!("address {}", contract::json::hex(&hash.0)),
    }
}

fn history(contacts: &Contacts, name: &ContactName) -> Vec<String> {
    let line = |event: &ContactEvent| {
        let retracted = if event.retracted { ", taken back" } else { "" };
        format!("{}  {:?}  by decoder {}{retracted}", event.time.rfc3339(), event.fact, event.decoder)
    };
    contacts.history(name).into_iter().take(HISTORY_MAX).map(line).collect()
}

/// What readers see in a row.
fn verdict(row: &ContactState) -> Result<ContactVerdict> {
    let time = |micros: i64| (micros != 0).then(|| Time::from_micros(micros));
    let mut verdict = ContactVerdict {
        changed_at: time(row.changed_at_us),
        erased_at: time(row.erased_at_us),
        last_interaction: time(row.last_interaction_us),
        last_transaction: time(row.last_transaction_us),
        ..ContactVerdict::default()
    };
    for register in &row.registers {
        let scope = contract::event::scope_from_wire(register.scope, &register.list)?;
        verdict.registers.insert(scope, register.unsubscribed);
    }
    for held in &row.suppressions {
        verdict.suppressions.insert(cause(held.cause()).ok_or_else(|| anyhow!("a suppression without a cause"))?);
    }
    for hash in &row.addresses {
        verdict.addresses.insert(AddressHash(contract::event::sixteen("addresses", hash)?));
    }
    Ok(verdict)
}

fn cause(wire: WireCause) -> Option<Cause> {
    Cause::ALL.into_iter().find(|cause| contact::cause_to_wire(*cause) == wire)
}
