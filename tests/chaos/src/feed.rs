//! Writes the input beside the faults, no further than it is let: there is always work when something is struck.

use std::sync::{Condvar, Mutex, PoisonError};

use anyhow::Result;
use log::Log as _;

use crate::input::Input;
use crate::site::Site;

/// Events of one append.
const CHUNK: u64 = 4_000;

/// How far the input may be written, and how far it is.
#[derive(Default)]
pub(crate) struct Gate {
    at: Mutex<At>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default)]
struct At {
    limit: u64,
    written: u64,
    over: bool,
}

impl Gate {
    /// Lets it be written so far.
    pub(crate) fn open(&self, limit: u64) {
        let mut at = self.lock();
        at.limit = at.limit.max(limit);
        self.changed.notify_all();
    }

    /// Events written.
    pub(crate) fn written(&self) -> u64 {
        self.lock().written
    }

    /// Writes nothing more.
    pub(crate) fn end(&self) {
        self.lock().over = true;
        self.changed.notify_all();
    }

    /// Writes the whole input as it is let; events written.
    pub(crate) fn feed(&self, site: &Site, input: &mut Input) -> Result<u64> {
        while let Some(room) = self.room() {
            let chunk = input.chunk(CHUNK.min(room))?;
            if chunk.events == 0 {
                break;
            }
            site.kafka.append(chunk.records)?;
            self.lock().written += chunk.events;
        }
        Ok(self.written())
    }

    /// Events that may be written now; waits for some. Nothing when it is over.
    fn room(&self) -> Option<u64> {
        let at = self.lock();
        let shut = |at: &mut At| at.written >= at.limit && !at.over;
        let at = self.changed.wait_while(at, shut).unwrap_or_else(PoisonError::into_inner);
        (!at.over).then(|| at.limit.saturating_sub(at.written))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, At> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
