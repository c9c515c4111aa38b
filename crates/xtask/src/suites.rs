//! `cargo xtask test`: every step in the open, a table at the end, and an exit code that means it.

use std::process::ExitCode;
use std::time::Instant;

use crate::run::run;
use crate::setup::{self, Purpose};

/// When a step is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// Not with `--quick`.
    Whole,
    /// Only with `--quick`.
    Quick,
}

/// A step: its name, cargo's arguments, and when it is taken.
type Step = (&'static str, &'static [&'static str], When);

const STEPS: [Step; 9] = [
    ("format", &["fmt", "--all", "--", "--check"], When::Always),
    ("domain alone", &["check", "-p", "domain"], When::Whole),
    ("providers alone", &["check", "-p", "providers"], When::Whole),
    ("contract alone", &["check", "-p", "contract"], When::Whole),
    ("engine alone", &["check", "-p", "engine"], When::Whole),
    ("oracle alone", &["check", "-p", "oracle"], When::Whole),
    ("lints", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"], When::Always),
    ("unit tests", &["test", "--workspace", "--lib", "--bins"], When::Quick),
    ("tests", &["test", "--workspace"], When::Whole),
];

/// The steps of a whole run or of a quick one.
fn steps(quick: bool) -> impl Iterator<Item = &'static Step> {
    let other = if quick { When::Whole } else { When::Quick };
    STEPS.iter().filter(move |(_, _, when)| *when != other)
}

/// Runs all steps; a failed one does not stop the others.
pub(crate) fn command(arguments: &[String]) -> Result<ExitCode, String> {
    let quick = arguments.iter().any(|argument| argument == "--quick");
    setup::ready(Purpose::Test, true)?;
    let mut table = Vec::new();
    for (name, cargo, _) in steps(quick) {
        let began = Instant::now();
        let result = run(&mut setup::cargo(cargo));
        table.push((*name, began.elapsed(), result));
    }
    eprintln!();
    for (name, took, result) in &table {
        let verdict = result.as_ref().map_or_else(|why| format!("FAILED: {why}"), |()| "ok".to_owned());
        eprintln!("{name:<18} {:>6.1} s  {verdict}", took.as_secs_f64());
    }
    let failed = table.iter().filter(|(_, _, result)| result.is_err()).count();
    println!("{} passed, {failed} failed", table.len() - failed);
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `cargo xtask bench NAME ...`.
pub(crate) fn bench(arguments: &[String]) -> Result<ExitCode, String> {
    let (name, rest) = arguments.split_first().ok_or("which bench? try: cargo xtask bench embedded")?;
    setup::ready(Purpose::Run, true)?;
    run(setup::cargo(&["run", "--release", "-p", "benches", "--bin", name, "--"]).args(rest))?;
    Ok(ExitCode::SUCCESS)
}

/// `cargo xtask replay SEED`.
pub(crate) fn replay(arguments: &[String]) -> Result<ExitCode, String> {
    let seed = arguments.first().ok_or("which seed? try: cargo xtask replay 42")?;
    setup::ready(Purpose::Run, true)?;
    let mut cargo = setup::cargo(&["test", "-p", "tests", "--test", "simulation", "--", "--nocapture"]);
    run(cargo.env("MAILTALLY_SEED", seed))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_leaves_out_what_takes_long_and_still_tests() {
        let names = |quick| steps(quick).map(|(name, ..)| *name).collect::<Vec<_>>();
        assert_eq!(names(true), ["format", "lints", "unit tests"]);
        assert!(names(false).contains(&"tests") && !names(false).contains(&"unit tests"));
    }
}
