//! The product over Apache Kafka by configuration alone: topics, processors, every command, and what is said when something is
//! not as it must be.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

#[path = "../support/mod.rs"]
mod support;

mod bad;
mod demo;
mod flow;
mod replay;
mod rights;
mod site;
mod topics;
