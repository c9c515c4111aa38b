//! The contacts fold: events of a client or of an address to its row. What a row makes known goes on by difference: a
//! client's registers to its addresses, lifts to the messages that hold an unsubscribe. Nothing goes from an address to a
//! client, nor back from a message what a register sent, so every chain ends after two steps.

mod parts;
mod table;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use contract::proto::contact::v1 as wire;
use contract::topic::Topic;
use contract::{contact, key};
use domain::contact::{ContactEvent, ContactFact, Subject};
use domain::{Change, Time};
use engine::{
    Disposition, Effects, Folded, Found, Headers, Made, Polled, Processor, Rebuilt, Rows, Stored, TopicPartition,
};

use super::{load, missing, republished};
use crate::emit::{Emit, made, rebuilt_headers, row_headers};
use crate::reject::Reject;
use crate::settings::Settings;
use table::Table;

pub use parts::{PARTS_ERASED_MAX, TIMES_MAX};

const SCHEMA: &str = "mailtally.contact.v1.ContactState";

/// One partition's contacts.
pub struct Contacts {
    settings: Arc<Settings>,
    version: u32,
}

/// A record read.
struct Read {
    key: Bytes,
    event: ContactEvent,
    /// How often an erasure was continued.
    pass: u32,
}

impl Read {
    /// Key of the fold's own row about the part that the event names.
    fn part_key(&self) -> Option<Bytes> {
        match (&self.event.subject, &self.event.part) {
            (Subject::Client(client), Some(part)) => Some(key::client_part(&self.event.organisation, client, part)),
            _ => None,
        }
    }
}

impl Contacts {
    /// The fold of an installation, under a version of its rules.
    pub fn new(settings: Arc<Settings>, version: u32) -> Self {
        Self { settings, version }
    }

    fn read(&self, partition: u32, stored: &Stored) -> Result<Read, (String, Reject)> {
        let key = stored.record.key.clone().unwrap_or_default();
        let Some((organisation, subject)) = contact::subject(&key) else {
            let detail = "the key is not (organisation, client, id) or (organisation, address, hash): write the intake";
            return Err((String::new(), Reject::record("bad_key", detail)));
        };
        let refused = |why: Reject| (organisation.to_owned(), why);
        if key::partition(&key, self.settings.partitions) != partition {
            let detail = "the contact belongs to another partition: write the intake";
            return Err(refused(Reject::record("wrong_partition", detail)));
        }
        let value = stored.record.value.as_deref().unwrap_or_default();
        let read = contract::decode::<wire::ContactEvent>("ContactEvent", value)
            .and_then(|wire| Ok((contact::from_wire(organisation, &subject, &wire)?, wire.pass)));
        let (event, pass) = read.map_err(|error| refused(Reject::record("bad_contact_event", error.to_string())))?;
        Ok(Read { key, event, pass })
    }

    /// Every row that the batch may touch; the error asks for what is not loaded.
    fn before(read: &[Result<Read, (String, Reject)>], rows: &dyn Rows) -> Result<Table, Box<Folded>> {
        let mut keys: BTreeSet<Bytes> = BTreeSet::new();
        let mut prefixes: BTreeMap<Bytes, usize> = BTreeMap::new();
        for read in read.iter().flatten() {
            keys.insert(read.key.clone());
            keys.extend(read.part_key());
            if read.event.fact == ContactFact::Erased {
                let wanted = prefixes.entry(read.key.clone()).or_default();
                *wanted = (*wanted).max(parts::looked_at(read.pass));
            }
        }
        let scans: Vec<_> = prefixes.keys().map(|prefix| (prefix.clone(), rows.scan(prefix))).collect();
        let absent = scans.iter().filter(|(_, found)| found.is_none());
        let wanted: Vec<(Bytes, usize)> =
            absent.filter_map(|(prefix, _)| Some((prefix.clone(), *prefixes.get(prefix)?))).collect();
        let found = match load(rows, &keys) {
            Ok(found) if wanted.is_empty() => found,
            Ok(_) => return Err(Box::new(Folded::Missing { keys: Vec::new(), prefixes: wanted })),
            Err(keys) if wanted.is_empty() => return Err(Box::new(missing(keys))),
            Err(keys) => return Err(Box::new(Folded::Missing { keys, prefixes: wanted })),
        };
        let scans = scans.into_iter().map(|(prefix, found)| (prefix, found.unwrap_or_default())).collect();
        Ok(Table::new(found, scans))
    }
}

