//! The folding thread: takes actions from the engine, executes them, hands facts back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use engine::exchange::Side;
use engine::{Action, Engine, Input, Loaded, Offset, Output, TaskId, TopicPartition, Topology};
use log::{Log, ReadLimit, Transaction};
use store::{Batch, Store, Stores};

use super::commit::{self, Answer, Ask, Committer};
use super::filling::Fillings;
use super::member::Joined;
use super::{Observation, Worker};

/// How long an idle worker waits for the log before it looks whether it is to stop.
const WAIT: Duration = Duration::from_millis(50);
/// How often a worker whose transaction commits looks what has come meanwhile.
const ARRIVALS: Duration = Duration::from_millis(2);
/// How long a log that could not be read is left alone.
const AFTER_REFUSAL: Duration = Duration::from_millis(200);
/// How often stores are flushed, in milliseconds: what a crash loses is replayed from the log.
const FLUSH_INTERVAL_MS: i64 = 30_000;

/// A worker's engine with everything it acts on.
pub struct Shell {
    pub(super) log: Arc<dyn Log>,
    pub(super) stores: Arc<dyn Stores>,
    pub(super) topology: Topology,
    pub(super) engine: Engine,
    pub(super) joined: Option<Joined>,
    pub(super) rebalancing: bool,
    pub(super) open: BTreeMap<TaskId, Box<dyn Store>>,
    /// Stores that rebuilds write, beside those of their tasks.
    pub(super) shadows: BTreeMap<TaskId, Box<dyn Store>>,
    /// The stores that files are being written to, which are not among the open ones meanwhile.
    pub(super) fillings: Fillings,
    committer: Committer,
    pub(super) committing: bool,
    leaving: bool,
    pub(super) stalls: super::Stalls,
    observe: Box<dyn FnMut(Observation) + Send>,
    flushed_ms: i64,
}

impl Shell {
    /// A shell with its producer, its tasks assigned.
    ///
    /// # Errors
    /// When the log gives no producer.
    pub fn new(worker: Worker) -> Result<Self, String> {
        let committer = commit::spawn(&worker.name, Arc::clone(&worker.log))?;
        let fillings = Fillings::new(worker.options.restore_bytes_max);
        let mut engine = Engine::new(worker.topology.clone(), worker.options);
        engine.handle(Input::Assigned(worker.tasks), now_ms());
        Ok(Self {
            log: worker.log,
            stores: worker.stores,
            topology: worker.topology,
            engine,
            joined: None,
            rebalancing: false,
            open: BTreeMap::new(),
            shadows: BTreeMap::new(),
            fillings,
            committer,
            committing: false,
            leaving: false,
            stalls: super::Stalls::default(),
            observe: worker.observe,
            flushed_ms: now_ms(),
        })
    }

    /// Runs until it is told to stop or dies.
    ///
    /// # Errors
    /// Why it died.
    pub fn run(&mut self, stop: &AtomicBool) -> Result<(), String> {
        let mut seen = self.log.version();
        while !stop.load(Ordering::Acquire) {
            self.stall();
            self.rebalance(stop)?;
            self.act(stop)?;
            self.tell(Some(seen));
            if self.committing {
                self.answer_until(Instant::now() + ARRIVALS)?;
                let version = self.log.version();
                if version != seen {
                    seen = version;
                    self.engine.handle(Input::Advanced, now_ms());
                }
            } else {
                // `seen` was read before the polls: whatever was committed since ends the wait at once.
                let version = self.log.wait(seen, self.pause());
                let news = if version == seen { Input::Tick } else { Input::Advanced };
                seen = version;
                self.engine.handle(news, now_ms());
            }
            self.flush_now_and_then();
        }
        self.leave();
        self.act(stop)?;
        while self.committing {
            self.answer()?;
            self.act(stop)?;
        }
        self.tell(None);
        // Nothing is open any more: the group may go on without this worker.
        self.joined = None;
        let mut stores = self.open.values_mut().chain(self.shadows.values_mut());
        stores.try_for_each(|store| store.flush()).map_err(|error| error.to_string())
    }

    fn pause(&self) -> Duration {
        let until = self.engine.next_deadline().map(|deadline| deadline.saturating_sub(now_ms()).max(0));
        until.and_then(|until| u64::try_from(until).ok()).map_or(WAIT, |until| Duration::from_millis(until).min(WAIT))
    }

