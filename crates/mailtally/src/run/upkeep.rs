//! Retention and compaction in the background: rounds of bounded work, so that folding goes on between them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Result;
use embedded::Embedded;
use service::metric;

use crate::system::now_ms;

/// Bytes that one round reads.
const ROUND_BYTES: u64 = 8 << 20;
/// Between two rounds while there is work.
const BREATH: Duration = Duration::from_millis(50);
/// Between two looks when there is none.
const REST: Duration = Duration::from_secs(5);

/// Starts the thread; it ends soon after `stop`.
pub(super) fn start(log: &Arc<Embedded>, stop: &Arc<AtomicBool>) -> Result<JoinHandle<()>> {
    let (log, stop) = (Arc::clone(log), Arc::clone(stop));
    let work = move || {
        while !stop.load(Ordering::Acquire) {
            let more = match log.maintain(now_ms(), ROUND_BYTES) {
                Ok(done) => {
                    metrics::counter!(metric::UPKEEP_REMOVED).increment(done.removed_bytes);
                    metrics::counter!(metric::UPKEEP_REWRITTEN).increment(done.rewritten_bytes);
                    done.more
                }
                Err(error) => {
                    tracing::error!(%error, "upkeep did not succeed and is tried again; the log grows meanwhile");
                    false
                }
            };
            pause(if more { BREATH } else { REST }, &stop);
        }
    };
    Ok(std::thread::Builder::new().name("upkeep".to_owned()).spawn(work)?)
}

/// Sleeps, and wakes when it is to stop.
pub(super) fn pause(length: Duration, stop: &AtomicBool) {
    const STEP: Duration = Duration::from_millis(50);
    let mut left = length;
    while !left.is_zero() && !stop.load(Ordering::Acquire) {
        let step = STEP.min(left);
        std::thread::sleep(step);
        left = left.saturating_sub(step);
    }
}
