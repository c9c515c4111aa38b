//! The recount behind the pages' proof line: in the background, at a bounded share of the machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Result;
use domain::Time;
use view::{Recounter, Stepped, View};

use super::upkeep::pause;
use crate::system::now_ms;

/// After a step it rests this many times as long as the step took: it has a tenth of one processor.
const RESTS: u32 = 9;
/// Between two looks whether somebody asks, when there is nothing to do.
const IDLE: Duration = Duration::from_millis(100);
/// After the view could not be read.
const AFTER_REFUSAL: Duration = Duration::from_secs(5);

/// Starts the thread; it ends soon after `stop`.
pub(super) fn start(view: &Arc<View>, stop: &Arc<AtomicBool>) -> Result<JoinHandle<()>> {
    let (mut recounter, stop) = (Recounter::new(Arc::clone(view)), Arc::clone(stop));
    let work = move || {
        while !stop.load(Ordering::Acquire) {
            let began = Instant::now();
            let rest = step(&mut recounter);
            pause(rest.unwrap_or_else(|| began.elapsed() * RESTS), &stop);
        }
    };
    Ok(std::thread::Builder::new().name("recount".to_owned()).spawn(work)?)
}

/// How long to rest; `None`: by the work that it was.
fn step(recounter: &mut Recounter) -> Option<Duration> {
    match recounter.step(Time::from_micros(now_ms().saturating_mul(1_000))) {
        Ok(Stepped::Worked) => None,
        Ok(Stepped::Recounted { organisation, campaign, proof }) => {
            if proof.differs() {
                let difference = proof.difference;
                tracing::error!(
                    organisation,
                    campaign,
                    difference,
                    "the pages' numbers differ from the recount of their messages: run mailtally reconcile"
                );
            }
            None
        }
        Ok(Stepped::Rested) => Some(IDLE),
        Err(error) => {
            tracing::warn!(%error, "the recount behind the pages is tried again");
            Some(AFTER_REFUSAL)
        }
    }
}
