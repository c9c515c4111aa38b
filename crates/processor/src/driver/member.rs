//! A worker as a member of a group: the group says which partitions are its. What is revoked has nothing open when it is answered.

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use engine::{Input, Processor, TaskId, TopicPartition};
use log::{Membership, Rebalance};

use super::shell::{Shell, now_ms};

/// Makes the processor of a task that the group gives.
pub type Make = Box<dyn Fn(TaskId) -> Option<Box<dyn Processor>> + Send>;

/// A group that shares the partitions of all folds' inputs among its members.
pub struct Share {
    /// Its name: the committed offsets of all folds are its.
    pub group: String,
    /// Makes the processors.
    pub make: Make,
}

/// The membership of a running worker.
pub(super) struct Joined {
    share: Share,
    member: Box<dyn Membership>,
}

impl Joined {
    pub(super) fn group(&self) -> &str {
        &self.share.group
    }
}

impl Shell {
    /// Joins the group under the worker's name.
    pub(super) fn join(&mut self, name: &str, share: Share) -> Result<(), String> {
        let inputs: Vec<_> = self.topology.folds.iter().map(|fold| fold.input.clone()).collect();
        let member = self.log.join(name, &share.group, &inputs).map_err(|error| error.to_string())?;
        let member = member.ok_or("this log has no groups: its tasks are given to the worker")?;
        self.joined = Some(Joined { share, member });
        Ok(())
    }

    /// Does what the group has decided since; asked often, since a member that does not ask is taken for dead.
    pub(super) fn rebalance(&mut self, stop: &AtomicBool) -> Result<(), String> {
        // What is done for one decision acts, and may come here again.
        if std::mem::replace(&mut self.rebalancing, true) {
            return Ok(());
        }
        let done = self.decisions(stop);
        self.rebalancing = false;
        done
    }

    fn decisions(&mut self, stop: &AtomicBool) -> Result<(), String> {
        while let Some(joined) = &mut self.joined {
            let Some(rebalance) = joined.member.poll(Duration::ZERO).map_err(|error| error.to_string())? else {
                return Ok(());
            };
            match &rebalance {
                Rebalance::Assigned(partitions) => self.assigned(partitions),
                Rebalance::Revoked(partitions) => self.revoked(partitions, stop)?,
                Rebalance::Lost(partitions) => self.lost(self.tasks_of(partitions), stop)?,
            }
            if let Some(joined) = &mut self.joined {
                joined.member.complete(rebalance).map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    fn assigned(&mut self, partitions: &[TopicPartition]) {
        let Some(joined) = &self.joined else { return };
        let make = |task| Some((task, (joined.share.make)(task)?));
        let tasks = self.tasks_of(partitions).into_iter().filter_map(make).collect();
        self.engine.handle(Input::Assigned(tasks), now_ms());
    }

    /// Commits or aborts what is open; a transaction that takes longer than the group waits is the group's to refuse.
    fn revoked(&mut self, partitions: &[TopicPartition], stop: &AtomicBool) -> Result<(), String> {
        let tasks = self.tasks_of(partitions);
        let within = self.joined.as_ref().map_or(Duration::ZERO, |joined| joined.member.revoke_within() / 2);
        let until = Instant::now() + within;
        self.engine.handle(Input::Revoking(tasks.clone()), now_ms());
        loop {
            self.act(stop)?;
            let held = self.engine.states().any(|(task, _)| tasks.contains(&task));
            if !held {
                return Ok(());
            }
            if !self.committing || Instant::now() >= until {
                return self.lost(tasks, stop);
            }
            self.answer_until(until)?;
        }
    }

    fn lost(&mut self, tasks: Vec<TaskId>, stop: &AtomicBool) -> Result<(), String> {
        self.engine.handle(Input::Lost(tasks), now_ms());
        self.act(stop)
    }

    /// The tasks whose inputs these are.
    fn tasks_of(&self, partitions: &[TopicPartition]) -> Vec<TaskId> {
        let task = |input: &TopicPartition| {
            let fold = self.topology.folds.iter().position(|fold| fold.input == input.topic)?;
            Some(TaskId { fold: u8::try_from(fold).ok()?, partition: input.partition })
        };
        partitions.iter().filter_map(task).collect()
    }
}
