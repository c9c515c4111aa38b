//! What is true of a message, a campaign and a contact. Owns facts, status, counters, registers and verdicts; knows no
//! log, no store, no clock and no wire format.
//!
//! Everything here is a pure function of its arguments (I9): no IO, no randomness, no floats, time as a parameter.

mod attribution;
pub mod bound;
pub mod contact;
pub mod counters;
pub mod entry;
pub mod event;
mod kept;
pub mod kind;
pub mod message;
pub mod rate;
pub mod status;
pub mod tally;
pub mod time;

pub use bound::Beyond;
pub use counters::{Contribution, Counters};
pub use entry::Entry;
pub use event::{AddressHash, Arrival, Attribution, Event, EventId, Origin, Rank, SourcePosition};
pub use kind::{Agent, BounceClass, Drop, DropReason, Fact, MailClass, Scope, WithheldReason};
pub use message::{Change, Message};
pub use rate::{Rate, rates};
pub use status::{Outcome, Standing, Status};
pub use tally::Tally;
pub use time::Time;
