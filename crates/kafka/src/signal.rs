//! A number that changes whenever something may have arrived, and a way to wait for it.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Counts news. Its users look first and wait then, so nothing that comes between is missed.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    version: Mutex<u64>,
    changed: Condvar,
}

impl Signal {
    /// Something is there.
    pub(crate) fn raise(&self) {
        let mut version = self.version.lock().unwrap_or_else(PoisonError::into_inner);
        *version = version.wrapping_add(1);
        self.changed.notify_all();
    }

    pub(crate) fn version(&self) -> u64 {
        *self.version.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Blocks until the number differs from `seen`, at most `timeout`; the number then.
    pub(crate) fn wait(&self, seen: u64, timeout: Duration) -> u64 {
        let version = self.version.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(version, timeout, |version| *version == seen);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}
