//! What a log must do: partitions, offsets, atomic commit of outputs and offsets, identity. Knows no implementation;
//! [`Log`] is what the driver of the engine speaks to, and [`conformance`] is the suite that every implementation runs.

pub mod conformance;
mod error;
mod exchange;
mod forward;
mod membership;
pub mod model;
mod topic;

#[doc(hidden)]
pub use engine;
pub use error::{CommitError, Error};
pub use exchange::{Committed, Read, ReadLimit, Transaction};
pub use membership::{Membership, Rebalance};
pub use topic::{Bounds, Cleanup, LogId, TopicDescription, TopicId, TopicSpec};

use engine::{Offset, Output, Topic, TopicPartition};

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

    /// What has arrived of [`Log::read`], for who polls again and again: it asks nobody how far the log goes, so it may find
    /// less than there is; [`Log::version`] changes when there is more. `high_watermark` is the end as it is known.
    ///
    /// # Errors
    /// As [`Log::read`].
    fn poll(&self, partition: &TopicPartition, from: Offset, limit: ReadLimit) -> Result<Read, Error> {
        self.read(partition, from, limit)
    }

    /// Nobody here reads this partition any more: what was fetched ahead for it may go.
    fn release(&self, _partition: &TopicPartition) {}

    /// Makes the worker `name` a member of `group`, which shares the partitions of `topics` among its members. `None` where
    /// there are no groups and whoever opened the log has every partition.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    fn join(&self, _name: &str, _group: &str, _topics: &[Topic]) -> Result<Option<Box<dyn Membership>>, Error> {
        Ok(None)
    }

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
    /// [`Error::TooLarge`], [`Error::NoKey`], [`Error::Unknown`], [`Error::Unavailable`]: then nothing was appended.
    fn append(&self, records: Vec<Output>) -> Result<Vec<Offset>, Error>;

    /// A number that changes whenever something was committed.
    fn version(&self) -> u64;

    /// Blocks until [`Log::version`] differs from `seen`, at most `timeout`; the version then.
    fn wait(&self, seen: u64, timeout: std::time::Duration) -> u64;
}
