//! Carries a request out where its data directory is: in this process over streams of its own, or by the live `run` that has
//! the directory open.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Result, bail};
use embedded::OpenError;
use service::config::Config;

use crate::live;
use crate::reply::{Progress, Reply};
use crate::request::{Place, Request};
use crate::system::System;
use crate::terminal::Bar;

/// Executes the request where the directory is open.
pub(crate) fn perform(place: &Place, request: &Request) -> Result<ExitCode> {
    let config = place.config()?;
    if config.kafka.is_some() {
        return over_kafka(&config, request);
    }
    if !request.makes() && !config.data.join("log").exists() {
        bail!(
            "{} is no data directory: name one with --data or --config, or begin one with produce, ingest or run",
            config.data.display()
        );
    }
    match System::to_ask(&config, request.accounts()) {
        Ok(system) => here(&system, request),
        Err(error) if is_locked(&error) => live::ask(&config, request, error),
        Err(error) => Err(error),
    }
}

/// Any process may ask the brokers. What only a process knows that folds (how far a restore is) is asked of the one that has the
/// data directory, if one has.
fn over_kafka(config: &Config, request: &Request) -> Result<ExitCode> {
    if request.is_of_process()
        && let Some(answered) = live::ask_if_there(config, request)
    {
        return answered;
    }
    here(&System::to_ask(config, request.accounts())?, request)
}

/// Whether another process has the directory.
pub(crate) fn is_locked(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(OpenError::Locked { .. }))
}

/// Executes it in this process.
pub(crate) fn here(system: &System, request: &Request) -> Result<ExitCode> {
    let bar = Bar::new();
    let mut progress = |progress: Progress| bar.show(progress);
    let (mut out, mut notes) = (std::io::stdout().lock(), std::io::stderr());
    let code = request.execute(system, &mut Reply { out: &mut out, notes: &mut notes, progress: &mut progress })?;
    out.flush()?;
    Ok(ExitCode::from(code))
}
