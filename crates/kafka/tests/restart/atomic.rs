//! A broker that is killed within many transactions and started again: each of them is there once and whole or not at all, and
//! none stays open.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use broker::Cluster;
use bytes::Bytes;
use engine::{Headers, Output, Record, Topic, TopicPartition};
use kafka::{Kafka, Options};
use log::{Cleanup, CommitError, Log as _, ReadLimit, TopicSpec, Transaction};

const PARTITIONS: u32 = 4;
const PRODUCERS: u32 = 8;
/// Records of each transaction in each partition.
const RECORDS: usize = 25;
/// Commits of each producer before the broker is killed, and after it came back.
const COMMITS: u64 = 5;
/// Longer than a transaction may stay open that nobody ends.
const OPEN_MAX: Duration = Duration::from_secs(40);
/// How long the producers may take to commit again.
const AGAIN_MAX: Duration = Duration::from_secs(60);

/// What a producer was told of one of its transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Committed,
    Aborted,
    Nothing,
}

fn topic(number: u32) -> Topic {
    Topic::new(&format!("atomic.t{number}.v1"))
}

fn partitions(number: u32) -> impl Iterator<Item = TopicPartition> {
    (0..PARTITIONS).map(move |partition| TopicPartition { topic: topic(number), partition })
}

/// Records that carry the transaction's number.
fn transaction(producer: u32, number: u64) -> Transaction {
    let record = |to| {
        let value = Some(Bytes::copy_from_slice(&number.to_be_bytes()));
        let key = Some(Bytes::from_static(b"key"));
        Output { to, record: Record { key, value, headers: Headers::default(), timestamp_ms: 1_700_000_000_000 } }
    };
    let outputs = partitions(producer).flat_map(|to| std::iter::repeat_n(to, RECORDS)).map(record).collect();
    let of = TopicPartition { topic: topic(producer), partition: 0 };
    Transaction { outputs, offsets: vec![("atomic-processor".to_owned(), of, number)] }
}

/// Commits one transaction after the other until it is over. What was told of each.
fn produce(kafka: &Kafka, number: u32, over: &AtomicBool, commits: &AtomicU64) -> Vec<Told> {
    let id = format!("atomic-p-{number}");
    let mut producer = kafka.producer(&id).unwrap();
    let mut told = Vec::new();
    while !over.load(Ordering::Acquire) {
        told.push(match producer.commit(transaction(number, told.len() as u64)) {
            Ok(_) => {
                commits.fetch_add(1, Ordering::AcqRel);
                Told::Committed
            }
            Err(CommitError::Aborted(_) | CommitError::Rebalanced(_)) => Told::Aborted,
            Err(CommitError::Unknown(_)) => {
                while producer.recover().is_err() {}
                Told::Nothing
            }
            // Its transaction was ended for it: whoever runs it starts it again.
            Err(CommitError::Fenced) => {
                producer = loop {
                    if let Ok(again) = kafka.producer(&id) {
                        break again;
                    }
                };
                Told::Aborted
            }
        });
    }
    told
}

/// Until each has so many more commits than now.
fn until_commits(commits: &[AtomicU64]) {
    let now: Vec<u64> = commits.iter().map(|one| one.load(Ordering::Acquire)).collect();
    let begun = Instant::now();
    while commits.iter().zip(&now).any(|(one, before)| one.load(Ordering::Acquire) < before + COMMITS) {
        assert!(begun.elapsed() < AGAIN_MAX, "commits {now:?} before, {commits:?} after {AGAIN_MAX:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// How many committed records each transaction has in a partition, all of which must become readable.
fn found(kafka: &Kafka, of: &TopicPartition) -> BTreeMap<u64, usize> {
    let (mut found, mut next, begun) = (BTreeMap::new(), 0, Instant::now());
    let end = kafka.bounds(of).unwrap().high_watermark;
    while next < end {
        let read = kafka.read(of, next, ReadLimit { records: 10_000, bytes: 8 << 20 }).unwrap();
        for stored in &read.records {
            let number = u64::from_be_bytes(stored.record.value.as_deref().unwrap().try_into().unwrap());
            *found.entry(number).or_default() += 1;
        }
        assert!(begun.elapsed() < OPEN_MAX, "a transaction is open on {of} since {next}, which ends at {end}");
        next = read.next;
    }
    found
}

#[test]
fn a_transaction_is_there_once_or_not_at_all_when_its_broker_is_killed_within() {
    let cluster = Cluster::start(&broker::Options::default()).unwrap();
    let kafka = Kafka::open(Options::new(&cluster.bootstrap(), "atomic")).unwrap();
    for number in 0..PRODUCERS {
        let cleanup = Cleanup::Delete { retention_ms: None };
        kafka.create_topic(&TopicSpec { name: topic(number), partitions: PARTITIONS, cleanup }).unwrap();
    }
    let commits: Vec<AtomicU64> = (0..PRODUCERS).map(|_| AtomicU64::new(0)).collect();
    let over = AtomicBool::new(false);
    let told: Vec<Vec<Told>> = std::thread::scope(|scope| {
        let of = |(number, commits)| {
            let (kafka, over) = (&kafka, &over);
            scope.spawn(move || produce(kafka, number, over, commits))
        };
        let all: Vec<_> = (0..).zip(&commits).map(of).collect();
        until_commits(&commits);
        cluster.kill(1).unwrap();
        cluster.start_one(1).unwrap();
        until_commits(&commits);
        over.store(true, Ordering::Release);
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for (producer, told) in (0..).zip(&told) {
        for of in partitions(producer) {
            let found = found(&kafka, &of);
            for (number, told) in (0..).zip(told) {
                let count = found.get(&number).copied().unwrap_or_default();
                let is_right = match told {
                    Told::Committed => count == RECORDS,
                    Told::Aborted => count == 0,
                    Told::Nothing => count == RECORDS || count == 0,
                };
                assert!(is_right, "{of} has {count} records of transaction {number}, of which was told: {told:?}");
            }
        }
    }
    assert!(told.iter().flatten().any(|told| *told != Told::Committed), "a transaction was hit: {told:?}");
}
