//! Apache Kafka in KRaft mode on loopback, without Docker and without a dependency: for suites, benches and
//! `cargo xtask kafka`. The jars come from Maven Central, once, into the cache outside the clone.
//!
//! A suite that only needs a plain broker asks [`shared`] and uses topic names of its own; one that kills, restarts or
//! secures brokers starts its own [`Cluster`].

mod cluster;
mod jars;
mod plan;
mod process;
mod running;
mod secrets;
mod shared;
mod tools;
mod wire;

pub use cluster::{Cluster, Options};
pub use jars::{RELEASE, SIZE, are_there, cache, fetch};
pub use plan::{Node, Plan};
pub use process::{OPTIONS, Signal};
pub use running::{Running, Status};
pub use shared::{VARIABLE, shared};

/// What went wrong, with the remedy, for a person.
pub type Result<T> = std::result::Result<T, String>;
