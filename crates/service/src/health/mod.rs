//! Where every task is, for `/health/ready`, `mailtally status` and the metrics. Fed by the workers' observations and by
//! whoever compares offsets; reads no clock.

mod report;
mod share;
mod view;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use engine::{Counts, Disposition, Offset, State, TaskId, Topic, Topology};

use crate::metric;
use crate::metric::seconds;
pub use report::{Progress, Report, TaskReport};
pub use view::{VIEW_STATES, ViewReport};

/// A task with lag that has committed nothing for so long, in milliseconds, is reported as stalled.
pub const STUCK_MS: i64 = 60_000;

/// The states of all tasks.
pub struct Board {
    folds: Vec<&'static str>,
    /// The folds' input topics, in their order.
    inputs: Vec<Topic>,
    seen: Mutex<Seen>,
    /// Says where the view is, in a process that has one.
    view: OnceLock<LooksAtView>,
}

/// What is asked for the view's state.
type LooksAtView = Box<dyn Fn() -> ViewReport + Send + Sync>;

#[derive(Default)]
struct Seen {
    tasks: BTreeMap<TaskId, Task>,
    /// Why the process is ending or no worker folds.
    failed: Option<String>,
    /// Why the intake takes nothing.
    closed: Option<String>,
    /// Why the log takes no commit just now.
    refused: Option<String>,
    /// Where tasks are shared: whose each is, and what workers wait for.
    owners: BTreeMap<TaskId, u32>,
    waiting: BTreeMap<String, &'static str>,
}

/// One task as it was last seen.
struct Task {
    state: State,
    /// What it waits for, and how to end it.
    waits: Option<String>,
    /// Since when it is in a state of this kind, in milliseconds.
    since_ms: i64,
    committed: Offset,
    end: Offset,
    /// When its committed offset last moved or its lag was 0.
    moved_ms: i64,
}

impl Task {
    fn opening(now_ms: i64) -> Self {
        Self { state: State::Opening, waits: None, since_ms: now_ms, committed: 0, end: 0, moved_ms: now_ms }
    }
}

impl Board {
    /// A board that knows these tasks: those nobody has told of are being opened.
    pub fn new(topology: &Topology, tasks: impl IntoIterator<Item = TaskId>, now_ms: i64) -> Self {
        let folds: Vec<_> = topology.folds.iter().map(|fold| fold.name).collect();
        folds.iter().for_each(|fold| begin(fold));
        let tasks = tasks.into_iter().map(|id| (id, Task::opening(now_ms))).collect();
        let inputs = topology.folds.iter().map(|fold| fold.input.clone()).collect();
        Self { folds, inputs, seen: Mutex::new(Seen { tasks, ..Seen::default() }), view: OnceLock::new() }
    }

    /// Takes what a worker tells: its tasks' states, which of them wait and why, and what it has committed since the last time.
    pub fn observe(&self, states: &[(TaskId, State)], waits: &[(TaskId, String)], counts: &Counts, now_ms: i64) {
        self.count(counts, now_ms);
        let mut seen = self.lock();
        for (id, _) in states {
            let why = waits.iter().find(|(waiting, _)| waiting == id).map(|(_, why)| why);
            seen.tasks.get_mut(id).into_iter().for_each(|task| self.waits(*id, task, why));
        }
        for (id, state) in states {
            let Some(task) = seen.tasks.get_mut(id).filter(|task| task.state != *state) else { continue };
            if std::mem::discriminant(&task.state) != std::mem::discriminant(state) {
                self.changed(*id, &task.state, state);
                task.since_ms = now_ms;
            }
            task.state = state.clone();
        }
    }

    /// Takes whom to ask for the view's state. A process has one view: the first who says so is asked.
    pub fn has_view(&self, look: impl Fn() -> ViewReport + Send + Sync + 'static) {
        self.view.set(Box::new(look)).ok();
    }

    /// Where the view is, in a process that has one.
    pub fn view(&self) -> Option<ViewReport> {
        self.view.get().map(|look| look())
    }

    /// Takes a task's committed offset and the end of its input, where every record is readable.
    pub fn compare(&self, id: TaskId, committed: Offset, end: Offset, now_ms: i64) {
        self.compare_stable(id, committed, (end, end), now_ms);
    }

    /// Takes a task's committed offset, and the high watermark and the last stable offset of its input.
    pub fn compare_stable(&self, id: TaskId, committed: Offset, (end, stable): (Offset, Offset), now_ms: i64) {
        let mut seen = self.lock();
        let Some(task) = seen.tasks.get_mut(&id) else { return };
        if task.committed != committed || committed >= end {
            task.moved_ms = now_ms;
        }
        (task.committed, task.end) = (committed, end);
        let lag = (end.saturating_sub(committed), stable.saturating_sub(committed));
        metric::standing(self.fold(id), id.partition, lag, now_ms.saturating_sub(task.moved_ms));
    }

