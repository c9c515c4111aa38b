//! Reading records of a partition in order, and the newest of each key. Costs a pass over the range: the log has no index by
//! key, so a look-up in a compacted topic is bounded by the rows of one partition, one in `events` by its whole history.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use contract::topic::Topic;
use engine::{Offset, Stored, TopicPartition};
use log::ReadLimit;

use crate::reply::Progress;
use crate::system::System;

/// Records and bytes of one read.
pub(crate) const READ: ReadLimit = ReadLimit { records: 10_000, bytes: 8 << 20 };

/// How far a command of several passes is.
pub(crate) struct Steps<'a> {
    what: &'static str,
    done: u64,
    of: u64,
    tell: &'a mut dyn FnMut(Progress),
}

impl<'a> Steps<'a> {
    /// Nothing done yet of so many offsets.
    pub(crate) fn new(what: &'static str, of: u64, tell: &'a mut dyn FnMut(Progress)) -> Self {
        Self { what, done: 0, of, tell }
    }

    /// The same, part of it done before.
    pub(crate) fn after(what: &'static str, done: u64, of: u64, tell: &'a mut dyn FnMut(Progress)) -> Self {
        Self { what, done, of, tell }
    }

    /// So many offsets more are done.
    pub(crate) fn step(&mut self, offsets: u64) {
        self.done = self.done.saturating_add(offsets);
        (self.tell)(Progress { what: self.what, done: self.done, of: Some(self.of.max(self.done)) });
    }
}

impl System {
    /// A partition of a topic.
    pub(crate) fn partition(&self, topic: Topic, partition: u32) -> TopicPartition {
        TopicPartition { topic: self.settings.topic(topic), partition }
    }

    /// Every record of a partition within a range of offsets.
    pub(crate) fn scan(
        &self,
        source: &TopicPartition,
        range: Range<Offset>,
        steps: &mut Steps<'_>,
        mut take: impl FnMut(Stored) -> Result<()>,
    ) -> Result<()> {
        let bounds = self.readable(source)?;
        let end = range.end.min(bounds.high_watermark);
        let mut next = range.start.max(bounds.start);
        while next < end {
            let read = self.read(source, next, READ)?;
            read.records.into_iter().take_while(|stored| stored.offset < end).try_for_each(&mut take)?;
            steps.step(read.next.min(end).saturating_sub(next));
            // Retention may pass by: what is gone is not read.
            next = read.next.max(self.log.bounds(source)?.start);
        }
        Ok(())
    }

    /// The newest record of each wanted key of a partition that is no tombstone.
    pub(crate) fn newest(
        &self,
        source: &TopicPartition,
        steps: &mut Steps<'_>,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<BTreeMap<Bytes, Stored>> {
        let mut rows = BTreeMap::new();
        self.scan(source, 0..Offset::MAX, steps, |stored| {
            let key = stored.record.key.clone().unwrap_or_default();
            if wanted(&key) {
                match stored.record.value {
                    Some(_) => rows.insert(key, stored),
                    None => rows.remove(&key),
                };
            }
            Ok(())
        })?;
        Ok(rows)
    }

    /// Offsets of a partition, from its first to its end.
    pub(crate) fn length(&self, source: &TopicPartition) -> Result<u64> {
        let bounds = self.readable(source)?;
        Ok(bounds.high_watermark.saturating_sub(bounds.start))
    }

    /// Where the fold that reads this topic stands in a partition: the next offset that it will fold.
    pub(crate) fn committed(&self, topic: Topic, partition: u32) -> Result<Offset> {
        let source = self.partition(topic, partition);
        let fold = self.topology.folds.iter().find(|fold| fold.input == source.topic);
        let fold = fold.with_context(|| format!("no fold reads {}", source.topic))?;
        Ok(self.committed_of(fold, &source)?.unwrap_or(0))
    }
}
