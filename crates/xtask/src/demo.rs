//! `cargo xtask demo`: from a clone to numbers on the screen.

use std::process::ExitCode;

use crate::run::run;
use crate::setup;

/// Sets up, builds in the open, runs the demo with what is left of the arguments.
pub(crate) fn command(arguments: &[String]) -> Result<ExitCode, String> {
    let (yes, rest): (Vec<&str>, Vec<&str>) = arguments.iter().map(String::as_str).partition(|word| *word == "--yes");
    setup::ready(!yes.is_empty())?;
    run(&mut setup::cargo(&["build", "-p", "mailtally"]))?;
    let status = setup::cargo(&["run", "--quiet", "-p", "mailtally", "--", "demo"])
        .args(rest)
        .status()
        .map_err(|error| format!("mailtally demo: {error}"))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
