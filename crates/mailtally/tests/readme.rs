//! The integration at the beginning of `proto/README.md` runs as it stands there.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

const README: &str = include_str!("../../../proto/README.md");

fn script() -> &'static str {
    README.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block of shell")
}

#[test]
fn twenty_lines_integrate_a_mailer() {
    assert!(script().lines().count() <= 20, "an integration of twenty lines");
    let root = tempfile::tempdir().expect("directory");
    let binary = Path::new(env!("CARGO_BIN_EXE_mailtally")).parent().expect("a directory");
    let path = std::env::join_paths([binary, Path::new("/usr/bin"), Path::new("/bin")]).expect("a path");
    let mut shell = Command::new("sh");
    shell.args(["-eu", "-c", script()]).current_dir(root.path()).env("PATH", path);
    let done = shell.env("DATA", root.path().join("data")).output().expect("the shell runs");
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
    let rows: Vec<Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let row = rows.iter().find(|row| row["campaign"] == "spring").expect("the campaign's row");
    assert_eq!((&row["sent"], &row["pending"]), (&Value::from(2), &Value::from(2)), "{row}");
    assert!(rows.iter().any(|row| row["value"]["counters"]["sent"] == 2), "the topic's row: {said}");
}
