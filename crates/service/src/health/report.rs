//! What the board says: states in words, how far a restore is, how long it may take.

use engine::State;
use serde::Serialize;

use super::{Board, STUCK_MS, Task, ViewReport};
use crate::metric::float;

/// Everything that the board says.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Every task runs, none is stalled, and the intake is open.
    pub ready: bool,
    /// Why the process cannot go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// Why the intake takes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intake_closed: Option<String>,
    /// Why the log takes no commit just now; what was acknowledged is safe, and it goes on by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_refuses: Option<String>,
    /// Workers that wait for their group, and what for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rebalancing: Vec<String>,
    /// The view behind the pages, in a process that has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view: Option<ViewReport>,
    /// Every task, by fold in flow order and partition.
    pub tasks: Vec<TaskReport>,
}

/// One task.
#[derive(Clone, Debug, Serialize)]
pub struct TaskReport {
    /// Its fold.
    pub fold: &'static str,
    /// Its partition.
    pub partition: u32,
    /// `assigned`, `restoring`, `rebuilding`, `live` or `stalled`.
    pub state: &'static str,
    /// Since when it is in that state, in milliseconds.
    pub state_ms: i64,
    /// Why it is stalled, or what it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How far a restore or rebuild is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// Offsets between its committed offset and the end of its input.
    pub lag: u64,
    /// Since when it has committed nothing although it has lag, in milliseconds.
    pub commit_age_ms: i64,
}

/// How far a restore or rebuild is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Whole per cent.
    pub percent: u64,
    /// Offsets a second so far.
    pub rate: u64,
    /// Seconds that are left at that rate; unknown before there is a rate.
    pub eta_seconds: Option<u64>,
}

impl Board {
    /// What the board says at a time in milliseconds since the Unix epoch.
    pub fn report(&self, now_ms: i64) -> Report {
        let view = self.view();
        let seen = self.lock();
        let tasks: Vec<TaskReport> = seen
            .tasks
            .iter()
            .map(|(id, task)| TaskReport { fold: self.fold(*id), partition: id.partition, ..task.report(now_ms) })
            .collect();
        let (failed, closed) = (seen.failed.clone(), seen.closed.clone());
        let log_refuses = seen.refused.clone();
        let rebalancing: Vec<String> = seen.waiting.iter().map(|(worker, what)| format!("{worker} {what}")).collect();
        let live = rebalancing.is_empty() && tasks.iter().all(|task| task.state == "live");
        let goes_on = failed.is_none() && closed.is_none() && log_refuses.is_none();
        Report { ready: live && goes_on, failed, intake_closed: closed, log_refuses, rebalancing, view, tasks }
    }
}

impl Task {
    fn report(&self, now_ms: i64) -> TaskReport {
        let state_ms = now_ms.saturating_sub(self.since_ms).max(0);
        let lag = self.end.saturating_sub(self.committed);
        let commit_age_ms = if lag == 0 { 0 } else { now_ms.saturating_sub(self.moved_ms).max(0) };
        let stuck = self.state == State::Running && commit_age_ms >= STUCK_MS;
        let why = match &self.state {
            State::Stalled(why) => Some(why.clone()),
            _ if self.waits.is_some() => self.waits.clone(),
            _ if stuck => Some(format!("nothing committed for {} s although there is lag", commit_age_ms / 1_000)),
            _ => None,
        };
        TaskReport {
            fold: "",
            partition: 0,
            state: if stuck { "stalled" } else { word(&self.state) },
            state_ms,
            why,
            progress: progress(&self.state, state_ms),
            lag,
            commit_age_ms,
        }
    }
}

/// A state in one word.
pub(super) fn word(state: &State) -> &'static str {
    match state {
        State::Opening | State::Positioning => "assigned",
        State::Restoring { .. } => "restoring",
        State::Rebuilding { .. } => "rebuilding",
        State::Running => "live",
        State::Stalled(_) => "stalled",
    }
}

/// Offsets done and offsets in all.
fn share(state: &State) -> Option<(u64, u64)> {
    match state {
        State::Restoring { from, at, to, .. } | State::Rebuilding { from, at, to } => {
            Some((at.saturating_sub(*from), to.saturating_sub(*from)))
        }
        _ => None,
    }
}

