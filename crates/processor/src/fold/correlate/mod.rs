//! The correlate fold: which message a provider's message id means. A send that names the id and the events that lack our
//! ids find each other in either order; what never matches waits its time, then goes to the dead letters.
//!
//! A row stands under (provider, account, provider's message id, address hash); the row without an address holds events
//! that name no recipient: they reach every recipient of the id. Expiry is driven by the times of the records in the
//! log, never by a clock.

mod expiry;
mod row;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use contract::proto::correlation::v1::{Correlation, Known, Waiting, correlation::Said};
use contract::topic::Topic;
use contract::{Proto as _, key};
use domain::Time;
use engine::{
    Change, Disposition, Effects, Folded, Found, Headers, Made, Polled, Processor, Rebuilt, Rows, Stored,
    TopicPartition,
};

use super::{load, missing, republished};
use crate::emit::{Emit, made, rebuilt_headers, row_headers};
use crate::reject::Reject;
use crate::settings::Settings;
use expiry::Expiry;
use row::{Row, Table};

const SCHEMA: &str = "mailtally.correlation.v1.CorrelationState";

/// Events that wait under one key. More are dead-lettered as `too_many_waiting`.
pub const WAITING_MAX: usize = 64;
/// Recipients of one provider's message id that an event without a recipient reaches: providers take at most 1,000 a
/// request (SendGrid, v3 Mail Send: 1,000 personalizations; Amazon SES: 50 destinations).
pub const RECIPIENTS_MAX: usize = 1_000;

/// One partition's correlations.
pub struct Correlate {
    settings: Arc<Settings>,
    version: u32,
}

/// A record read: where it belongs and what it says.
struct Read {
    key: Bytes,
    group: Bytes,
    said: Correlation,
}

impl Read {
    /// Whether it is an event that names no recipient.
    fn is_for_all(&self) -> bool {
        self.key == without_recipient(&self.group)
    }
}

impl Correlate {
    /// The fold of an installation, under a version of its rules.
    pub fn new(settings: Arc<Settings>, version: u32) -> Self {
        Self { settings, version }
    }

    fn read(&self, partition: u32, stored: &Stored) -> Result<Read, Reject> {
        let key = stored.record.key.clone().unwrap_or_default();
        let group = group_of(&key).ok_or_else(|| {
            Reject::record("bad_key", "the key is not (provider, account, provider's message id, address hash)")
        })?;
        if key::partition(&group, self.settings.partitions) != partition {
            return Err(Reject::record("wrong_partition", "the id belongs to another partition: write the intake"));
        }
        let value = stored.record.value.as_deref().unwrap_or_default();
        let said = contract::decode("Correlation", value)
            .map_err(|error| Reject::record("bad_correlation", error.to_string()))?;
        Ok(Read { key, group, said })
    }
}

impl Processor for Correlate {
    fn fold(&mut self, batch: &Polled, rows: &dyn Rows) -> Folded {
        let read: Vec<_> = batch.records.iter().map(|stored| self.read(batch.partition, stored)).collect();
        let (before, expiry) = match self.before(&read, rows) {
            Ok(before) => before,
            Err(absent) => return *absent,
        };
        let source = TopicPartition { topic: self.settings.topic(Topic::Correlations), partition: batch.partition };
        let mut emit = Emit::new(&self.settings);
        let mut table = Table::new(before, expiry.watermark());
        let mut dispositions = Vec::with_capacity(read.len());
        for (stored, read) in batch.records.iter().zip(read) {
            emit.at(stored.record.timestamp_ms);
            let at = Time::from_micros(stored.record.timestamp_ms.saturating_mul(1_000));
            let done = read.and_then(|read| {
                for key in [&read.key, &without_recipient(&read.group)] {
                    expiry::give_up(&source, stored.offset, key, &mut table, &mut emit);
                }
                take(&mut table, read, at, &mut emit)
            });
            dispositions.push(done.unwrap_or_else(|why| {
                emit.dead_letter(&source, stored, "", &why);
                Disposition::DeadLettered(why.reason)
            }));
        }
        let last_ms = batch.records.last().map_or(0, |stored| stored.record.timestamp_ms);
        for key in expiry.indexed().into_iter().chain(table.keys()) {
            expiry::give_up(&source, batch.next, &key, &mut table, &mut emit);
        }
        let derived = expiry.derived(&table);
        let row_headers = row_headers(SCHEMA, self.version, &source, batch.next, table.watermark());
        let outputs = emit.into_outputs();
        let rows = table.changed();
        Folded::Done(Effects {
            rows,
            derived,
            row_headers,
            row_timestamp_ms: last_ms,
            outputs,
            dispositions,
            ..Effects::default()
        })
    }

