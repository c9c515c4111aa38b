//! What surrounds a running Mailtally: configuration, health, metric names, tracing. Knows no log and no store.

pub mod config;
pub mod health;
pub mod logging;
pub mod metric;
