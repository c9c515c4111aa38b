//! What the shell tells the engine and what the engine asks of the shell. Closed sets of plain values.

use bytes::Bytes;

use crate::restore::{LogFacts, Position};
use crate::{Offset, Output, Processor, Stored, TaskId, TopicPartition};

/// A fact that the shell hands in.
pub enum Input {
    /// These tasks are ours now, each with its fold.
    Assigned(Vec<(TaskId, Box<dyn Processor>)>),
    /// These tasks go to somebody else: [`Action::Release`] answers for each once nothing of it is open.
    Revoking(Vec<TaskId>),
    /// These tasks are somebody else's already: nothing of them may be committed or applied.
    Lost(Vec<TaskId>),
    /// The store is open and reflects this; `None` when it is new.
    Opened(TaskId, Option<Position>),
    /// The store is damaged: it is to be put aside and restored.
    Damaged(TaskId),
    /// What the log says of a task.
    Positions(TaskId, LogFacts),
    /// Rows read back from the state topic, and where to read on: further than before, whether or not there were rows.
    StateRead(TaskId, Vec<Stored>, Offset),
    /// Answer to [`Action::Fill`]: the rows are in the store, and durable.
    Filled(TaskId),
    /// The state topic gave nothing, and this is why.
    StateHeld(TaskId, Held),
    /// What was asked for cannot be done now, and why (the store is open elsewhere, the log does not answer): it is asked
    /// again after a wait.
    Busy(Action, String),
    /// Answer to [`Action::Poll`].
    Polled {
        /// The task.
        task: TaskId,
        /// The epoch of the poll: an answer from before a rewind is dropped.
        epoch: u64,
        /// The records.
        records: Vec<Stored>,
        /// Where to poll next.
        next: Offset,
        /// The input's end then.
        end: Offset,
    },
    /// The log may have more than the last polls saw.
    Advanced,
    /// Answer to [`Action::Load`].
    Loaded(TaskId, Loaded),
    /// Answer to [`Action::Scan`]: the next published rows of the store, by key. Fewer than asked for: these are the last.
    Scanned(TaskId, Vec<(Bytes, Bytes)>),
    /// A transaction ended.
    Transacted(u64, Outcome),
    /// After [`Action::Recover`]: the committed offset of each of its tasks.
    Recovered(u64, Vec<(TaskId, Option<Offset>)>),
    /// The store that a rebuild writes is open and reflects this; `None` when it is new.
    ShadowOpened(TaskId, Option<Position>),
    /// Answer to [`Action::Walk`].
    Walked(TaskId, Walked),
    /// The rebuilt rows are the task's store now.
    Promoted(TaskId),
    /// Log or store refuse a task, and why: it stops, the others go on.
    Failed(TaskId, String),
    /// Time has passed.
    Tick,
}

/// What the log says of a state partition of which a read gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The first offset there is.
    pub start: Offset,
    /// The end of what can be read: an open transaction holds it back (on Kafka the last stable offset).
    pub stable: Offset,
    /// The high watermark, uncommitted records included.
    pub end: Offset,
}

/// Rows read from a store.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// Every key asked for.
    pub rows: Vec<(Bytes, Option<Bytes>)>,
    /// Every prefix asked for, with its rows by key.
    pub scans: Vec<(Bytes, Vec<(Bytes, Bytes)>)>,
}

/// The next rows of a store and of the one that is rebuilt beside it, each by key. Fewer than asked for: these are the last.
#[derive(Clone, Debug, Default)]
pub struct Walked {
    /// Of the store.
    pub store: Vec<(Bytes, Bytes)>,
    /// Of the shadow.
    pub shadow: Vec<(Bytes, Bytes)>,
}

/// Which of a task's stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one that it has.
    Store,
    /// The one that a rebuild writes, beside it.
    Shadow,
}

/// How a transaction ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is visible; for every partition written, a lower bound of the offset after its last record.
    Committed(Vec<(TopicPartition, Offset)>),
    /// Nothing of it is visible, nor ever will be.
    Aborted(String),
    /// Nobody knows yet.
    Unknown(String),
    /// Another producer took over: stop for good.
    Fenced,
}