    fn restore(&mut self, restored: &[(Bytes, Option<Bytes>)], rows: &dyn Rows) -> Folded {
        let keys: Vec<Bytes> = restored.iter().map(|(key, _)| key.clone()).chain([expiry::watermark_key()]).collect();
        match load(rows, &keys) {
            Ok(before) => Folded::Done(Effects { derived: expiry::restored(restored, &before), ..Effects::default() }),
            Err(keys) => missing(keys),
        }
    }

    fn made(&self, headers: &Headers) -> Made {
        made(headers)
    }

    fn rebuilt(&mut self, rebuilt: &Rebuilt<'_>, _: &dyn Rows) -> Folded {
        let source = TopicPartition { topic: self.settings.topic(Topic::Correlations), partition: rebuilt.partition };
        let headers = rebuilt_headers(SCHEMA, self.version, &source, rebuilt);
        let mut effects = republished(rebuilt, headers);
        if let Found::Changes(changes) = rebuilt.found {
            let mut emit = Emit::new(&self.settings);
            emit.at(rebuilt.timestamp_ms);
            changes.iter().for_each(|change| waits_no_more(&source, rebuilt.next, change, &mut emit));
            effects.outputs = emit.into_outputs();
        }
        Folded::Done(effects)
    }
}

impl Correlate {
    /// Every row that the batch may touch, and what is due; the error asks for what is not loaded.
    fn before(
        &self,
        read: &[Result<Read, Reject>],
        rows: &dyn Rows,
    ) -> Result<(BTreeMap<Bytes, Row>, Expiry), Box<Folded>> {
        let mut keys: BTreeSet<Bytes> = BTreeSet::from([expiry::watermark_key()]);
        let mut prefixes: BTreeSet<Bytes> = BTreeSet::new();
        for read in read.iter().flatten() {
            keys.insert(read.key.clone());
            keys.insert(without_recipient(&read.group));
            if read.is_for_all() {
                prefixes.insert(read.group.clone());
            }
        }
        let due = rows.scan(&expiry::PREFIX);
        let scans: Vec<_> = prefixes.iter().map(|prefix| (prefix.clone(), rows.scan(prefix))).collect();
        let mut wanted: Vec<(Bytes, usize)> = Vec::new();
        if due.is_none() {
            wanted.push((Bytes::from_static(&expiry::PREFIX), expiry::DUE_MAX));
        }
        wanted.extend(
            scans.iter().filter(|(_, rows)| rows.is_none()).map(|(prefix, _)| (prefix.clone(), RECIPIENTS_MAX)),
        );
        // Rows that are due are loaded in the same round as the rest once the index is there.
        let due = due.unwrap_or_default();
        keys.extend(due.iter().filter_map(|(index, _)| expiry::row_key(index)));
        let found = match load(rows, &keys) {
            Ok(found) if wanted.is_empty() => found,
            Ok(_) => return Err(Box::new(Folded::Missing { keys: Vec::new(), prefixes: wanted })),
            Err(keys) => return Err(Box::new(Folded::Missing { keys, prefixes: wanted })),
        };
        let expiry = Expiry::new(&found, due);
        let scanned = scans.into_iter().flat_map(|(_, rows)| rows.unwrap_or_default());
        let found = found.into_iter().filter_map(|(key, row)| Some((key, row?))).chain(scanned);
        let before = found.filter(|(key, _)| key.first() != Some(&0)).map(|(key, bytes)| (key, Row::read(&bytes)));
        Ok((before.collect(), expiry))
    }
}

