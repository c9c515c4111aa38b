//! The state machine: facts in, decisions out. One engine is one worker with one transactional producer; one
//! transaction covers a batch of all its tasks. While one commits, the next is polled and folded over it.

use std::collections::{BTreeMap, VecDeque};

use crate::batch::{Batch, Counts, Stage};
use crate::bulk::Bulk;
use crate::exchange::{Action, Input, Outcome};
use crate::task::{State, Task};
use crate::{Offset, TaskId, Topology};

/// Bounds of an engine.
#[derive(Clone, Debug)]
pub struct Options {
    /// Most records of a batch.
    pub batch_records_max: usize,
    /// Most bytes of a batch, exceeded by at most one record a task.
    pub batch_bytes_max: usize,
    /// How long a batch waits for more records when there is nothing to poll, in milliseconds.
    pub linger_ms: i64,
    /// Bytes of committed rows kept in memory, a task.
    pub rows_bytes_max: usize,
    /// Bytes of rows that restores gather before they write a file, all tasks together; exceeded by at most one read.
    pub restore_bytes_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            batch_records_max: 20_000,
            batch_bytes_max: 16 << 20,
            linger_ms: 0,
            rows_bytes_max: 16 << 20,
            restore_bytes_max: 48 << 20,
        }
    }
}

/// The wait after the second abort in a row, in milliseconds; it doubles with each further one.
const ABORT_WAIT_MS: i64 = 50;
/// The longest wait after an abort, in milliseconds.
const ABORT_WAIT_MAX_MS: i64 = 10_000;

/// How long to wait after that many aborts in a row: one is bad luck, more are a log that refuses.
pub(crate) fn abort_wait_ms(aborts: u32) -> i64 {
    let doubled = aborts.checked_sub(2).map_or(0, |times| ABORT_WAIT_MS << times.min(16));
    doubled.min(ABORT_WAIT_MAX_MS)
}

/// Polled but not committed work that an engine holds, for tests of conservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uncommitted {
    /// Records.
    pub records: usize,
    /// Bytes.
    pub bytes: usize,
}

/// One worker's tasks and batches.
pub struct Engine {
    pub(crate) topology: Topology,
    pub(crate) options: Options,
    pub(crate) tasks: BTreeMap<TaskId, Task>,
    pub(crate) batch: Batch,
    pub(crate) in_flight: Option<(u64, Batch)>,
    pub(crate) actions: VecDeque<Action>,
    pub(crate) counts: Counts,
    pub(crate) transactions: u64,
    /// Aborts since the last commit, and when to go on after them.
    pub(crate) aborts: u32,
    pub(crate) resume_ms: i64,
    /// Until then what the last commit has fed is waited for.
    pub(crate) fed_until_ms: i64,
    pub(crate) dead: bool,
    pub(crate) now_ms: i64,
}

impl Engine {
    /// An engine without tasks.
    pub fn new(topology: Topology, options: Options) -> Self {
        Self {
            topology,
            options,
            tasks: BTreeMap::new(),
            batch: Batch::default(),
            in_flight: None,
            actions: VecDeque::new(),
            counts: Counts::default(),
            transactions: 0,
            aborts: 0,
            resume_ms: i64::MIN,
            fed_until_ms: i64::MIN,
            dead: false,
            now_ms: 0,
        }
    }

    /// Takes a fact, at a time in milliseconds since the Unix epoch.
    pub fn handle(&mut self, input: Input, now_ms: i64) {
        self.now_ms = now_ms;
        if self.dead {
            return;
        }
        self.ends_wait(&input);
        match input {
            Input::Assigned(tasks) => tasks.into_iter().for_each(|(task, processor)| self.assigned(task, processor)),
            Input::Revoking(tasks) => self.revoking(&tasks),
            Input::Lost(tasks) => self.lost(&tasks),
            Input::Opened(task, store) => self.opened(task, store),
            Input::Damaged(task) => self.actions.push_back(Action::Quarantine(task)),
            Input::Positions(task, facts) => self.positioned(task, &facts),
            Input::StateRead(task, records, next) => self.state_read(task, records, next),
            Input::StateHeld(task, held) => self.held(task, held),
            Input::Filled(task) => self.filled(task),
            Input::Busy(action, why) => self.busy(action, why),
            Input::Polled { task, epoch, records, next, end } => self.polled(task, epoch, (records, next, end)),
            Input::Advanced => self.tasks.values_mut().for_each(|task| task.dry = false),
            Input::Loaded(task, loaded) => self.loaded(task, loaded),
            Input::Scanned(task, rows) => self.scanned(task, rows),
            Input::Transacted(id, outcome) => self.transacted(id, outcome),
            Input::Recovered(id, committed) => self.recovered(id, &committed),
            Input::ShadowOpened(task, shadow) => self.shadow_opened(task, shadow.as_ref()),
            Input::Walked(task, walked) => self.walked(task, walked),
            Input::Promoted(task) => self.promoted(task),
            Input::Failed(task, why) => self.stall(task, why),
            Input::Tick => {}
        }
        self.advance();
    }

    /// The next thing to do; `None` when the engine waits for facts.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The openings that are next, if any: their order is nobody's business, so they may be done beside each other.
    pub fn poll_openings(&mut self) -> Vec<TaskId> {
        self.poll_while(|action| if let Action::Open(task) = action { Some(*task) } else { None })
    }

