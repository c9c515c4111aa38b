//! Backups while writing, and upkeep while reading and writing.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use embedded::OpenError;
use log::{Error, Log};

use crate::support::*;

#[test]
fn a_backup_made_while_writing_holds_whole_commits_and_at_least_those_before_it() {
    let home = tempfile::tempdir().unwrap();
    let log = open(&home.path().join("log")).unwrap();
    make(&log);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut producer = log.producer("task").unwrap();
            let mut n = 0;
            while !stop.load(Ordering::SeqCst) {
                n += 1;
                producer.commit(transaction(n)).unwrap();
            }
        });
        for number in 0..8 {
            let before = log.committed(GROUP, &[at(&events(), 0)]).unwrap()[0].unwrap_or(0);
            let backup = home.path().join(format!("backup-{number}"));
            log.checkpoint(&backup).unwrap();
            log.maintain(NOW, 1 << 20).unwrap();
            let restored = open(&backup).unwrap();
            assert_eq!(restored.id(), log.id());
            let found = seen(&restored).unwrap();
            let committed = found.committed.unwrap_or(0);
            assert!(committed >= before);
            assert_eq!(found.records[&at(&events(), 1)].2.len() as u64, committed, "whole commits only");
            assert_eq!(restored.verify(|_| ()).unwrap(), None);
            restored.append(transaction(committed + 1).outputs).unwrap();
        }
        stop.store(true, Ordering::SeqCst);
        writing.join().unwrap();
    });
    assert_eq!(log.verify(|_| ()).unwrap(), None, "writing into a restored copy does not touch the original");
}

#[test]
fn a_backup_needs_an_empty_directory_and_one_without_its_marker_is_half_copied() {
    let home = tempfile::tempdir().unwrap();
    let log = open(&home.path().join("log")).unwrap();
    make(&log);
    let backup = home.path().join("backup");
    log.checkpoint(&backup).unwrap();
    let found = files(&backup);
    assert!(matches!(log.checkpoint(&backup), Err(Error::Unavailable(said)) if said.contains("not empty")));
    assert_eq!(files(&backup), found);
    std::fs::remove_file(backup.join("mailtally-log")).unwrap();
    assert!(matches!(open(&backup), Err(OpenError::HalfCopied { .. })));
}

#[test]
fn upkeep_never_disturbs_who_reads_or_writes() {
    let home = tempfile::tempdir().unwrap();
    let log = open(home.path()).unwrap();
    make(&log);
    let stop = AtomicBool::new(false);
    let (log, stop) = (&log, &stop);
    std::thread::scope(|scope| {
        let upkeep = scope.spawn(move || {
            let mut removed = 0;
            while !stop.load(Ordering::SeqCst) {
                removed += log.maintain(NOW, 4_096).unwrap().removed_bytes;
            }
            removed
        });
        let reading = scope.spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                let before = log.version();
                let rows = records(log, &at(&rows(), 1)).unwrap();
                let keys: BTreeSet<_> = rows.iter().map(|row| row.record.key.clone()).collect();
                // What was written meanwhile may have taken the place of what was about to be read.
                let still = log.version() == before;
                assert!(!still || rows.is_empty() || keys.len() >= 3, "no key is ever without its newest row");
            }
        });
        let mut producer = log.producer("task").unwrap();
        (1..=600).for_each(|n| drop(producer.commit(transaction(n)).unwrap()));
        stop.store(true, Ordering::SeqCst);
        reading.join().unwrap();
        assert!(upkeep.join().unwrap() > 0, "upkeep did something");
    });
    while log.maintain(NOW, 4_096).unwrap().more {}
    assert!(records(log, &at(&rows(), 1)).unwrap().len() <= 5 + 3, "five keys and the newest batch");
    assert_eq!(log.verify(|_| ()).unwrap(), None);
    let living: u64 = log.space().iter().map(|topic| topic.bytes).sum();
    assert!(living > 0 && log.bytes_on_disk() >= living);
}
