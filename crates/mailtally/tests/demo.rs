//! The demo as a newcomer starts it: the same seed gives the same bytes, everything that can be counted is in it, nothing
//! is refused but what is bad on purpose, and a reader may leave early.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use domain::{DropReason, WithheldReason};
use serde_json::{Map, Value};

fn mailtally(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailtally"));
    command.args(arguments).arg("--data").arg(data).stdin(Stdio::null());
    command
}

fn said(data: &Path, arguments: &[&str]) -> String {
    let done = mailtally(data, arguments).output().expect("the binary runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("text")
}

fn rows(data: &Path, arguments: &[&str]) -> Vec<Map<String, Value>> {
    let row = |line: &str| serde_json::from_str(line).expect("one object a line");
    said(data, arguments).lines().map(row).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (one, other) = (tempfile::tempdir().expect("directory"), tempfile::tempdir().expect("directory"));
    let both = [one.path(), other.path()];
    let demo = |seed| both.map(|data| said(&data.join(seed), &["demo", "--events", "7000", "--seed", seed]));
    let [shown, again] = demo("5");
    assert_eq!(shown, again);
    assert!(shown.contains("Date created") && shown.contains("Status since"), "{shown}");
    assert_ne!(demo("6")[0], shown);
    for topic in ["platform", "webhooks", "events", "private", "message-status"] {
        let [first, second] = both.map(|data| {
            let mut records: Vec<String> =
                said(&data.join("5"), &["consume", topic, "--format", "hex"]).lines().map(str::to_owned).collect();
            records.sort_unstable();
            records
        });
        assert!(first == second && !first.is_empty(), "{topic}");
    }
}

/// All counters of all campaigns, mails from clients' files too.
fn counters(data: &Path) -> Vec<Map<String, Value>> {
    let mut latest = BTreeMap::new();
    for row in rows(data, &["consume", "campaign-stats"]) {
        latest.insert(row["key"].to_string(), row["value"]["counters"].as_object().expect("counters").clone());
    }
    latest.into_values().collect()
}

fn words(rows: &[Map<String, Value>], map: &str) -> BTreeSet<String> {
    rows.iter().flat_map(|row| row[map].as_object().expect("words").keys().cloned()).collect()
}

#[test]
fn everything_that_can_be_counted_is_somewhere_and_nothing_is_refused_that_is_good() {
    let data = tempfile::tempdir().expect("directory");
    let campaigns = rows(data.path(), &["demo", "--events", "26000", "--format", "json"]);
    assert_eq!(campaigns.len(), 41);
    for row in &campaigns {
        for field in
            "organisation campaign name created_at sent pending delivered opened clicked bounced dropped blocked \
                      spam blocked_spam unsubscribed not_sent open_rate"
                .split_whitespace()
        {
            assert!(row.contains_key(field), "{field} of {row:?}");
        }
    }
    let counted = counters(data.path());
    let names: BTreeSet<&String> = counted.iter().flat_map(Map::keys).collect();
    let is_somewhere = |name: &str| {
        counted.iter().any(|row| match &row[name] {
            Value::Number(number) => number.as_u64() != Some(0),
            Value::Object(words) => !words.is_empty(),
            _ => false,
        })
    };
    let nowhere: Vec<&&String> = names.iter().filter(|name| !is_somewhere(name)).collect();
    assert!(names.len() > 25 && nowhere.is_empty(), "{nowhere:?}");
    assert_eq!(words(&counted, "dropped_by"), DropReason::ALL.map(|reason| reason.word().to_owned()).into());
    assert_eq!(words(&counted, "not_sent_by"), WithheldReason::ALL.map(|reason| reason.word().to_owned()).into());
    assert_eq!(words(&counted, "by_status").len(), 8, "every status but withheld, which is outside sent");
    let whole = |row: &&Map<String, Value>| {
        row["sent"] == row["dropped"] && row["dropped_by"].as_object().is_some_and(|reasons| reasons.len() == 1)
    };
    assert!(campaigns.iter().filter(whole).any(|row| row["dropped_by"].get("content_spam").is_some()));
    dead_letters_are_those_meant(data.path());
}

fn dead_letters_are_those_meant(data: &Path) {
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    for letter in rows(data, &["consume", "dead-letters"]) {
        let reason = letter["headers"]["mailtally-reason"].as_str().expect("a reason");
        *reasons.entry(reason.to_owned()).or_default() += 1;
    }
    let meant: BTreeMap<String, u64> = demo::BAD.iter().map(|(reason, _)| ((*reason).to_owned(), 1)).collect();
    assert_eq!(reasons, meant);
}

/// Commands of the demo that do not end, or that take it away.
const NOT_RUN: [&str; 3] = ["run", "grant", "rm"];

#[test]
fn every_command_that_it_tells_of_answers() {
    let data = tempfile::tempdir().expect("directory");
    let done = mailtally(data.path(), &["demo", "--events", "6000"]).output().expect("the binary runs");
    let told = String::from_utf8(done.stderr).expect("text");
    let further = told.split("Look further:").nth(1).expect("commands");
    let lines = further.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    let mut ran = 0;
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.iter().take(2).any(|word| NOT_RUN.contains(word)) {
            continue;
        }
        let answer = Command::new(words[0]).args(&words[1..]).output().expect("it runs");
        assert!(
            answer.status.success() && !answer.stdout.is_empty(),
            "{line}: {}",
            String::from_utf8_lossy(&answer.stderr)
        );
        ran += 1;
    }
    assert_eq!(ran, 7, "{further}");
}

#[test]
fn whoever_has_seen_enough_may_leave() {
    let data = tempfile::tempdir().expect("directory");
    let mut demo = mailtally(data.path(), &["demo", "--events", "6000"]);
    let mut running = demo.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let mut heading = String::new();
    let mut out = BufReader::with_capacity(16, running.stdout.take().expect("a pipe"));
    out.read_line(&mut heading).expect("a line");
    drop(out);
    let done = running.wait_with_output().expect("it ends");
    assert!(heading.contains("Date created"), "{heading}");
    let noise = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success() && !noise.contains("panicked") && !noise.contains("Broken pipe"), "{noise}");
}

#[test]
fn a_directory_that_holds_something_is_left_alone() {
    let data = tempfile::tempdir().expect("directory");
    let key = data.path().join("address.key");
    std::fs::write(&key, b"of another installation").expect("written");
    let done = mailtally(data.path(), &["demo", "--events", "6000"]).output().expect("the binary runs");
    let noise = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(!done.status.success() && noise.contains("is not empty: give --data a new directory"), "{noise}");
    assert_eq!(std::fs::read(&key).expect("still there"), b"of another installation");
}
