//! Tasks, overlay, transactions, restore and assignment as one state machine. Moves keys and bytes; knows no log, no
//! store, no clock and no meaning of a record.
//!
//! One batch is **poll -> load -> fold -> transact -> apply** (DESIGN.md section 3). The shell hands facts in with
//! [`Input`] and executes what comes out as [`Action`].

mod assignment;
mod batch;
mod bulk;
mod cycle;
pub mod exchange;
pub mod machine;
mod overlay;
pub mod processor;
mod publish;
mod rebuild;
pub mod record;
pub mod restore;
pub mod task;
pub mod topology;
mod wait;

pub use batch::Counts;
pub use exchange::{Action, Held, Input, Loaded, Outcome, Side, Walked};
pub use machine::{Engine, Options, Uncommitted};
pub use processor::{Change, Disposition, Effects, Folded, Found, Made, Polled, Processor, Rebuilt, Rows};
pub use record::{Headers, Offset, Output, Record, Stored, Topic, TopicPartition};
pub use restore::{Identity, LogFacts, Position};
pub use task::State;
pub use topology::{Fold, Refold, TaskId, Topology};
