//! Log lines: format, level, and what may never be in one. Lines go to standard error; standard output is for results.
//!
//! A line may name topics, partitions, offsets, folds, tasks, reasons of the closed sets, and paths of the installation.
//! Never an address, a subject, a body, a client's name, a provider's words or a request's content: what a sender wrote
//! is in the dead letters and in the answer to whoever sent it, not here.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::Log;

/// Starts logging for this process; a second call changes nothing.
pub fn start(log: &Log) {
    let filter = EnvFilter::new(&log.level);
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_span_events(FmtSpan::NONE);
    let started = if log.json {
        lines.json().flatten_event(true).try_init()
    } else {
        lines.with_ansi(std::io::stderr().is_terminal()).try_init()
    };
    // Whoever started it first decides the format: a process has one.
    started.ok();
}
