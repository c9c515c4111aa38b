//! Decode and folds, wired to a log and stores. The page to begin with is [`topology`].

pub mod accounts;
pub mod breaker;
pub mod decode;
pub mod driver;
pub mod emit;
pub mod fold;
pub mod memory;
pub mod reject;
pub mod settings;
pub mod topology;
