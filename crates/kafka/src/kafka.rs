//! The log itself: [`log::Log`] over a cluster.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use engine::{Offset, Output, Topic, TopicPartition};
use log::{Bounds, Error, Log, LogId, Membership, Producer, Read, ReadLimit, TopicDescription, TopicSpec};
use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset as Position, TopicPartitionList};

use crate::append::Appender;
use crate::cluster::{self, Cluster, Creation, Description, LISTEN_MAX, LOOK_AGAIN, asked_until, misconfigured};
use crate::context::Context;
use crate::error::{explain, outside, sort};
use crate::fetch::{Fetcher, lock};
use crate::member::{Member, Members};
use crate::options::Options;
use crate::producer::Transactional;
use crate::signal::Signal;
use crate::topics::{Topics, configs};

/// How long a read waits for what is known to be there; then it returns what it has, which may be nothing.
const READ_WAIT: Duration = Duration::from_millis(500);
/// How long the markers of a commit may take before a read takes the transaction for an open one.
const MARKERS_WAIT: Duration = Duration::from_millis(200);
/// Between two looks for them.
const MARKERS_LOOK: Duration = Duration::from_millis(2);

/// How long a broker holds an answer that has nothing yet, for who polls. A partition that is begun meanwhile waits for it.
const POLL_HELD: Duration = Duration::from_millis(100);
/// The same for who reads once: a restore begins partition after partition, and what it wants is there.
const READ_HELD: Duration = Duration::from_millis(5);

/// An Apache Kafka cluster as a log.
///
/// Reads see committed records only. A producer whose last transaction ended doubtfully (slow, or with a lost connection or
/// a repeated request meanwhile) is replaced before its next one: librdkafka repeats EndTxn by itself, and one that arrives
/// late would end the next transaction (KIP-890; DESIGN.md section 3).
pub struct Kafka {
    options: Options,
    id: LogId,
    topics: Arc<Topics>,
    signal: Arc<Signal>,
    /// Who polls, again and again.
    polls: Fetcher,
    /// Who reads once.
    reads: OnceLock<Fetcher>,
    observers: Mutex<BTreeMap<String, Arc<BaseConsumer<Context>>>>,
    members: Arc<Members>,
    appender: Mutex<Option<Appender>>,
}

impl Kafka {
    /// Connects, and asks the cluster who it is.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when no broker answers, [`Error::Refused`] when the configuration, the password or the
    /// certificate is wrong.
    pub fn open(options: Options) -> Result<Self, Error> {
        let cluster = Cluster::new(&options)?;
        let id = LogId(cluster.id()?);
        let signal = Arc::default();
        let polls = fetcher(&options, &signal, (Context::default(), POLL_HELD))?;
        Ok(Self {
            id,
            topics: Arc::new(Topics::new(cluster)),
            polls,
            signal,
            reads: OnceLock::new(),
            observers: Mutex::default(),
            members: Arc::default(),
            appender: Mutex::default(),
            options,
        })
    }

    /// Every topic of ours with its settings, by name.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Refused`].
    pub fn describe(&self) -> Result<Vec<Description>, Error> {
        self.topics.cluster.topics()
    }

    /// Makes a topic; false when one of its name is there, which is left as it is.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Refused`].
    pub fn create(&self, topic: &Creation) -> Result<bool, Error> {
        self.topics.cluster.create(topic)
    }

    /// The end of what can be read of a partition: its last stable offset.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Unavailable`].
    pub fn stable(&self, partition: &TopicPartition) -> Result<Offset, Error> {
        let reads = self.reads()?;
        let found = cluster::bounds(&reads.consumer, partition, &self.options);
        let doing = || format!("find the last stable offset of {partition}");
        let explained = |error| explain(&doing(), &self.options.bootstrap_servers, &error, &reads.context.trouble);
        found.map(|bounds| bounds.high_watermark).map_err(explained)
    }

    /// Whether a group has folded these partitions under the key that this log was opened with, or not at all yet. Looks at what is
    /// committed now: an instance that died in the middle of a transaction keeps nobody waiting.
    ///
    /// # Errors
    /// [`Error::Refused`] when it was another key, [`Error::Unavailable`].
    pub fn check_key(&self, group: &str, partitions: &[TopicPartition]) -> Result<(), Error> {
        let observer = observer(&self.options, group, "read_uncommitted")?;
        self.committed_as(&observer, group, partitions).map(drop)
    }

