//! `cargo xtask chaos`: faults over Apache Kafka (`tests/chaos/README.md`).

use std::process::ExitCode;

use crate::run::run;
use crate::setup::{self, Purpose};

/// `cargo xtask chaos [--long | --recovery | --hot] [--seed N] [--events N] ...`.
pub(crate) fn command(arguments: &[String]) -> Result<ExitCode, String> {
    setup::ready(Purpose::Kafka, true)?;
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done =
        if arguments == ["--bugs"] { BUGS.iter().try_for_each(|bug| seeded(bug)) } else { under_faults(&arguments) };
    done.map(|()| ExitCode::SUCCESS)
}

/// What a binary with the feature `seeded-bugs` can do wrong.
const BUGS: [&str; 4] = ["lose", "copy", "apart", "row"];

/// Builds a binary that is wrong, fails where that is not found, and puts the right one back.
pub(crate) fn seeded(bug: &str) -> Result<(), String> {
    run(&mut setup::cargo(&["build", "--bin", "mailtally", "--features", "mailtally/seeded-bugs"]))?;
    let found = run(&mut setup::cargo(&["run", "--quiet", "--bin", "chaos", "--", "--bug", bug]));
    run(&mut setup::cargo(&["build", "--bin", "mailtally"])).and(found)
}

/// Builds the binary that is struck, then strikes it.
pub(crate) fn under_faults(arguments: &[&str]) -> Result<(), String> {
    run(&mut setup::cargo(&["build", "--bin", "mailtally"]))?;
    run(setup::cargo(&["run", "--quiet", "--bin", "chaos", "--"]).args(arguments))
}
