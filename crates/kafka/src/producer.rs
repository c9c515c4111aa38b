//! Transactions under one transactional id, and the replacement of a producer whose last one ended doubtfully.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::{Offset, Output, TopicPartition};
use log::{CommitError, Committed, Error, Producer, Transaction};
use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::Producer as _;
use rdkafka::{Offset as Position, TopicPartitionList};

use crate::cluster::misconfigured;
use crate::context::Context;
use crate::error::{explain, sort};
use crate::fetch::lock;
use crate::member::Members;
use crate::native::{self, EndError};
use crate::options::{Options, RETRY_MS};
use crate::recycled;
use crate::send::Sender;
use crate::signal::Signal;
use crate::statistics::{Shared, Statistics};
use crate::topics::Topics;

/// An end of a transaction that took so long may have been sent twice.
const DOUBTFUL_AFTER: Duration = Duration::from_millis(RETRY_MS / 10 * 7);
/// How often an unknown outcome is asked for before the worker gives up.
const RECOVERIES_MAX: u32 = 60;
/// How long the brokers mostly take to write the marks of a commit. A transaction that begins with its offsets is refused before
/// that, and librdkafka asks again after `retry.backoff.ms` only; one that begins with records is asked for again at once.
const MARKS_WAIT: Duration = Duration::from_millis(50);
/// Between two such questions that were answered at once.
const RECOVERY_WAIT: Duration = Duration::from_secs(1);

/// A producer of transactions.
pub(crate) struct Transactional {
    options: Options,
    id: String,
    members: Arc<Members>,
    topics: Arc<Topics>,
    signal: Arc<Signal>,
    /// None: the one before must not be used again.
    living: Option<Living>,
    /// Group metadata of groups that nobody here is a member of.
    observers: BTreeMap<String, BaseConsumer<Context>>,
    fenced: bool,
}

/// librdkafka's producer, and what was known of its requests at the last end of a transaction.
struct Living {
    sender: Sender,
    statistics: Shared,
    seen: Statistics,
    /// When its last transaction ended.
    ended: Option<Instant>,
}

/// Why a transaction did not get through, before its outcome is sorted.
enum Failure {
    Fenced,
    /// It never will be: a password, a certificate, a right.
    Refused(String),
    /// It cannot have been committed.
    Abort(String),
    /// Likewise, and the group is the reason: it divides its partitions anew.
    Rebalanced(String),
    Unknown(String),
}

impl Transactional {
    /// A producer that has fenced the one before it.
    pub(crate) fn new(
        options: &Options,
        id: &str,
        (members, topics, signal): (&Arc<Members>, &Arc<Topics>, &Arc<Signal>),
    ) -> Result<Self, Error> {
        let mut this = Self {
            options: options.clone(),
            id: id.to_owned(),
            members: Arc::clone(members),
            topics: Arc::clone(topics),
            signal: Arc::clone(signal),
            living: None,
            observers: BTreeMap::new(),
            fenced: false,
        };
        let living = this.begin_life().map_err(|failure| match failure {
            Failure::Fenced => {
                Error::Refused(format!("{id} is taken over by another process of the same name just now"))
            }
            Failure::Refused(why) => Error::Refused(why),
            Failure::Abort(why) | Failure::Rebalanced(why) | Failure::Unknown(why) => Error::Unavailable(why),
        })?;
        this.living = Some(living);
        Ok(this)
    }

    /// A new instance under the same id: what the one before has open is resolved first.
    fn begin_life(&self) -> Result<Living, Failure> {
        let statistics = Shared::default();
        let sender = Sender::new(&self.options.transactional(&self.id), Some(&statistics));
        let sender = sender.map_err(|error| Failure::Refused(misconfigured(&error).to_string()))?;
        let doing = format!("produce as {}", self.id);
        let until = Instant::now() + self.options.patience;
        loop {
            let Err(error) = sender.producer.init_transactions(self.options.patience) else { break };
            // Events are the producer's trouble; they explain the error.
            sender.listen();
            let again = matches!(&error, KafkaError::Transaction(error) if error.is_retriable());
            if error.rdkafka_error_code().is_some_and(is_fenced) {
                return Err(Failure::Fenced);
            }
            if !again || Instant::now() > until {
                let why = explain(&doing, &self.options.bootstrap_servers, &error, &sender.trouble);
                let refused = matches!(why, Error::Refused(_));
                return Err(if refused { Failure::Refused(why.to_string()) } else { Failure::Abort(why.to_string()) });
            }
        }
        Ok(Living { sender, statistics, seen: Statistics::default(), ended: None })
    }

    /// The living producer, replaced first if its last transaction ended doubtfully.
    fn ready(&mut self) -> Result<(), Failure> {
        let doubtful = |living: &Living| lock(&living.statistics).is_doubtful_since(&living.seen);
        if self.options.recycle && self.living.as_ref().is_some_and(doubtful) {
            self.recycle("a request was repeated or not answered");
        }
        if self.living.is_none() {
            self.living = Some(self.begin_life()?);
        }
        Ok(())
    }