    /// What it was opened with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    fn reads(&self) -> Result<&Fetcher, Error> {
        if let Some(reads) = self.reads.get() {
            reads.listen();
            return Ok(reads);
        }
        let made = fetcher(&self.options, &self.signal, (Context::default(), READ_HELD))?;
        Ok(self.reads.get_or_init(|| made))
    }

    /// Why a partition could not be fetched from `from` on.
    fn failed(&self, partition: &TopicPartition, from: Offset, code: RDKafkaErrorCode) -> Error {
        if matches!(code, RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) {
            let bounds = match self.topics.cluster.bounds(partition) {
                Ok(bounds) => bounds,
                Err(error) => return error,
            };
            if let Some(error) = outside(partition, from, bounds.start, bounds.high_watermark) {
                return error;
            }
        }
        sort(&format!("read {partition} at {from}"), &self.options.bootstrap_servers, code, &code.to_string())
    }

    /// The end of what can be read from `from` on.
    fn end_beyond(&self, partition: &TopicPartition, from: Offset) -> Result<Offset, Error> {
        let bounds = self.topics.cluster.bounds(partition)?;
        let end = self.settled(partition, bounds.high_watermark)?;
        if from < end {
            return Ok(end);
        }
        outside(partition, from, bounds.start, bounds.high_watermark).map_or(Ok(end), Err)
    }

    /// The stable end, once it has come to the high watermark. Brokers answer a commit before they have written its markers
    /// (KIP-98), partition by partition: who has read one of them would find the other half missing a moment later. An open
    /// transaction is not waited for any longer than that.
    fn settled(&self, partition: &TopicPartition, high_watermark: Offset) -> Result<Offset, Error> {
        let is_settled =
            |stable: &Result<Offset, Error>| stable.as_ref().map_or(true, |stable| *stable >= high_watermark);
        asked_until(Instant::now() + MARKERS_WAIT, MARKERS_LOOK, || self.stable(partition), is_settled)
    }

    pub(crate) fn observer(&self, group: &str) -> Result<Arc<BaseConsumer<Context>>, Error> {
        let mut observers = lock(&self.observers);
        if let Some(observer) = observers.get(group) {
            return Ok(Arc::clone(observer));
        }
        let made = Arc::new(observer(&self.options, group, "read_committed")?);
        observers.insert(group.to_owned(), Arc::clone(&made));
        Ok(made)
    }
}

/// A client that knows a group's offsets: with those that open transactions are about to change waited for, or not.
fn observer(options: &Options, group: &str, isolation: &str) -> Result<BaseConsumer<Context>, Error> {
    let mut config = options.observer(group);
    config.set("isolation.level", isolation);
    BaseConsumer::from_config_and_context(&config, Context::default()).map_err(|error| misconfigured(&error))
}

fn fetcher(options: &Options, signal: &Arc<Signal>, (context, held): (Context, Duration)) -> Result<Fetcher, Error> {
    let mut config = options.reader("read_committed");
    config.set("fetch.wait.max.ms", held.as_millis().to_string());
    let made = BaseConsumer::from_config_and_context(&config, context.clone());
    made.map(|consumer| Fetcher::new(consumer, context, signal)).map_err(|error| misconfigured(&error))
}

impl Log for Kafka {
    fn id(&self) -> LogId {
        self.id.clone()
    }

    fn create_topic(&self, spec: &TopicSpec) -> Result<TopicDescription, Error> {
        let name = spec.name.name().to_owned();
        let configs = configs(&spec.cleanup, self.options.min_insync_replicas);
        let (partitions, replication) = (spec.partitions, self.options.replication);
        self.topics.cluster.create(&Creation { name: name.clone(), partitions, replication, configs })?;
        let until = Instant::now() + self.options.patience;
        let ask = || self.topics.all().map(|all| all.into_iter().find(|topic| topic.spec.name == spec.name));
        // The broker that answers may not have heard of it yet.
        let found = asked_until(until, LOOK_AGAIN, ask, |found| !matches!(found, Ok(None)))?;
        let found = found.ok_or_else(|| Error::Unavailable(format!("topic {name} was made and is not to be seen")))?;
        if found.spec == *spec {
            return Ok(found);
        }
        let (existing, wanted) = (found.spec.settings(), spec.settings());
        Err(Error::Mismatch { name, existing, wanted })
    }

    fn topics(&self) -> Result<Vec<TopicDescription>, Error> {
        self.topics.all()
    }

    fn bounds(&self, partition: &TopicPartition) -> Result<Bounds, Error> {
        self.topics.cluster.bounds(partition)
    }

    fn read(&self, partition: &TopicPartition, from: Offset, limit: ReadLimit) -> Result<Read, Error> {
        // Who reads on reads as far as there was when it began.
        let end = self.reads()?.end_of_scan(partition, from).map_or_else(|| self.end_beyond(partition, from), Ok)?;
        if from >= end {
            return Ok(Read { records: Vec::new(), next: from, high_watermark: from });
        }
        let unknown = || Error::Unknown(partition.to_string());
        let cursor = self.reads()?.cursor(partition).ok_or_else(unknown)?;
        let mut cursor = lock(&cursor);
        let failed = |code| self.failed(partition, from, code);
        cursor.seek(from).map_err(failed)?;
        cursor.scan_end = end;
        let taken = cursor.take(limit, READ_WAIT).map_err(failed)?;
        if taken.next >= end {
            // Nobody may come back: what is fetched for nobody costs memory.
            cursor.stop();
        }
        Ok(Read { records: taken.records, next: taken.next, high_watermark: end.max(taken.next) })
    }

