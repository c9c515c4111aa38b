//! A log in memory, deterministic: no clock, no randomness, no IO. Owns the reference behaviour of [`Log`] and a seam through
//! which a simulation makes commits fail. Nothing survives the process; another handle on the same log is a "restart".

mod producer;
mod state;
mod upkeep;

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::{Offset, Output, TopicPartition};

use crate::{Bounds, Error, Log, LogId, Producer, Read, ReadLimit, TopicDescription, TopicSpec};
use producer::ModelProducer;
use state::State;

/// Largest key, value and headers of one record, in bytes.
pub const MAX_RECORD_BYTES: usize = 1 << 20;

/// What the next commit meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing of it becomes visible, and the producer is told so.
    Abort,
    /// It becomes visible, but the producer is told that the outcome is unknown.
    UnknownCommitted,
    /// Nothing of it becomes visible, and the producer is told that the outcome is unknown.
    UnknownLost,
    /// Another producer took over just before.
    Fence,
}

/// The log in memory. Clones are handles on the same log.
#[derive(Clone)]
pub struct Model(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Model {
    /// An empty log of this identity. Equal calls make equal logs.
    pub fn new(id: &str) -> Self {
        Self(Arc::new(Shared { state: Mutex::new(State::new(id)), changed: Condvar::new() }))
    }

    /// From now on each commit takes one more offset in every partition it wrote, as the control records of Kafka do.
    #[must_use]
    pub fn with_gaps(self) -> Self {
        self.state().gaps = true;
        self
    }

    /// What the coming commits meet, in their order, `None` being no fault; adds to what is planned already.
    pub fn plan(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.state().faults.extend(faults);
    }

    /// Plans that no commit has met yet.
    pub fn planned(&self) -> VecDeque<Option<Fault>> {
        self.state().faults.clone()
    }

    /// Begins a transaction of another producer: until it ends, what it wrote and what follows cannot be read, although the
    /// partition's high watermark is beyond it.
    ///
    /// # Errors
    /// As [`Log::append`].
    pub fn begin(&self, records: Vec<Output>) -> Result<Open, Error> {
        let (number, places) = self.state().available()?.begin(records)?;
        Ok(Open { model: self.clone(), number, places })
    }

    /// While set, every call that can fail does so with [`Error::Unavailable`] and changes nothing.
    pub fn set_unavailable(&self, unavailable: bool) {
        self.state().unavailable = unavailable;
    }

    /// Does all retention and compaction that is due at `now_ms`. The newest record of a partition is never compacted away.
    pub fn maintain(&self, now_ms: i64) {
        upkeep::run(&mut self.state(), now_ms);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.0.changed.notify_all();
    }
}

/// A transaction that has not ended.
pub struct Open {
    model: Model,
    number: u64,
    places: Vec<(TopicPartition, Offset)>,
}

impl Open {
    /// Commits it, or aborts it.
    pub fn end(self, commits: bool) {
        self.model.state().end(self.number, &self.places, commits);
        self.model.changed();
    }
}

impl Log for Model {
    fn id(&self) -> LogId {
        self.state().id.clone()
    }

    fn create_topic(&self, spec: &TopicSpec) -> Result<TopicDescription, Error> {
        self.state().available()?.create(spec)
    }

    fn topics(&self) -> Result<Vec<TopicDescription>, Error> {
        Ok(self.state().available()?.topics())
    }

    fn bounds(&self, partition: &TopicPartition) -> Result<Bounds, Error> {
        Ok(self.state().available()?.partition(partition)?.bounds())
    }

    fn read(&self, partition: &TopicPartition, from: Offset, limit: ReadLimit) -> Result<Read, Error> {
        self.state().available()?.partition(partition)?.read(partition, from, limit)
    }

    fn committed(&self, group: &str, partitions: &[TopicPartition]) -> Result<Vec<Option<Offset>>, Error> {
        let mut state = self.state();
        let state = state.available()?;
        Ok(partitions.iter().map(|input| state.committed(group, input)).collect())
    }

    fn producer(&self, transactional_id: &str) -> Result<Box<dyn Producer>, Error> {
        let epoch = self.state().available()?.next_epoch(transactional_id);
        Ok(Box::new(ModelProducer::new(self.clone(), transactional_id, epoch)))
    }

    fn append(&self, records: Vec<Output>) -> Result<Vec<Offset>, Error> {
        let offsets = self.state().available()?.append(records, false)?.0;
        self.changed();
        Ok(offsets)
    }

    fn version(&self) -> u64 {
        self.state().version
    }

    fn wait(&self, seen: u64, timeout: Duration) -> u64 {
        let waited = self.0.changed.wait_timeout_while(self.state(), timeout, |state| state.version == seen);
        waited.unwrap_or_else(PoisonError::into_inner).0.version
    }
}
