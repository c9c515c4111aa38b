//! What cannot be: exit code other than 0 within 10 s, one clear line, nothing damaged.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::live::{Live, mailtally, over, run, send, sent, until};

/// Runs it to its end, which must come soon, with one line that says all of this.
fn refused(mut command: Command, code: i32, words: &[&str]) -> String {
    let begun = Instant::now();
    let Output { status, stderr, .. } = command.output().expect("it starts");
    let said = String::from_utf8_lossy(&stderr).into_owned();
    assert!(begun.elapsed() < Duration::from_secs(10), "it took {:?}", begun.elapsed());
    assert_eq!(status.code(), Some(code), "{said}");
    assert_eq!(said.lines().count(), 1, "one line: {said}");
    assert!(said.starts_with("mailtally: "), "{said}");
    words.iter().for_each(|word| assert!(said.contains(word), "{word} is not in: {said}"));
    said
}

/// Every file below, with its bytes; who holds the lock is no content.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name != "lock") {
                found.insert(path.clone(), std::fs::read(&path).expect("readable"));
            }
        }
    }
    found
}

/// A data directory with two messages, closed in order.
fn filled(root: &Path) -> PathBuf {
    let data = root.join("data");
    let file = root.join("sends.jsonl");
    std::fs::write(&file, send("m1", "spring") + &send("m2", "spring")).expect("written");
    assert!(over(&data, &["produce", file.to_str().expect("a path")]).status.success());
    data
}

#[test]
fn a_directory_of_something_else() {
    let root = tempfile::tempdir().expect("directory");
    std::fs::write(root.path().join("thesis.txt"), "mine").expect("written");
    let before = files(root.path());
    refused(run(root.path(), &[]), 1, &["is no data directory", "`thesis.txt`", "name an empty or missing directory"]);
    assert_eq!(files(root.path()), before);
    let file = root.path().join("thesis.txt");
    refused(run(&file, &[]), 1, &["cannot use", "as data directory"]);
    let within = root.path().join("inner");
    std::fs::create_dir_all(within.join("log")).expect("made");
    std::fs::write(within.join("log/notes"), "mine").expect("written");
    refused(run(&within, &[]), 1, &["is no mailtally log", "`notes`"]);
}

#[test]
fn a_directory_of_a_later_version() {
    let root = tempfile::tempdir().expect("directory");
    let data = filled(root.path());
    let marker = data.join("log/mailtally-log");
    let text = std::fs::read_to_string(&marker).expect("a marker");
    let lines: Vec<String> = text.lines().take(4).map(|line| line.replace("format 1", "format 7")).collect();
    let lines = lines.join("\n");
    std::fs::write(&marker, format!("{lines}\nsum {:08x}\n", crc32c::crc32c(lines.as_bytes()))).expect("written");
    let before = files(&data);
    refused(run(&data, &[]), 1, &["has format 7, this version knows up to 1", "use the version that wrote it"]);
    assert_eq!(files(&data), before);
}

#[test]
fn a_half_copied_directory() {
    for (missing, words) in [("log/db/CURRENT", "looks half-copied"), ("address.key", "half-copied, restore the file")]
    {
        let root = tempfile::tempdir().expect("directory");
        let data = filled(root.path());
        let (from, aside) = (data.join(missing), root.path().join("aside"));
        std::fs::rename(&from, &aside).expect("moved");
        refused(run(&data, &[]), 1, &[missing.rsplit('/').next().expect("a name"), words]);
        std::fs::rename(&aside, &from).expect("moved back");
        assert_eq!(sent(&data, "spring"), 2, "nothing was damaged");
    }
}

#[test]
fn a_locked_directory() {
    let root = tempfile::tempdir().expect("directory");
    let live = Live::start(root.path(), &[]);
    let holder = format!("in use by process {}", live.child.id());
    refused(run(root.path(), &[]), 1, &[&holder, "stop that process"]);
    assert_eq!(live.get("/health/ready").0, 200, "the first one goes on");
    // Without run.json nobody can be asked.
    std::fs::remove_file(root.path().join("run.json")).expect("removed");
    let mut command = mailtally(&["campaigns", "--data"]);
    command.arg(root.path());
    refused(command, 1, &[&holder, "no live `mailtally run` answers"]);
}