    /// Sets what follows from the states and the time alone: asked for now and then by whoever keeps metrics.
    pub fn measure(&self, now_ms: i64) {
        for (id, task) in &self.lock().tasks {
            self.says(*id, &task.state, 1.0);
            let state_ms = now_ms.saturating_sub(task.since_ms);
            self.gauge(metric::TASK_STATE_SECONDS, *id).set(seconds(state_ms));
            let progress = report::progress(&task.state, state_ms.max(0));
            let (rate, eta) = progress.map_or((0, None), |progress| (progress.rate, progress.eta_seconds));
            metric::restoring(self.fold(*id), id.partition, report::ratio(&task.state).unwrap_or(1.0), rate, eta);
        }
    }

    /// Whether a task is this process's.
    pub fn knows(&self, id: TaskId) -> bool {
        self.lock().tasks.contains_key(&id)
    }

    /// Whether a task polls and folds.
    pub fn is_live(&self, id: TaskId) -> bool {
        self.lock().tasks.get(&id).is_some_and(|task| task.state == State::Running)
    }

    /// The process cannot go on, and why: it is neither live nor ready from now on.
    pub fn fail(&self, why: &str) {
        self.lock().failed.get_or_insert_with(|| why.to_owned());
    }

    /// Why the process cannot go on.
    pub fn failed(&self) -> Option<String> {
        self.lock().failed.clone()
    }

    /// The log takes no commit, and why, and may yet; or takes them again.
    pub fn refused(&self, why: Option<String>) {
        self.lock().refused = why;
    }

    /// Closes the intake, and why; or opens it.
    pub fn close(&self, why: Option<String>) {
        self.lock().closed = why;
    }

    /// Why the intake takes nothing.
    pub fn closed(&self) -> Option<String> {
        self.lock().closed.clone()
    }

    fn waits(&self, id: TaskId, task: &mut Task, why: Option<&String>) {
        if let (None, Some(why)) = (&task.waits, why) {
            tracing::warn!(fold = self.fold(id), partition = id.partition, why, "a task waits");
        }
        if task.waits.as_ref() != why {
            task.waits = why.cloned();
        }
    }

    fn changed(&self, id: TaskId, from: &State, to: &State) {
        let (fold, partition) = (self.fold(id), id.partition);
        self.says(id, from, 0.0);
        self.says(id, to, 1.0);
        match to {
            State::Restoring { .. } => {
                metrics::counter!(metric::RESTORES, "fold" => fold, "kind" => "restore").increment(1)
            }
            State::Rebuilding { .. } => {
                metrics::counter!(metric::RESTORES, "fold" => fold, "kind" => "rebuild").increment(1)
            }
            State::Stalled(why) => {
                metrics::counter!(metric::STALLS, "fold" => fold).increment(1);
                tracing::error!(fold, partition, why, "a task stopped; the others go on");
            }
            _ => {}
        }
        tracing::debug!(fold, partition, state = report::word(to), "a task changed its state");
    }

    fn says(&self, id: TaskId, state: &State, holds: f64) {
        let (fold, partition, state) = (self.fold(id), id.partition.to_string(), report::word(state));
        metrics::gauge!(metric::TASK_STATE, "fold" => fold, "partition" => partition, "state" => state).set(holds);
    }

    fn count(&self, counts: &Counts, now_ms: i64) {
        for (fold, oldest_ms) in &counts.oldest_ms {
            metrics::histogram!(metric::LATENCY, "fold" => self.name(*fold))
                .record(seconds(now_ms.saturating_sub(*oldest_ms)));
        }
        for ((fold, disposition), records) in &counts.dispositions {
            let fold = self.name(*fold);
            let word = match disposition {
                Disposition::Folded => "folded",
                Disposition::Duplicate => "duplicate",
                Disposition::Ignored(reason) => {
                    metrics::counter!(metric::IGNORED, "fold" => fold, "reason" => *reason).increment(*records);
                    "ignored"
                }
                Disposition::DeadLettered(reason) => {
                    metrics::counter!(metric::DEAD_LETTERS, "fold" => fold, "reason" => *reason).increment(*records);
                    "dead_lettered"
                }
            };
            metrics::counter!(metric::RECORDS, "fold" => fold, "disposition" => word).increment(*records);
        }
        for (outcome, transactions) in [("committed", counts.commits), ("aborted", counts.aborts)] {
            metrics::counter!(metric::COMMITS, "outcome" => outcome).increment(transactions);
        }
    }

    fn fold(&self, id: TaskId) -> &'static str {
        self.name(id.fold)
    }

    fn name(&self, fold: engine::topology::FoldIndex) -> &'static str {
        self.folds.get(usize::from(fold)).copied().unwrap_or("unknown")
    }

    fn gauge(&self, name: &'static str, id: TaskId) -> metrics::Gauge {
        metrics::gauge!(name, "fold" => self.fold(id), "partition" => id.partition.to_string())
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counters of a fold are there from the start: a first dead letter is an increase, not a beginning.
fn begin(fold: &'static str) {
    for disposition in ["folded", "duplicate", "ignored", "dead_lettered"] {
        metrics::counter!(metric::RECORDS, "fold" => fold, "disposition" => disposition).increment(0);
    }
    for kind in ["restore", "rebuild"] {
        metrics::counter!(metric::RESTORES, "fold" => fold, "kind" => kind).increment(0);
    }
    for outcome in ["committed", "aborted"] {
        metrics::counter!(metric::COMMITS, "outcome" => outcome).increment(0);
    }
    metrics::counter!(metric::STALLS, "fold" => fold).increment(0);
}
