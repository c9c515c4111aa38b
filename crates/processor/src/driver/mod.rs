//! Executes an engine's actions over a log and stores. One worker is two threads: one folds, loads and applies, one
//! commits, so that folding goes on while a transaction is on its way. Knows no meaning of a record.

mod commit;
mod filling;
mod member;
mod restore;
mod shadow;
mod shell;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use engine::{Counts, Processor, State, TaskId, Topology};
use log::Log;
use store::Stores;

pub use member::{Make, Share};
pub use shell::Shell;

/// What a worker needs.
pub struct Worker {
    /// Its name: transactional id and thread name.
    pub name: String,
    /// The log.
    pub log: Arc<dyn Log>,
    /// The stores of its tasks.
    pub stores: Arc<dyn Stores>,
    /// All folds.
    pub topology: Topology,
    /// Bounds of its engine.
    pub options: engine::Options,
    /// Its tasks, each with its fold.
    pub tasks: Vec<(TaskId, Box<dyn Processor>)>,
    /// Told of every change: states of its tasks, and counts of what it committed.
    pub observe: Box<dyn FnMut(Observation) + Send>,
}

/// What a worker tells.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// Where each task is.
    pub states: Vec<(TaskId, State)>,
    /// What tasks have waited for longer than a moment, and how to end it.
    pub waits: Vec<(TaskId, String)>,
    /// What was committed since the last observation.
    pub counts: Counts,
    /// Bytes of records and rows that it holds in memory, about.
    pub held_bytes: usize,
    /// Nothing is polled, in flight or restoring, and every task has seen the end of its input at this log version.
    pub idle_at: Option<u64>,
}

/// A worker that runs.
pub struct Running {
    stop: Arc<AtomicBool>,
    stalls: Stalls,
    thread: JoinHandle<Result<(), String>>,
}

/// Tasks that somebody outside wants to stop, and why.
type Stalls = Arc<Mutex<Vec<(TaskId, String)>>>;

impl Running {
    /// Stops one task, if it is this worker's, between two batches; the others go on.
    pub fn stall(&self, task: TaskId, why: String) {
        self.stalls.lock().unwrap_or_else(PoisonError::into_inner).push((task, why));
    }

    /// Ends the worker between two batches, flushes its stores, and says why if it died before.
    ///
    /// # Errors
    /// Why it died.
    pub fn stop(self) -> Result<(), String> {
        self.stop.store(true, Ordering::Release);
        self.thread.join().map_err(|_| "a worker panicked".to_owned())?
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }
}

impl Worker {
    /// Starts the worker on threads of its own.
    ///
    /// # Errors
    /// When the log gives no producer, or the system no thread.
    pub fn spawn(self) -> Result<Running, String> {
        let name = self.name.clone();
        Shell::new(self)?.spawn(name)
    }

    /// Starts it as a member of a group, under its name: beside its own tasks it has those that the group gives it.
    ///
    /// # Errors
    /// As [`Worker::spawn`], and when the log lets nobody join.
    pub fn spawn_sharing(self, share: Share) -> Result<Running, String> {
        let name = self.name.clone();
        let mut shell = Shell::new(self)?;
        shell.join(&name, share)?;
        shell.spawn(name)
    }
}

impl Shell {
    fn spawn(mut self, name: String) -> Result<Running, String> {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let stalls = Arc::clone(&self.stalls);
        let thread = std::thread::Builder::new().name(name).spawn(move || self.run(&flag));
        Ok(Running { stop, stalls, thread: thread.map_err(|error| error.to_string())? })
    }
}
