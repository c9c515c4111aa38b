//! `cargo xtask test`: every step in the open, a table at the end, and an exit code that means it.

use std::cell::OnceCell;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use broker::{Cluster, Options};

use crate::run::run;
use crate::setup::{self, Purpose};
use crate::{alerts, axe, chaos, described, examples};

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
    ("lints", &["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"], When::Always),
    ("unit tests", &["test", "--workspace", "--lib", "--bins"], When::Quick),
    ("tests", &["test", "--workspace"], When::Whole),
];

/// Features of suites that need something from outside. All of them are asked for by every such suite, and of the whole workspace: a
/// crate and its dependencies are then built once for all of them, and mostly as the step "tests" has built them.
const OUTSIDE: &str = "broker/broker,kafka/broker,mailtally/broker,browser/browser,mailtally/browser";

/// A suite: a name and its targets.
type Suite = (&'static str, &'static [&'static str]);

/// Suites that need Apache Kafka, one line each. The broker at `MAILTALLY_TEST_KAFKA` is theirs together; one that kills brokers
/// starts its own.
const BROKER_SUITES: [Suite; 5] = [
    ("local kafka", &["cluster", "secure"]),
    ("kafka as a log", &["log", "died", "proxy", "refused", "restart"]),
    ("product over kafka", &["kafka"]),
    ("bad surroundings", &["surroundings"]),
    ("gateway over kafka", &["front_door"]),
];

/// The suite of the examples, which are made ready before.
const EXAMPLES: Suite = ("examples over kafka", &["examples"]);

/// Suites that drive a real browser, one line each.
const BROWSER_SUITES: [Suite; 2] = [("a browser", &["driver"]), ("pages in a browser", &["pages"])];

/// A run of the chaos programme: its name, and how it is done.
type Run = (&'static str, fn() -> Result<(), String>);

/// Those that are done, each on brokers of its own, one line each.
const OWN_BROKER_RUNS: [Run; 2] =
    [("faults over kafka", || chaos::under_faults(&[])), ("a bug is found", || chaos::seeded("apart"))];

/// A line of the table at the end.
type Line = (&'static str, Duration, Result<(), String>);

/// The steps of a whole run or of a quick one.
fn steps(quick: bool) -> impl Iterator<Item = &'static Step> {
    let other = if quick { When::Whole } else { When::Quick };
    STEPS.iter().filter(move |(_, _, when)| *when != other)
}

/// Runs all steps, or those that are asked for; a failed one does not stop the others.
pub(crate) fn command(arguments: &[String]) -> Result<ExitCode, String> {
    let is_given = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let only = arguments.iter().skip_while(|argument| *argument != "--only").nth(1);
    let (quick, only_broker) = (is_given("--quick"), is_given("--broker"));
    setup::ready(Purpose::Test, true)?;
    let mut table = Table { only: only.cloned(), lines: Vec::new() };
    if !only_broker {
        steps(quick).for_each(|(name, cargo, _)| table.step(name, || run(&mut setup::cargo(cargo))));
    }
    if !quick && !only_broker {
        table.step("alerts", alerts::check);
        table.step("read api described", described::check);
        browser_suites(&mut table);
    }
    if !quick {
        broker_suites(&mut table);
    }
    if let (Some(only), true) = (only, table.lines.is_empty()) {
        return Err(format!("no step is called {only}"));
    }
    Ok(verdict(&table.lines))
}

/// Steps that were taken.
struct Table {
    /// Part of the names of those that are.
    only: Option<String>,
    lines: Vec<Line>,
}

impl Table {
    fn step(&mut self, name: &'static str, step: impl FnOnce() -> Result<(), String>) {
        if self.only.as_ref().is_none_or(|only| name.contains(only)) {
            let began = Instant::now();
            let result = step();
            self.lines.push((name, began.elapsed(), result));
        }
    }
}

/// Cargo, to run targets that need something from outside.
fn outside(targets: &[&str]) -> std::process::Command {
    let mut cargo = setup::cargo(&["test", "--workspace", "--features", OUTSIDE]);
    for target in targets {
        cargo.args(["--test", target]);
    }
    cargo
}

/// Runs the suites that need a broker. Where none can be started each of them has failed: none is skipped.
fn broker_suites(table: &mut Table) {
    let cluster = OnceCell::new();
    let start = || {
        eprintln!("Starting Apache Kafka {} for the suites that need it", broker::RELEASE);
        Cluster::start(&Options::default()).map_err(|why| format!("no broker: {why}"))
    };
    let cargo = |targets: &[&str]| {
        let address = cluster.get_or_init(start).as_ref().map(Cluster::bootstrap).map_err(Clone::clone)?;
        let mut cargo = outside(targets);
        cargo.env(broker::VARIABLE, address);
        Ok::<_, String>(cargo)
    };
    for (name, suite) in BROKER_SUITES {
        table.step(name, || run(&mut cargo(suite)?));
    }
    let (name, suite) = EXAMPLES;
    table.step(name, || run(cargo(suite)?.env(examples::VARIABLE, examples::prepare()?)));
    for (name, run) in OWN_BROKER_RUNS {
        table.step(name, run);
    }
}

/// Runs the suites that drive a browser. Where axe-core cannot be fetched each of them has failed: none is skipped.
fn browser_suites(table: &mut Table) {
    let axe = OnceCell::new();
    for (name, suite) in BROWSER_SUITES {
        table.step(name, || {
            let axe = axe.get_or_init(axe::fetched).as_ref().map_err(String::clone)?;
            run(outside(suite).env(axe::VARIABLE, axe))
        });
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
    if name == "throughput" {
        setup::ready(Purpose::Kafka, true)?;
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
        let suites = BROKER_SUITES.iter().chain(&BROWSER_SUITES).chain([&EXAMPLES]);
        let mut run: Vec<&str> = suites.flat_map(|(_, targets)| targets.iter().copied()).collect();
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
