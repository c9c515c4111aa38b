//! What a log must do: partitions, offsets, atomic commit of outputs and offsets, identity. Knows no implementation;
//! [`Log`] is what the driver of the engine speaks to, and `conformance` is the suite that every implementation runs.

use engine::{Offset, Output, Stored, Topic, TopicPartition};

/// Identity of a log (a Kafka cluster id, or the id an embedded log was born with).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId(pub String);

/// Identity of a topic: a topic deleted and made again under the same name has another (KIP-516).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub String);

/// What happens to old records of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleanup {
    /// Deleted by age in milliseconds; `None` keeps them for ever.
    Delete {
        /// Age in milliseconds after which a record may go.
        retention_ms: Option<i64>,
    },
    /// Only the latest record of a key is kept; a tombstone stays at least `tombstone_ms`.
    Compact {
        /// Age in milliseconds before which no tombstone goes.
        tombstone_ms: i64,
    },
}

/// A topic as it is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Its full name.
    pub name: Topic,
    /// Its number of partitions; never changes in place.
    pub partitions: u32,
    /// What happens to its old records.
    pub cleanup: Cleanup,
}

/// A topic as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicDescription {
    /// What it was made with.
    pub spec: TopicSpec,
    /// Its identity.
    pub id: TopicId,
}

/// First and next offset of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The first offset that can be read.
    pub start: Offset,
    /// The offset that the next record will get or exceed.
    pub high_watermark: Offset,
}

/// How much one read may return. At least one record is returned if there is one.
#[derive(Clone, Copy, Debug)]
pub struct ReadLimit {
    /// Most records.
    pub records: usize,
    /// Most bytes of keys, values and headers, exceeded by at most one record.
    pub bytes: usize,
}

/// What a read found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// Committed records in offset order; offsets may have gaps.
    pub records: Vec<Stored>,
    /// Where to read next: at least the last record's offset + 1, past gaps.
    pub next: Offset,
    /// The partition's high watermark at the time of the read.
    pub high_watermark: Offset,
}

/// Outputs and offsets that become visible together, or not at all.
#[derive(Clone, Debug, Default)]
pub struct Transaction {
    /// Records, in the order in which they stand in their partitions.
    pub outputs: Vec<Output>,
    /// Per consumer group and input partition, the next offset to read.
    pub offsets: Vec<(String, TopicPartition, Offset)>,
}

/// A transaction that is visible.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// For every partition written: a lower bound of the offset after its last record. Exact on the embedded log.
    pub ends: Vec<(TopicPartition, Offset)>,
}

/// Why a transaction is not known to be visible.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Another producer with the same transactional id took over: this one must stop for good.
    #[error("fenced by a newer producer with the same transactional id")]
    Fenced,
    /// Nothing of it is visible, nor ever will be: drop the overlay and rewind.
    #[error("aborted: {0}")]
    Aborted(String),
    /// It may or may not be visible: the group's committed offsets decide, after [`Producer::recover`].
    #[error("outcome unknown: {0}")]
    Unknown(String),
}

/// Why the log did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The offset is below the partition's start: what was there is gone (retention, or another log).
    #[error("offset {asked} of {partition} is gone, the log now starts at {start}")]
    OffsetLost {
        /// The partition.
        partition: TopicPartition,
        /// The offset asked for.
        asked: Offset,
        /// The first offset there is.
        start: Offset,
    },
    /// The offset is beyond the high watermark: the log lost its end, or it is another log.
    #[error("offset {asked} of {partition} is beyond its end {high_watermark}")]
    OffsetAhead {
        /// The partition.
        partition: TopicPartition,
        /// The offset asked for.
        asked: Offset,
        /// The end of the log.
        high_watermark: Offset,
    },
    /// No such topic or partition.
    #[error("no such topic or partition: {0}")]
    Unknown(String),
    /// The topic exists with other settings; nothing was changed.
    #[error("topic {name} exists with {existing}, wanted {wanted}")]
    Mismatch {
        /// The topic.
        name: String,
        /// What it has.
        existing: String,
        /// What was asked for.
        wanted: String,
    },
    /// A record is larger than the log takes.
    #[error("a record of {size} bytes for {partition} is over the limit of {limit} bytes")]
    TooLarge {
        /// The partition.
        partition: TopicPartition,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Bytes in the log are damaged: what is lost, what is not, and the remedy.
    #[error("{0}")]
    Damaged(String),
    /// The medium refused (disk full, broker away); the same call may succeed later.
    #[error("{0}")]
    Unavailable(String),
}

/// Writes transactions under one transactional id. Making another with the same id fences this one.
pub trait Producer: Send {
    /// Makes the transaction durable and visible, whole. Blocks.
    ///
    /// # Errors
    /// See [`CommitError`]: each variant is another thing to do.
    fn commit(&mut self, transaction: Transaction) -> Result<Committed, CommitError>;

    /// After [`CommitError::Unknown`]: resolves what was open, so that committed offsets can be trusted.
    ///
    /// # Errors
    /// [`CommitError::Fenced`] when another took over.
    fn recover(&mut self) -> Result<(), CommitError>;
}

/// A partitioned, durable log whose readers see committed records only. Every call may block for IO.
pub trait Log: Send + Sync {
    /// Its identity.
    fn id(&self) -> LogId;

    /// Makes a topic, or checks that it is there as wanted.
    ///
    /// # Errors
    /// [`Error::Mismatch`] when it is there with other settings.
    fn create_topic(&self, spec: &TopicSpec) -> Result<TopicDescription, Error>;

    /// All topics, by name.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    fn topics(&self) -> Result<Vec<TopicDescription>, Error>;

    /// First and next offset of a partition, uncommitted records included.
    ///
    /// # Errors
    /// [`Error::Unknown`].
    fn bounds(&self, partition: &TopicPartition) -> Result<Bounds, Error>;

    /// Committed records from `from` on.
    ///
    /// # Errors
    /// [`Error::OffsetLost`], [`Error::OffsetAhead`], [`Error::Damaged`]: never a silent jump.
    fn read(&self, partition: &TopicPartition, from: Offset, limit: ReadLimit) -> Result<Read, Error>;

    /// The committed next offsets of a group, stable: an open transaction is waited for.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    fn committed(&self, group: &str, partitions: &[TopicPartition]) -> Result<Vec<Option<Offset>>, Error>;

    /// A producer under a transactional id, fencing the one before.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    fn producer(&self, transactional_id: &str) -> Result<Box<dyn Producer>, Error>;

    /// Appends records for those who are no processor (intakes), whole and durable before it returns. The offsets, in order.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Unknown`], [`Error::Unavailable`]: then nothing was appended.
    fn append(&self, records: Vec<Output>) -> Result<Vec<Offset>, Error>;

    /// A number that changes whenever something was committed.
    fn version(&self) -> u64;

    /// Blocks until [`Log::version`] differs from `seen`, at most `timeout`; the version then.
    fn wait(&self, seen: u64, timeout: std::time::Duration) -> u64;
}
