//! The examples of `deploy/examples` do what they say, each as its user runs it: over Kafka, beside a processor.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says what it expects by failing"
)]

#[path = "kafka/site.rs"]
#[allow(dead_code, reason = "not every suite needs all of it")]
mod site;
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use site::{Site, until_ready};

/// The folder of the examples that `cargo xtask test --outside` made ready.
fn folder() -> PathBuf {
    let folder = std::env::var_os("MAILTALLY_TEST_EXAMPLES");
    folder
        .expect("MAILTALLY_TEST_EXAMPLES names no folder of examples: `cargo xtask test --outside` makes them ready")
        .into()
}

/// Runs one of them as its README says; what it prints.
fn run(site: &Site, example: &str, line: &str) -> String {
    let folder = folder().join(example);
    let mut words = line.split(' ');
    let program = words.next().expect("a program");
    let program = if program.contains('/') { folder.join(program) } else { PathBuf::from(program) };
    let mut command = Command::new(program);
    command.args(words).current_dir(folder).env("MAILTALLY_PREFIX", &site.prefix);
    let output = command.output().unwrap_or_else(|error| panic!("{line}: {error}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{line}: {said}\n{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// A language's name in its campaign, its folder, and how it is run.
const MAILERS: [(&str, &str, &str); 4] = [
    ("Python", "python", "venv/bin/python mailer.py"),
    ("Java", "java", "java -cp target/classes:target/lib/* Mailer"),
    ("Node", "node", "node mailer.mjs"),
    ("Rust", "rust", "target/debug/mailer"),
];

#[test]
fn every_mailer_sees_its_campaign_and_the_analyst_sees_all() {
    let site = Site::made();
    let mut processor = site.start("processor", "a");
    until_ready(&mut processor);
    for (name, folder, line) in MAILERS {
        let said = run(&site, folder, &format!("{line} {} acme spring-{folder}", site.servers));
        assert_eq!(said.trim(), format!("Spring, from {name}: sent 3, pending 2, dropped 1, not sent 1"));
    }
    // The clients' partitioners differ; what came of it does not.
    let rows = site.rows(&["campaigns"]);
    assert_eq!(rows.len(), MAILERS.len(), "{rows:?}");
    assert!(rows.iter().all(|row| (&row["sent"], &row["dropped"]) == (&3.into(), &1.into())), "{rows:?}");
    assert!(site.rows(&["reconcile"])[0]["difference"].is_null());
    assert!(site.rows(&["dead-letters", "list"]).is_empty());

    let plot = site.path("campaigns.svg");
    let said = run(&site, "python", &format!("venv/bin/python analyst.py {} {}", site.servers, plot.display()));
    assert!(said.contains("4 campaigns, 12 messages"), "{said}");
    table(&said);
    drawn(&plot);
    processor.stop();
}

/// A line a campaign, whose statuses add up to Sent.
fn table(said: &str) {
    let cells = |line: &str| line.split('┆').map(|cell| cell.trim_matches(['│', ' ']).to_owned()).collect::<Vec<_>>();
    let lines: Vec<Vec<String>> = said.lines().filter(|line| line.contains('┆')).map(cells).collect();
    let head = lines.first().expect("a head");
    let column = |name: &str| head.iter().position(|cell| cell == name).unwrap_or_else(|| panic!("no {name}: {said}"));
    assert_eq!(lines.len(), 1 + MAILERS.len(), "{said}");
    for line in &lines[1..] {
        assert_eq!((line[column("sent")].as_str(), line[column("rows")].as_str()), ("3", "3"), "{said}");
    }
}

fn drawn(plot: &Path) {
    let svg = std::fs::read_to_string(plot).expect("a plot");
    assert!(
        svg.contains("<svg") && ["spring-rust", "dropped", "sent"].iter().all(|word| svg.contains(word)),
        "{plot:?}"
    );
}