/// The share that is done, from 0 to 1.
pub(super) fn ratio(state: &State) -> Option<f64> {
    share(state).map(|(done, all)| if all == 0 { 1.0 } else { float(done) / float(all) })
}

pub(super) fn progress(state: &State, state_ms: i64) -> Option<Progress> {
    let (done, all) = share(state)?;
    let percent = done.saturating_mul(100).checked_div(all).unwrap_or(100).min(100);
    let elapsed_ms = u64::try_from(state_ms).unwrap_or(0);
    let rate = done.saturating_mul(1_000).checked_div(elapsed_ms).unwrap_or(0);
    Some(Progress { percent, rate, eta_seconds: all.saturating_sub(done).checked_div(rate) })
}

#[cfg(test)]
mod tests {
    use engine::{Counts, Fold, TaskId, Topic, Topology};

    use super::*;

    const TASK: TaskId = TaskId { fold: 0, partition: 3 };

    fn board() -> Board {
        let fold = Fold {
            name: "messages",
            input: Topic::new("events"),
            state: None,
            publishes: false,
            version: 1,
            refold: engine::Refold::Remaining,
        };
        Board::new(&Topology { folds: vec![fold] }, [TASK], 0)
    }

    fn after(board: &Board, state: State, now_ms: i64) -> TaskReport {
        board.observe(&[(TASK, state)], &[], &Counts::default(), now_ms);
        board.report(now_ms).tasks.remove(0)
    }

    #[test]
    fn a_restore_has_a_rate_and_an_end() {
        let board = board();
        assert!(!board.report(0).ready, "nobody has told of the task");
        let restoring = |at| State::Restoring { from: 100, at, to: 1_100, rows: 0, bytes: 0 };
        after(&board, restoring(100), 1_000);
        let task = after(&board, restoring(350), 2_000);
        assert_eq!((task.state, task.partition), ("restoring", 3));
        assert_eq!(task.progress, Some(Progress { percent: 25, rate: 250, eta_seconds: Some(3) }));
        assert_eq!(after(&board, State::Running, 5_000).progress, None);
        assert!(board.report(5_000).ready);
    }

    #[test]
    fn a_task_that_stopped_or_commits_nothing_is_not_ready_and_says_why() {
        let board = board();
        after(&board, State::Running, 0);
        board.compare(TASK, 5, 9, 0);
        assert_eq!(board.report(STUCK_MS - 1).tasks[0].commit_age_ms, STUCK_MS - 1);
        assert!(board.report(STUCK_MS - 1).ready);
        let report = board.report(STUCK_MS);
        assert_eq!((report.ready, report.tasks[0].state, report.tasks[0].lag), (false, "stalled", 4));
        board.compare(TASK, 9, 9, STUCK_MS);
        assert!(board.report(STUCK_MS + 1).ready, "it caught up");
        let task = after(&board, State::Stalled("the log lost offsets".into()), STUCK_MS);
        assert_eq!(task.why.as_deref(), Some("the log lost offsets"));
    }

    #[test]
    fn a_view_is_told_of_and_decides_nothing() {
        let board = board();
        after(&board, State::Running, 0);
        assert_eq!(board.report(0).view, None, "a process without pages");
        let view = ViewReport { state: "catching_up", percent: Some(7), ..ViewReport::default() };
        let told = view.clone();
        board.has_view(move || told.clone());
        let report = board.report(0);
        assert!(report.ready, "what comes in is taken and folded");
        assert_eq!(report.view, Some(view));
    }

    #[test]
    fn a_task_that_waits_says_what_for_as_long_as_it_does() {
        let board = board();
        let waits = [(TASK, "a transaction has been open since offset 7".to_owned())];
        board.observe(&[(TASK, State::Opening)], &waits, &Counts::default(), 0);
        let report = board.report(0);
        assert_eq!((report.ready, report.tasks[0].why.as_deref()), (false, Some(waits[0].1.as_str())));
        assert_eq!(after(&board, State::Running, 0).why, None);
    }

    #[test]
    fn a_closed_intake_and_a_dead_worker_are_not_ready() {
        let board = board();
        after(&board, State::Running, 0);
        board.close(Some("the disk is full".into()));
        assert!(!board.report(0).ready);
        board.close(None);
        assert!(board.report(0).ready);
        board.fail("a worker died");
        assert!(!board.report(0).ready);
    }
}
