//! How many dead letters wait to be looked at and how long the oldest stays: their topic, followed as it is written.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use contract::header;
use contract::topic::Topic;
use engine::{Offset, Stored, TopicPartition};
use log::{Cleanup, Error, Log, ReadLimit};
use processor::settings::Settings;

use crate::dead_letters::redriven;
use crate::system::now_ms;

/// What one look reads of a partition; a topic that is longer is caught up with by later looks.
const LOOK: ReadLimit = ReadLimit { records: 20_000, bytes: 4 << 20 };
/// Letters that are remembered, the oldest; of more it is only known that they are there (I10).
const LETTERS_MAX: usize = 100_000;

/// Letters that are there and were not redriven, with their times.
#[derive(Default)]
pub(super) struct Letters {
    next: BTreeMap<u32, Offset>,
    kept: BTreeMap<(u32, Offset), i64>,
    /// Some are not remembered.
    more: bool,
    retention_ms: Option<i64>,
}

impl Letters {
    /// Follows the topic; how many there are, and how long the oldest stays, in milliseconds: nothing where they stay for ever.
    pub(super) fn look(&mut self, log: &dyn Log, settings: &Settings) -> Result<(u64, Option<i64>)> {
        let topic = settings.topic(Topic::DeadLetters);
        if self.more && self.kept.len() < LETTERS_MAX / 2 {
            *self = Self::default();
        }
        let topics = log.topics()?;
        let described = topics.iter().find(|known| known.spec.name == topic).context("no topic of dead letters")?;
        self.retention_ms = match described.spec.cleanup {
            Cleanup::Delete { retention_ms } => retention_ms,
            Cleanup::Compact { .. } => None,
        };
        for partition in 0..settings.partitions {
            let source = TopicPartition { topic: topic.clone(), partition };
            let start = log.bounds(&source)?.start;
            self.kept.retain(|(of, offset), _| *of != partition || *offset >= start);
            let from = self.next.get(&partition).copied().unwrap_or(start).max(start);
            let read = match log.read(&source, from, LOOK) {
                Err(Error::OffsetLost { start, .. }) => log.read(&source, start, LOOK)?,
                read => read?,
            };
            self.next.insert(partition, read.next);
            read.records.into_iter().for_each(|stored| self.take(partition, &stored));
        }
        Ok(self.said(now_ms()))
    }

    fn said(&self, now_ms: i64) -> (u64, Option<i64>) {
        let oldest_ms = self.kept.values().min().copied().unwrap_or(now_ms);
        let left_ms = |kept_ms: i64| oldest_ms.saturating_add(kept_ms).saturating_sub(now_ms).max(0);
        (u64::try_from(self.kept.len()).unwrap_or(u64::MAX), self.retention_ms.map(left_ms))
    }

    /// A letter, or a word that one was redriven.
    fn take(&mut self, partition: u32, stored: &Stored) {
        if stored.record.headers.get(header::REDRIVEN).is_some() {
            if let Some(id) = redriven(&stored.record) {
                self.kept.remove(&id);
            }
            return;
        }
        if self.kept.len() < LETTERS_MAX {
            self.kept.insert((partition, stored.offset), stored.record.timestamp_ms);
        } else {
            self.more = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use engine::{Headers, Output, Record};
    use log::TopicSpec;
    use log::model::Model;

    use super::*;

    const DAY_MS: i64 = 86_400_000;

    fn record(settings: &Settings, partition: u32, timestamp_ms: i64, redriven: Option<&str>) -> Output {
        let named = redriven.map(|id| (header::REDRIVEN, Cow::Borrowed(id.as_bytes())));
        let headers = Headers::from_pairs(named);
        let to = TopicPartition { topic: settings.topic(Topic::DeadLetters), partition };
        Output { to, record: Record { key: Some("k".into()), value: Some("v".into()), headers, timestamp_ms } }
    }

    #[test]
    fn letters_count_until_they_are_redriven_and_the_oldest_says_how_long() {
        let settings = Settings::new("mailtally", 2, vec![7; 32]);
        let log = Model::new("log");
        let cleanup = Cleanup::Delete { retention_ms: Some(30 * DAY_MS) };
        let spec = TopicSpec { name: settings.topic(Topic::DeadLetters), partitions: 2, cleanup };
        log.create_topic(&spec).expect("made");
        let mut letters = Letters::default();
        let now = now_ms();
        letters.look(&log, &settings).expect("read");
        assert_eq!(letters.said(now), (0, Some(30 * DAY_MS)), "the whole retention while there is none");
        let first = [(0, now - 29 * DAY_MS), (1, now - 3 * DAY_MS)].map(|(of, time)| record(&settings, of, time, None));
        log.append(first.to_vec()).expect("appended");
        letters.look(&log, &settings).expect("read");
        assert_eq!(letters.said(now), (2, Some(DAY_MS)));
        log.append(vec![record(&settings, 0, now, Some("0@0"))]).expect("appended");
        letters.look(&log, &settings).expect("read");
        assert_eq!(letters.said(now), (1, Some(27 * DAY_MS)), "a redriven letter is nobody's worry");
    }
}
