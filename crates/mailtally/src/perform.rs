//! Carries a request out where its data directory is: in this process, over streams of its own.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Result;

use crate::accounts;
use crate::reply::{Progress, Reply};
use crate::request::{Place, Request};
use crate::system::System;
use crate::terminal::Bar;

/// Opens the directory and executes the request in this process.
pub(crate) fn perform(place: &Place, request: &Request) -> Result<ExitCode> {
    let mut bound = place.config.as_deref().map(accounts::read).transpose()?.unwrap_or_default();
    bound.extend(request.accounts());
    let system = System::open(&place.data, bound)?;
    let bar = Bar::new();
    let mut progress = |progress: Progress| bar.show(progress);
    let (mut out, mut notes) = (std::io::stdout().lock(), std::io::stderr());
    let code = request.execute(&system, &mut Reply { out: &mut out, notes: &mut notes, progress: &mut progress })?;
    out.flush()?;
    Ok(ExitCode::from(code))
}
