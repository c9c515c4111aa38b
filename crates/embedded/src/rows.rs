//! Keys and rows of the log's database. Owns their bytes (crates/adr/0002); knows no database.
//!
//! ```text
//! batches   ordinal u32 | base offset u64                -> batch
//! identity  "i"                                          -> format u32 | log id
//! counter   "n"                                          -> number of the last commit u64
//! topic     "t" name                                     -> id | partitions | first ordinal | cleanup
//! written   "p" ordinal                                  -> end offset u64 | bytes written u64
//! upkeep    "u" ordinal                                  -> see Upkeep
//! group     "g" length of the name u16, name, ordinal    -> next offset u64
//! accepted  "a" number u32                               -> what was given up, in words
//! ```

use bytes::{Buf, BufMut};
use engine::{Offset, Topic, TopicPartition};
use log::{Cleanup, LogId, TopicDescription, TopicId, TopicSpec};

/// Format of everything below the marker file. A newer one is refused.
pub(crate) const FORMAT: u32 = 1;
pub(crate) const IDENTITY: &[u8] = b"i";
pub(crate) const COUNTER: &[u8] = b"n";

/// Number of a partition in the database: partitions of all topics in the order in which they were made.
pub(crate) type Ordinal = u32;

/// A topic and where its partitions begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TopicRow {
    pub(crate) description: TopicDescription,
    pub(crate) first: Ordinal,
}

/// What appending knows of a partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// The next offset.
    pub(crate) end: Offset,
    /// Bytes of all batches ever written.
    pub(crate) bytes: u64,
}

/// What retention and compaction know of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Upkeep {
    /// The first offset there is.
    pub(crate) start: Offset,
    /// Bytes of all batches ever removed or replaced, less what replaced them.
    pub(crate) removed: u64,
    /// Below it no two records have the same key.
    pub(crate) clean_to: Offset,
    /// Bytes written when it was last cleaned.
    pub(crate) clean_at: u64,
    /// Milliseconds since the Unix epoch at which upkeep first saw what is not clean; `i64::MAX` if all is.
    pub(crate) dirty_since: i64,
    /// The earliest time in milliseconds since the Unix epoch at which a tombstone may go; `i64::MAX` if there is none.
    pub(crate) next_tombstone: i64,
}

impl Default for Upkeep {
    fn default() -> Self {
        Self { start: 0, removed: 0, clean_to: 0, clean_at: 0, dirty_since: i64::MAX, next_tombstone: i64::MAX }
    }
}

pub(crate) fn batch_key(ordinal: Ordinal, base: Offset) -> [u8; 12] {
    let mut key = [0; 12];
    let (front, back) = key.split_at_mut(4);
    front.copy_from_slice(&ordinal.to_be_bytes());
    back.copy_from_slice(&base.to_be_bytes());
    key
}

pub(crate) fn parse_batch_key(mut key: &[u8]) -> Option<(Ordinal, Offset)> {
    let parsed = (key.try_get_u32().ok()?, key.try_get_u64().ok()?);
    key.is_empty().then_some(parsed)
}

pub(crate) fn identity_row(id: &LogId) -> Vec<u8> {
    [&FORMAT.to_be_bytes(), id.0.as_bytes()].concat()
}

pub(crate) fn parse_identity(mut row: &[u8]) -> Option<(u32, LogId)> {
    let format = row.try_get_u32().ok()?;
    Some((format, LogId(String::from_utf8(row.to_vec()).ok()?)))
}

pub(crate) fn topic_key(name: &Topic) -> Vec<u8> {
    [b"t", name.name().as_bytes()].concat()
}

pub(crate) fn ordinal_key(kind: u8, ordinal: Ordinal) -> [u8; 5] {
    let [a, b, c, d] = ordinal.to_be_bytes();
    [kind, a, b, c, d]
}

/// The key of a group's offset; `None` for names too long to be stored.
pub(crate) fn group_key(group: &str, ordinal: Ordinal) -> Option<Vec<u8>> {
    let length = u16::try_from(group.len()).ok()?;
    Some([b"g", &length.to_be_bytes()[..], group.as_bytes(), &ordinal.to_be_bytes()].concat())
}

pub(crate) fn parse_group_key(key: &[u8]) -> Option<(String, Ordinal)> {
    let mut rest = key.strip_prefix(b"g")?;
    let length = usize::from(rest.try_get_u16().ok()?);
    let (name, mut rest) = rest.split_at_checked(length)?;
    Some((String::from_utf8(name.to_vec()).ok()?, rest.try_get_u32().ok()?))
}

pub(crate) fn accepted_key(number: u32) -> [u8; 5] {
    ordinal_key(b'a', number)
}

