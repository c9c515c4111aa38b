//! Where every task is, for `/health/ready`, `mailtally status` and the metrics. Fed by the workers' observations and by
//! whoever compares offsets; reads no clock.

mod report;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use engine::{Counts, Disposition, Offset, State, TaskId, Topology};

use crate::metric;
pub use report::{Progress, Report, TaskReport};

/// A task with lag that has committed nothing for so long, in milliseconds, is reported as stalled.
pub const STUCK_MS: i64 = 60_000;

/// The states of all tasks.
pub struct Board {
    folds: Vec<&'static str>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    tasks: BTreeMap<TaskId, Task>,
    /// Why the process is ending or no worker folds.
    failed: Option<String>,
    /// Why the intake takes nothing.
    closed: Option<String>,
}

/// One task as it was last seen.
struct Task {
    state: State,
    /// Since when it is in a state of this kind, in milliseconds.
    since_ms: i64,
    committed: Offset,
    end: Offset,
    /// When its committed offset last moved or its lag was 0.
    moved_ms: i64,
}

impl Board {
    /// A board that knows these tasks: those nobody has told of are being opened.
    pub fn new(topology: &Topology, tasks: impl IntoIterator<Item = TaskId>, now_ms: i64) -> Self {
        let folds = topology.folds.iter().map(|fold| fold.name).collect();
        let task = Task { state: State::Opening, since_ms: now_ms, committed: 0, end: 0, moved_ms: now_ms };
        let fresh = |id| (id, Task { state: task.state.clone(), ..task });
        let tasks = tasks.into_iter().map(fresh).collect();
        Self { folds, seen: Mutex::new(Seen { tasks, ..Seen::default() }) }
    }

    /// Takes what a worker tells: its tasks' states, and what it has committed since the last time.
    pub fn observe(&self, states: &[(TaskId, State)], counts: &Counts, now_ms: i64) {
        self.count(counts);
        let mut seen = self.lock();
        for (id, state) in states {
            let Some(task) = seen.tasks.get_mut(id).filter(|task| task.state != *state) else { continue };
            if std::mem::discriminant(&task.state) != std::mem::discriminant(state) {
                self.changed(*id, &task.state, state);
                task.since_ms = now_ms;
            }
            task.state = state.clone();
            if let Some(ratio) = report::ratio(state) {
                self.gauge(metric::RESTORED, *id).set(ratio);
            }
        }
    }

    /// Takes a task's committed offset and the end of its input.
    pub fn compare(&self, id: TaskId, committed: Offset, end: Offset, now_ms: i64) {
        let mut seen = self.lock();
        let Some(task) = seen.tasks.get_mut(&id) else { return };
        if task.committed != committed || committed >= end {
            task.moved_ms = now_ms;
        }
        (task.committed, task.end) = (committed, end);
        self.gauge(metric::LAG, id).set(report::float(end.saturating_sub(committed)));
        self.gauge(metric::COMMIT_AGE, id).set(report::seconds(now_ms.saturating_sub(task.moved_ms)));
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

    /// Closes the intake, and why; or opens it.
    pub fn close(&self, why: Option<String>) {
        self.lock().closed = why;
    }

    /// Why the intake takes nothing.
    pub fn closed(&self) -> Option<String> {
        self.lock().closed.clone()
    }

    fn changed(&self, id: TaskId, from: &State, to: &State) {
        let (fold, partition) = (self.fold(id), id.partition);
        for (state, holds) in [(from, 0.0), (to, 1.0)] {
            let labels = [("fold", fold.to_owned()), ("partition", partition.to_string())];
            let state = [("state", report::word(state).to_owned())];
            metrics::gauge!(metric::TASK_STATE, &[labels.as_slice(), &state].concat()).set(holds);
        }
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

    fn count(&self, counts: &Counts) {
        for ((fold, disposition), records) in &counts.dispositions {
            let fold = self.folds.get(usize::from(*fold)).copied().unwrap_or("unknown");
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
        self.folds.get(usize::from(id.fold)).copied().unwrap_or("unknown")
    }

    fn gauge(&self, name: &'static str, id: TaskId) -> metrics::Gauge {
        metrics::gauge!(name, "fold" => self.fold(id), "partition" => id.partition.to_string())
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
