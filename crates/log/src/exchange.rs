//! What goes in and comes out: reads and transactions. Knows no medium.

use engine::{Offset, Output, Stored, TopicPartition};

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