    pub(super) fn act(&mut self, stop: &AtomicBool) -> Result<(), String> {
        loop {
            if self.begin()? {
                continue;
            }
            let Some(action) = self.engine.poll_action() else {
                if self.oldest_filled()? {
                    continue;
                }
                return Ok(());
            };
            if let Action::Die(why) = action {
                return Err(why);
            }
            let mut progressed = matches!(
                action,
                Action::ReadState { .. }
                    | Action::Apply { side: Side::Shadow, .. }
                    | Action::Walk { .. }
                    | Action::Scan { .. }
            );
            if let Some(fact) = self.execute(action)? {
                self.engine.handle(fact, now_ms());
            }
            self.some_filled()?;
            // A commit that ended meanwhile is taken at once: its rows go to the stores before more is read.
            if let Ok(answer) = self.committer.answers.try_recv() {
                self.take(answer)?;
                progressed = true;
            }
            // A long restore or a busy input leaves no pause: told, and told to stop, in between.
            if progressed {
                self.stall();
                self.rebalance(stop)?;
                self.tell(None);
            }
            if stop.load(Ordering::Acquire) {
                self.leave();
            }
        }
    }

    /// Opens stores and asks the log for where tasks stand, of those that are next all at once; whether there were any.
    fn begin(&mut self) -> Result<bool, String> {
        let (openings, questions) = (self.engine.poll_openings(), self.engine.poll_questions());
        let mut facts = self.open_all(&openings)?;
        if !questions.is_empty() {
            facts.extend(self.positions(&questions));
        }
        let any = !facts.is_empty();
        facts.into_iter().for_each(|fact| self.engine.handle(fact, now_ms()));
        Ok(any)
    }

    fn stall(&mut self) {
        let stalls = std::mem::take(&mut *self.stalls.lock().unwrap_or_else(PoisonError::into_inner));
        for (task, why) in stalls {
            self.engine.handle(Input::Failed(task, why), now_ms());
        }
    }

    /// Lets go of every task as if somebody else took them: each is released once nothing of it is in flight.
    fn leave(&mut self) {
        if !std::mem::replace(&mut self.leaving, true) {
            let tasks = self.engine.states().map(|(task, _)| task).collect();
            self.engine.handle(Input::Revoking(tasks), now_ms());
        }
    }

