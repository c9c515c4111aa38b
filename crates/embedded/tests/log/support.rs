//! What the tests of the embedded log share: a small log with everything in it, copies of directories, and a reading of all.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use embedded::{Compaction, Embedded, OpenError, Options};
use engine::{Offset, Output, Record, Stored, Topic, TopicPartition};
use log::{Cleanup, Log, ReadLimit, TopicSpec, Transaction};

/// Milliseconds since the Unix epoch in these tests.
pub(crate) const NOW: i64 = 1_700_000_000_000;
pub(crate) const GROUP: &str = "fold";
pub(crate) const ALL: ReadLimit = ReadLimit { records: 100_000, bytes: 64 << 20 };

/// Small memory, and compaction as soon as there is anything to compact.
pub(crate) fn options() -> Options {
    let compaction = Compaction { dirty_percent: 0, dirty_bytes: 0, ..Compaction::default() };
    Options {
        compaction,
        cache_bytes: 1 << 20,
        write_buffer_bytes: 1 << 20,
        tail_bytes: 64 << 10,
        ..Options::default()
    }
}

pub(crate) fn open(path: &Path) -> Result<Embedded, OpenError> {
    Embedded::open(path, options())
}

pub(crate) fn events() -> TopicSpec {
    TopicSpec { name: Topic::new("events"), partitions: 2, cleanup: Cleanup::Delete { retention_ms: None } }
}

pub(crate) fn rows() -> TopicSpec {
    TopicSpec { name: Topic::new("rows"), partitions: 2, cleanup: Cleanup::Compact { tombstone_ms: 1_000 } }
}

pub(crate) fn at(spec: &TopicSpec, partition: u32) -> TopicPartition {
    TopicPartition { topic: spec.name.clone(), partition }
}

pub(crate) fn partitions() -> Vec<TopicPartition> {
    [events(), rows()].iter().flat_map(|spec| (0..spec.partitions).map(|n| at(spec, n))).collect()
}

pub(crate) fn make(log: &Embedded) {
    for spec in [events(), rows()] {
        log.create_topic(&spec).unwrap();
    }
}

pub(crate) fn output(to: TopicPartition, key: u64, value: String) -> Output {
    let (key, value) = (Some(Bytes::from(key.to_string())), Some(Bytes::from(value)));
    Output { to, record: Record { key, value, timestamp_ms: NOW, ..Record::default() } }
}

/// Commit number `n`: one event a partition, three rows, and the group's offset.
pub(crate) fn transaction(n: u64) -> Transaction {
    let text = |partition: u32| format!("{n}-{partition}-{}", "text that repeats ".repeat(20));
    let mut outputs: Vec<Output> =
        (0..2).map(|partition| output(at(&events(), partition), n, text(partition))).collect();
    outputs.extend((0..3).map(|row| output(at(&rows(), 1), (n + row) % 5, format!("{n}-{row}"))));
    Transaction { outputs, offsets: vec![(GROUP.to_owned(), at(&events(), 0), n)] }
}

/// All records of a partition from its start on.
pub(crate) fn records(log: &Embedded, partition: &TopicPartition) -> Result<Vec<Stored>, log::Error> {
    let (mut all, mut next) = (Vec::new(), log.bounds(partition)?.start);
    loop {
        let read = log.read(partition, next, ALL)?;
        all.extend(read.records);
        next = read.next;
        if next == read.high_watermark {
            return Ok(all);
        }
    }
}

/// Everything that a reader can see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) records: BTreeMap<TopicPartition, (Offset, Offset, Vec<Stored>)>,
    pub(crate) committed: Option<Offset>,
}

pub(crate) fn seen(log: &Embedded) -> Result<Seen, log::Error> {
    let one = |partition: TopicPartition| {
        let bounds = log.bounds(&partition)?;
        let records = records(log, &partition)?;
        Ok((partition, (bounds.start, bounds.high_watermark, records)))
    };
    let committed = log.committed(GROUP, &[at(&events(), 0)])?[0];
    Ok(Seen { records: partitions().into_iter().map(one).collect::<Result<_, log::Error>>()?, committed })
}

/// A copy of a log's directory as a kill at this moment would leave it: made again while RocksDB tidies up in the background.
pub(crate) fn copy(from: &Path, to: &Path) {
    for _ in 0..1_000 {
        drop(fs::remove_dir_all(to));
        let before = listing(from);
        if copy_files(from, to).is_ok() && listing(from) == before {
            return;
        }
    }
    panic!("{} is never at rest", from.display());
}

fn listing(home: &Path) -> BTreeMap<PathBuf, u64> {
    let entries =
        [home.to_owned(), home.join("db")].into_iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    entries.flatten().map(|entry| (entry.path(), entry.metadata().map_or(0, |meta| meta.len()))).collect()
}

fn copy_files(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let (entry, name) = entry.map(|entry| (entry.path(), to.join(entry.file_name())))?;
        if entry.is_dir() {
            copy_files(&entry, &name)?;
        } else {
            fs::copy(entry, name)?;
        }
    }
    Ok(())
}

/// Files of a log by name relative to it, RocksDB's diagnostics and our lock left out: they hold nothing of the log.
pub(crate) fn files(home: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for folder in ["", "db"] {
        for entry in fs::read_dir(home.join(folder)).unwrap() {
            let (path, name) = (entry.as_ref().unwrap().path(), entry.unwrap().file_name().into_string().unwrap());
            let told = name.starts_with("LOG") || name == "LOCK" || name == "lock";
            if path.is_file() && !told {
                files.insert(format!("{folder}/{name}"), fs::read(path).unwrap());
            }
        }
    }
    files
}
