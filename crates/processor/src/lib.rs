//! Decode and folds, wired to a log and stores.

pub mod driver;