pub(crate) fn parse_u64(mut row: &[u8]) -> Option<u64> {
    row.try_get_u64().ok()
}

impl TopicRow {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let (tag, time) = match self.description.spec.cleanup {
            Cleanup::Delete { retention_ms: None } => (0, 0),
            Cleanup::Delete { retention_ms: Some(age) } => (1, age),
            Cleanup::Compact { tombstone_ms } => (2, tombstone_ms),
        };
        let mut row = Vec::new();
        row.put_u32(self.description.spec.partitions);
        row.put_u32(self.first);
        row.put_u8(tag);
        row.put_i64(time);
        row.extend_from_slice(self.description.id.0.as_bytes());
        row
    }

    pub(crate) fn decode(key: &[u8], mut row: &[u8]) -> Option<Self> {
        let name = Topic::new(std::str::from_utf8(key.strip_prefix(b"t")?).ok()?);
        let (partitions, first) = (row.try_get_u32().ok()?, row.try_get_u32().ok()?);
        let cleanup = match (row.try_get_u8().ok()?, row.try_get_i64().ok()?) {
            (0, _) => Cleanup::Delete { retention_ms: None },
            (1, age) => Cleanup::Delete { retention_ms: Some(age) },
            (2, tombstone_ms) => Cleanup::Compact { tombstone_ms },
            _ => return None,
        };
        let id = TopicId(String::from_utf8(row.to_vec()).ok()?);
        Some(Self { description: TopicDescription { spec: TopicSpec { name, partitions, cleanup }, id }, first })
    }

    /// Its partitions with their ordinals.
    pub(crate) fn partitions(&self) -> impl Iterator<Item = (Ordinal, TopicPartition)> + '_ {
        let spec = &self.description.spec;
        (0..spec.partitions).map(|partition| {
            (self.first.saturating_add(partition), TopicPartition { topic: spec.name.clone(), partition })
        })
    }
}

impl Written {
    pub(crate) fn encode(self) -> [u8; 16] {
        (u128::from(self.end) << 64 | u128::from(self.bytes)).to_be_bytes()
    }

    pub(crate) fn decode(mut row: &[u8]) -> Option<Self> {
        Some(Self { end: row.try_get_u64().ok()?, bytes: row.try_get_u64().ok()? })
    }
}

impl Upkeep {
    pub(crate) fn encode(self) -> Vec<u8> {
        let mut row = Vec::with_capacity(48);
        [self.start, self.removed, self.clean_to, self.clean_at].into_iter().for_each(|number| row.put_u64(number));
        [self.dirty_since, self.next_tombstone].into_iter().for_each(|time| row.put_i64(time));
        row
    }

    pub(crate) fn decode(mut row: &[u8]) -> Option<Self> {
        Some(Self {
            start: row.try_get_u64().ok()?,
            removed: row.try_get_u64().ok()?,
            clean_to: row.try_get_u64().ok()?,
            clean_at: row.try_get_u64().ok()?,
            dirty_since: row.try_get_i64().ok()?,
            next_tombstone: row.try_get_i64().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_and_keys_read_back(numbers in any::<[u64; 4]>(), times in any::<[i64; 2]>(), ordinal: u32, name in "[a-z.é]{0,40}") {
            let [start, removed, clean_to, clean_at] = numbers;
            let [dirty_since, next_tombstone] = times;
            let upkeep = Upkeep { start, removed, clean_to, clean_at, dirty_since, next_tombstone };
            prop_assert_eq!(Upkeep::decode(&upkeep.encode()), Some(upkeep));
            let written = Written { end: start, bytes: removed };
            prop_assert_eq!(Written::decode(&written.encode()), Some(written));
            prop_assert_eq!(parse_batch_key(&batch_key(ordinal, start)), Some((ordinal, start)));
            prop_assert_eq!(parse_group_key(&group_key(&name, ordinal).unwrap()), Some((name.clone(), ordinal)));
            for cleanup in [Cleanup::Delete { retention_ms: None }, Cleanup::Delete { retention_ms: Some(dirty_since) }, Cleanup::Compact { tombstone_ms: next_tombstone }] {
                let spec = TopicSpec { name: Topic::new(&name), partitions: ordinal, cleanup };
                let row = TopicRow { description: TopicDescription { spec, id: TopicId("id".to_owned()) }, first: ordinal };
                prop_assert_eq!(TopicRow::decode(&topic_key(&Topic::new(&name)), &row.encode()), Some(row));
            }
        }
    }

    #[test]
    fn batches_sort_by_partition_then_offset() {
        let keys = [(0, 0), (0, 255), (0, 256), (1, 0), (256, 0)].map(|(ordinal, base)| batch_key(ordinal, base));
        assert!(keys.is_sorted());
    }
}
