//! A backup made while events come in, restored elsewhere: whole, and with everything that was acknowledged before it began.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use support::{Run, mailtally, post, rows, said, send};

fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

fn messages(data: &Path) -> BTreeSet<String> {
    let row = |row: serde_json::Value| row["key"][1].as_str().expect("a message").to_owned();
    rows(data, &["consume", "message-status", "--format", "json"]).into_iter().map(row).collect()
}

#[test]
fn a_backup_under_load_holds_what_was_acknowledged_before_it() {
    let home = tempfile::tempdir().expect("directory");
    let [data, backup, copy] = ["data", "backup", "copy"].map(|name| home.path().join(name));
    let mut run = Run::start(&data, &[]);
    let url = format!("http://{}/v1/platform-events", run.address());
    let (acknowledged, done) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let before = std::thread::scope(|scope| {
        scope.spawn(|| {
            let agent = ureq::Agent::new_with_defaults();
            for batch in 0.. {
                let names: Vec<String> = (0..50).map(|n| format!("m{batch}-{n}")).collect();
                let lines: Vec<String> = names.iter().map(|name| send(name, "spring")).collect();
                post(&agent, &url, &lines).expect("taken");
                acknowledged.lock().expect("whole").extend(names);
                if done.load(Ordering::SeqCst) {
                    return;
                }
            }
        });
        while acknowledged.lock().expect("whole").len() < 500 {
            std::thread::yield_now();
        }
        let before = acknowledged.lock().expect("whole").clone();
        let made = rows(&data, &["backup", text(&backup), "--format", "json"]);
        assert!(made[0]["bytes"].as_u64() > Some(0), "{made:?}");
        let live = said(&data, &["reconcile"]);
        assert!(live.contains("difference 0"), "beside the live folds: {live}");
        done.store(true, Ordering::SeqCst);
        before
    });
    run.stop();
    let restored = said(&copy, &["restore", text(&backup)]);
    assert!(restored.contains("every batch checked"), "{restored}");
    assert!(!copy.join("state").exists(), "state is restored from the log, not copied");
    // A first start restores the stores and folds what the backup had not folded yet.
    let events = home.path().join("none.jsonl");
    std::fs::write(&events, send("last", "spring")).expect("written");
    assert!(mailtally(&copy, &["produce", text(&events)]).status.success());
    let counted = said(&copy, &["reconcile"]);
    assert!(counted.contains("difference 0") && !counted.contains("not folded yet"), "{counted}");
    let there = messages(&copy);
    let lost: Vec<&String> = before.iter().filter(|name| !there.contains(*name)).collect();
    assert!(lost.is_empty() && before.len() >= 500, "{lost:?}");
    assert!(said(&copy, &["verify"]).contains("intact"));
}

#[test]
fn what_is_no_whole_backup_or_no_free_directory_is_refused() {
    let home = tempfile::tempdir().expect("directory");
    let [data, backup, copy] = ["data", "backup", "copy"].map(|name| home.path().join(name));
    let events = home.path().join("one.jsonl");
    std::fs::write(&events, send("m1", "spring")).expect("written");
    assert!(mailtally(&data, &["produce", text(&events)]).status.success());
    assert!(said(&data, &["backup", text(&backup)]).contains("restore"));
    let refused = |arguments: &[&str], data: &Path, because: &str| {
        let output = mailtally(data, arguments);
        let notes = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(output.status.code() == Some(1) && notes.contains(because), "{because}: {notes}");
    };
    refused(&["backup", text(&backup)], &data, "name an empty or missing directory");
    refused(&["restore", text(&backup)], &data, "name an empty or missing directory");
    refused(&["restore", text(&data)], &copy, "is no whole backup");
    // One flipped bit in the largest file, which holds the batches.
    let table = largest(&backup.join("log/db"));
    let mut bytes = std::fs::read(&table).expect("read");
    let middle = bytes.len() / 3;
    bytes[middle] ^= 1;
    std::fs::remove_file(&table).expect("unlinked from the original");
    std::fs::write(&table, bytes).expect("written");
    refused(&["restore", text(&backup)], &copy, "cannot be restored");
    refused(&["campaigns"], &copy, "restore that was interrupted");
    refused(&["restore", text(&backup)], &copy, "restore that was interrupted");
    assert!(said(&data, &["verify"]).contains("intact"), "the original is as it was");
}

fn largest(folder: &Path) -> std::path::PathBuf {
    let files = std::fs::read_dir(folder).expect("read").flatten();
    let size = |entry: &std::fs::DirEntry| entry.metadata().expect("a file").len();
    let tables = files.filter(|entry| entry.path().extension().is_some_and(|kind| kind == "sst" || kind == "blob"));
    tables.max_by_key(size).expect("a table").path()
}

#[test]
fn damage_is_reported_and_a_loss_can_be_accepted_once() {
    let home = tempfile::tempdir().expect("directory");
    let [data, events] = ["data", "many.jsonl"].map(|name| home.path().join(name));
    let lines: Vec<String> = (0..300).map(|n| send(&format!("m{n}"), "spring")).collect();
    std::fs::write(&events, lines.join("\n")).expect("written");
    said(&data, &["produce", text(&events)]);
    let table = largest(&data.join("log/db"));
    let mut bytes = std::fs::read(&table).expect("read");
    let place = bytes.len() / 3;
    bytes[place] ^= 1;
    std::fs::write(&table, bytes).expect("written");
    let found = mailtally(&data, &["verify"]);
    let said_of_it = String::from_utf8_lossy(&found.stdout).into_owned();
    assert!(found.status.code() == Some(1) && said_of_it.contains("lost"), "{said_of_it}");
    assert!(said_of_it.contains("mailtally verify --accept-loss"), "{said_of_it}");
    assert_eq!(mailtally(&data, &["campaigns"]).status.code(), Some(1), "nothing opens it unasked");
    let accepted = said(&data, &["verify", "--accept-loss"]);
    assert!(accepted.contains("intact") && accepted.contains("accepted before: "), "{accepted}");
    assert!(said(&data, &["verify"]).contains("accepted before: "), "it stays on record");
    assert!(mailtally(&data, &["campaigns"]).status.success());
}
