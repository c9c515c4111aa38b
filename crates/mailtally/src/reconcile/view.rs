//! What was published up to one vector of positions: for every fold the next offset of its input that it has committed, and of its
//! rows those that reflect no more than that (I3). Of the embedded log it is a cut. On Kafka the folds go on meanwhile:
//!
//! 1. The campaigns fold's offsets are read first, then those of the others. A partial that the campaigns fold has taken was
//!    committed before, so it reflects no more than the offsets that are read after.
//! 2. Then the ends of the published topics, open transactions included: every row of a transaction whose offsets were seen
//!    committed stands below. They are read once nothing below is open any more.
//! 3. Of the rows below, those whose header says that they reflect more are left out.
//!
//! Compaction may take a row that is left in, because of a later one that is left out. Who finds a difference therefore asks
//! [`View::is_overwritten`] and, if it is, looks again at a new vector.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use bytes::Bytes;
use contract::topic::Topic;
use contract::{contact, header, key};
use engine::{Offset, Record, Stored, TopicPartition};
use processor::settings::Settings;

use super::{Name, contacts};
use crate::scan::Steps;
use crate::system::{Medium, System};

/// Folds' inputs, those that are read first first.
const INPUTS: [Topic; 3] = [Topic::CampaignPartials, Topic::Events, Topic::ContactEvents];
/// What is compared.
const PUBLISHED: [Topic; 4] =
    [Topic::MessageStatus, Topic::CampaignPartials, Topic::CampaignStats, Topic::ContactState];
/// How long a transaction may stay open: the longest that brokers allow a producer, by default.
const OPEN_MAX: Duration = Duration::from_secs(900);
/// Between two looks at an open transaction.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Events and rows at one vector.
pub(super) struct View<'a> {
    pub(super) system: &'a System,
    committed: BTreeMap<(Topic, u32), Offset>,
    ends: BTreeMap<(Topic, u32), Offset>,
}

impl<'a> View<'a> {
    /// As of now.
    pub(super) fn new(system: &'a System) -> Result<Self> {
        let (mut committed, mut ends) = (BTreeMap::new(), BTreeMap::new());
        for topic in INPUTS {
            for number in 0..system.settings.partitions {
                committed.insert((topic, number), system.committed(topic, number)?);
            }
        }
        for topic in PUBLISHED {
            for number in 0..system.settings.partitions {
                let end = system.log.bounds(&system.partition(topic, number))?.high_watermark;
                ends.insert((topic, number), end);
            }
        }
        let view = Self { system, committed, ends };
        view.ends.iter().try_for_each(|((topic, number), end)| view.close(*topic, *number, *end))?;
        Ok(view)
    }

    /// Waits until no transaction is open below an end.
    fn close(&self, topic: Topic, number: u32, end: Offset) -> Result<()> {
        let source = self.system.partition(topic, number);
        let begun = Instant::now();
        while self.system.readable(&source)?.high_watermark < end {
            if begun.elapsed() > OPEN_MAX {
                bail!(
                    "a transaction stays open in {source} below {end}: `mailtally status` says whose the partition is"
                );
            }
            self.system.log.wait(self.system.log.version(), LOOK_AGAIN);
        }
        Ok(())
    }

    pub(super) fn settings(&self) -> &'a Settings {
        &self.system.settings
    }

    /// Where the fold that reads this topic stands in a partition.
    pub(super) fn committed(&self, topic: Topic, number: u32) -> Offset {
        self.committed.get(&(topic, number)).copied().unwrap_or(0)
    }

    pub(super) fn partition(&self, topic: Topic, number: u32) -> TopicPartition {
        self.system.partition(topic, number)
    }

    /// Offsets of a published partition.
    pub(super) fn length(&self, topic: Topic, number: u32) -> Result<u64> {
        let start = self.system.log.bounds(&self.partition(topic, number))?.start;
        Ok(self.end(topic, number).saturating_sub(start))
    }

    fn end(&self, topic: Topic, number: u32) -> Offset {
        self.ends.get(&(topic, number)).copied().unwrap_or(Offset::MAX)
    }

    /// Every record of a partition within a range, no further than the vector.
    pub(super) fn scan(
        &self,
        (topic, number): (Topic, u32),
        range: Range<Offset>,
        steps: &mut Steps<'_>,
        take: impl FnMut(Stored) -> Result<()>,
    ) -> Result<()> {
        let range = range.start..range.end.min(self.end(topic, number));
        self.system.scan(&self.partition(topic, number), range, steps, take)
    }

    /// The newest row of each wanted key that reflects no more than the vector and is no tombstone.
    pub(super) fn newest(
        &self,
        (topic, number): (Topic, u32),
        steps: &mut Steps<'_>,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<BTreeMap<Bytes, Stored>> {
        let mut rows = BTreeMap::new();
        self.scan((topic, number), 0..Offset::MAX, steps, |stored| {
            let key = stored.record.key.clone().unwrap_or_default();
            if wanted(&key) && !self.is_beyond(topic, number, &stored) {
                match stored.record.value {
                    Some(_) => rows.insert(key, stored),
                    None => rows.remove(&key),
                };
            }
            Ok(())
        })?;
        Ok(rows)
    }

    /// Whether a record reflects more than the vector.
    fn is_beyond(&self, topic: Topic, number: u32, stored: &Stored) -> bool {
        let input = match topic {
            Topic::MessageStatus => Topic::Events,
            Topic::ContactState => Topic::ContactEvents,
            Topic::CampaignStats => Topic::CampaignPartials,
            // A partial is beyond when its fold had not taken it.
            _ => return stored.offset >= self.committed(topic, number),
        };
        reflects(&stored.record).is_some_and(|next| next > self.committed(input, number))
    }

    /// Whether something of that name has a later row than the vector: then compaction may have taken the one that was looked for.
    pub(super) fn is_overwritten(&self, topic: &str, name: &Name) -> Result<bool> {
        if matches!(self.system.medium, Medium::Embedded(_)) {
            return Ok(false);
        }
        let topics = PUBLISHED.into_iter().filter(|published| {
            let campaigns = topic.starts_with("campaign-") && published.short().starts_with("campaign-");
            campaigns || published.short() == topic
        });
        for published in topics {
            for number in 0..self.settings().partitions {
                let mut found = false;
                let source = self.partition(published, number);
                self.system.scan(
                    &source,
                    0..Offset::MAX,
                    &mut Steps::new("looking again", 1, &mut |_| ()),
                    |stored| {
                        let key = stored.record.key.as_deref().unwrap_or_default();
                        found |=
                            named(published, key).as_ref() == Some(name) && self.is_beyond(published, number, &stored);
                        Ok(())
                    },
                )?;
                if found {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// The next offset of its input that a row reflects.
fn reflects(record: &Record) -> Option<Offset> {
    let source = std::str::from_utf8(record.headers.get(header::SOURCE)?).ok()?;
    source.rsplit_once('@')?.1.parse().ok()
}

/// Whom a row is about.
fn named(topic: Topic, row: &[u8]) -> Option<Name> {
    if topic == Topic::ContactState {
        let (organisation, subject) = contact::subject(row)?;
        return Some((organisation.to_owned(), contacts::shown(&subject)));
    }
    let parts = key::decode(row)?;
    let part = |place: usize| Some(std::str::from_utf8(parts.get(place)?).ok()?.to_owned());
    Some((part(0)?, part(1)?))
}
