//! `cargo xtask chaos`: faults over Apache Kafka (`tests/chaos/README.md`).

use std::fs;
use std::process::{Command, ExitCode};

use crate::run::run;
use crate::setup::{self, Purpose};
use crate::suites::OUTSIDE;

/// `cargo xtask chaos [--long | --recovery | --hot] [--seed N] [--events N] ...`.
pub(crate) fn command(arguments: &[String]) -> Result<ExitCode, String> {
    setup::ready(Purpose::Kafka, true)?;
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = if arguments == ["--bugs"] {
        build().and_then(|()| BUGS.iter().try_for_each(|bug| finds(bug)))
    } else {
        run(&mut built(&[])).and_then(|()| strike(&arguments))
    };
    done.map(|()| ExitCode::SUCCESS)
}

/// What a binary with that feature is called where it lies beside the right one.
const WRONG: &str = "mailtally-wrong";
/// What a binary with the feature `seeded-bugs` can do wrong.
const BUGS: [&str; 4] = ["lose", "copy", "apart", "row"];

/// Lets the programme find a binary that is wrong, and fails where it does not. [`build`] has built it.
pub(crate) fn finds(bug: &str) -> Result<(), String> {
    run(&mut programme(&["--bug", bug, "--binary", &setup::built(WRONG).display().to_string()]))
}

/// Strikes the right binary. [`build`] has built it.
pub(crate) fn strike(arguments: &[&str]) -> Result<(), String> {
    run(&mut programme(arguments))
}

/// Builds the programme, a binary that is wrong, and the right one, which is where it was at the end.
pub(crate) fn build() -> Result<(), String> {
    let (right, wrong) = (setup::built("mailtally"), setup::built(WRONG));
    run(&mut built(&["--features", "mailtally/seeded-bugs"]))?;
    // As a name of its own at once: the copy may be running.
    let beside = wrong.with_extension(std::process::id().to_string());
    let copied = fs::copy(&right, &beside).and_then(|_| fs::rename(&beside, &wrong));
    run(&mut built(&[]))?;
    copied.map_err(|error| format!("{}: {error}", right.display()))
}

/// Cargo, to build the binary that is struck and the programme: with the features of the suites, for which both are built anyway.
fn built(features: &[&str]) -> Command {
    let mut cargo =
        setup::cargo(&["build", "--workspace", "--features", OUTSIDE, "--bin", "mailtally", "--bin", "chaos"]);
    cargo.args(features);
    cargo
}

/// The programme as it is built.
fn programme(arguments: &[&str]) -> Command {
    let mut programme = Command::new(setup::built("chaos"));
    programme.args(arguments);
    programme
}
