//! `cargo xtask test`: every step in the open, a table at the end, and an exit code that means it.

use std::process::ExitCode;
use std::time::Instant;

use crate::run::run;
use crate::setup;

/// A step: its name, cargo's arguments, and whether `--quick` leaves it out.
type Step = (&'static str, &'static [&'static str], bool);

const STEPS: [Step; 8] = [
    ("format", &["fmt", "--all", "--", "--check"], false),
    ("domain alone", &["check", "-p", "domain"], false),
    ("providers alone", &["check", "-p", "providers"], false),
    ("contract alone", &["check", "-p", "contract"], false),
    ("engine alone", &["check", "-p", "engine"], false),
    ("oracle alone", &["check", "-p", "oracle"], false),
    ("lints", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"], false),
    ("tests", &["test", "--workspace"], false),
];

/// Runs all steps; a failed one does not stop the others.
pub(crate) fn command(arguments: &[String]) -> Result<ExitCode, String> {
    let quick = arguments.iter().any(|argument| argument == "--quick");
    setup::ready(true)?;
    let mut table = Vec::new();
    for (name, cargo, _) in STEPS.iter().filter(|(_, _, heavy)| !(quick && *heavy)) {
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
    setup::ready(true)?;
    run(setup::cargo(&["run", "--release", "-p", "benches", "--bin", name, "--"]).args(rest))?;
    Ok(ExitCode::SUCCESS)
}

/// `cargo xtask replay SEED`.
pub(crate) fn replay(arguments: &[String]) -> Result<ExitCode, String> {
    let seed = arguments.first().ok_or("which seed? try: cargo xtask replay 42")?;
    setup::ready(true)?;
    let mut cargo = setup::cargo(&["test", "-p", "tests", "--test", "simulation", "--", "--nocapture"]);
    run(cargo.env("MAILTALLY_SEED", seed))?;
    Ok(ExitCode::SUCCESS)
}
