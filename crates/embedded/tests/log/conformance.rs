//! The suite that every log runs, on the embedded one.

use embedded::{Compaction, Embedded, MAX_RECORD_BYTES, Options};
use log::conformance::Subject;

struct OnDisk(tempfile::TempDir);

impl OnDisk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl Subject for OnDisk {
    type Log = Embedded;

    fn open(&mut self) -> Embedded {
        let compaction = Compaction { dirty_percent: 0, dirty_bytes: 0, ..Compaction::default() };
        Embedded::open(self.0.path(), Options { compaction, ..Options::default() }).unwrap()
    }

    fn settle(&mut self, log: &Embedded, now_ms: i64) -> bool {
        while log.maintain(now_ms, 1_000).unwrap().more {}
        true
    }

    fn too_large(&self) -> usize {
        MAX_RECORD_BYTES + 1
    }
}

log::conformance!(OnDisk::new());
