//! One row: the send known for a provider's message id and recipient, and the events that wait for it.

use std::collections::BTreeMap;

use bytes::Bytes;
use contract::Proto as _;
use contract::proto::correlation::v1::{CorrelationState, Known, Waiting};
use contract::proto::event::v1::Event;
use domain::Time;
use engine::Disposition;

use super::WAITING_MAX;
use super::expiry::KEPT_MICROS;
use crate::reject::Reject;

/// A row as the fold works on it.
#[derive(Clone, Debug, Default)]
pub(super) struct Row(CorrelationState);

impl Row {
    /// A row of this fold's own writing; an unreadable one counts as none.
    pub(super) fn read(bytes: &[u8]) -> Self {
        Self(contract::decode("CorrelationState", bytes).unwrap_or_default())
    }

    pub(super) fn bytes(&self) -> Bytes {
        self.0.encode_to_vec().into()
    }

    pub(super) fn known(&self) -> Option<&Known> {
        self.0.known.as_ref()
    }

    /// When it was last spoken of; expiry counts from here.
    pub(super) fn time(&self) -> Time {
        Time::from_micros(self.0.time_us)
    }

    pub(super) fn waiting(&self) -> &[Waiting] {
        &self.0.waiting
    }

    /// Takes the send; whether it was news.
    pub(super) fn know(&mut self, known: Known, at: Time) -> bool {
        let news = self.0.known.is_none();
        self.0.known = Some(known);
        if news {
            self.spoken_of(at);
        }
        news
    }

    /// Takes out the events that may reach a message of this organisation.
    pub(super) fn take_waiting(&mut self, organisation: &str) -> Vec<Waiting> {
        let held = std::mem::take(&mut self.0.waiting);
        let (reached, kept) = held.into_iter().partition(|waiting| may_reach(waiting, organisation));
        self.0.waiting = kept;
        reached
    }

    /// The events that may reach a message of this organisation, which stay.
    pub(super) fn waiting_for(&self, organisation: &str) -> Vec<Waiting> {
        self.0.waiting.iter().filter(|waiting| may_reach(waiting, organisation)).cloned().collect()
    }

    /// Lets an event wait, once, with the arrival of its first copy. Those that wait stand by time and id, so that the order in
    /// which they came does not show.
    pub(super) fn wait(&mut self, waiting: Waiting, at: Time) -> Result<Disposition, Reject> {
        match self.0.waiting.binary_search_by_key(&identity(&waiting), identity) {
            Ok(place) => {
                let held = self.0.waiting.get_mut(place).filter(|held| arrival(&waiting) < arrival(held));
                Ok(held.map_or(Disposition::Duplicate, |held| {
                    *held = waiting;
                    Disposition::Folded
                }))
            }
            Err(_) if self.0.waiting.len() >= WAITING_MAX => {
                let detail =
                    format!("{WAITING_MAX} events wait for the send of this provider's message id: publish the send");
                Err(Reject::record("too_many_waiting", detail))
            }
            Err(place) => {
                self.0.waiting.insert(place, waiting);
                self.spoken_of(at);
                Ok(Disposition::Folded)
            }
        }
    }

    fn spoken_of(&mut self, at: Time) {
        self.0.time_us = self.0.time_us.max(at.micros());
    }
}

/// Whether an event may reach a message of this organisation: its account is bound to it (organisations are walls).
pub(super) fn may_reach(waiting: &Waiting, organisation: &str) -> bool {
    waiting.organisations.iter().any(|bound| bound == organisation)
}

/// What makes two events that wait one, in the order in which they stand: all that they say. Reports that differ under one id
/// both go on; the message's row settles which holds.
fn identity(waiting: &Waiting) -> (i64, Bytes, Vec<u8>) {
    let event = waiting.event.clone().unwrap_or_default();
    let (time, id) = (event.time_us, event.id.clone());
    let said = Event { received_after_us: 0, source_topic: 0, source_partition: 0, source_offset: 0, ..event };
    (time, id, said.encode_to_vec())
}

/// When and where a copy came in.
fn arrival(waiting: &Waiting) -> (i64, u32, u32, u64) {
    let event = waiting.event.as_ref();
    event.map_or((0, 0, 0, 0), |event| {
        (event.received_after_us, event.source_topic, event.source_partition, event.source_offset)
    })
}

/// The rows that a batch touches: as they were and as they are now.
pub(super) struct Table {
    before: BTreeMap<Bytes, Row>,
    after: BTreeMap<Bytes, Option<Row>>,
    watermark: Time,
}

impl Table {
    pub(super) fn new(before: BTreeMap<Bytes, Row>, watermark: Time) -> Self {
        Self { before, after: BTreeMap::new(), watermark }
    }

    /// The latest time of any row: what expiry goes by. A pure function of the rows, so a restore finds it again.
    pub(super) fn watermark(&self) -> Time {
        self.watermark
    }

    /// A row was spoken of at this time.
    pub(super) fn reached(&mut self, at: Time, news: bool) {
        if news {
            self.watermark = self.watermark.max(at);
        }
    }

    /// Whether a row has waited its time.
    pub(super) fn is_due(&self, row: &Row) -> bool {
        row.time().plus_micros(KEPT_MICROS) < self.watermark
    }

    /// The row of a key, made if it is not there.
    pub(super) fn row(&mut self, key: &Bytes) -> &mut Row {
        let before = &self.before;
        let held = self.after.entry(key.clone()).or_insert_with(|| before.get(key).cloned());
        held.get_or_insert_default()
    }

    /// The row of a key as it is now.
    pub(super) fn row_if_there(&self, key: &Bytes) -> Option<&Row> {
        self.after.get(key).map_or_else(|| self.before.get(key), Option::as_ref)
    }

    /// The send known under one key.
    pub(super) fn known_at(&self, key: &Bytes) -> Vec<Known> {
        self.row_if_there(key).and_then(Row::known).cloned().into_iter().collect()
    }

    /// The sends known under every key that begins with `prefix`, by key.
    pub(super) fn known_under(&self, prefix: &Bytes) -> Vec<Known> {
        let begins = |key: &Bytes| key.starts_with(prefix);
        let mut keys: Vec<&Bytes> = self.before.keys().chain(self.after.keys()).filter(|key| begins(key)).collect();
        keys.sort_unstable();
        keys.dedup();
        let lives = |key: &&Bytes| self.row_if_there(key).is_some_and(|row| !self.is_due(row));
        keys.into_iter().filter(lives).flat_map(|key| self.known_at(key)).collect()
    }

    pub(super) fn remove(&mut self, key: &Bytes) {
        self.after.insert(key.clone(), None);
    }

    /// Keys of the rows touched.
    pub(super) fn keys(&self) -> Vec<Bytes> {
        self.after.keys().cloned().collect()
    }

    /// Rows touched: as they were, and as they are.
    pub(super) fn touched(&self) -> impl Iterator<Item = (&Bytes, Option<&Row>, Option<&Row>)> {
        self.after.iter().map(|(key, row)| (key, self.before.get(key), row.as_ref()))
    }

    /// Rows that differ from what they were, by key.
    pub(super) fn changed(self) -> Vec<(Bytes, Option<Bytes>)> {
        let before = self.before;
        let differs = |(key, row): (Bytes, Option<Row>)| {
            let (was, is) = (before.get(&key).map(Row::bytes), row.map(|row| row.bytes()));
            (was != is).then_some((key, is))
        };
        self.after.into_iter().filter_map(differs).collect()
    }
}
