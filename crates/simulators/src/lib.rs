//! Delivery providers for tests: each of the thirteen posts every kind of event as the real one does, signed, in its batches, some of
//! them twice and none in order, and tries again by its own rules on a clock that runs faster. A plan says what numbers must come of it.

mod plan;
mod post;
mod schedule;
mod secret;
mod set_up;
mod shape;
mod template;

pub use plan::{Mail, ORGANISATION, Plan, Report};
pub use post::{Done, Simulator};
pub use schedule::{SCHEDULES, Schedule, schedule};
pub use secret::{Pair, TOPIC, account, pair, url};
pub use set_up::{Probe, probes};
