//! The integration at the beginning of `proto/README.md` runs as it stands there, and what a mailer reads back comes to what its
//! table says.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const README: &str = include_str!("../../../proto/README.md");

fn script(number: usize) -> &'static str {
    README.split("```sh\n").nth(number).and_then(|rest| rest.split("```").next()).expect("a block of shell")
}

/// Runs a script in this directory, the binary in its path; what it says.
fn run(script: &str, root: &Path) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_mailtally")).parent().expect("a directory");
    let path = std::env::join_paths([binary, Path::new("/usr/bin"), Path::new("/bin")]).expect("a path");
    let mut shell = Command::new("sh");
    shell.args(["-eu", "-c", script]).current_dir(root).env("PATH", path);
    let done = shell.env("DATA", root.join("data")).output().expect("the shell runs");
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
    said
}

#[test]
fn twenty_lines_integrate_a_mailer() {
    assert!(script(1).lines().count() <= 20, "an integration of twenty lines");
    let root = tempfile::tempdir().expect("directory");
    let said = run(script(1), root.path());
    let rows: Vec<Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let row = rows.iter().find(|row| row["campaign"] == "spring").expect("the campaign's row");
    assert_eq!((&row["sent"], &row["pending"]), (&Value::from(2), &Value::from(2)), "{row}");
    assert!(rows.iter().any(|row| row["value"]["counters"]["sent"] == 2), "the topic's row: {said}");
}

/// The last row of each address in a file of records.
fn rows(file: &Path) -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(file).expect("written");
    let record = |line: &str| {
        let record: Value = serde_json::from_str(line).expect("JSON");
        (record["key"][2].as_str().expect("a hash").to_owned(), record["value"].clone())
    };
    text.lines().map(record).collect()
}

/// Lists that the address of a row is unsubscribed from; that of the organisation has no name.
fn unsubscribed(row: &Value) -> BTreeSet<String> {
    let registers = row["registers"].as_array().into_iter().flatten();
    let held = registers.filter(|register| register["unsubscribed"] == true);
    held.map(|register| register["list"].as_str().expect("a name").to_owned()).collect()
}

/// What the table asks for at the provider: additions, then removals, of an address to and from a list.
fn asked(then: &BTreeMap<String, Value>, now: &BTreeMap<String, Value>) -> (Vec<String>, Vec<String>) {
    let (mut add, mut remove) = (Vec::new(), Vec::new());
    for (address, row) in now {
        let (before, after) = (then.get(address).map(unsubscribed).unwrap_or_default(), unsubscribed(row));
        add.extend(after.difference(&before).cloned());
        remove.extend(before.difference(&after).cloned());
    }
    (add, remove)
}

#[test]
fn what_a_mailer_reads_back_says_what_to_add_and_what_to_remove() {
    let root = tempfile::tempdir().expect("directory");
    run(script(2), root.path());
    let (then, now) = (rows(&root.path().join("then.jsonl")), rows(&root.path().join("now.jsonl")));
    let hash = then.keys().next().expect("a row");
    assert!(hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "an address's hash: {hash}");
    let news = || vec!["news".to_owned()];
    assert_eq!(asked(&BTreeMap::new(), &then), (news(), Vec::new()));
    assert_eq!(asked(&then, &now), (Vec::new(), news()));
    assert_eq!(asked(&now, &now), (Vec::new(), Vec::new()), "reading a row twice asks for nothing");
}
