//! A medium that refuses: a limit on the size of files stands for a full disk. Nothing is half visible, and it goes on afterwards.

use std::path::Path;
use std::process::Command;

use embedded::Embedded;
use log::{CommitError, Error, Log, Producer};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::support::*;

/// Set for the process whose files are limited: the directory that it writes into.
const LIMITED: &str = "MAILTALLY_TEST_LIMITED";
/// Set for the process that has a small disk of its own: where it is.
const SMALL: &str = "MAILTALLY_TEST_SMALL";
/// What such a process says when it came to its end.
const DONE: &str = "came to its end";

/// This test binary again, for one test, started by a line of shell.
fn child(shell: &str, test: &str, variable: &str, home: &Path) -> String {
    let mut command = Command::new("sh");
    command.args(["-c", shell]).arg(std::env::current_exe().unwrap()).arg(test).env(variable, home);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains(DONE), "{said}");
    said
}

/// Commits until three were refused; the last one that was not. What was refused must not be seen.
fn commit_until_refused(log: &Embedded, producer: &mut dyn Producer, mut last: u64) -> u64 {
    let mut refused = 0;
    for _ in 0..20_000 {
        match producer.commit(transaction(last + 1)) {
            Ok(_) => last += 1,
            Err(CommitError::Aborted(reason)) => {
                assert!(reason.contains(log.path().to_str().unwrap()), "{reason}");
                is_seen(log, last);
                refused += 1;
            }
            Err(other) => panic!("{other}"),
        }
        if refused == 3 {
            return last;
        }
    }
    panic!("the limit was never met, {refused} refused")
}

/// Readers see all commits up to this one, and nothing of another.
fn is_seen(log: &Embedded, last: u64) {
    let end = log.bounds(&at(&events(), 0)).unwrap().high_watermark;
    assert_eq!(end, last);
    assert_eq!(records(log, &at(&events(), 0)).unwrap().len() as u64, last);
    assert_eq!(records(log, &at(&events(), 1)).unwrap().len() as u64, last);
}

#[test]
fn a_refused_write_leaves_nothing_and_writing_goes_on_afterwards() {
    if let Ok(home) = std::env::var(LIMITED) {
        return write_into_the_limit(Path::new(&home));
    }
    let home = tempfile::tempdir().unwrap();
    // The signal must be ignored before the process starts for the write to fail as it does on a full disk.
    let shell = r#"trap '' XFSZ; exec "$0" --exact "$1" --nocapture"#;
    child(shell, "medium::a_refused_write_leaves_nothing_and_writing_goes_on_afterwards", LIMITED, home.path());
    let log = open(home.path()).unwrap();
    assert_eq!(log.verify(|_| ()).unwrap(), None);
    assert_eq!(seen(&log).unwrap().committed, Some(1_000_000));
}

fn limit(bytes: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current: bytes.or(maximum), maximum }).unwrap();
}

fn write_into_the_limit(home: &Path) {
    let log = open(home).unwrap();
    make(&log);
    let mut producer = log.producer("task").unwrap();
    let mut last = 0;
    for bytes in [20_000, 50_000, 50_001, 90_000] {
        limit(Some(bytes));
        last = commit_until_refused(&log, &mut *producer, last);
        limit(None);
        last += 1;
        producer.commit(transaction(last)).unwrap();
        is_seen(&log, last);
        assert_eq!(seen(&log).unwrap().committed, Some(last));
    }
    producer.commit(transaction(1_000_000)).unwrap();
    println!("{DONE}");
}

#[test]
fn a_full_disk_refuses_whole_commits_and_readers_go_on() {
    if let Ok(home) = std::env::var(SMALL) {
        return fill_the_disk(Path::new(&home));
    }
    let alone = Command::new("unshare").args(["--mount", "true"]).output();
    if !alone.is_ok_and(|output| output.status.success()) {
        println!("this user may not mount: only the limit on file sizes is tried here");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let shell = format!(
        r#"exec unshare --mount sh -c 'mount -t tmpfs -o size=14m tmpfs "${SMALL}" && exec "$0" --exact "$1" --nocapture' "$0" "$1""#
    );
    child(&shell, "medium::a_full_disk_refuses_whole_commits_and_readers_go_on", SMALL, home.path());
}

fn fill_the_disk(disk: &Path) {
    let (ballast, home) = (disk.join("ballast"), disk.join("log"));
    std::fs::write(&ballast, vec![7; 8 << 20]).unwrap();
    let log = open(&home).unwrap();
    make(&log);
    let mut producer = log.producer("task").unwrap();
    let last = commit_until_refused(&log, &mut *producer, 0);
    // Too large for whatever room reopening made.
    let large = vec![output(at(&events(), 0), 0, noise(4 << 20))];
    assert!(matches!(log.append(large), Err(Error::Unavailable(_))));
    is_seen(&log, last);
    std::fs::remove_file(ballast).unwrap();
    producer.commit(transaction(last + 1)).unwrap();
    is_seen(&log, last + 1);
    drop((producer, log));
    let log = open(&home).unwrap();
    is_seen(&log, last + 1);
    assert_eq!(log.verify(|_| ()).unwrap(), None);
    println!("{DONE}");
}

/// Text that no compression makes small.
fn noise(bytes: usize) -> String {
    let mut state = 1_u64;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(33 + (state >> 33) as u8 % 90)
    };
    (0..bytes).map(|_| letter()).collect()
}

#[test]
fn a_directory_that_cannot_be_written_is_refused_with_its_name() {
    let home = tempfile::tempdir().unwrap();
    for path in ["/proc/mailtally-log", "/dev/null/log"] {
        let refused = open(Path::new(path)).map(drop).unwrap_err();
        assert!(refused.to_string().contains(path), "{refused}");
    }
    let blocked = home.path().join("file");
    std::fs::write(&blocked, "mine").unwrap();
    let refused = open(&blocked).map(drop).unwrap_err().to_string();
    assert!(refused.contains("is no mailtally log"), "{refused}");
    let log = open(&home.path().join("log")).unwrap();
    let refused = open(log.path()).map(drop).unwrap_err().to_string();
    assert!(refused.contains(&format!("is in use by process {}", std::process::id())), "{refused}");
}
