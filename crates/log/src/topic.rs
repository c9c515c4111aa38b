//! What a topic is: name, partitions, cleanup, identity, bounds. Knows no record.

use engine::{Offset, Topic};

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

impl TopicSpec {
    /// Partitions and cleanup in words, for messages.
    pub fn settings(&self) -> String {
        let cleanup = match self.cleanup {
            Cleanup::Delete { retention_ms: None } => "kept for ever".to_owned(),
            Cleanup::Delete { retention_ms: Some(age) } => format!("deleted after {age} ms"),
            Cleanup::Compact { tombstone_ms } => format!("compacted, tombstones kept {tombstone_ms} ms"),
        };
        format!("{} partitions, {cleanup}", self.partitions)
    }
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
