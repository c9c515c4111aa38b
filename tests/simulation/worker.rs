//! One simulated worker: an engine, its disk, its producer, and the facts that have not reached it yet. Executes actions as
//! the driver does, one step at a time, so that anything can happen between two steps.

use std::collections::{BTreeMap, VecDeque};

use engine::exchange::{Side, Walked};
use engine::{
    Action, Engine, Identity, Input, Loaded, LogFacts, Offset, Options, Outcome, Output, TaskId, TopicPartition,
};
use log::model::Fault;
use log::{CommitError, Log as _, Producer, ReadLimit, Transaction};
use store::{Batch, Memory, Store, Stores as _};

use crate::random::Random;
use crate::world::{Faults, Installation};

/// A transaction that was handed out and has not ended.
struct Open {
    id: u64,
    transaction: Transaction,
    /// The tasks were taken away meanwhile: the log refuses its offsets.
    lost: bool,
}

/// One process.
pub(crate) struct Worker {
    name: String,
    engine: Engine,
    disk: Memory,
    stores: BTreeMap<TaskId, Box<dyn Store>>,
    shadows: BTreeMap<TaskId, Box<dyn Store>>,
    /// Version of the folds that it runs.
    version: u32,
    producer: Box<dyn Producer>,
    facts: VecDeque<Input>,
    open: Option<Open>,
    /// Tasks whose store is to be found damaged at the next opening.
    damage: bool,
    pub(crate) damaged: usize,
    pub(crate) rebuilt: usize,
    pub(crate) released: Vec<TaskId>,
    pub(crate) died: Option<String>,
}

impl Worker {
    /// A process that starts on a disk, with these tasks.
    pub(crate) fn start(
        at: &Installation,
        name: &str,
        disk: Memory,
        tasks: &[TaskId],
        random: &mut Random,
        now: i64,
    ) -> Self {
        let options = Options {
            batch_records_max: 1 + random.below(40),
            linger_ms: i64::try_from(random.below(20)).unwrap_or(0),
            rows_bytes_max: random.below(4_000),
            restore_bytes_max: random.below(20_000),
            ..Options::default()
        };
        let mut worker = Self {
            name: name.to_owned(),
            engine: Engine::new(at.topology_now(), options),
            disk,
            stores: BTreeMap::new(),
            shadows: BTreeMap::new(),
            version: at.version.get(),
            producer: at.log.producer(name).expect("a producer"),
            facts: VecDeque::new(),
            open: None,
            damage: false,
            damaged: 0,
            rebuilt: 0,
            released: Vec::new(),
            died: None,
        };
        worker.assign(at, tasks, now);
        worker
    }

    pub(crate) fn assign(&mut self, at: &Installation, tasks: &[TaskId], now: i64) {
        let tasks = tasks.iter().map(|task| (*task, at.processor(*task, self.version))).collect();
        self.engine.handle(Input::Assigned(tasks), now);
    }

