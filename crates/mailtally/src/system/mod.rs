//! A data directory: the embedded log, the stores, the installation's key, and the folds over them.

mod kafka;
mod open;
#[cfg(feature = "seeded-bugs")]
mod seeded;
mod settle;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ::kafka::Kafka;
use anyhow::{Context as _, Result, bail};
use contract::topic::Topic;
use embedded::Embedded;
use engine::{Fold, Offset, Stored, TaskId, TopicPartition, Topology};
use log::{Bounds, Log, Read, ReadLimit};
use processor::driver::{Observation, Running, Share, Worker};
use processor::settings::Settings;
use processor::topology::processor;
use service::config;
use service::health::Board;
use store::{Rocks, Stores};
use view::View;

use crate::directory::Lock;

pub(crate) use self::kafka::{client as kafka_client, memory as kafka_memory};

/// How long a committed record may take to come.
const READ_MAX: Duration = Duration::from_secs(30);

/// An installation that is open: to fold, or to be asked.
pub(crate) struct System {
    pub(crate) root: PathBuf,
    pub(crate) log: Arc<dyn Log>,
    /// The same log, for what only one of the kinds can do.
    pub(crate) medium: Medium,
    /// The stores of this process's tasks; `None` where it only asks.
    pub(crate) stores: Option<Arc<Rocks>>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) topology: Topology,
    pub(crate) options: engine::Options,
    pub(crate) folds: Folds,
    /// The view of this process, where it has one.
    pub(crate) view: OnceLock<Arc<View>>,
    /// Where the key of the address hashes is.
    pub(crate) key: PathBuf,
    /// What keeps other processes out of the data directory, where the log does not. Goes last.
    pub(crate) _lock: Option<Lock>,
}

/// Which log it is.
#[derive(Clone)]
pub(crate) enum Medium {
    /// In the data directory: backups, upkeep and space are this process's affair.
    Embedded(Arc<Embedded>),
    /// A cluster, and how it is configured.
    Kafka(Arc<Kafka>, Box<config::Kafka>),
}

/// Where a fold stands in a partition of its input, in offsets.
pub(crate) struct Standing {
    /// Its next offset.
    pub(crate) next: Offset,
    /// To the high watermark.
    pub(crate) lag: u64,
    /// To the last stable offset: what an open transaction holds back is not among them.
    pub(crate) stable_lag: u64,
}

/// Who folds.
pub(crate) enum Folds {
    /// Nobody, until [`System::settle`] is asked.
    AtRest,
    /// This process; its board says where every task of its own is.
    Live(Arc<Board>),
    /// Other processes of the group.
    Elsewhere,
}

impl System {
    /// The embedded log; an error that says what is done `instead` where the log is Kafka.
    pub(crate) fn embedded(&self, instead: &str) -> Result<&Arc<Embedded>> {
        match &self.medium {
            Medium::Embedded(log) => Ok(log),
            Medium::Kafka(..) => bail!("this is for the embedded log; with Kafka as the log {instead}"),
        }
    }

    /// The consumer group that commits the offsets of a fold.
    pub(crate) fn group<'a>(&'a self, fold: &'a Fold) -> &'a str {
        match &self.medium {
            Medium::Embedded(_) => fold.name,
            Medium::Kafka(_, brokers) => &brokers.group,
        }
    }

    /// The key of the address hashes.
    ///
    /// # Errors
    /// When this process has none: a command on Kafka needs it for little.
    pub(crate) fn address_key(&self) -> Result<&[u8]> {
        if self.settings.address_key.is_empty() {
            bail!(
                "{} is missing, the key of the address hashes: set address_key_file to a copy of an instance's",
                self.key.display()
            );
        }
        Ok(&self.settings.address_key)
    }

    /// The name of a worker: thread, transactional id and, on Kafka, member of the group, where no two may be alike.
    pub(crate) fn worker_name(&self, place: u32) -> String {
        match &self.medium {
            Medium::Embedded(_) => format!("processor-{place}"),
            Medium::Kafka(_, brokers) => format!("{}-{}-{place}", brokers.group, brokers.instance),
        }
    }

    /// Starts the `place`-th of `of` workers, with its share of the partitions of every fold: on Kafka what the group gives it.
    pub(crate) fn start(&self, place: u32, of: u32, observe: Box<dyn FnMut(Observation) + Send>) -> Result<Running> {
        let worker = self.worker(place, of, observe)?;
        let started = match &self.medium {
            Medium::Embedded(_) => worker.spawn(),
            Medium::Kafka(_, brokers) => {
                let settings = Arc::clone(&self.settings);
                let make = Box::new(move |task| processor(&settings, task));
                worker.spawn_sharing(Share { group: brokers.group.clone(), make })
            }
        };
        started.map_err(anyhow::Error::msg)
    }

