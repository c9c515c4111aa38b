//! The HTTP edges as a client meets them: over a socket, on a log in memory.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

mod client;
mod commands;
mod intake;
mod limits;
mod site;
