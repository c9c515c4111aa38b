//! Every byte that leaves a process: topics, keys, headers, protobuf and its JSON. Owns the wire; knows no log, no store
//! and no rule of what a record means.
//!
//! `decode(encode(x)) == x`, and old bytes decode for ever: fields of `proto/` are only added.

pub mod campaign;
pub mod contact;
pub mod counters;
pub mod event;
mod fields;
pub mod header;
pub mod identity;
pub mod json;
pub mod key;
pub mod message;
pub mod readers;
mod shown;
pub mod topic;

/// The messages of `proto/`, as prost makes them.
#[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated from proto/, documented there")]
pub mod proto {
    mod generated {
        include!(concat!(env!("OUT_DIR"), "/packages.rs"));
    }
    pub use generated::mailtally::*;
}

pub use prost::Message as Proto;

/// Why bytes are not what their topic says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not this protobuf message.
    #[error("not a {what}: {detail}")]
    Malformed {
        /// The message's name.
        what: &'static str,
        /// What the decoder says.
        detail: String,
    },
    /// A field holds what this version cannot read.
    #[error("field {field}: {detail}")]
    Field {
        /// The field's path.
        field: &'static str,
        /// What is wrong and what would be right.
        detail: String,
    },
}

/// Decodes a protobuf value.
///
/// # Errors
/// [`Error::Malformed`].
pub fn decode<M: prost::Message + Default>(what: &'static str, bytes: &[u8]) -> Result<M, Error> {
    M::decode(bytes).map_err(|error| Error::Malformed { what, detail: error.to_string() })
}

/// Decodes a protobuf value whose byte fields share the buffer that it came in.
///
/// # Errors
/// [`Error::Malformed`].
pub fn decode_shared<M: prost::Message + Default>(what: &'static str, bytes: &bytes::Bytes) -> Result<M, Error> {
    M::decode(bytes.clone()).map_err(|error| Error::Malformed { what, detail: error.to_string() })
}

/// The instant of a protobuf timestamp, to the microsecond, saturating.
pub fn time_of(timestamp: &prost_types::Timestamp) -> domain::Time {
    domain::Time::from_micros(
        timestamp.seconds.saturating_mul(1_000_000).saturating_add(i64::from(timestamp.nanos.div_euclid(1_000))),
    )
}

/// The protobuf timestamp of an instant.
pub fn timestamp_of(time: domain::Time) -> prost_types::Timestamp {
    let micros = time.micros();
    prost_types::Timestamp {
        seconds: micros.div_euclid(1_000_000),
        nanos: i32::try_from(micros.rem_euclid(1_000_000)).unwrap_or(0).saturating_mul(1_000),
    }
}
