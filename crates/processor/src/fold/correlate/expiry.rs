//! When a correlation is given up: an index of rows by the time they were last spoken of, and the partition's watermark.
//! Both are derived rows: a restore recounts them from the published ones (I6).

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::{BufMut as _, Bytes, BytesMut};
use contract::proto::correlation::v1::{Correlation, Waiting, correlation::Said};
use contract::{Proto as _, header};
use domain::Time;
use engine::{Headers, TopicPartition};

use super::row::{Row, Table};
use crate::emit::Emit;

/// How long a row is kept after it was last spoken of, in microseconds: 30 days, as `correlations` itself.
pub(super) const KEPT_MICROS: i64 = 30 * 86_400_000_000;
/// Rows given up in one batch at most; the rest follow with the next.
pub(super) const DUE_MAX: usize = 256;
/// Index rows begin with this: `0, 'e', time (8 bytes, big-endian), row key`.
pub(super) const PREFIX: [u8; 2] = [0, b'e'];

/// The oldest rows of the index and the watermark, as loaded before a batch.
pub(super) struct Expiry {
    watermark: Time,
    index: Vec<Bytes>,
}

impl Expiry {
    pub(super) fn new(found: &BTreeMap<Bytes, Option<Bytes>>, index: Vec<(Bytes, Bytes)>) -> Self {
        let watermark = found.get(&watermark_key()).and_then(Option::as_deref).map_or(0, micros);
        Self { watermark: Time::from_micros(watermark), index: index.into_iter().map(|(key, _)| key).collect() }
    }

    pub(super) fn watermark(&self) -> Time {
        self.watermark
    }

    /// Keys of the rows that were spoken of longest ago.
    pub(super) fn indexed(&self) -> Vec<Bytes> {
        self.index.iter().filter_map(row_key).collect()
    }

    /// Index and watermark after the batch, by key.
    pub(super) fn derived(&self, table: &Table) -> Vec<(Bytes, Option<Bytes>)> {
        let mut derived = BTreeMap::new();
        for (key, before, after) in table.touched() {
            reindex(&mut derived, key, before, after);
        }
        if table.watermark() != self.watermark {
            derived.insert(watermark_key(), Some(watermark_row(table.watermark().micros())));
        }
        derived.into_iter().collect()
    }
}

/// The derived rows that restored rows imply.
pub(super) fn restored(
    restored: &[(Bytes, Option<Bytes>)],
    before: &BTreeMap<Bytes, Option<Bytes>>,
) -> Vec<(Bytes, Option<Bytes>)> {
    let mut derived = BTreeMap::new();
    let mut watermark = before.get(&watermark_key()).and_then(Option::as_deref).map_or(0, micros);
    for (key, row) in restored {
        let before = before.get(key).and_then(Option::as_deref).map(Row::read);
        let after = row.as_deref().map(Row::read);
        watermark = watermark.max(after.as_ref().map_or(0, |row| row.time().micros()));
        reindex(&mut derived, key, before.as_ref(), after.as_ref());
    }
    if watermark != 0 {
        derived.insert(watermark_key(), Some(watermark_row(watermark)));
    }
    derived.into_iter().collect()
}

fn reindex(derived: &mut BTreeMap<Bytes, Option<Bytes>>, key: &Bytes, before: Option<&Row>, after: Option<&Row>) {
    let (was, is) = (before.map(Row::time), after.map(Row::time));
    if was == is {
        return;
    }
    if let Some(was) = was {
        derived.insert(index_key(was, key), None);
    }
    if let Some(is) = is {
        derived.insert(index_key(is, key), Some(Bytes::new()));
    }
}

/// Where the watermark is kept.
pub(super) fn watermark_key() -> Bytes {
    Bytes::from_static(&[0, b'w'])
}

/// The row that an index row is of.
pub(super) fn row_key(index: &Bytes) -> Option<Bytes> {
    (index.len() > 10).then(|| index.slice(10..))
}

fn index_key(time: Time, key: &[u8]) -> Bytes {
    let mut index = BytesMut::with_capacity(10 + key.len());
    index.extend_from_slice(&PREFIX);
    index.put_i64(time.micros());
    index.extend_from_slice(key);
    index.freeze()
}

fn micros(bytes: &[u8]) -> i64 {
    bytes.try_into().map_or(0, i64::from_be_bytes)
}

fn watermark_row(micros: i64) -> Bytes {
    Bytes::copy_from_slice(&micros.to_be_bytes())
}

/// Gives a row up if it has waited its time; what waited in vain goes to the dead letters, one an event.
pub(super) fn give_up(source: &TopicPartition, offset: u64, key: &Bytes, table: &mut Table, emit: &mut Emit<'_>) {
    let Some(row) = table.row_if_there(key).filter(|row| table.is_due(row)).cloned() else { return };
    row.waiting().iter().for_each(|waiting| unmatched(source, offset, key, waiting, emit));
    table.remove(key);
}

/// An event that waited in vain goes to the dead letters.
pub(super) fn unmatched(source: &TopicPartition, offset: u64, key: &Bytes, waiting: &Waiting, emit: &mut Emit<'_>) {
    let position = format!("{source}@{offset}");
    let said = Correlation {
        said: waiting.event.clone().map(Said::Event),
        organisations: waiting.organisations.clone(),
        ..Correlation::default()
    };
    let headers = Headers::from_pairs([
        (header::ORIGIN, Cow::Borrowed(position.as_bytes())),
        (header::REASON, Cow::Borrowed(&b"unmatched"[..])),
        (header::DETAIL, Cow::Borrowed(&b"no send named this provider's message id within 30 days"[..])),
    ]);
    emit.letter(source, Some(key.clone()), Some(said.encode_to_vec().into()), headers);
}
