//! Offsets that the group refuses in the middle of a transaction: the transaction is aborted, nothing of it is to be seen, and
//! the group's committed offset says where to go on.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing")]

use std::time::{Duration, Instant};

use bytes::Bytes;
use engine::{Output, Record, Topic, TopicPartition};
use kafka::{Kafka, Options};
use log::{Cleanup, CommitError, Log as _, Membership, ReadLimit, Rebalance, TopicSpec, Transaction};

const INPUT: &str = "events";
const ROWS: &str = "rows";
const WITHIN: Duration = Duration::from_secs(30);

/// What names on the shared broker begin with: this run's own.
fn prefix() -> String {
    format!("refused{}", std::process::id())
}

fn name() -> String {
    format!("{}-a", prefix())
}

fn group() -> String {
    format!("{}-processor", prefix())
}

fn partition(topic: &str) -> TopicPartition {
    TopicPartition { topic: Topic::new(&format!("{}.{topic}.v1", prefix())), partition: 0 }
}

/// One row, and the offset that it brings the input to.
fn batch(offset: u64) -> Transaction {
    let record =
        Record { key: Some(Bytes::from(format!("k{offset}"))), value: Some(Bytes::from("row")), ..Record::default() };
    let outputs = vec![Output { to: partition(ROWS), record }];
    Transaction { outputs, offsets: vec![(group(), partition(INPUT), offset)] }
}

fn joined(kafka: &Kafka) -> Box<dyn Membership> {
    let mut member = kafka.join(&name(), &group(), &[partition(INPUT).topic]).unwrap().unwrap();
    let begun = Instant::now();
    loop {
        let decided = member.poll(Duration::from_millis(100)).unwrap();
        let assigned = matches!(&decided, Some(Rebalance::Assigned(partitions)) if !partitions.is_empty());
        decided.into_iter().for_each(|rebalance| member.complete(rebalance).unwrap());
        if assigned {
            return member;
        }
        assert!(begun.elapsed() < WITHIN, "nothing is assigned after {WITHIN:?}");
    }
}

fn rows(kafka: &Kafka) -> Vec<Option<Bytes>> {
    let read = kafka.read(&partition(ROWS), 0, ReadLimit { records: 10, bytes: 1 << 20 }).unwrap();
    read.records.into_iter().map(|stored| stored.record.key).collect()
}

#[test]
fn offsets_that_the_group_refuses_abort_their_transaction_and_leave_the_committed_ones() {
    let servers = broker::shared().unwrap();
    let open = || Kafka::open(Options::new(servers, &prefix())).unwrap();
    let (old, new) = (open(), open());
    for name in [INPUT, ROWS] {
        let cleanup = Cleanup::Delete { retention_ms: None };
        old.create_topic(&TopicSpec { name: partition(name).topic, partitions: 1, cleanup }).unwrap();
    }
    let _first = joined(&old);
    let mut producer = old.producer(&name()).unwrap();
    producer.commit(batch(1)).unwrap();

    // Another process takes the name; its producer has not begun, so nothing fences the old one yet.
    let _second = joined(&new);
    for _ in 0..2 {
        match producer.commit(batch(2)) {
            Err(CommitError::Rebalanced(why)) => {
                assert!(why.contains("Failed to commit offsets to transaction"), "{why}")
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(new.committed(&group(), &[partition(INPUT)]).unwrap(), [Some(1)]);
        assert_eq!(rows(&new), [Some(Bytes::from("k1"))], "nothing of it is to be seen");
    }

    // Who has the name goes on from there, and ends the old one.
    let mut successor = new.producer(&name()).unwrap();
    successor.commit(batch(2)).unwrap();
    assert_eq!(new.committed(&group(), &[partition(INPUT)]).unwrap(), [Some(2)]);
    assert_eq!(rows(&new), [Some(Bytes::from("k1")), Some(Bytes::from("k2"))]);
    assert!(matches!(producer.commit(batch(3)), Err(CommitError::Fenced)));
}
