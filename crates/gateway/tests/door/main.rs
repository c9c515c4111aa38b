//! The front door over a log in memory, as providers and strangers meet it.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

mod client;
mod limits;
mod matrix;
mod outage;
mod probes;
mod set_up;
mod site;
mod sns;
mod version;
