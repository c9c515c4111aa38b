//! Delivery providers for tests: each of the thirteen posts deliveries as the real one does, signed, in its batches, some of them twice
//! and none in order, and tries again by its own rules on a clock that runs faster.

mod post;
mod schedule;
mod secret;

pub use post::{Message, Report, Simulator};
pub use schedule::{SCHEDULES, Schedule, schedule};
pub use secret::{Pair, TOPIC, account, pair, url};