    /// The tasks of which the log is to be asked next, if any: one question may do for all.
    pub fn poll_questions(&mut self) -> Vec<TaskId> {
        self.poll_while(|action| if let Action::Positions(task) = action { Some(*task) } else { None })
    }

    fn poll_while(&mut self, wanted: impl Fn(&Action) -> Option<TaskId>) -> Vec<TaskId> {
        let tasks: Vec<TaskId> = self.actions.iter().map_while(wanted).collect();
        self.actions.drain(..tasks.len());
        tasks
    }

    /// When to hand in [`Input::Tick`] at the latest, in milliseconds since the Unix epoch.
    pub fn next_deadline(&self) -> Option<i64> {
        let waits = self.batch.stage == Stage::Filling && !self.batch.parts.is_empty();
        let lingers = waits.then(|| self.due_ms());
        let rests = (self.resume_ms > self.now_ms).then_some(self.resume_ms);
        lingers.into_iter().chain(rests).chain(self.asks_again_at()).min()
    }

    /// Where every task is.
    pub fn states(&self) -> impl Iterator<Item = (TaskId, &State)> {
        self.tasks.iter().map(|(task, held)| (*task, &held.state))
    }

    /// Next input offset that a task has committed.
    pub fn committed(&self, task: TaskId) -> Option<Offset> {
        self.tasks.get(&task).map(|held| held.committed)
    }

    /// Whether no record is polled, nothing in flight or restoring, and every running task has seen the end of its input.
    pub fn is_idle(&self) -> bool {
        self.in_flight.is_none()
            && (self.batch.parts.is_empty() || self.batch.has_only_marks())
            && self.tasks.values().all(|task| task.is_stalled() || (task.is_running() && task.dry))
    }

    /// Counts of committed batches since the last call.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    /// Work held: zero when idle (every charge of the budget is refunded).
    pub fn uncommitted(&self) -> Uncommitted {
        let held = self.in_flight.as_ref().map_or((0, 0), |(_, batch)| (batch.records, batch.bytes));
        Uncommitted { records: self.batch.records + held.0, bytes: self.batch.bytes + held.1 }
    }

    /// Bytes of records that are not committed and of committed rows that are kept in memory, about.
    pub fn held_bytes(&self) -> usize {
        let kept = |task: &Task| task.overlay.bytes() + task.bulk.as_ref().map_or(0, Bulk::bytes);
        self.uncommitted().bytes + self.tasks.values().map(kept).sum::<usize>()
    }

    pub(crate) fn die(&mut self, why: String) {
        self.dead = true;
        self.actions.clear();
        self.actions.push_back(Action::Die(why));
    }

    /// Everything that can go on without another fact.
    fn advance(&mut self) {
        self.release();
        self.ask_again();
        if self.batch.stage == Stage::Filling {
            if self.now_ms >= self.resume_ms {
                self.poll();
                self.offer();
            }
            self.seal();
        }
        if self.batch.stage == Stage::Folding {
            self.fold();
        }
        if self.batch.stage == Stage::Folded && self.in_flight.is_none() && !self.dead {
            self.transact();
        }
    }

    pub(crate) fn transacted(&mut self, id: u64, outcome: Outcome) {
        match (&self.in_flight, outcome) {
            (Some((open, _)), Outcome::Committed(ends)) if *open == id => self.commit(&ends),
            (Some((open, _)), Outcome::Aborted(_)) if *open == id => self.abort(),
            (Some((open, batch)), Outcome::Unknown(_)) if *open == id => {
                let tasks = batch.parts.keys().copied().collect();
                self.actions.push_back(Action::Recover(id, tasks));
            }
            (_, Outcome::Fenced) => self.die("fenced: another worker has this transactional id".to_owned()),
            (open, outcome) => {
                let open = open.as_ref().map(|(open, _)| *open);
                self.die(format!("transaction {id} ended ({outcome:?}) while {open:?} was open"));
            }
        }
    }

    /// The committed offsets decide what an unknown outcome was.
    pub(crate) fn recovered(&mut self, id: u64, committed: &[(TaskId, Option<Offset>)]) {
        let Some((_, batch)) = self.in_flight.as_mut().filter(|(open, _)| *open == id) else { return };
        // A rebuild commits the offset that it found, which says nothing: what it published is read back.
        let rebuilt = batch.rebuilt();
        batch.parts.retain(|_, part| !part.rebuilt);
        let only = batch.parts.is_empty();
        rebuilt.into_iter().for_each(|task| self.position_again(task));
        if only {
            self.in_flight = None;
            return;
        }
        let Some((_, batch)) = &self.in_flight else { return };
        let at = |task: &TaskId| committed.iter().find(|(known, _)| known == task).and_then(|(_, offset)| *offset);
        let ended = batch.parts.iter().all(|(task, part)| at(task) == Some(part.polled.next));
        let began = batch.parts.iter().all(|(task, part)| match at(task) {
            Some(offset) => offset == part.from,
            None => true,
        });
        if ended {
            // State positions stay a lower bound: rows are absolute, replaying them changes nothing.
            self.commit(&[]);
        } else if began {
            self.abort();
        } else {
            self.die(format!("transaction {id} is torn: committed offsets are {committed:?}"));
        }
    }
}
