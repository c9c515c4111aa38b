//! A board of an instance that shares the tasks with others: tasks come and go, and an instance that waits for the group's decision
//! is not ready, however few tasks it has.

use std::collections::BTreeSet;

use engine::{State, TaskId, TopicPartition};

use super::{Board, Task};
use crate::metric;

/// What a worker waits for before the group has told it anything.
const JOINING: &str = "waits for its first partitions";
/// What it waits for when the group divides the partitions anew.
const REBALANCING: &str = "waits for the group to divide the partitions anew";

impl Board {
    /// These workers are to be members of a group; each waits until the group has told it its partitions.
    pub fn await_group(&self, workers: impl IntoIterator<Item = String>) {
        self.lock().waiting.extend(workers.into_iter().map(|worker| (worker, JOINING)));
    }

    /// The group divides the partitions anew and this worker has something to do for it; or has done it.
    pub fn rebalancing(&self, worker: &str, is_under_way: bool) {
        let mut seen = self.lock();
        match is_under_way {
            true => seen.waiting.insert(worker.to_owned(), REBALANCING),
            false => seen.waiting.remove(worker),
        };
    }

    /// The group has given these partitions of the folds' inputs to this process: their tasks are being opened, whether their worker
    /// has told of them yet or not.
    pub fn given(&self, partitions: &[TopicPartition], now_ms: i64) {
        let mut seen = self.lock();
        for task in self.tasks_of(partitions) {
            seen.tasks.entry(task).or_insert_with(|| Task::opening(now_ms));
        }
    }

    /// The group has taken these partitions: those of them that no worker has told of are nobody's here.
    pub fn taken(&self, partitions: &[TopicPartition]) {
        let mut seen = self.lock();
        for task in self.tasks_of(partitions) {
            if !seen.owners.contains_key(&task) {
                seen.tasks.remove(&task);
            }
        }
    }

    fn tasks_of(&self, partitions: &[TopicPartition]) -> Vec<TaskId> {
        let task = |input: &TopicPartition| {
            let fold = self.inputs.iter().position(|topic| *topic == input.topic)?;
            Some(TaskId { fold: u8::try_from(fold).ok()?, partition: input.partition })
        };
        partitions.iter().filter_map(task).collect()
    }

    /// Whose tasks are this worker's now: those that it tells of and no others.
    pub fn share(&self, worker: u32, states: &[(TaskId, State)], now_ms: i64) {
        let mut seen = self.lock();
        let told: BTreeSet<TaskId> = states.iter().map(|(task, _)| *task).collect();
        let gone = |(task, owner): (&TaskId, &u32)| (*owner == worker && !told.contains(task)).then_some(*task);
        let gone: Vec<TaskId> = seen.owners.iter().filter_map(gone).collect();
        for task in gone {
            seen.owners.remove(&task);
            if let Some(left) = seen.tasks.remove(&task) {
                // What nobody sets any more would stand for ever.
                self.says(task, &left.state, 0.0);
                metric::standing(self.fold(task), task.partition, (0, 0), 0);
            }
        }
        for task in told {
            // Of two workers of one process the new owner may tell before the old one has let go.
            seen.owners.insert(task, worker);
            seen.tasks.entry(task).or_insert_with(|| Task::opening(now_ms));
        }
    }
}

#[cfg(test)]
mod tests {
    use engine::{Counts, Fold, Refold, Topic, Topology};

    use super::*;

    const ONE: TaskId = TaskId { fold: 0, partition: 1 };
    const TWO: TaskId = TaskId { fold: 0, partition: 2 };

    fn board() -> Board {
        let fold = Fold {
            name: "messages",
            input: Topic::new("events"),
            state: None,
            publishes: false,
            version: 1,
            refold: Refold::Remaining,
        };
        Board::new(&Topology { folds: vec![fold] }, [], 0)
    }

    fn tell(board: &Board, worker: u32, tasks: &[TaskId]) -> usize {
        let states: Vec<(TaskId, State)> = tasks.iter().map(|task| (*task, State::Running)).collect();
        board.share(worker, &states, 1);
        board.observe(&states, &[], &Counts::default(), 1);
        board.report(1).tasks.len()
    }

    #[test]
    fn tasks_come_go_and_change_hands() {
        let board = board();
        assert_eq!(tell(&board, 0, &[ONE, TWO]), 2);
        assert_eq!(tell(&board, 1, &[]), 2, "another worker's silence takes nothing");
        assert_eq!(tell(&board, 0, &[ONE]), 1);
        assert_eq!(tell(&board, 1, &[ONE]), 1);
        assert_eq!(tell(&board, 0, &[]), 1, "it is the other's by now");
        assert_eq!(tell(&board, 1, &[]), 0);
    }

    #[test]
    fn a_task_that_was_given_is_not_ready_before_its_worker_has_told_of_it() {
        let board = board();
        let input = [TopicPartition { topic: Topic::new("events"), partition: 1 }];
        board.await_group(["a-0".to_owned()]);
        board.given(&input, 0);
        board.rebalancing("a-0", false);
        assert_eq!((board.report(1).ready, board.report(1).tasks.len()), (false, 1));
        tell(&board, 0, &[ONE]);
        assert!(board.report(1).ready);
        board.taken(&input);
        assert_eq!(board.report(1).tasks.len(), 1, "its worker says when it has let go");
        tell(&board, 0, &[]);
        board.given(&input, 0);
        board.taken(&input);
        assert!(board.report(1).tasks.is_empty(), "nobody ever told of it");
    }

    #[test]
    fn an_instance_is_ready_once_the_group_has_spoken_whatever_it_said() {
        let board = board();
        board.await_group(["a-0".to_owned(), "a-1".to_owned()]);
        board.rebalancing("a-0", false);
        let report = board.report(1);
        assert!(!report.ready);
        assert_eq!(report.rebalancing, ["a-1 waits for its first partitions"]);
        board.rebalancing("a-1", false);
        assert!(board.report(1).ready, "a spare has no task and lacks nothing");
        tell(&board, 0, &[ONE]);
        board.rebalancing("a-0", true);
        assert_eq!(board.report(1).rebalancing, ["a-0 waits for the group to divide the partitions anew"]);
        assert!(!board.report(1).ready);
    }

    #[test]
    fn a_log_that_takes_no_commit_makes_it_not_ready_and_not_dead() {
        let board = board();
        tell(&board, 0, &[ONE]);
        board.refused(Some("no broker answers".to_owned()));
        assert_eq!((board.report(1).ready, board.failed()), (false, None));
        assert_eq!(board.report(1).log_refuses.as_deref(), Some("no broker answers"));
        board.refused(None);
        assert!(board.report(1).ready);
    }
}
