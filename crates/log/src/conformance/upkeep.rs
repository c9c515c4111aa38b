//! Retention and compaction, where the subject can be told to do them.

use bytes::Bytes;
use engine::{Output, TopicPartition};

use super::{ALL, Subject, at, drain, latest, output, record, spec, start, text};
use crate::{Cleanup, CommitError, Error, Log, Transaction};

/// The records' own time in these cases, in milliseconds since the Unix epoch.
const THEN: i64 = 1_700_000_000_000;
/// A tombstone's least time in these cases, in milliseconds.
const TOMBSTONE_MS: i64 = 3_600_000;

/// A reader who starts over ends with the same rows; offsets stay, superseded records go, appends go on.
pub fn compaction_keeps_the_latest_of_each_key<S: Subject>(mut subject: S) {
    let log = subject.open();
    let topic = spec(&subject, "rows", 1, Cleanup::Compact { tombstone_ms: TOMBSTONE_MS });
    log.create_topic(&topic).unwrap();
    let to = at(&topic, 0);
    for round in 0..20 {
        log.append((0..50).map(|key| output(&to, &key.to_string(), &format!("{round}-{key}"))).collect()).unwrap();
    }
    log.append(vec![output(&to, "last", "batch")]).unwrap();
    let before = drain(&log, &to, start(&log, &to), ALL);
    let end = log.bounds(&to).unwrap();
    if !subject.settle(&log, THEN) {
        return;
    }
    let after = drain(&log, &to, start(&log, &to), ALL);
    assert_eq!(latest(&after), latest(&before));
    assert_eq!(after.len(), 51, "one record a key");
    assert!(after.iter().all(|stored| before.contains(stored)), "offsets and records are those written");
    assert_eq!(log.bounds(&to).unwrap(), end, "compaction moves neither start nor end");
    for stored in &before {
        let rest = drain(&log, &to, stored.offset, ALL);
        assert_eq!(rest, after.iter().filter(|one| one.offset >= stored.offset).cloned().collect::<Vec<_>>());
    }
    log.append(vec![output(&to, "0", "new")]).unwrap();
    drop(log);
    let log = subject.open();
    assert_eq!(latest(&drain(&log, &to, start(&log, &to), ALL))["0"], "new");
}

/// A tombstone outlives what it deletes by its time, then goes too; the key never comes back.
pub fn tombstones_stay_their_time_and_then_go<S: Subject>(mut subject: S) {
    let log = subject.open();
    let topic = spec(&subject, "erased", 1, Cleanup::Compact { tombstone_ms: TOMBSTONE_MS });
    log.create_topic(&topic).unwrap();
    let to = at(&topic, 0);
    let tombstone = |key: &str| {
        let mut gone = record(key, "");
        gone.value = None;
        Output { to: to.clone(), record: gone }
    };
    log.append(vec![output(&to, "a", "1"), output(&to, "b", "1")]).unwrap();
    log.append(vec![tombstone("a")]).unwrap();
    log.append(vec![output(&to, "tail", "1")]).unwrap();
    let keys = |log: &S::Log, to: &TopicPartition| -> Vec<(String, String)> {
        latest(&drain(log, to, start(log, to), ALL)).into_iter().collect()
    };
    let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    if !subject.settle(&log, THEN) {
        return;
    }
    assert_eq!(keys(&log, &to), pairs(&[("a", "-"), ("b", "1"), ("tail", "1")]));
    assert!(subject.settle(&log, THEN + TOMBSTONE_MS - 1));
    assert_eq!(keys(&log, &to), pairs(&[("a", "-"), ("b", "1"), ("tail", "1")]), "not before its time");
    assert!(subject.settle(&log, THEN + TOMBSTONE_MS + 1));
    assert_eq!(keys(&log, &to), pairs(&[("b", "1"), ("tail", "1")]));
    drop(log);
    let log = subject.open();
    assert_eq!(keys(&log, &to), pairs(&[("b", "1"), ("tail", "1")]));
}

/// Old records go by age, the start moves, and who stands before it is told.
pub fn retention_moves_the_start<S: Subject>(mut subject: S) {
    let log = subject.open();
    let topic = spec(&subject, "short", 2, Cleanup::Delete { retention_ms: Some(1_000) });
    log.create_topic(&topic).unwrap();
    let (to, other) = (at(&topic, 0), at(&topic, 1));
    let timed = |to: &TopicPartition, at_ms: i64| {
        let mut one = output(to, "k", &at_ms.to_string());
        one.record.timestamp_ms = at_ms;
        one
    };
    let mut offsets = Vec::new();
    for step in 0..10 {
        offsets.extend(log.append(vec![timed(&to, THEN + step * 100)]).unwrap());
    }
    log.append(vec![timed(&other, THEN + 900)]).unwrap();
    if !subject.settle(&log, THEN + 1_450) {
        return;
    }
    let bounds = log.bounds(&to).unwrap();
    assert_eq!(bounds.start, offsets[5], "those older than a second are gone");
    let refused = log.read(&to, offsets[4], ALL);
    assert!(
        matches!(refused, Err(Error::OffsetLost { asked, start, .. }) if (asked, start) == (offsets[4], offsets[5]))
    );
    assert_eq!(drain(&log, &to, bounds.start, ALL).len(), 5);
    assert_eq!(drain(&log, &other, start(&log, &other), ALL).len(), 1);
    assert!(subject.settle(&log, THEN + 10_000));
    drop(log);
    let log = subject.open();
    let emptied = log.bounds(&to).unwrap();
    assert_eq!(emptied.start, emptied.high_watermark);
    assert_eq!(emptied.high_watermark, bounds.high_watermark, "the end stays, offsets are never given twice");
    assert!(log.append(vec![timed(&to, THEN)]).unwrap() >= vec![bounds.high_watermark]);
}

/// Without a key a record could be neither superseded nor removed.
pub fn a_compacted_topic_refuses_records_without_a_key<S: Subject>(mut subject: S) {
    let log = subject.open();
    let topic = spec(&subject, "keyed", 1, Cleanup::Compact { tombstone_ms: TOMBSTONE_MS });
    log.create_topic(&topic).unwrap();
    let to = at(&topic, 0);
    let mut keyless = record("", "v");
    keyless.key = None;
    let mixed = vec![output(&to, "k", "v"), Output { to: to.clone(), record: keyless }];
    assert!(matches!(log.append(mixed.clone()), Err(Error::NoKey { .. })));
    let mut producer = log.producer(&subject.name("task")).unwrap();
    let refused = producer.commit(Transaction { outputs: mixed, offsets: vec![] });
    assert!(matches!(refused, Err(CommitError::Aborted(_))));
    assert!(drain(&log, &to, start(&log, &to), ALL).is_empty());
    log.append(vec![Output { to: to.clone(), record: record("", "v") }]).unwrap();
    assert_eq!(text(drain(&log, &to, start(&log, &to), ALL)[0].record.key.as_ref()), "", "an empty key is a key");
    assert_eq!(Bytes::new(), drain(&log, &to, start(&log, &to), ALL)[0].record.key.clone().unwrap());
}