    /// Lets go of the producer: late requests of it belong to an epoch that the next one ends.
    fn recycle(&mut self, why: &str) {
        if self.living.take().is_some() {
            tracing::info!(producer = self.id, why, "the producer is replaced");
            recycled::count();
        }
    }

    fn run(&mut self, transaction: &Transaction) -> Result<Committed, Failure> {
        self.topics.check(&transaction.outputs).map_err(|error| Failure::Abort(error.to_string()))?;
        self.ready()?;
        let until = Instant::now() + Duration::from_millis(u64::from(self.options.transaction_timeout_ms));
        let Some(living) = &self.living else { return Err(Failure::Abort("no producer".to_owned())) };
        if transaction.outputs.is_empty() {
            // Nobody is told when the marks are written.
            let since = living.ended.map(|ended| ended.elapsed());
            std::thread::sleep(since.map_or(Duration::ZERO, |since| MARKS_WAIT.saturating_sub(since)));
        }
        living.sender.producer.begin_transaction().map_err(|error| sorted(&error))?;
        let ends = produce(&living.sender, &transaction.outputs, until, &self.options)?;
        for (group, offsets) in by_group(&transaction.offsets, &self.options.key_fingerprint) {
            let metadata = self.metadata(&group)?;
            let Some(living) = &self.living else { return Err(Failure::Abort("no producer".to_owned())) };
            let left = until.saturating_duration_since(Instant::now());
            let sent = living.sender.producer.send_offsets_to_transaction(&offsets, &metadata, left);
            sent.map_err(|error| sorted(&error))?;
        }
        self.end(until)?;
        Ok(Committed { ends })
    }

    /// The group as it is now, read for each transaction: a generation of old would be refused, or worse, not be.
    fn metadata(&mut self, group: &str) -> Result<ConsumerGroupMetadata, Failure> {
        if self.members.has(&self.id, group) {
            let gone = || Failure::Rebalanced(format!("{} is no member of group {group} just now", self.id));
            return self.members.metadata(&self.id, group).ok_or_else(gone);
        }
        if !self.observers.contains_key(group) {
            let made = BaseConsumer::from_config_and_context(&self.options.observer(group), Context::default());
            let made = made.map_err(|error| Failure::Abort(misconfigured(&error).to_string()))?;
            self.observers.insert(group.to_owned(), made);
        }
        let metadata = self.observers.get(group).and_then(|observer| observer.group_metadata());
        metadata.ok_or_else(|| Failure::Abort(format!("group {group} gives no metadata")))
    }

    /// Commits. A retriable error means that the same call may be made again; past the deadline nobody knows.
    fn end(&mut self, until: Instant) -> Result<(), Failure> {
        let Some(living) = &mut self.living else { return Err(Failure::Abort("no producer".to_owned())) };
        let (began, trouble) = (Instant::now(), living.sender.trouble.count());
        let outcome = loop {
            let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            match native::commit(&living.sender.producer, left) {
                Err(error) if error.retriable && Instant::now() < until => {
                    living.sender.listen();
                }
                other => break other,
            }
        };
        living.sender.listen();
        (living.seen, living.ended) = (*lock(&living.statistics), Some(Instant::now()));
        let doubtful = began.elapsed() >= DOUBTFUL_AFTER || living.sender.trouble.count() != trouble;
        if doubtful && self.options.recycle {
            self.recycle("the end of a transaction was slow or lost its connection");
        }
        outcome.map_err(ended)
    }

    /// What a replaced producer left open ends with its successor's first breath: taken now, not with the next commit, for which
    /// this worker may wait itself, since readers see nothing behind an open transaction and the group gives no stable offset.
    fn close_open(&mut self) -> Option<CommitError> {
        if self.living.is_some() {
            return None;
        }
        match self.ready() {
            Err(Failure::Fenced) => {
                self.fenced = true;
                Some(CommitError::Fenced)
            }
            // The next commit tries again, and says why not.
            Ok(()) | Err(_) => None,
        }
    }

    /// Ends a failed transaction, so that nothing of it can become visible.
    fn abort(&mut self) {
        let Some(living) = &self.living else { return };
        let (began, trouble) = (Instant::now(), living.sender.trouble.count());
        living.sender.producer.purge(rdkafka::producer::PurgeConfig::default().queue());
        let until = Instant::now() + self.options.patience;
        let drained = living.sender.drain(until).is_ok();
        let aborted = drained && native::abort(&living.sender.producer, self.options.patience).is_ok();
        let doubtful = began.elapsed() >= DOUBTFUL_AFTER || living.sender.trouble.count() != trouble;
        // One that could not abort must go in any case: its transaction ends with its successor's first breath.
        if !aborted || (doubtful && self.options.recycle) {
            self.recycle("the abort of a transaction was slow or failed");
        }
    }
}

