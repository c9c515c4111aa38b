//! How many producers were replaced: each one is a transaction whose end was in doubt.

use std::sync::atomic::{AtomicU64, Ordering};

static RECYCLED: AtomicU64 = AtomicU64::new(0);

pub(crate) fn count() {
    RECYCLED.fetch_add(1, Ordering::AcqRel);
}

/// Producers replaced since the process began.
pub fn total() -> u64 {
    RECYCLED.load(Ordering::Acquire)
}
