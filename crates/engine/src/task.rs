//! One task's way from assignment to release.
//!
//! ```text
//! Opening -> Positioning -> Restoring -> (Rebuilding ->) Running -> (released)
//!    |            |             |             |             |
//!    +------------+-------------+-------------+-------------+--> Stalled(why)
//! ```

use crate::bulk::Bulk;
use crate::overlay::Overlay;
use crate::rebuild::Rebuild;
use crate::restore::{LogFacts, Position};
use crate::wait::Wait;
use crate::{Made, Offset, Processor};

/// Where a task is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Its store is being opened.
    Opening,
    /// The log is asked what is committed.
    Positioning,
    /// Committed rows that the store lacks are applied.
    Restoring {
        /// First state offset of this restore.
        from: Offset,
        /// Rows below it are in the store.
        at: Offset,
        /// Where it ends.
        to: Offset,
        /// Rows read so far; offsets have gaps.
        rows: u64,
        /// Their bytes: keys, values and headers.
        bytes: u64,
    },
    /// The input before `to` is folded again, beside the old rows.
    Rebuilding {
        /// First input offset of this rebuild.
        from: Offset,
        /// The input offset reached.
        at: Offset,
        /// Where it ends.
        to: Offset,
    },
    /// It polls and folds.
    Running,
    /// It stopped, and why. The others go on.
    Stalled(String),
}

/// A task as the engine holds it.
pub(crate) struct Task {
    pub(crate) state: State,
    pub(crate) processor: Box<dyn Processor>,
    pub(crate) overlay: Overlay,
    /// What the store reflects, or will when every [`crate::Action::Apply`] given out is executed.
    pub(crate) position: Position,
    /// What the log said last.
    pub(crate) log: LogFacts,
    /// Which version made the last row read back.
    pub(crate) made: Option<Made>,
    /// The derived rows of a restore are to be rebuilt.
    pub(crate) recount: bool,
    pub(crate) rebuild: Option<Rebuild>,
    /// What the rebuilt store reflects when it is promoted.
    pub(crate) rebuilt_position: Position,
    /// Committed input offset: where a rewind goes.
    pub(crate) committed: Offset,
    /// Where to poll next.
    pub(crate) next: Offset,
    /// Kills answers from before a rewind.
    pub(crate) epoch: u64,
    /// A poll is out.
    pub(crate) polling: bool,
    /// The last poll reached the end of the input.
    pub(crate) dry: bool,
    /// The end of what this engine has committed to its input: it is there, though perhaps not yet to be read.
    pub(crate) fed: Offset,
    /// It is to be released.
    pub(crate) closing: bool,
    /// When its restore began.
    pub(crate) began_ms: i64,
    /// What it asked for and waits to ask again.
    pub(crate) wait: Option<Wait>,
    /// Rows of a restore that wait for a load.
    pub(crate) restored: Option<Restored>,
    /// Its store was empty and is being filled.
    pub(crate) bulk: Option<Bulk>,
}

/// A chunk of rows read back.
pub(crate) struct Restored {
    pub(crate) rows: Vec<(bytes::Bytes, Option<bytes::Bytes>)>,
    pub(crate) next: Offset,
    /// Offset of its last record.
    pub(crate) last: Option<Offset>,
    pub(crate) rounds: usize,
}

impl Task {
    pub(crate) fn new(processor: Box<dyn Processor>) -> Self {
        Self {
            state: State::Opening,
            processor,
            overlay: Overlay::default(),
            position: Position::default(),
            log: LogFacts::default(),
            made: None,
            recount: false,
            rebuild: None,
            rebuilt_position: Position::default(),
            committed: 0,
            next: 0,
            epoch: 0,
            polling: false,
            dry: false,
            fed: 0,
            closing: false,
            began_ms: 0,
            wait: None,
            restored: None,
            bulk: None,
        }
    }

    /// Whether its store holds nothing and never did. One that is being filled knows its log.
    pub(crate) fn is_new(&self) -> bool {
        self.position == Position::default()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.state == State::Running && !self.closing
    }

    /// Whether there is more for it than it could read.
    pub(crate) fn is_fed(&self) -> bool {
        self.is_running() && self.next < self.fed
    }

    pub(crate) fn is_stalled(&self) -> bool {
        matches!(self.state, State::Stalled(_))
    }

    /// Polls go on from `offset`; answers to earlier ones are dropped.
    pub(crate) fn rewind(&mut self, offset: Offset) {
        self.next = offset;
        self.epoch += 1;
        self.polling = false;
        self.dry = false;
    }
}