/// Takes one record into the rows.
fn take(table: &mut Table, read: Read, at: Time, emit: &mut Emit<'_>) -> Result<Disposition, Reject> {
    let all = without_recipient(&read.group);
    let for_all = read.is_for_all();
    match read.said.said {
        Some(Said::Known(known)) => {
            // What a send says besides is in the message's own facts, where sends that disagree are settled.
            let known = Known { campaign: String::new(), client: String::new(), ..known };
            let row = table.row(&read.key);
            if row.known().is_some_and(|held| *held != known) {
                let detail =
                    "another send named this provider's message id for this recipient before: give each its own";
                return Err(Reject::field("conflicting_send", "send.provider_message_id", detail));
            }
            let news = row.know(known.clone(), at);
            let waiting = row.take_waiting(&known.organisation);
            table.reached(at, news);
            let shared = table.row_if_there(&all).map(|row| row.waiting_for(&known.organisation)).unwrap_or_default();
            let reached = waiting.iter().chain(&shared);
            reached.for_each(|event| deliver(&known.organisation, &known.message, event, emit));
            Ok(if news { Disposition::Folded } else { Disposition::Duplicate })
        }
        Some(Said::Event(event)) => {
            let waiting = Waiting { event: Some(event), organisations: read.said.organisations };
            let recipients = if for_all { table.known_under(&read.group) } else { table.known_at(&read.key) };
            let mut reached = false;
            for known in recipients.iter().filter(|known| row::may_reach(&waiting, &known.organisation)) {
                deliver(&known.organisation, &known.message, &waiting, emit);
                reached = true;
            }
            if reached && !for_all {
                return Ok(Disposition::Folded);
            }
            let done = table.row(&read.key).wait(waiting, at)?;
            table.reached(at, done == Disposition::Folded);
            Ok(done)
        }
        None => Err(Reject::field("bad_correlation", "said", "names neither a send nor an event")),
    }
}

/// An event that waited, and does not in the row of the new version, goes where that version sends it: to its message, or
/// to the dead letters. The fold has said so while nothing that it says was heard.
fn waits_no_more(source: &TopicPartition, offset: u64, change: &Change, emit: &mut Emit<'_>) {
    let row = |bytes: &Option<Bytes>| bytes.as_deref().map(Row::read).unwrap_or_default();
    let (before, after) = (row(&change.before), row(&change.after));
    for waiting in before.waiting().iter().filter(|waiting| !after.waiting().contains(waiting)) {
        match after.known().filter(|known| row::may_reach(waiting, &known.organisation)) {
            Some(known) => deliver(&known.organisation, &known.message, waiting, emit),
            None => expiry::unmatched(source, offset, &change.key, waiting, emit),
        }
    }
}

fn deliver(organisation: &str, message: &str, waiting: &Waiting, emit: &mut Emit<'_>) {
    if let Some(event) = &waiting.event {
        emit.keyed(Topic::Events, key::message(organisation, message), Some(event.encode_to_vec().into()));
    }
}

/// The first three parts of a canonical key of four.
fn group_of(key: &[u8]) -> Option<Bytes> {
    let parts = key::decode(key)?;
    let [provider, account, message, address] = parts.as_slice() else { return None };
    matches!(address.len(), 0 | 16).then(|| key::encode(&[provider, account, message]))
}

/// The key of the row that holds events without a recipient.
fn without_recipient(group: &Bytes) -> Bytes {
    let mut key = group.to_vec();
    key.push(0);
    key.into()
}