#[test]
fn a_port_in_use() {
    let root = tempfile::tempdir().expect("directory");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a socket");
    let address = taken.local_addr().expect("an address").to_string();
    let data = root.path().join("data");
    let mut command = mailtally(&["run", "--listen", &address, "--data"]);
    command.arg(&data);
    refused(command, 1, &["cannot listen on", &address, "stop the process that has it"]);
    assert!(!data.exists(), "the data directory was not touched");
}

#[test]
fn a_configuration_that_is_wrong() {
    let root = tempfile::tempdir().expect("directory");
    let file = root.path().join("mailtally.toml");
    std::fs::write(&file, "partitons = 3\n").expect("written");
    let config = file.to_str().expect("a path");
    let place = format!("{config}:1: partitons is no key: partitions is the nearest one");
    refused(run(&root.path().join("data"), &["--config", config]), 2, &[&place]);
    refused(
        run(&root.path().join("data"), &["--set", "workers=none"]),
        2,
        &["flag --set: workers = none is no whole number"],
    );
    let mut command = mailtally(&["run", "--listen", "0.0.0.0:0", "--data"]);
    command.arg(root.path().join("data"));
    refused(command, 2, &["listen = 0.0.0.0:0", "there is no token", "token_file"]);
    let data = filled(root.path());
    refused(run(&data, &["--set", "partitions=5"]), 2, &["partitions = 5", "keep 4"]);
    refused(run(&data, &["--set", "prefix=other"]), 2, &["prefix = other", "keep mailtally"]);
    assert!(!root.path().join("data/run.json").exists());
}

#[test]
fn a_command_over_a_directory_that_is_not_there() {
    let root = tempfile::tempdir().expect("directory");
    let data = root.path().join("typo");
    let mut command = mailtally(&["campaigns", "--data"]);
    command.arg(&data);
    refused(command, 1, &["typo is no data directory", "--data"]);
    assert!(!data.exists());
}

#[test]
fn a_directory_that_nobody_may_write() {
    // Not even the super-user makes a directory there.
    let nowhere = Path::new("/proc/mailtally");
    refused(run(nowhere, &[]), 1, &["cannot use /proc/mailtally as data directory", "give this user the right to"]);
}

#[test]
fn a_damaged_log_says_what_is_lost_and_what_is_not() {
    let root = tempfile::tempdir().expect("directory");
    let data = root.path().join("data");
    let live = Live::start(&data, &[]);
    for n in 0..20 {
        assert_eq!(live.post(&send(&format!("m{n}"), "spring")).0, 200);
    }
    until("folded", || sent(&data, "spring") == 20);
    live.signal("KILL");
    live.ended();
    let journal = std::fs::read_dir(data.join("log/db")).expect("a folder").flatten().map(|entry| entry.path());
    let journal = journal.filter(|path| path.extension().is_some_and(|extension| extension == "log"));
    let journal = journal.max_by_key(|path| std::fs::metadata(path).expect("a file").len()).expect("a journal");
    let whole = std::fs::read(&journal).expect("readable");
    std::fs::write(&journal, &whole[..whole.len() / 2]).expect("cut");
    let before = files(&data);
    refused(
        run(&data, &[]),
        1,
        &["is damaged: commits", "are lost", "intact", "nothing was changed", "run --accept-loss"],
    );
    assert_eq!(files(&data), before, "nothing was changed");
    // What is intact goes on once the loss is accepted.
    let live = Live::from(run(&data, &["--accept-loss"]), &data);
    assert_eq!(live.post(&send("m-new", "later")).0, 200);
    assert!(live.stop().contains("has lost something before"));
}
