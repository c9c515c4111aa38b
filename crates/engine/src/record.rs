//! Records, where they stand, and where they go. Owns the words of the log; knows no meaning of a key or a value.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};

/// Position of a record in its partition. Positions have gaps: never count records with them.
pub type Offset = u64;

/// A topic's full name, prefix included. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(Arc<str>);

impl Topic {
    /// The topic of this name.
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One partition of one topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic.
    pub topic: Topic,
    /// The partition, from 0.
    pub partition: u32,
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.topic, self.partition)
    }
}

/// What is written: a key, a value (none is a tombstone), headers and a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The key's bytes, canonical where the topic says so.
    pub key: Option<Bytes>,
    /// The value's bytes; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// Headers, shared by the records of a batch.
    pub headers: Headers,
    /// Milliseconds since the Unix epoch; retention goes by it.
    pub timestamp_ms: i64,
}

/// A record with the offset that the log gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its offset.
    pub offset: Offset,
    /// The record.
    pub record: Record,
}

/// A record and the partition it goes to, named explicitly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Destination.
    pub to: TopicPartition,
    /// The record.
    pub record: Record,
}

/// Record headers as one shared buffer: `(name length u16, name, value length u32, value)*`, big-endian.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Bytes);

impl Headers {
    /// Headers from their names and values. Names longer than 65,535 bytes are cut.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, Cow<'a, [u8]>)>) -> Self {
        let mut buffer = BytesMut::new();
        for (name, value) in pairs {
            let name = name.as_bytes();
            let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
            buffer.put_u16(length);
            buffer.extend_from_slice(name.get(..usize::from(length)).unwrap_or_default());
            buffer.put_u32(u32::try_from(value.len()).unwrap_or(u32::MAX));
            buffer.extend_from_slice(&value);
        }
        Self(buffer.freeze())
    }

    /// Headers from the bytes that [`Headers::as_bytes`] gave. What is malformed reads as its well-formed prefix.
    pub fn from_bytes(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// The buffer, to be stored as it is.
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }

    /// Names and values in the order they were written.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let mut rest: &[u8] = &self.0;
        std::iter::from_fn(move || {
            let (name_length, after) = rest.split_first_chunk::<2>()?;
            let (name, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*name_length)))?;
            let (value_length, after) = after.split_first_chunk::<4>()?;
            let (value, after) = after.split_at_checked(usize::try_from(u32::from_be_bytes(*value_length)).ok()?)?;
            rest = after;
            Some((std::str::from_utf8(name).ok()?, value))
        })
    }

    /// The first header of this name.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(candidate, _)| *candidate == name).map(|(_, value)| value)
    }
}
