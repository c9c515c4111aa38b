//! Which folds there are, what each reads and where its rows go. A value, validated once.

use crate::Topic;

/// Index of a fold in its [`Topology`].
pub type FoldIndex = u8;

/// One fold of one partition: the unit of assignment, state and restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId {
    /// Which fold.
    pub fold: FoldIndex,
    /// Which partition of its input topic, and of its state topic.
    pub partition: u32,
}

/// One fold: one input topic, at most one state topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// Its name, also the name of its consumer group and its store's directory.
    pub name: &'static str,
    /// The only topic that it reads.
    pub input: Topic,
    /// Where its rows are published, being their own changelog; `None` for a stateless fold.
    pub state: Option<Topic>,
    /// Whether its rows are published to `state` and kept; otherwise `state` is somebody else's topic, from which a
    /// restore recounts the derived rows.
    pub publishes: bool,
    /// Version of its rules, from 1; it never goes back. A higher version rebuilds its rows.
    pub version: u32,
    /// What a rebuild needs of the input.
    pub refold: Refold,
}

/// What a rebuild needs of a fold's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refold {
    /// All of it, from offset 0: a row may speak of the oldest record.
    Whole,
    /// What is left of it: rows live no longer than the records that they speak of, or the latest record of each key says all.
    Remaining,
}

impl Fold {
    /// Whether a partition is where the rows of partition `partition` go.
    pub fn is_state(&self, to: &crate::TopicPartition, partition: u32) -> bool {
        self.publishes && self.state.as_ref() == Some(&to.topic) && to.partition == partition
    }
}

/// All folds of a processor, in flow order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topology {
    /// The folds; a [`TaskId`] names one by its place here.
    pub folds: Vec<Fold>,
}

impl Topology {
    /// The fold of a task; `None` when the task is of another topology.
    pub fn fold(&self, task: TaskId) -> Option<&Fold> {
        self.folds.get(usize::from(task.fold))
    }
}