impl Processor for Contacts {
    fn fold(&mut self, batch: &Polled, rows: &dyn Rows) -> Folded {
        let read: Vec<_> = batch.records.iter().map(|stored| self.read(batch.partition, stored)).collect();
        let mut table = match Self::before(&read, rows) {
            Ok(table) => table,
            Err(absent) => return *absent,
        };
        let source = TopicPartition { topic: self.settings.topic(Topic::ContactEvents), partition: batch.partition };
        let mut emit = Emit::new(&self.settings);
        let mut dispositions = Vec::with_capacity(read.len());
        let mut as_of = Time::default();
        for (stored, read) in batch.records.iter().zip(&read) {
            emit.at(stored.record.timestamp_ms);
            dispositions.push(match read {
                Ok(read) => {
                    as_of = as_of.max(read.event.time);
                    take(&mut table, read, &mut emit)
                }
                Err((organisation, why)) => {
                    emit.dead_letter(&source, stored, organisation, why);
                    Disposition::DeadLettered(why.reason)
                }
            });
        }
        Folded::Done(Effects {
            rows: table.changed(),
            outputs: emit.into_outputs(),
            row_headers: row_headers(SCHEMA, self.version, &source, batch.next, as_of),
            row_timestamp_ms: batch.records.last().map_or(0, |stored| stored.record.timestamp_ms),
            dispositions,
            ..Effects::default()
        })
    }

    fn restore(&mut self, _: &[(Bytes, Option<Bytes>)], _: &dyn Rows) -> Folded {
        Folded::Done(Effects::default())
    }

    fn made(&self, headers: &Headers) -> Made {
        made(headers)
    }

    fn rebuilt(&mut self, rebuilt: &Rebuilt<'_>, _: &dyn Rows) -> Folded {
        let source = TopicPartition { topic: self.settings.topic(Topic::ContactEvents), partition: rebuilt.partition };
        let headers = rebuilt_headers(SCHEMA, self.version, &source, rebuilt);
        let mut effects = republished(rebuilt, headers);
        let mut emit = Emit::new(&self.settings);
        emit.at(rebuilt.timestamp_ms);
        if let Found::Changes(changes) = rebuilt.found {
            changes.iter().for_each(|change| told::again(change, &mut emit));
        }
        effects.outputs = emit.into_outputs();
        Folded::Done(effects)
    }
}

/// Takes one event into the rows, and sends on what it makes known.
fn take(table: &mut Table, read: &Read, emit: &mut Emit<'_>) -> Disposition {
    let event = &read.event;
    let before = told::Known::of(table.contact(&read.key, &event.subject), &event.fact);
    let change = table.contact(&read.key, &event.subject).fold(event);
    let contact = table.contact(&read.key, &event.subject);
    if change == Change::Changed {
        before.difference(contact, event, emit);
    } else {
        told::answer(contact, event, emit);
    }
    let erased = contact.erased_at();
    let did = match (&event.subject, &event.fact) {
        (Subject::Client(client), ContactFact::Erased) => {
            if change == Change::Changed {
                parts::mark(&event.organisation, client, erased, emit);
            }
            parts::erase(table, read, client, (erased, change == Change::Changed), emit)
        }
        (Subject::Client(client), _) => parts::hold(table, read, client, erased, emit),
        (Subject::Address(_), _) => false,
    };
    match change {
        Change::Changed => Disposition::Folded,
        _ if did => Disposition::Folded,
        Change::Duplicate => Disposition::Duplicate,
        Change::Ignored(_) if event.fact == ContactFact::Held => Disposition::Duplicate,
        Change::Ignored(why) => Disposition::Ignored(why),
    }
}