    /// Waits for the committing thread no longer than that.
    pub(super) fn answer_until(&mut self, until: Instant) -> Result<(), String> {
        match self.committer.answers.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(answer) => self.take(answer),
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Err(RecvTimeoutError::Disconnected) => Err("the committing thread is gone".to_owned()),
        }
    }

    fn answer(&mut self) -> Result<(), String> {
        let answer = self.committer.answers.recv().map_err(|_| "the committing thread is gone".to_owned())?;
        self.take(answer)
    }

    fn take(&mut self, answer: Answer) -> Result<(), String> {
        self.committing = false;
        let fact = match answer {
            Answer::Transacted(id, outcome) => Input::Transacted(id, outcome),
            Answer::Recovered(id, committed) => Input::Recovered(id, committed),
            Answer::Failed(why) => return Err(why),
        };
        self.engine.handle(fact, now_ms());
        Ok(())
    }

    fn execute(&mut self, action: Action) -> Result<Option<Input>, String> {
        // Rows are read while those before them are written; whatever else concerns that task comes after them.
        if !matches!(action, Action::ReadState { .. })
            && let Some(task) = action.task()
        {
            self.filled(task)?;
        }
        let fact = match action {
            Action::Open(task) => {
                let opened = self.stores.open(&self.store_name(task));
                self.opened(task, opened)?
            }
            Action::Quarantine(task) => {
                self.open.remove(&task);
                match self.stores.quarantine(&self.store_name(task)) {
                    Ok(()) => {
                        let opened = self.stores.open(&self.store_name(task));
                        self.opened(task, opened)?
                    }
                    Err(error) => Input::Failed(task, error.to_string()),
                }
            }
            Action::Positions(task) => return Ok(self.positions(&[task]).pop()),
            Action::ReadState { task, from, to } => self.read_state(task, from, to),
            Action::Poll { task, epoch, from, records, bytes } => {
                self.poll(task, epoch, from, ReadLimit { records, bytes })
            }
            Action::Load { task, side, keys, prefixes } => {
                self.load((task, side), keys, prefixes).unwrap_or_else(|why| Input::Failed(task, why))
            }
            Action::Fill { task, rows, position } => {
                return self.fill(task, Batch { writes: rows, position }).map(|()| None);
            }
            Action::DropDerived(task) => return self.write(task, |store| store.remove(engine::processor::DERIVED)),
            Action::Scan { task, after, rows } => {
                self.scan(task, &after, rows).unwrap_or_else(|why| Input::Failed(task, why))
            }
            Action::OpenShadow { task, fresh } => self.open_shadow(task, fresh)?,
            Action::Walk { task, after, rows } => {
                self.walk(task, after.as_deref(), rows).unwrap_or_else(|why| Input::Failed(task, why))
            }
            Action::Promote(task) => self.promote(task)?,
            Action::DropShadow(task) => return self.drop_shadow(task),
            Action::Transact { id, outputs, offsets } => return self.transact(id, outputs, &offsets).map(|()| None),
            Action::Recover(id, tasks) => {
                let tasks = tasks.into_iter().filter_map(|task| Some((task, self.group(task)?, self.input(task)?)));
                return self.send(Ask::Recover(id, tasks.collect())).map(|()| None);
            }
            Action::Apply { task, side, writes, position } => {
                return self.apply((task, side), Batch { writes, position });
            }
            Action::Release(task) => return Ok(self.release(task)),
            Action::Die(why) => return Err(why),
        };
        Ok(Some(fact))
    }

    fn open_all(&mut self, tasks: &[TaskId]) -> Result<Vec<Input>, String> {
        let names: Vec<String> = tasks.iter().map(|task| self.store_name(*task)).collect();
        let opened = self.stores.open_all(&names);
        tasks.iter().zip(opened).map(|(task, opened)| self.opened(*task, opened)).collect()
    }

    /// Keeps a store that was opened.
    fn opened(&mut self, task: TaskId, opened: Result<Box<dyn Store>, store::Error>) -> Result<Input, String> {
        Ok(match opened.and_then(|store| Ok((store.position()?, store))) {
            Ok((position, store)) => {
                self.open.insert(task, store);
                Input::Opened(task, position)
            }
            Err(store::Error::Damaged { path, detail }) => {
                tracing::warn!(path, detail, "a damaged store is put aside and restored from the log");
                Input::Damaged(task)
            }
            Err(error @ store::Error::Locked { .. }) => Input::Busy(Action::Open(task), open_elsewhere(&error)),
            Err(error) => Input::Failed(task, medium(error)?),
        })
    }

    fn poll(&self, task: TaskId, epoch: u64, from: Offset, limit: ReadLimit) -> Input {
        let Some(input) = self.input(task) else { return Input::Failed(task, "no such fold".to_owned()) };
        match self.log.poll(&input, from, limit) {
            Ok(read) => Input::Polled { task, epoch, records: read.records, next: read.next, end: read.high_watermark },
            // It may be healing itself: that is no reason to stop a task for good.
            Err(log::Error::Unavailable(why)) => {
                tracing::warn!(why, "the log could not be read; it is tried again");
                std::thread::sleep(AFTER_REFUSAL);
                Input::Polled { task, epoch, records: Vec::new(), next: from, end: from.saturating_add(1) }
            }
            Err(error) => Input::Failed(task, error.to_string()),
        }
    }

    fn load(
        &self,
        (task, side): (TaskId, Side),
        keys: Vec<bytes::Bytes>,
        prefixes: Vec<(bytes::Bytes, usize)>,
    ) -> Result<Input, String> {
        let store = self.stores_of(side).get(&task).ok_or("the store is not open")?;
        let rows = store.get(&keys).map_err(|error| error.to_string())?;
        let scan = |(prefix, limit): (bytes::Bytes, usize)| {
            let rows = store.scan(&prefix, None, limit).map_err(|error| error.to_string())?;
            Ok::<_, String>((prefix, rows))
        };
        let scans = prefixes.into_iter().map(scan).collect::<Result<_, _>>()?;
        Ok(Input::Loaded(task, Loaded { rows: keys.into_iter().zip(rows).collect(), scans }))
    }

    fn transact(&mut self, id: u64, outputs: Vec<Output>, offsets: &[(TaskId, Offset)]) -> Result<(), String> {
        let of = |(task, offset): &(TaskId, Offset)| Some((self.group(*task)?, self.input(*task)?, *offset));
        let offsets = offsets.iter().filter_map(of).collect();
        self.send(Ask::Commit(id, Transaction { outputs, offsets }))
    }

    fn send(&mut self, ask: Ask) -> Result<(), String> {
        self.committing = true;
        self.committer.ask(ask)
    }

    fn apply(&mut self, (task, side): (TaskId, Side), batch: Batch) -> Result<Option<Input>, String> {
        let stores = match side {
            Side::Store => &mut self.open,
            Side::Shadow => &mut self.shadows,
        };
        let Some(Err(error)) = stores.get_mut(&task).map(|store| store.apply(batch)) else { return Ok(None) };
        medium(error).map(|why| Some(Input::Failed(task, why)))
    }

    /// Changes the task's own store.
    fn write(
        &mut self,
        task: TaskId,
        write: impl FnOnce(&mut dyn Store) -> Result<(), store::Error>,
    ) -> Result<Option<Input>, String> {
        let Some(Err(error)) = self.open.get_mut(&task).map(|store| write(store.as_mut())) else { return Ok(None) };
        medium(error).map(|why| Some(Input::Failed(task, why)))
    }

    fn scan(&self, task: TaskId, after: &[u8], rows: usize) -> Result<Input, String> {
        let store = self.open.get(&task).ok_or("the store is not open")?;
        let found = store.scan(b"", Some(after), rows).map_err(|error| error.to_string())?;
        Ok(Input::Scanned(task, found))
    }

    fn release(&mut self, task: TaskId) -> Option<Input> {
        if let Some(input) = self.input(task) {
            self.log.release(&input);
        }
        for mut store in self.open.remove(&task).into_iter().chain(self.shadows.remove(&task)) {
            if let Err(error) = store.flush() {
                tracing::warn!(%error, "a released store was not flushed; its next owner replays more");
            }
        }
        None
    }

    /// `seen`: the log version after whose actions nothing is left to do.
    fn tell(&mut self, seen: Option<u64>) {
        let states = self.engine.states().map(|(task, state)| (task, state.clone())).collect();
        let idle_at = seen.filter(|_| self.engine.is_idle());
        let waits = self.engine.waits().map(|(task, why)| (task, why.to_owned())).collect();
        let (counts, held_bytes) = (self.engine.take_counts(), self.engine.held_bytes());
        (self.observe)(Observation { states, waits, counts, held_bytes, idle_at });
    }

    fn flush_now_and_then(&mut self) {
        if now_ms().saturating_sub(self.flushed_ms) < FLUSH_INTERVAL_MS {
            return;
        }
        self.flushed_ms = now_ms();
        for store in self.open.values_mut().chain(self.shadows.values_mut()) {
            if let Err(error) = store.flush() {
                tracing::warn!(%error, "a store was not flushed; a crash now replays more");
            }
        }
    }

    pub(super) fn input(&self, task: TaskId) -> Option<TopicPartition> {
        let topic = self.topology.fold(task)?.input.clone();
        Some(TopicPartition { topic, partition: task.partition })
    }

    pub(super) fn group(&self, task: TaskId) -> Option<String> {
        let fold = self.topology.fold(task)?;
        Some(self.joined.as_ref().map_or(fold.name, Joined::group).to_owned())
    }

    pub(super) fn store_name(&self, task: TaskId) -> String {
        format!("{}-{}", self.topology.fold(task).map_or("unknown", |fold| fold.name), task.partition)
    }
}

/// Why a store refused. A medium that takes nothing is everybody's, so it ends the worker; anything else is the task's.
pub(super) fn medium(error: store::Error) -> Result<String, String> {
    match error {
        store::Error::Unavailable { .. } => {
            Err(format!("{error}; nothing that was acknowledged is lost, free the resource and start again"))
        }
        _ => Ok(error.to_string()),
    }
}

/// Why a store is not opened yet. Its last owner lets go of it soon after it lost the task, or it is another process.
pub(super) fn open_elsewhere(error: &store::Error) -> String {
    format!("{error}; it is opened when its other owner has let go of it")
}

pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