    fn worker(&self, place: u32, of: u32, observe: Box<dyn FnMut(Observation) + Send>) -> Result<Worker> {
        let is_own = |task: &TaskId| task.partition % of.max(1) == place;
        let own = self.tasks().filter(|task| is_own(task) && matches!(self.medium, Medium::Embedded(_)));
        let stores = self.stores.as_ref().context("this process was opened to ask, not to fold")?;
        Ok(Worker {
            name: self.worker_name(place),
            log: Arc::clone(&self.log),
            stores: Arc::clone(stores) as Arc<dyn Stores>,
            topology: self.topology.clone(),
            options: self.options.clone(),
            tasks: own.filter_map(|task| Some((task, processor(&self.settings, task)?))).collect(),
            observe,
        })
    }

    /// Every task of the installation, in flow order.
    pub(crate) fn tasks(&self) -> impl Iterator<Item = TaskId> + use<> {
        let partitions = self.settings.partitions;
        let folds = 0..u8::try_from(self.topology.folds.len()).unwrap_or(u8::MAX);
        folds.flat_map(move |fold| (0..partitions).map(move |partition| TaskId { fold, partition }))
    }

    /// Every record of a topic from an offset of each partition on, partition by partition.
    pub(crate) fn each(
        &self,
        topic: Topic,
        from: Offset,
        mut take: impl FnMut(u32, Stored) -> Result<()>,
    ) -> Result<()> {
        for partition in 0..self.settings.partitions {
            let source = TopicPartition { topic: self.settings.topic(topic), partition };
            let Bounds { start, high_watermark: end } = self.readable(&source)?;
            let mut next = from.max(start);
            while next < end {
                let read = self.read(&source, next, ReadLimit { records: 10_000, bytes: 8 << 20 })?;
                next = read.next;
                read.records.into_iter().try_for_each(|stored| take(partition, stored))?;
            }
        }
        Ok(())
    }

    /// First offset of a partition, and the end of what is committed and can be read now.
    pub(crate) fn readable(&self, source: &TopicPartition) -> Result<Bounds> {
        let bounds = self.log.bounds(source)?;
        match &self.medium {
            Medium::Embedded(_) => Ok(bounds),
            Medium::Kafka(log, _) => Ok(Bounds { high_watermark: log.stable(source)?, ..bounds }),
        }
    }

    /// Where a fold stands in a partition of its input. The committed offset is read first: the ends that follow cover it.
    pub(crate) fn standing(&self, fold: &Fold, input: &TopicPartition) -> Result<Standing> {
        let committed = self.committed_of(fold, input)?;
        let bounds = self.log.bounds(input)?;
        let lag = self.lag(input, committed, bounds)?;
        let next = committed.unwrap_or(bounds.start).max(bounds.start);
        let stable_lag = match lag {
            0 => 0,
            lag => self.readable(input)?.high_watermark.saturating_sub(next).min(lag),
        };
        Ok(Standing { next, lag, stable_lag })
    }

    /// Records that a fold has not committed yet, counted as offsets; 0 when none is left although offsets are.
    pub(crate) fn lag(&self, input: &TopicPartition, committed: Option<Offset>, bounds: Bounds) -> Result<u64> {
        let lag = bounds.high_watermark.saturating_sub(committed.unwrap_or(bounds.start));
        let nothing = lag > 0 && self.is_read(input, committed, bounds.high_watermark)?;
        Ok(if nothing { 0 } else { lag })
    }

    /// Bytes of a topic, where this process keeps them.
    pub(crate) fn topic_bytes(&self, topic: &engine::Topic) -> Option<u64> {
        let Medium::Embedded(log) = &self.medium else { return None };
        log.space().into_iter().find(|space| space.topic == *topic).map(|space| space.bytes)
    }

    /// Bytes of the log in the data directory.
    pub(crate) fn log_bytes(&self) -> u64 {
        match &self.medium {
            Medium::Embedded(log) => log.bytes_on_disk(),
            Medium::Kafka(..) => 0,
        }
    }

    /// Reads on from an offset below the end of what can be read: at least one offset further.
    pub(crate) fn read(&self, source: &TopicPartition, from: Offset, limit: ReadLimit) -> Result<Read> {
        let begun = Instant::now();
        loop {
            let read = self.log.read(source, from, limit)?;
            if read.next > from {
                return Ok(read);
            }
            if begun.elapsed() >= READ_MAX {
                bail!("{source} gave nothing at {from} for {} s although more is there: ask again", READ_MAX.as_secs());
            }
        }
    }
}

/// Now, in milliseconds since the Unix epoch: the receipt time of what is produced.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
