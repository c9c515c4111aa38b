//! The durable single-process log on RocksDB, the default when no broker is configured. Owns its files; knows no topic's meaning.
//! Decisions and file format: crates/adr/0002-embedded-log.md.

mod batch;
mod catalogue;
mod checkpoint;
mod commit;
mod compact;
mod core;
mod damage;
mod database;
mod directory;
mod error;
mod heal;
mod load;
mod maintain;
mod open;
mod options;
mod prepare;
mod producer;
mod read;
mod rebuild;
mod record;
mod retain;
mod rows;
mod sync;
mod tail;
mod tip;
mod verify;

pub use crate::core::{Embedded, TopicSpace};
pub use damage::{Damage, Loss};
pub use error::OpenError;
pub use maintain::Maintained;
pub use options::{Compaction, MAX_COMMIT_BYTES, MAX_PARTITIONS, MAX_RECORD_BYTES, Options, Shared};
pub use verify::Progress;
