//! The logs that a gateway keeps requests in, and how many it gives them at once.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use embedded::Embedded;
use engine::{Offset, Output};
use kafka::Kafka;
use log::{Error, Log};

/// A log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Which {
    /// The embedded one: an fsync.
    Embedded,
    /// One broker of Apache Kafka on this machine: acks=all.
    Kafka,
}

impl Which {
    /// As a table names it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Kafka => "kafka",
        }
    }

    /// Opens it: in a folder, or at a cluster.
    pub(crate) fn open(self, folder: &Path, cluster: Option<&broker::Cluster>) -> Result<Arc<dyn Log>> {
        Ok(match self {
            Self::Embedded => Arc::new(Embedded::open(folder, embedded::Options::default())?),
            Self::Kafka => {
                let servers = cluster.context("no broker was started")?.bootstrap();
                Arc::new(Kafka::open(kafka::Options::new(&servers, "mailtally"))?)
            }
        })
    }
}

/// Appends so far.
#[derive(Default)]
pub(crate) struct Appends {
    calls: AtomicU64,
    records: AtomicU64,
    micros: AtomicU64,
}

impl Appends {
    /// Calls, records, and the time that the calls took; all from 0 again.
    pub(crate) fn take(&self) -> (u64, u64, Duration) {
        let take = |count: &AtomicU64| count.swap(0, Ordering::Relaxed);
        (take(&self.calls), take(&self.records), Duration::from_micros(take(&self.micros)))
    }
}

/// A log whose appends are counted.
pub(crate) struct Counted {
    log: Arc<dyn Log>,
    appends: Arc<Appends>,
}

impl Counted {
    pub(crate) fn new(log: Arc<dyn Log>, appends: Arc<Appends>) -> Self {
        Self { log, appends }
    }
}

impl Log for Counted {
    log::forward!(log: id, create_topic, topics, bounds, read, poll, release, join, committed, producer, version, wait);

    fn append(&self, records: Vec<Output>) -> Result<Vec<Offset>, Error> {
        let (begun, count) = (Instant::now(), records.len());
        let done = self.log.append(records);
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.appends.calls.fetch_add(1, Ordering::Relaxed);
        self.appends.records.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.appends.micros.fetch_add(micros, Ordering::Relaxed);
        done
    }
}
