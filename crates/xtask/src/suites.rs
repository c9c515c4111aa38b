//! `cargo xtask test`: every step in the open, a table at the end, and an exit code that means it.

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::run::run;
use crate::setup::{self, Purpose};
use crate::{alerts, axe, chaos, described, examples, rows};

/// When a step is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// Not with `--quick`.
    Whole,
    /// Only with `--quick`.
    Quick,
}

/// A step that cargo does alone: its name, cargo's arguments, and when it is taken.
type Step = (&'static str, &'static [&'static str], When);

const STEPS: [Step; 9] = [
    ("format", &["fmt", "--all", "--", "--check"], When::Always),
    ("domain alone", &["check", "-p", "domain"], When::Whole),
    ("providers alone", &["check", "-p", "providers"], When::Whole),
    ("contract alone", &["check", "-p", "contract"], When::Whole),
    ("engine alone", &["check", "-p", "engine"], When::Whole),
    ("oracle alone", &["check", "-p", "oracle"], When::Whole),
    ("lints", &["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"], When::Always),
    ("unit tests", &["test", "--workspace", "--lib", "--bins"], When::Quick),
    ("tests", &["test", "--workspace"], When::Whole),
];

/// Features of suites that need something from outside. All of them are asked for by every such suite, and of the whole workspace: a
/// crate and its dependencies are then built once for all of them, and mostly as the step "tests" has built them.
pub(crate) const OUTSIDE: &str = "broker/broker,kafka/broker,mailtally/broker,browser/browser,mailtally/browser";

/// For brokers that live for a minute: compiling hot code costs more than it gives. They take 40 % less of the processor.
const SHORT_LIVED: &str = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC";

/// Something that needs a broker or a browser, and mostly waits for it.
enum Outside {
    /// These test targets, with the plain broker of their process at hand; one that kills brokers starts its own.
    Tests(&'static [&'static str]),
    /// The same with what has to be made ready first: the variable that names it, and how.
    With(&'static [&'static str], &'static str, fn() -> Result<PathBuf, String>),
    /// Something on brokers of its own.
    Run(fn() -> Result<(), String>),
}

/// Steps that are taken one after the other.
type Row = &'static [(&'static str, Outside)];

/// Suites from outside, in stages one after the other, of rows that are taken beside each other. Nothing is built by then. What takes
/// brokers away and measures how long something may take has the machine to itself.
const STAGES: [&[Row]; 2] = [&BESIDE, &[AFTERWARDS]];

const BESIDE: [Row; 3] = [
    &[
        ("a browser", Outside::With(&["driver"], axe::VARIABLE, axe::fetched)),
        ("pages in a browser", Outside::With(&["pages"], axe::VARIABLE, axe::fetched)),
        ("a bug is found", Outside::Run(|| chaos::finds("apart"))),
    ],
    &[
        ("kafka as a log", Outside::Tests(&["conformance", "died", "refused"])),
        ("product over kafka", Outside::Tests(&["kafka"])),
        ("local kafka", Outside::Tests(&["cluster", "secure"])),
        ("examples over kafka", Outside::With(&["examples"], examples::VARIABLE, examples::prepare)),
    ],
    &[("brokers that fail", Outside::Tests(&["proxy", "restart"]))],
];

const AFTERWARDS: Row = &[
    ("bad surroundings", Outside::Tests(&["surroundings"])),
    ("gateway over kafka", Outside::Tests(&["front_door"])),
    ("faults over kafka", Outside::Run(|| chaos::strike(&[]))),
];

/// All of them.
fn outside() -> impl Iterator<Item = &'static (&'static str, Outside)> {
    STAGES.iter().copied().flatten().copied().flatten()
}

/// The steps of a whole run or of a quick one.
fn steps(quick: bool) -> impl Iterator<Item = &'static Step> {
    let other = if quick { When::Whole } else { When::Quick };
    STEPS.iter().filter(move |(_, _, when)| *when != other)
}

/// Runs all steps, or those that are asked for; a failed one does not stop the others.
pub(crate) fn command(arguments: &[String]) -> Result<ExitCode, String> {
    let is_given = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let value = |flag: &str| arguments.iter().skip_while(|argument| *argument != flag).nth(1).map(String::as_str);
    if let Some(name) = value(ALONE) {
        return alone(name);
    }
    setup::ready(Purpose::Test, true)?;
    let mut table = Table { only: value("--only").map(str::to_owned), lines: Vec::new() };
    let quick = is_given("--quick");
    if !is_given("--outside") {
        steps(quick).for_each(|(name, cargo, _)| table.step(name, || run(&mut setup::cargo(cargo))));
        if !quick {
            table.step("alerts", alerts::check);
            table.step("read api described", described::check);
        }
    }
    if !quick {
        table.outside();
    }
    if let (Some(only), true) = (&table.only, table.lines.is_empty()) {
        return Err(format!("no step is called {only}"));
    }
    Ok(verdict(&table.lines))
}

/// How a step of a row is told to this program, which runs it in a process of its own.
const ALONE: &str = "--alone";

