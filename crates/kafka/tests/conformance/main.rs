//! The suite that every log runs, over a broker; and what only Kafka has: groups.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test says what it expects by failing")]

mod ends;
mod waits;

use std::sync::atomic::{AtomicU32, Ordering};

use kafka::{Kafka, Options, RECORD_BYTES_MAX};
use log::conformance::Subject;

/// A prefix of its own on the broker that all cases share.
struct Broker {
    prefix: String,
}

static CASES: AtomicU32 = AtomicU32::new(0);

fn fresh() -> Broker {
    let case = CASES.fetch_add(1, Ordering::SeqCst);
    Broker { prefix: format!("log-{}-{case}", std::process::id()) }
}

fn options(prefix: &str) -> Options {
    Options::new(broker::shared().expect("a broker"), prefix)
}

impl Subject for Broker {
    type Log = Kafka;

    fn open(&mut self) -> Kafka {
        Kafka::open(options(&self.prefix)).unwrap()
    }

    fn name(&self, short: &str) -> String {
        format!("{}.{short}", self.prefix)
    }

    fn too_large(&self) -> usize {
        RECORD_BYTES_MAX + 1
    }
}

log::conformance!(fresh());
