//! Why a log did not do as asked: one variant for each thing the caller does differently.

use engine::{Offset, TopicPartition};

/// Why a transaction is not known to be visible.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Another producer with the same transactional id took over: this one must stop for good.
    #[error("fenced by a newer producer with the same transactional id")]
    Fenced,
    /// Nothing of it is visible, nor ever will be: drop the overlay and rewind.
    #[error("aborted: {0}")]
    Aborted(String),
    /// Likewise, and only because the group divides its partitions anew: the log is well, and who has them next commits.
    #[error("aborted, since the group divides its partitions anew: {0}")]
    Rebalanced(String),
    /// It may or may not be visible: the group's committed offsets decide, after [`Producer::recover`].
    #[error("outcome unknown: {0}")]
    Unknown(String),
}

/// Why the log did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The offset is below the partition's start: what was there is gone (retention, or another log).
    #[error(
        "offset {asked} of {partition} is gone, the log now starts at {start}: what lies between was not folded; put it back, or accept the loss by committing {start}"
    )]
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
    /// A record without a key for a compacted topic, which would be kept for ever or lost.
    #[error("a record without a key for {partition}, which is compacted")]
    NoKey {
        /// The partition.
        partition: TopicPartition,
    },
    /// Bytes in the log are damaged: what is lost, what is not, and the remedy.
    #[error("{0}")]
    Damaged(String),
    /// It will not do it however often it is asked (no right, a wrong password, another address key): why, and the remedy.
    #[error("{0}")]
    Refused(String),
    /// The medium refused (disk full, broker away); the same call may succeed later.
    #[error("{0}")]
    Unavailable(String),
}