/// What the shell is to do. Executed in order; [`Action::Transact`] and [`Action::Fill`] may run beside the others.
#[derive(Debug)]
pub enum Action {
    /// Open the task's store: [`Input::Opened`], [`Input::Damaged`] or [`Input::Failed`].
    Open(TaskId),
    /// Ask the log, committed offset first: [`Input::Positions`].
    Positions(TaskId),
    /// Put the store aside and open a new one: [`Input::Opened`].
    Quarantine(TaskId),
    /// Read the state partition: [`Input::StateRead`].
    ReadState {
        /// The task.
        task: TaskId,
        /// First offset.
        from: Offset,
        /// Where to stop.
        to: Offset,
    },
    /// Read the input: [`Input::Polled`].
    Poll {
        /// The task.
        task: TaskId,
        /// To be handed back.
        epoch: u64,
        /// First offset.
        from: Offset,
        /// Most records.
        records: usize,
        /// Most bytes.
        bytes: usize,
    },
    /// Read the store: [`Input::Loaded`].
    Load {
        /// The task.
        task: TaskId,
        /// Which store.
        side: Side,
        /// Keys, sorted, one each.
        keys: Vec<Bytes>,
        /// Prefixes, each with the most rows wanted.
        prefixes: Vec<(Bytes, usize)>,
    },
    /// Make outputs and offsets visible together: [`Input::Transacted`].
    Transact {
        /// Handed back with the outcome.
        id: u64,
        /// Records of all tasks, rows of state topics included.
        outputs: Vec<Output>,
        /// The next input offset of each task.
        offsets: Vec<(TaskId, Offset)>,
    },
    /// Resolve an unknown outcome, then read committed offsets: [`Input::Recovered`].
    Recover(u64, Vec<TaskId>),
    /// Write to the store; the transaction that it belongs to is committed (I1).
    Apply {
        /// The task.
        task: TaskId,
        /// Which store.
        side: Side,
        /// Rows; `None` deletes.
        writes: Vec<(Bytes, Option<Bytes>)>,
        /// What the store reflects then.
        position: Position,
    },
    /// Write rows to a store that is being filled, as one sorted file, durable at once: nobody reads it yet. It may run beside the
    /// others, but for those of the same task: [`Input::Filled`].
    Fill {
        /// The task.
        task: TaskId,
        /// Rows by key, one a key; `None` deletes.
        rows: Vec<(Bytes, Option<Bytes>)>,
        /// What the store reflects then.
        position: Position,
    },
    /// Remove every derived row of a store that was filled.
    DropDerived(TaskId),
    /// Read the store on after a key: [`Input::Scanned`].
    Scan {
        /// The task.
        task: TaskId,
        /// The last key seen.
        after: Bytes,
        /// Most rows.
        rows: usize,
    },
    /// Open the store that a rebuild writes beside the task's own, a new one if `fresh` or if it is damaged:
    /// [`Input::ShadowOpened`].
    OpenShadow {
        /// The task.
        task: TaskId,
        /// What is there is of no use.
        fresh: bool,
    },
    /// Read both stores on, from their start or after a key: [`Input::Walked`].
    Walk {
        /// The task.
        task: TaskId,
        /// The last key seen.
        after: Option<Bytes>,
        /// Most rows of each.
        rows: usize,
    },
    /// Flush the shadow and put it in the store's place, at once or not at all: [`Input::Promoted`].
    Promote(TaskId),
    /// Remove what a rebuild left, if anything: the store is of the present version.
    DropShadow(TaskId),
    /// Flush and close the store: nothing of the task is open.
    Release(TaskId),
    /// Stop this worker, and why.
    Die(String),
}

impl Action {
    /// The one task that it is for; `None` for what concerns several or the worker.
    pub fn task(&self) -> Option<TaskId> {
        match self {
            Self::Open(task)
            | Self::Positions(task)
            | Self::Quarantine(task)
            | Self::Promote(task)
            | Self::DropShadow(task)
            | Self::DropDerived(task)
            | Self::Release(task) => Some(*task),
            Self::ReadState { task, .. }
            | Self::Poll { task, .. }
            | Self::Load { task, .. }
            | Self::OpenShadow { task, .. }
            | Self::Walk { task, .. }
            | Self::Scan { task, .. }
            | Self::Fill { task, .. }
            | Self::Apply { task, .. } => Some(*task),
            Self::Transact { .. } | Self::Recover(..) | Self::Die(_) => None,
        }
    }
}

impl Input {
    /// The one task that it is about; `None` for what concerns several or the worker.
    pub fn task(&self) -> Option<TaskId> {
        match self {
            Self::Opened(task, _)
            | Self::Damaged(task)
            | Self::Positions(task, _)
            | Self::StateRead(task, ..)
            | Self::StateHeld(task, _)
            | Self::Filled(task)
            | Self::Polled { task, .. }
            | Self::Loaded(task, _)
            | Self::Scanned(task, _)
            | Self::ShadowOpened(task, _)
            | Self::Walked(task, _)
            | Self::Promoted(task)
            | Self::Failed(task, _) => Some(*task),
            Self::Busy(action, _) => action.task(),
            Self::Assigned(_)
            | Self::Revoking(_)
            | Self::Lost(_)
            | Self::Advanced
            | Self::Transacted(..)
            | Self::Recovered(..)
            | Self::Tick => None,
        }
    }
}
