//! The processor at work beside the pages: events come at a steady rate into a log of its own and are folded and published there; and
//! into the topics behind the pages come as many rows, which the view follows. They are rows that are there already, so that the pages
//! stay as long as they are.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Result, anyhow};
use benches::mailtally::System;
use benches::pace::Pace;
use benches::plan::Random;
use benches::workload::Workload;

use crate::rows::Size;
use crate::site::Site;

/// Messages of the load: more than come while anybody looks.
const MESSAGES: u64 = 100_000_000;
/// Records of a transaction at most, as in the product.
const BATCH: usize = 5_000;
/// Folding threads, as in `mailtally run`.
const WORKERS: u32 = 2;
/// Between two appends of rows.
const GATHERED: Duration = Duration::from_millis(10);

/// A load that goes on.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    feeder: JoinHandle<Result<u64>>,
    folds: JoinHandle<Result<()>>,
    rows: JoinHandle<Result<()>>,
    view: JoinHandle<()>,
}

impl Load {
    /// So many events and rows a second.
    pub(crate) fn start(folder: &Path, memory_bytes: usize, site: &Arc<Site>, size: Size, rate: u64) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let system = Arc::new(System::open(&folder.join("load"), WORKERS, memory_bytes)?);
        let view = site.keep(&stop)?;
        let (fed, ends) = (Arc::clone(&system), Arc::clone(&stop));
        let feeder = std::thread::spawn(move || fed.pace(Workload::new(size.seed, MESSAGES), rate, &ends));
        let ends = Arc::clone(&stop);
        let folds = std::thread::spawn(move || system.settle(BATCH, || ends.load(Ordering::Acquire)).map(drop));
        let (site, ends) = (Arc::clone(site), Arc::clone(&stop));
        let rows = std::thread::spawn(move || publish(&site, size, rate, &ends));
        Ok(Self { stop, feeder, folds, rows, view })
    }

    /// Ends it when everything that came is folded; how many events came.
    pub(crate) fn end(self) -> Result<u64> {
        self.stop.store(true, Ordering::Release);
        let ended = |_| anyhow!("a thread of the load panicked");
        let events = self.feeder.join().map_err(ended)??;
        self.folds.join().map_err(ended)??;
        self.rows.join().map_err(ended)??;
        self.view.join().map_err(ended)?;
        Ok(events)
    }
}

/// Rows of communications at random, once more, so many a second.
fn publish(site: &Site, size: Size, rate: u64, stop: &AtomicBool) -> Result<()> {
    let (mut pace, mut random, mut ahead) = (Pace::of(rate, GATHERED), Random::of(size.seed, 0, 5), 0);
    while !stop.load(Ordering::Acquire) {
        let due = pace.due(u64::MAX);
        while ahead < due {
            ahead += site.append(size.campaign(random.below(size.campaigns))?)?;
        }
        ahead -= due;
    }
    Ok(())
}