    pub(crate) fn disk(&self) -> Memory {
        self.disk.clone()
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn damage_next(&mut self) {
        self.damage = true;
    }

    pub(crate) fn revoke(&mut self, tasks: Vec<TaskId>, now: i64) {
        self.engine.handle(Input::Revoking(tasks), now);
    }

    /// The group gave the tasks to somebody else: what is open can no longer commit.
    pub(crate) fn lose(&mut self, tasks: Vec<TaskId>, now: i64) {
        if let Some(open) = &mut self.open {
            open.lost = true;
        }
        self.engine.handle(Input::Lost(tasks), now);
    }

    pub(crate) fn advance(&mut self, now: i64) {
        self.engine.handle(Input::Advanced, now);
    }

    /// Nothing to do and nothing on its way.
    pub(crate) fn is_idle(&self) -> bool {
        self.facts.is_empty() && self.open.is_none() && self.engine.is_idle()
    }

    pub(crate) fn has_open_transaction(&self) -> bool {
        self.open.is_some()
    }

    /// One step: a fact reaches the engine, or an action is executed. Whether there was one.
    pub(crate) fn step(&mut self, at: &Installation, random: &mut Random, now: i64) -> bool {
        if !self.facts.is_empty() && random.chance(70) {
            let fact = self.facts.pop_front().expect("not empty");
            self.engine.handle(fact, now);
            return true;
        }
        match self.engine.poll_action() {
            Some(action) => {
                if let Some(fact) = self.execute(at, action, random) {
                    self.facts.push_back(fact);
                }
                true
            }
            None => match self.facts.pop_front() {
                Some(fact) => {
                    self.engine.handle(fact, now);
                    true
                }
                None => {
                    self.engine.handle(Input::Tick, now);
                    false
                }
            },
        }
    }

    /// The transaction in flight ends, with this fault; what became visible.
    pub(crate) fn end_transaction(&mut self, at: &Installation, fault: Option<Fault>, now: i64) -> Vec<Output> {
        let Some(open) = self.open.take() else { return Vec::new() };
        let fault = if open.lost { Some(Fault::Abort) } else { fault };
        at.log.plan([fault]);
        let visible = matches!(fault, None | Some(Fault::UnknownCommitted));
        let outputs = if visible { open.transaction.outputs.clone() } else { Vec::new() };
        let outcome = match self.producer.commit(open.transaction) {
            Ok(committed) => Outcome::Committed(committed.ends),
            Err(CommitError::Aborted(why) | CommitError::Rebalanced(why)) => Outcome::Aborted(why),
            Err(CommitError::Unknown(why)) => Outcome::Unknown(why),
            Err(CommitError::Fenced) => Outcome::Fenced,
        };
        assert!(at.log.planned().is_empty(), "{}: a plan is for one commit", self.name);
        self.engine.handle(Input::Transacted(open.id, outcome), now);
        outputs
    }

    /// A crash: of the transaction in flight all or nothing became visible, of what was not flushed only some is left.
    pub(crate) fn crash(
        mut self,
        at: &Installation,
        random: &mut Random,
        faults: &mut Faults,
    ) -> (Memory, Vec<Output>) {
        let mut outputs = Vec::new();
        if random.chance(50) && self.open.as_ref().is_some_and(|open| !open.lost) {
            outputs = self.end_transaction(at, Some(Fault::UnknownCommitted), 0);
            faults.crashed_committed += usize::from(!outputs.is_empty());
        }
        self.stores.clear();
        self.shadows.clear();
        self.disk.crash(random.below(6));
        (self.disk, outputs)
    }

    fn execute(&mut self, at: &Installation, action: Action, random: &mut Random) -> Option<Input> {
        Some(match action {
            Action::Open(task) => self.open_store(at, task),
            Action::Quarantine(task) => {
                self.stores.remove(&task);
                self.disk.quarantine(&at.store_name(task)).expect("put aside");
                self.open_store(at, task)
            }
            Action::Positions(task) => Input::Positions(task, facts(at, task)),
            Action::ReadState { task, from, to } => {
                let fold = at.topology.fold(task).expect("a fold");
                let topic = fold.state.clone().expect("a state topic");
                let partition = TopicPartition { topic, partition: task.partition };
                let limit = ReadLimit { records: 1 + random.below(20), bytes: 1 << 20 };
                let mut read = at.log.read(&partition, from, limit).expect("readable");
                read.records.retain(|stored| stored.offset < to);
                Input::StateRead(task, read.records, read.next.min(to))
            }
            Action::Poll { task, epoch, from, records, bytes } => {
                let read = at.log.read(&at.input(task), from, ReadLimit { records, bytes }).expect("readable");
                Input::Polled { task, epoch, records: read.records, next: read.next, end: read.high_watermark }
            }
            Action::Load { task, side, keys, prefixes } => {
                let store = self.stores_of(side).get(&task)?;
                let rows = store.get(&keys).expect("readable");
                let scan = |(prefix, limit): (bytes::Bytes, usize)| {
                    let rows = store.scan(&prefix, None, limit).expect("readable");
                    (prefix, rows)
                };
                let scans = prefixes.into_iter().map(scan).collect();
                Input::Loaded(task, Loaded { rows: keys.into_iter().zip(rows).collect(), scans })
            }
            Action::Transact { id, outputs, offsets } => {
                assert!(self.open.is_none(), "{}: one transaction at a time", self.name);
                let offset = |(task, next): &(TaskId, Offset)| (at.group(*task), at.input(*task), *next);
                let offsets = offsets.iter().map(offset).collect();
                self.open = Some(Open { id, transaction: Transaction { outputs, offsets }, lost: false });
                return None;
            }
            Action::Recover(id, tasks) => {
                self.producer.recover().expect("not fenced");
                let committed = |task: TaskId| {
                    let committed = at.log.committed(&at.group(task), &[at.input(task)]).expect("readable");
                    (task, committed.first().copied().flatten())
                };
                Input::Recovered(id, tasks.into_iter().map(committed).collect())
            }
            Action::Apply { task, side, writes, position } => {
                let store = self.stores_of(side).get_mut(&task)?;
                store.apply(Batch { writes, position }).expect("applied");
                if random.chance(10) {
                    store.flush().expect("flushed");
                }
                return None;
            }
            Action::Fill { task, rows, position } => {
                self.stores.get_mut(&task)?.fill(Batch { writes: rows, position }).expect("filled");
                Input::Filled(task)
            }
            Action::DropDerived(task) => {
                self.stores.get_mut(&task)?.remove(engine::processor::DERIVED).expect("removed");
                return None;
            }
            Action::Scan { task, after, rows } => {
                let found = self.stores.get(&task)?.scan(b"", Some(&after), rows).expect("readable");
                Input::Scanned(task, found)
            }
            Action::OpenShadow { task, fresh } => {
                self.shadows.remove(&task);
                let name = store::shadow(&at.store_name(task));
                if fresh {
                    self.disk.discard(&name).expect("removed");
                }
                let shadow = self.disk.open(&name).expect("opened");
                let position = shadow.position().expect("readable");
                self.shadows.insert(task, shadow);
                Input::ShadowOpened(task, position)
            }
            Action::Walk { task, after, rows } => {
                let mut read = |side| {
                    let store = self.stores_of(side).get(&task)?;
                    Some(store.scan(b"", after.as_deref(), rows).expect("readable"))
                };
                Input::Walked(task, Walked { store: read(Side::Store)?, shadow: read(Side::Shadow)? })
            }
            Action::Promote(task) => {
                self.shadows.remove(&task)?.flush().expect("flushed");
                self.stores.remove(&task);
                self.disk.promote(&at.store_name(task)).expect("promoted");
                self.stores.insert(task, self.disk.open(&at.store_name(task)).expect("opened"));
                self.rebuilt += 1;
                Input::Promoted(task)
            }
            Action::DropShadow(task) => {
                self.shadows.remove(&task);
                self.disk.discard(&store::shadow(&at.store_name(task))).expect("removed");
                return None;
            }
            Action::Release(task) => {
                self.facts.retain(|fact| fact.task() != Some(task));
                self.stores.remove(&task);
                self.shadows.remove(&task);
                self.released.push(task);
                return None;
            }
            Action::Die(why) => {
                self.died = Some(why);
                return None;
            }
        })
    }

    fn stores_of(&mut self, side: Side) -> &mut BTreeMap<TaskId, Box<dyn Store>> {
        match side {
            Side::Store => &mut self.stores,
            Side::Shadow => &mut self.shadows,
        }
    }

    fn open_store(&mut self, at: &Installation, task: TaskId) -> Input {
        if std::mem::take(&mut self.damage) {
            self.damaged += 1;
            return Input::Damaged(task);
        }
        let store = self.disk.open(&at.store_name(task)).expect("opened");
        let position = store.position().expect("readable");
        let ahead = position.as_ref().map_or(0, |position| position.input);
        let committed = at.log.committed(&at.group(task), &[at.input(task)]).expect("readable");
        let committed = committed.first().copied().flatten().unwrap_or(0);
        assert!(ahead <= committed, "{}: a store is ahead of the committed log (I1)", self.name);
        self.stores.insert(task, store);
        Input::Opened(task, position)
    }
}

fn facts(at: &Installation, task: TaskId) -> LogFacts {
    let input = at.input(task);
    let committed = at.log.committed(&at.group(task), std::slice::from_ref(&input)).expect("readable");
    let bounds = at.log.bounds(&input).expect("there");
    let (mut state_start, mut state_end) = (0, 0);
    if let Some(topic) = at.topology.fold(task).and_then(|fold| fold.state.clone()) {
        let state = at.log.bounds(&TopicPartition { topic, partition: task.partition }).expect("there");
        (state_start, state_end) = (state.start, state.high_watermark);
    }
    LogFacts {
        committed: committed.first().copied().flatten(),
        input_start: bounds.start,
        input_end: bounds.high_watermark,
        state_start,
        state_end,
        tombstone_ms: None,
        identity: Identity { log: "simulation".into(), ..Identity::default() },
    }
}
