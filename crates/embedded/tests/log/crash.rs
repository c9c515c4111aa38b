//! Kills at any moment, torn ends, and ends that are missing: what was acknowledged is there or its loss is named.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use embedded::{Embedded, Loss, OpenError, Options};
use log::Log;

use crate::support::*;

/// The write-ahead log that is being written: the one with the highest number.
fn newest_wal(home: &Path) -> PathBuf {
    let entries = fs::read_dir(home.join("db")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|kind| kind == "log")).max().unwrap()
}

fn cut(file: &Path, length: u64) {
    OpenOptions::new().write(true).open(file).unwrap().set_len(length).unwrap();
}

#[test]
fn an_image_at_any_commit_holds_exactly_what_was_acknowledged() {
    let home = tempfile::tempdir().unwrap();
    let log = open(&home.path().join("log")).unwrap();
    make(&log);
    let mut producer = log.producer("task").unwrap();
    for n in 1..=30 {
        producer.commit(transaction(n)).unwrap();
        if n % 7 == 0 {
            log.maintain(NOW, 1 << 20).unwrap();
        }
        let image = home.path().join("image");
        copy(log.path(), &image);
        let opened = open(&image).unwrap();
        assert_eq!(seen(&opened).unwrap(), seen(&log).unwrap(), "after commit {n}");
        assert_eq!(opened.verify(|_| ()).unwrap(), None);
        drop(opened);
        fs::remove_dir_all(image).unwrap();
    }
}

/// A log after its ninth and after its tenth commit, as a kill would leave them, and what was seen at each.
struct Images {
    home: tempfile::TempDir,
    before: Seen,
    after: Seen,
}

impl Images {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let log = open(&home.path().join("log")).unwrap();
        make(&log);
        let mut producer = log.producer("task").unwrap();
        (1..=9).for_each(|n| drop(producer.commit(transaction(n)).unwrap()));
        copy(log.path(), &home.path().join("nine"));
        let before = seen(&log).unwrap();
        producer.commit(transaction(10)).unwrap();
        copy(log.path(), &home.path().join("ten"));
        let after = seen(&log).unwrap();
        Self { home, before, after }
    }

    /// The write-ahead log of the tenth commit cut to `length`, with the tip after `tip_of`.
    fn torn(&self, length: u64, tip_of: &str) -> PathBuf {
        let image = self.home.path().join("torn");
        copy(&self.home.path().join("ten"), &image);
        cut(&newest_wal(&image), length);
        fs::copy(self.home.path().join(tip_of).join("tip"), image.join("tip")).unwrap();
        image
    }

    fn lengths(&self) -> std::ops::RangeInclusive<u64> {
        let length = |name: &str| fs::metadata(newest_wal(&self.home.path().join(name))).unwrap().len();
        length("nine")..=length("ten")
    }
}

#[test]
fn a_torn_end_that_nobody_was_told_of_opens_cleanly() {
    let images = Images::new();
    let whole = *images.lengths().end();
    for length in images.lengths().step_by(7).chain([whole]) {
        let log = open(&images.torn(length, "nine")).unwrap();
        let wanted = if length == whole { &images.after } else { &images.before };
        assert_eq!(seen(&log).unwrap(), *wanted, "cut to {length}");
    }
}

#[test]
fn a_missing_end_that_was_acknowledged_is_reported_whatever_the_cut() {
    let images = Images::new();
    let (shortest, whole) = (*images.lengths().start(), *images.lengths().end());
    for length in (0..shortest).step_by(97).chain((shortest..whole).step_by(5)) {
        let image = images.torn(length, "ten");
        let found = files(&image);
        let Err(OpenError::Damaged(damage)) = open(&image).map(drop) else { panic!("cut to {length} went unnoticed") };
        assert_eq!(files(&image), found, "a refusal changes nothing");
        let last = damage.losses.iter().find_map(|loss| match loss {
            Loss::Commits { last, .. } => Some(*last),
            _ => None,
        });
        assert!(damage.acceptable() && last.is_some(), "{damage}");
        if length >= shortest {
            let text = damage.to_string();
            assert!(
                text.contains("commit 12 is lost; events/0 offsets 9..9 are lost (the end of the log is missing)"),
                "{text}"
            );
            assert!(text.contains("rows/1 offsets 27..29 are lost") && text.contains("accepting this loss"), "{text}");
        }
    }
}

#[test]
fn an_accepted_loss_is_recorded_and_its_offsets_are_never_given_again() {
    let images = Images::new();
    let image = images.torn(*images.lengths().start(), "ten");
    drop(Embedded::open(&image, Options { accept_loss: true, ..options() }).unwrap());
    for _ in 0..2 {
        let log = open(&image).unwrap();
        assert!(log.accepted_losses()[0].contains("events/0 offsets 9..9 are lost"), "{:?}", log.accepted_losses());
        let now = seen(&log).unwrap();
        assert_eq!(now.committed, images.before.committed);
        for (partition, (start, end, records)) in &now.records {
            assert_eq!((start, records), (&images.before.records[partition].0, &images.before.records[partition].2));
            assert_eq!(*end, images.after.records[partition].1, "{partition}: the end that was acknowledged");
        }
        assert_eq!(log.verify(|_| ()).unwrap(), None);
    }
    let log = open(&image).unwrap();
    let offsets = log.append(transaction(11).outputs).unwrap();
    assert_eq!(offsets, [10, 10, 30, 31, 32]);
    assert!(image.join("db.damaged-1").exists(), "the damaged database is kept");
}

/// Set for the process that is killed: the directory that it writes into.
const VICTIM: &str = "MAILTALLY_TEST_VICTIM";

#[test]
fn a_killed_process_loses_nothing_that_it_acknowledged() {
    if let Ok(home) = std::env::var(VICTIM) {
        return write_until_killed(Path::new(&home));
    }
    let home = tempfile::tempdir().unwrap();
    let (mut acknowledged, mut kills) = (0, 0);
    for more in [1, 40, 200, 15, 333, 90] {
        let mut child = victim(home.path());
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut told =
            lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("acknowledged ")?.parse::<u64>().ok());
        let last = told.by_ref().take(more).last().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        acknowledged = told.last().unwrap_or(last);
        let log = open(home.path()).unwrap();
        let committed = seen(&log).unwrap().committed.unwrap();
        assert!(committed == acknowledged || committed == acknowledged + 1, "{committed}, told {acknowledged}");
        let events = records(&log, &at(&events(), 1)).unwrap();
        assert_eq!(events.len() as u64, committed, "records and offset tell the same story");
    }
    assert!(kills == 6 && acknowledged >= 679);
}

fn victim(home: &Path) -> std::process::Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "crash::a_killed_process_loses_nothing_that_it_acknowledged", "--nocapture"]);
    command.env(VICTIM, home).stdout(Stdio::piped()).spawn().unwrap()
}

fn write_until_killed(home: &Path) {
    let log = open(home).unwrap();
    make(&log);
    let first = log.committed(GROUP, &[at(&events(), 0)]).unwrap()[0].unwrap_or(0) + 1;
    let mut producer = log.producer("task").unwrap();
    for n in first..first + 1_000_000 {
        producer.commit(transaction(n)).unwrap();
        println!("acknowledged {n}");
        if n % 50 == 0 {
            log.maintain(NOW, 1 << 20).unwrap();
        }
    }
}
