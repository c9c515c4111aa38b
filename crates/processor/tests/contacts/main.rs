//! Contacts end to end, over the real log and the real stores: registers and lifts, suppression, erasure.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

mod erasure;
mod fold;
mod registers;
mod system;
