//! A file of a restore is written beside the reading of the next rows, and beside those of other stores: sorted rows are compressed,
//! written and synced by a thread of their own. Their store is out of reach until that is done.

use std::collections::VecDeque;
use std::thread::JoinHandle;

use engine::{Input, TaskId};
use store::{Batch, Error, Store};

use super::shell::{Shell, medium, now_ms};

/// Files that a worker writes at the same time: they mostly wait for the disk, which syncs several at once.
const FILES_MAX: usize = 4;

type Filled = (Box<dyn Store>, Result<(), Error>);

/// The files that are being written, oldest first.
#[derive(Default)]
pub(super) struct Fillings {
    files: VecDeque<Filling>,
    /// Bytes of rows that they may have, together, unless it is one.
    bytes_max: usize,
}

impl Fillings {
    /// None, within a bound of their bytes together.
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, ..Self::default() }
    }

    fn is_oldest_done(&self) -> bool {
        self.files.front().is_some_and(|filling| filling.thread.as_ref().is_none_or(JoinHandle::is_finished))
    }

    fn has_room(&self, bytes: usize) -> bool {
        let held: usize = self.files.iter().map(|filling| filling.bytes).sum();
        self.files.is_empty() || (self.files.len() < FILES_MAX && held + bytes <= self.bytes_max)
    }
}

/// A file that is being written. It is done when this is dropped: a process that ends meanwhile would pull the database from
/// under it.
struct Filling {
    task: TaskId,
    bytes: usize,
    thread: Option<JoinHandle<Filled>>,
}

impl Filling {
    fn begin(task: TaskId, mut store: Box<dyn Store>, batch: Batch) -> Result<Self, String> {
        let bytes = size(&batch);
        let work = move || {
            let done = store.fill(batch);
            (store, done)
        };
        let thread = std::thread::Builder::new().name("fill".to_owned()).spawn(work);
        thread.map(|thread| Self { task, bytes, thread: Some(thread) }).map_err(|error| error.to_string())
    }

    fn end(mut self) -> Result<Filled, String> {
        let done = self.thread.take().map(JoinHandle::join);
        done.and_then(Result::ok).ok_or_else(|| "a thread that fills a store panicked".to_owned())
    }
}

impl Drop for Filling {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so.
            thread.join().ok();
        }
    }
}

fn size(batch: &Batch) -> usize {
    batch.writes.iter().map(|(key, row)| key.len() + row.as_ref().map_or(0, bytes::Bytes::len)).sum()
}

impl Shell {
    /// Begins to write rows to a task's store, once there is room for them.
    pub(super) fn fill(&mut self, task: TaskId, batch: Batch) -> Result<(), String> {
        while !self.fillings.has_room(size(&batch)) {
            self.oldest_filled()?;
        }
        if let Some(store) = self.open.remove(&task) {
            self.fillings.files.push_back(Filling::begin(task, store, batch)?);
        }
        Ok(())
    }

    /// Waits until a task's store holds what it was given.
    pub(super) fn filled(&mut self, task: TaskId) -> Result<(), String> {
        while self.fillings.files.iter().any(|filling| filling.task == task) {
            self.oldest_filled()?;
        }
        Ok(())
    }

    /// Tells what is done.
    pub(super) fn some_filled(&mut self) -> Result<(), String> {
        while self.fillings.is_oldest_done() {
            self.oldest_filled()?;
        }
        Ok(())
    }

    /// Waits for the oldest file; whether there was one. A store that refused is closed: what comes after the rows that it lacks
    /// must not reach it.
    pub(super) fn oldest_filled(&mut self) -> Result<bool, String> {
        let Some(filling) = self.fillings.files.pop_front() else { return Ok(false) };
        let task = filling.task;
        let fact = match filling.end()? {
            (store, Ok(())) => {
                self.open.insert(task, store);
                Input::Filled(task)
            }
            (_, Err(error)) => Input::Failed(task, medium(error)?),
        };
        self.engine.handle(fact, now_ms());
        Ok(true)
    }
}
