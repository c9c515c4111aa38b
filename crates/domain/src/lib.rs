//! What is true of a message, a campaign and a contact. Owns facts, status, counters, registers and verdicts; knows no
//! log, no store, no clock and no wire format.
//!
//! Everything here is a pure function of its arguments (I9): no IO, no randomness, no floats, time as a parameter.

pub mod event;
pub mod kind;
pub mod time;

pub use event::{AddressHash, Arrival, Attribution, Event, EventId, Origin, Rank, SourcePosition};
pub use kind::{Agent, BounceClass, Drop, DropReason, Fact, MailClass, Scope, WithheldReason};
pub use time::Time;
