//! The processor at work beside the pages: events come at a steady rate, are folded and published, and the view follows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use anyhow::{Result, anyhow};
use benches::mailtally::System;
use benches::workload::Workload;
use view::{Follow, Keep, View};

use crate::site::{PARTITIONS, PREFIX, VIEW};

/// Messages of the load: more than come while anybody looks.
const MESSAGES: u64 = 100_000_000;
/// Records of a transaction at most, as in the product.
const BATCH: usize = 5_000;

/// A load that goes on.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    feeder: JoinHandle<Result<u64>>,
    folds: JoinHandle<Result<()>>,
    view: JoinHandle<()>,
}

impl Load {
    /// So many events a second, of other organisations than the one whose pages are read.
    pub(crate) fn start(system: &Arc<System>, view: &Arc<View>, seed: u64, per_second: u64) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let follow = Follow {
            log: system.log(),
            view: Arc::clone(view),
            prefix: PREFIX.to_owned(),
            partitions: PARTITIONS,
            now_ms: || 0,
        };
        let view = Keep { follow, stores: system.view_stores(), name: VIEW }.start(&stop)?;
        let (fed, ends) = (Arc::clone(system), Arc::clone(&stop));
        let feeder = std::thread::spawn(move || fed.pace(Workload::new(seed, MESSAGES), per_second, &ends));
        let (folded, ends) = (Arc::clone(system), Arc::clone(&stop));
        let folds = std::thread::spawn(move || folded.settle(BATCH, || ends.load(Ordering::Acquire)).map(drop));
        Ok(Self { stop, feeder, folds, view })
    }

    /// Ends it when everything that came is folded; how many events came.
    pub(crate) fn end(self) -> Result<u64> {
        self.stop.store(true, Ordering::Release);
        let ended = |_| anyhow!("a thread of the load panicked");
        let events = self.feeder.join().map_err(ended)??;
        self.folds.join().map_err(ended)??;
        self.view.join().map_err(ended)?;
        Ok(events)
    }
}
