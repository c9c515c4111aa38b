//! SIGTERM and SIGINT: the first asks for an orderly stop, the second ends the process at once.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::signal::unix::{SignalKind, signal};

/// Exit code of a process that did not wait for its orderly stop.
const CUT_SHORT: i32 = 130;

/// Signals as they come.
pub(super) struct Signals(Receiver<&'static str>);

impl Signals {
    /// From now on signals are asked for here; before, they end the process at once.
    pub(super) fn listen() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (told, signals) = channel();
        let (ready, begun) = channel();
        let listen = move || {
            runtime.block_on(async move {
                let both = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
                let (Ok(mut terminate), Ok(mut interrupt)) = both else { return };
                ready.send(()).ok();
                loop {
                    let name = tokio::select! {
                        _ = terminate.recv() => "SIGTERM",
                        _ = interrupt.recv() => "SIGINT",
                    };
                    if told.send(name).is_err() {
                        return;
                    }
                }
            });
        };
        std::thread::Builder::new().name("signals".to_owned()).spawn(listen)?;
        begun.recv().context("listen to signals")?;
        Ok(Self(signals))
    }

    /// The next signal, waited for so long.
    pub(super) fn first(&self, patience: Duration) -> Option<&'static str> {
        self.0.recv_timeout(patience).ok()
    }

    /// Ends the process at the next signal or at a time, whichever is first, unless it has ended by then.
    pub(super) fn end_at_second(self, at: Instant) {
        let wait = move || {
            let said = self.0.recv_timeout(at.saturating_duration_since(Instant::now()));
            match said {
                Ok(signal) => {
                    eprintln!("mailtally: {signal} again: ended at once, the next start replays what was not flushed")
                }
                Err(RecvTimeoutError::Timeout) => eprintln!(
                    "mailtally: the orderly stop took too long: ended, the next start replays what was not flushed"
                ),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            std::process::exit(CUT_SHORT);
        };
        // Without a thread for it the process ends in its own time.
        std::thread::Builder::new().name("second signal".to_owned()).spawn(wait).ok();
    }
}
