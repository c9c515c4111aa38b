//! Asks the brokers with a client of its own, none of the adapter's code: what a group has committed, where partitions end.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use contract::topic::Topic;
use engine::{Offset, TopicPartition};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{Offset as Position, TopicPartitionList};

use crate::site::{GROUP, partitions};

/// How long one question may take.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(15);
/// What the folds read.
const INPUTS: [Topic; 6] = [
    Topic::Platform,
    Topic::Webhooks,
    Topic::Correlations,
    Topic::Events,
    Topic::ContactEvents,
    Topic::CampaignPartials,
];

/// Next offsets by partition.
pub(crate) type Offsets = BTreeMap<TopicPartition, Offset>;

/// A client of the brokers.
struct Probe(BaseConsumer);

impl Probe {
    fn new(servers: &str) -> Result<Self> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", servers).set("group.id", GROUP).set("enable.auto.commit", "false");
        // What is committed now, not what will be when open transactions have ended.
        config.set("isolation.level", "read_uncommitted").set("reconnect.backoff.max.ms", "500");
        Ok(Self(config.create()?))
    }

    fn committed(&self) -> Result<Offsets> {
        let found = self.0.committed_offsets(asked(Position::Invalid)?, ANSWER_MAX)?;
        Ok(offsets(&found))
    }

    fn ends(&self) -> Result<Offsets> {
        let found = self.0.offsets_for_times(asked(Position::End)?, ANSWER_MAX)?;
        Ok(offsets(&found))
    }
}

fn asked(position: Position) -> Result<TopicPartitionList> {
    let mut list = TopicPartitionList::new();
    for of in INPUTS.into_iter().flat_map(partitions) {
        let mut one = list.add_partition(of.topic.name(), i32::try_from(of.partition)?);
        one.set_offset(position)?;
    }
    Ok(list)
}

fn offsets(found: &TopicPartitionList) -> Offsets {
    let of = |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
        let partition = u32::try_from(element.partition()).ok()?;
        let Position::Offset(offset) = element.offset() else { return None };
        let topic = engine::Topic::new(element.topic());
        Some((TopicPartition { topic, partition }, Offset::try_from(offset).ok()?))
    };
    found.elements().iter().filter_map(of).collect()
}

/// Where the folds stand, looked at again and again.
#[derive(Default)]
pub(crate) struct Pulse {
    seen: Mutex<Seen>,
    changed: Condvar,
}

/// One look.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) committed: Offsets,
    pub(crate) ends: Offsets,
    /// Looks so far.
    pub(crate) looks: u64,
    over: bool,
}

impl Seen {
    /// What a fold has still to read of a partition; markers of transactions count.
    pub(crate) fn lag(&self, of: &TopicPartition) -> Offset {
        let at = |offsets: &Offsets| offsets.get(of).copied().unwrap_or(0);
        at(&self.ends).saturating_sub(at(&self.committed))
    }

    /// The same of all partitions of a topic.
    pub(crate) fn lag_of(&self, topic: Topic) -> Offset {
        partitions(topic).map(|of| self.lag(&of)).sum()
    }
}

impl Pulse {
    /// Looks until it is told to end.
    pub(crate) fn look(&self, servers: &str) -> Result<()> {
        let probe = Probe::new(servers)?;
        loop {
            // Brokers are taken away: a question without an answer is asked again.
            let found = probe.committed().and_then(|committed| Ok((committed, probe.ends()?)));
            let mut seen = self.lock();
            if seen.over {
                return Ok(());
            }
            if let Ok((committed, ends)) = found {
                *seen = Seen { committed, ends, looks: seen.looks + 1, over: false };
                self.changed.notify_all();
            }
            drop(seen);
            std::thread::sleep(LOOK);
        }
    }

    /// The latest look.
    pub(crate) fn now(&self) -> Seen {
        self.lock().clone()
    }

    /// Ends the looking and whoever waits for it.
    pub(crate) fn end(&self) {
        self.lock().over = true;
        self.changed.notify_all();
    }

    /// Waits until a look shows something; what it showed.
    pub(crate) fn until(&self, what: &str, patience: Duration, mut holds: impl FnMut(&Seen) -> bool) -> Result<Seen> {
        let begun = Instant::now();
        let mut seen = self.lock();
        loop {
            if holds(&seen) {
                return Ok(seen.clone());
            }
            if seen.over {
                bail!("{what}: the run has ended");
            }
            let left = patience.checked_sub(begun.elapsed());
            let left = left.with_context(|| {
                let lags: Vec<u64> = partitions(Topic::Events).map(|of| seen.lag(&of)).collect();
                format!("{what}: not after {} s; events still to fold, by partition: {lags:?}", patience.as_secs())
            })?;
            seen = self.changed.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Two looks that agree, both begun from now on: what had been under way has arrived.
    pub(crate) fn settled(&self, patience: Duration) -> Result<Seen> {
        let from = self.now().looks + 1;
        let mut last: Option<(u64, Offsets)> = None;
        self.until("two looks that agree", patience, |seen| {
            if seen.looks <= from || last.as_ref().is_some_and(|(looks, _)| *looks == seen.looks) {
                return false;
            }
            let agrees = last.as_ref().is_some_and(|(_, committed)| *committed == seen.committed);
            last = Some((seen.looks, seen.committed.clone()));
            agrees
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
