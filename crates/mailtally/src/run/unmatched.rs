//! How many providers' events wait for their send: the correlate fold's rows, followed as they are published.

use std::collections::BTreeMap;

use anyhow::Result;
use bytes::Bytes;
use contract::proto::correlation::v1::CorrelationState;
use contract::topic::Topic;
use engine::{Offset, TopicPartition};
use log::{Error, Log, ReadLimit};
use processor::settings::Settings;

/// What one look reads of a partition; a log that is longer is caught up with by later looks.
const LOOK: ReadLimit = ReadLimit { records: 20_000, bytes: 4 << 20 };

/// Rows in which something waits. Bounded by what waits: the fold bounds a row and expires it.
#[derive(Default)]
pub(super) struct Unmatched {
    next: BTreeMap<u32, Offset>,
    waiting: BTreeMap<Bytes, usize>,
}

impl Unmatched {
    /// Follows the rows; how many events wait.
    pub(super) fn look(&mut self, log: &dyn Log, settings: &Settings) -> Result<usize> {
        for partition in 0..settings.partitions {
            let source = TopicPartition { topic: settings.topic(Topic::CorrelationState), partition };
            let from = self.next.get(&partition).copied().unwrap_or(0);
            let read = match log.read(&source, from, LOOK) {
                Err(Error::OffsetLost { start, .. }) => log.read(&source, start, LOOK)?,
                read => read?,
            };
            self.next.insert(partition, read.next);
            for stored in read.records {
                let value = stored.record.value.unwrap_or_default();
                let row = contract::decode::<CorrelationState>("CorrelationState", &value).unwrap_or_default();
                let key = stored.record.key.unwrap_or_default();
                match row.waiting.len() {
                    0 => self.waiting.remove(&key),
                    waiting => self.waiting.insert(key, waiting),
                };
            }
        }
        Ok(self.waiting.values().sum())
    }
}
