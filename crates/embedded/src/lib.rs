//! The durable single-process log.
