//! `cargo xtask demo`: from a clone to numbers on the screen.

use std::os::unix::process::CommandExt as _;
use std::process::ExitCode;

use crate::run::run;
use crate::setup::{self, Purpose};

/// Sets up, builds in the open, runs the demo with what is left of the arguments.
pub(crate) fn command(arguments: &[String]) -> Result<ExitCode, String> {
    let (yes, rest): (Vec<&str>, Vec<&str>) = arguments.iter().map(String::as_str).partition(|word| *word == "--yes");
    setup::ready(Purpose::Run, !yes.is_empty())?;
    eprintln!("Building Mailtally; the first time takes minutes, dependencies are compiled once.");
    run(&mut setup::cargo(&["build", "--bin", "mailtally"]))?;
    // In place of this process: signals, terminal and exit code are the demo's own.
    let failed = setup::cargo(&["run", "--quiet", "--bin", "mailtally", "--", "demo"]).args(rest).exec();
    Err(format!("mailtally demo: {failed}"))
}
