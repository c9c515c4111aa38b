//! Suites that need more than one crate, and what several suites are given.

pub mod hostile;
