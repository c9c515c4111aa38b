//! Apache Kafka as a log, and membership of a consumer group. The only crate that names rdkafka.
//!
//! [`Kafka`] is the log. Reading ([`log::Log::poll`] and [`log::Log::read`]) has clients of its own without a group; a
//! worker's [`log::Membership`] says only which partitions are its; its producer commits with that membership's generation.

mod append;
mod cluster;
mod context;
mod error;
mod fetch;
mod group;
mod joining;
mod kafka;
mod member;
mod native;
mod options;
mod producer;
pub mod recycled;
mod send;
mod signal;
mod statistics;
mod topics;

pub use cluster::{Creation, Description, Right};
pub use group::{Group, GroupMember};
pub use kafka::Kafka;
pub use options::{MESSAGE_BYTES_MAX, Options, RECORD_BYTES_MAX};
pub use topics::configs;