/// Runs one step of a row.
fn alone(name: &str) -> Result<ExitCode, String> {
    let step = outside().find(|(known, _)| *known == name);
    let (_, outside) = step.ok_or_else(|| format!("no step is called {name}"))?;
    match outside {
        Outside::Tests(targets) => run(&mut tests(targets)),
        Outside::With(targets, variable, ready) => run(tests(targets).env(variable, ready()?)),
        Outside::Run(step) => step(),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Cargo, to run targets that need something from outside.
fn tests(targets: &[&str]) -> Command {
    let mut cargo = setup::cargo(&["test", "--workspace", "--features", OUTSIDE]);
    for target in targets {
        cargo.args(["--test", target]);
    }
    cargo.env(broker::OPTIONS, SHORT_LIVED);
    cargo
}

/// Builds all that the rows run, so that none waits for another's compiler or runs a program that is being replaced.
fn build() -> Result<(), String> {
    chaos::build()?;
    run(&mut setup::cargo(&["test", "--workspace", "--features", OUTSIDE, "--no-run"]))
}

/// A line of the table at the end.
type Line = (&'static str, Duration, Result<(), String>);

/// Steps that were taken.
struct Table {
    /// Part of the names of those that are.
    only: Option<String>,
    lines: Vec<Line>,
}

impl Table {
    fn step(&mut self, name: &'static str, step: impl FnOnce() -> Result<(), String>) {
        if self.is_wanted(name) {
            let began = Instant::now();
            let result = step();
            self.lines.push((name, began.elapsed(), result));
        }
    }

    fn is_wanted(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only))
    }

    /// Takes the rows beside each other. Where no broker can be started what needs one has failed: nothing is skipped.
    fn outside(&mut self) {
        if !outside().any(|(name, _)| self.is_wanted(name)) {
            return;
        }
        let began = Instant::now();
        let built = build();
        self.lines.push(("builds", began.elapsed(), built));
        for stage in STAGES {
            let wanted = |row: &Row| row.iter().map(|(name, _)| *name).filter(|name| self.is_wanted(name)).collect();
            let rows: Vec<Vec<&'static str>> = stage.iter().map(wanted).collect();
            self.lines.extend(rows::take(&rows, ALONE, &|words| eprintln!("{words}")));
        }
    }
}

fn verdict(table: &[Line]) -> ExitCode {
    eprintln!();
    for (name, took, result) in table {
        let verdict = result.as_ref().map_or_else(|why| format!("FAILED: {why}"), |()| "ok".to_owned());
        eprintln!("{name:<20} {:>6.1} s  {verdict}", took.as_secs_f64());
    }
    let failed = table.iter().filter(|(_, _, result)| result.is_err()).count();
    println!("{} passed, {failed} failed", table.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// `cargo xtask bench NAME ...`.
pub(crate) fn bench(arguments: &[String]) -> Result<ExitCode, String> {
    let (name, rest) = arguments.split_first().ok_or("which bench? try: cargo xtask bench embedded")?;
    if ["throughput", "gateway", "live"].contains(&name.as_str()) {
        setup::ready(Purpose::Kafka, true)?;
    }
    if ["throughput", "live"].contains(&name.as_str()) {
        // The real binary, beside the bench's own.
        run(&mut setup::cargo(&["build", "--release", "-p", "mailtally"]))?;
    }
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

    /// The targets of a manifest that ask for a feature.
    fn targets(manifest: &str) -> Vec<String> {
        let tables = manifest.split("[[test]]").skip(1).filter(|table| table.contains("required-features"));
        let name = |table: &str| table.split("name = \"").nth(1)?.split('"').next().map(str::to_owned);
        tables.filter_map(name).collect()
    }

    #[test]
    fn every_target_that_asks_for_a_feature_is_in_one_suite() {
        let of = |folder: &str| std::fs::read_dir(setup::root().join(folder)).unwrap().flatten().collect::<Vec<_>>();
        let manifests = of("crates").into_iter().chain(of("tests")).map(|entry| entry.path().join("Cargo.toml"));
        let texts = manifests.filter_map(|path| std::fs::read_to_string(path).ok());
        let mut asking: Vec<String> = texts.flat_map(|text| targets(&text)).collect();
        let targets = |outside: &'static Outside| match outside {
            Outside::Tests(targets) | Outside::With(targets, ..) => *targets,
            Outside::Run(_) => &[],
        };
        let mut run: Vec<&str> = outside().flat_map(|(_, outside)| targets(outside)).copied().collect();
        asking.sort_unstable();
        run.sort_unstable();
        assert_eq!(asking, run);
    }

    #[test]
    fn quick_leaves_out_what_takes_long_and_still_tests() {
        let names = |quick| steps(quick).map(|(name, ..)| *name).collect::<Vec<_>>();
        assert_eq!(names(true), ["format", "lints", "unit tests"]);
        assert!(names(false).contains(&"tests") && !names(false).contains(&"unit tests"));
    }
}