impl Producer for Transactional {
    fn commit(&mut self, transaction: Transaction) -> Result<Committed, CommitError> {
        if self.fenced {
            return Err(CommitError::Fenced);
        }
        match self.run(&transaction) {
            Ok(committed) => {
                self.signal.raise();
                Ok(committed)
            }
            Err(Failure::Abort(why) | Failure::Refused(why)) => {
                self.abort();
                self.close_open().map_or(Err(CommitError::Aborted(why)), Err)
            }
            Err(Failure::Rebalanced(why)) => {
                self.abort();
                self.close_open().map_or(Err(CommitError::Rebalanced(why)), Err)
            }
            Err(Failure::Unknown(why)) => {
                self.recycle("nobody knows how a transaction ended");
                Err(CommitError::Unknown(why))
            }
            Err(Failure::Fenced) => {
                (self.fenced, self.living) = (true, None);
                Err(CommitError::Fenced)
            }
        }
    }

    fn recover(&mut self) -> Result<(), CommitError> {
        if self.fenced {
            return Err(CommitError::Fenced);
        }
        for attempt in 1..=RECOVERIES_MAX {
            match self.ready() {
                Ok(()) => return Ok(()),
                Err(Failure::Fenced) => return Err(CommitError::Fenced),
                Err(Failure::Abort(why) | Failure::Rebalanced(why) | Failure::Unknown(why) | Failure::Refused(why)) => {
                    tracing::warn!(why, attempt, "how a transaction ended is not known yet; asked again");
                    // Brokers tell nobody when they answer again.
                    std::thread::sleep(RECOVERY_WAIT);
                }
            }
        }
        Err(CommitError::Unknown("the cluster did not say for too long".to_owned()))
    }
}

/// Sends the outputs and waits for their acknowledgements: the offset after the last record of each partition.
fn produce(
    sender: &Sender,
    outputs: &[Output],
    until: Instant,
    options: &Options,
) -> Result<Vec<(TopicPartition, Offset)>, Failure> {
    let mut slots: BTreeMap<&TopicPartition, usize> = BTreeMap::new();
    let mut last: Option<(&TopicPartition, usize)> = None;
    let placed: Vec<(usize, &Output)> = outputs
        .iter()
        .map(|output| {
            // Neighbours often go to one partition.
            let known = last.filter(|(to, _)| **to == output.to).map(|(_, slot)| slot);
            let next = slots.len();
            let slot = known.unwrap_or_else(|| *slots.entry(&output.to).or_insert(next));
            last = Some((&output.to, slot));
            (slot, output)
        })
        .collect();
    let ends = sender.send(slots.len(), placed.into_iter(), until).map_err(|code| {
        let text = sender.trouble.last().map_or_else(|| code.to_string(), |(_, text)| text);
        let fatal = sender.producer.client().fatal_error().map(|(code, _)| code);
        if is_fenced(code) || fatal.is_some_and(is_fenced) {
            return Failure::Fenced;
        }
        Failure::Abort(sort("send a transaction's records", &options.bootstrap_servers, code, &text).to_string())
    })?;
    let at = |slot: usize| ends.get(slot).copied().unwrap_or_default();
    Ok(slots.into_iter().map(|(partition, slot)| (partition.clone(), at(slot))).collect())
}

/// Offsets of each group, with the fingerprint of the key that made them.
fn by_group(offsets: &[(String, TopicPartition, Offset)], fingerprint: &str) -> BTreeMap<String, TopicPartitionList> {
    let mut groups: BTreeMap<String, TopicPartitionList> = BTreeMap::new();
    for (group, partition, offset) in offsets {
        let list = groups.entry(group.clone()).or_default();
        let number = i32::try_from(partition.partition).unwrap_or(i32::MAX);
        let mut element = list.add_partition(partition.topic.name(), number);
        // Refused only for offsets below -2001.
        element.set_offset(Position::Offset(i64::try_from(*offset).unwrap_or(i64::MAX))).ok();
        if !fingerprint.is_empty() {
            element.set_metadata(fingerprint);
        }
    }
    groups
}

fn sorted(error: &KafkaError) -> Failure {
    match error.rdkafka_error_code() {
        Some(code) if is_fenced(code) => Failure::Fenced,
        Some(code) if is_rebalance(code) => Failure::Rebalanced(error.to_string()),
        _ => Failure::Abort(error.to_string()),
    }
}

fn ended(error: EndError) -> Failure {
    if is_fenced(error.code) {
        return Failure::Fenced;
    }
    // What a broker cannot name (it was fencing, say) may have happened before it went wrong.
    let is_named = error.code != RDKafkaErrorCode::Unknown;
    match error.requires_abort && is_named {
        true => Failure::Abort(error.text),
        false => Failure::Unknown(error.text),
    }
}

fn is_fenced(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::{Fenced, InvalidProducerEpoch, ProducerFenced};
    matches!(code, Fenced | ProducerFenced | InvalidProducerEpoch)
}

/// The group counts this member not as who it was: partitions are handed over, or its session has ended.
fn is_rebalance(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::{FencedInstanceId, IllegalGeneration, RebalanceInProgress, UnknownMemberId};
    matches!(code, RebalanceInProgress | IllegalGeneration | UnknownMemberId | FencedInstanceId)
}