    fn poll(&self, partition: &TopicPartition, from: Offset, limit: ReadLimit) -> Result<Read, Error> {
        let unknown = || Error::Unknown(partition.to_string());
        self.polls.listen();
        let cursor = self.polls.cursor(partition).ok_or_else(unknown)?;
        let mut cursor = lock(&cursor);
        let failed = |code| self.failed(partition, from, code);
        cursor.seek(from).map_err(failed)?;
        let taken = cursor.take(limit, Duration::ZERO).map_err(failed)?;
        let high_watermark = taken.next + u64::from(taken.more);
        Ok(Read { records: taken.records, next: taken.next, high_watermark })
    }

    fn release(&self, partition: &TopicPartition) {
        self.polls.release(partition);
        if let Some(reads) = self.reads.get() {
            reads.release(partition);
        }
    }

    fn join(&self, name: &str, group: &str, topics: &[Topic]) -> Result<Option<Box<dyn Membership>>, Error> {
        let member = Member::join(&self.options, (name, group), topics, &self.members)?;
        Ok(Some(Box::new(member)))
    }

    fn committed(&self, group: &str, partitions: &[TopicPartition]) -> Result<Vec<Option<Offset>>, Error> {
        self.committed_as(self.observer(group)?.as_ref(), group, partitions)
    }

    fn producer(&self, transactional_id: &str) -> Result<Box<dyn Producer>, Error> {
        let producer =
            Transactional::new(&self.options, transactional_id, (&self.members, &self.topics, &self.signal))?;
        Ok(Box::new(producer))
    }

    fn append(&self, records: Vec<Output>) -> Result<Vec<Offset>, Error> {
        self.topics.check(&records)?;
        let mut appender = lock(&self.appender);
        let ready = match &*appender {
            Some(ready) => ready,
            None => appender.insert(Appender::new(&self.options)?),
        };
        let offsets = ready.append(&records);
        self.signal.raise();
        offsets
    }

    fn version(&self) -> u64 {
        self.signal.version()
    }

    fn wait(&self, seen: u64, timeout: Duration) -> u64 {
        self.signal.wait(seen, timeout)
    }
}

/// The group's coordinator is none yet, or any more.
fn is_taking_office(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{CoordinatorLoadInProgress, CoordinatorNotAvailable, NotCoordinator};
    matches!(error.rdkafka_error_code(), Some(NotCoordinator | CoordinatorLoadInProgress | CoordinatorNotAvailable))
}

impl Kafka {
    fn committed_as(
        &self,
        observer: &BaseConsumer<Context>,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Offset>>, Error> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let mut asked = TopicPartitionList::new();
        for partition in partitions {
            let number = i32::try_from(partition.partition).unwrap_or(i32::MAX);
            asked.add_partition(partition.topic.name(), number);
        }
        let doing = || format!("find what group {group} has committed");
        let trouble = &observer.client().context().trouble;
        let explained = |error| {
            // Why a coordinator is not found is told to whoever polls.
            for _ in 0..LISTEN_MAX {
                if let Some(Err(said)) = observer.poll(Duration::ZERO)
                    && let Some(code) = said.rdkafka_error_code()
                {
                    trouble.note(code, &said.to_string());
                }
            }
            explain(&doing(), &self.options.bootstrap_servers, &error, trouble)
        };
        let until = Instant::now() + self.options.patience;
        let ask = || observer.committed_offsets(asked.clone(), self.options.patience);
        // librdkafka does not ask again where the group's coordinator is about to take office: on a new cluster, after a move.
        let found = asked_until(until, LOOK_AGAIN, ask, |found| !found.as_ref().is_err_and(is_taking_office));
        let found = found.map_err(explained)?;
        partitions.iter().map(|partition| self.committed_of(group, partition, &found)).collect()
    }

    fn committed_of(
        &self,
        group: &str,
        partition: &TopicPartition,
        found: &TopicPartitionList,
    ) -> Result<Option<Offset>, Error> {
        let number = i32::try_from(partition.partition).unwrap_or(i32::MAX);
        let Some(element) = found.find_partition(partition.topic.name(), number) else { return Ok(None) };
        if let Err(error) = element.error() {
            let doing = format!("find what group {group} has committed of {partition}");
            return Err(explain(&doing, &self.options.bootstrap_servers, &error, &Context::default().trouble));
        }
        let Position::Offset(offset) = element.offset() else { return Ok(None) };
        let (theirs, ours) = (element.metadata(), &self.options.key_fingerprint);
        if !theirs.is_empty() && !ours.is_empty() && theirs != ours {
            return Err(Error::Refused(format!(
                "group {group} has folded with another key of the address hashes ({theirs}) than this instance has ({ours}): \
                 give every instance the same address_key_file"
            )));
        }
        Ok(Offset::try_from(offset).ok())
    }
}
