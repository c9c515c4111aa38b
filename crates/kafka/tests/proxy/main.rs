//! Single requests of a transaction are held, dropped and delayed in front of a real broker. librdkafka repeats EndTxn by itself
//! and has no epoch per transaction (KIP-890): one that arrives late ends the next transaction. The rule of recycling (DESIGN.md
//! section 3) must keep that from mattering, and without it the same plan must do harm.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

mod joins;
mod proxy;
mod questions;

use std::collections::BTreeMap;
use std::time::Duration;

use broker::Cluster;
use engine::{Output, Record, Topic, TopicPartition};
use kafka::{Creation, Kafka, Options};
use log::{CommitError, Log as _, Producer, ReadLimit, Transaction};
use proxy::{ADD_OFFSETS, Act, END_TXN, PRODUCE, Proxy, TXN_OFFSET_COMMIT};

const GROUP: &str = "proxy-processor";
const PRODUCER: &str = "proxy-processor-a-0";
/// EndTxn that are held while the rule is followed, and without it.
const HELD: u64 = 50;
const HELD_WITHOUT: u64 = 10;
/// Requests of each kind that are dropped or delayed, each way.
const ROUNDS: u64 = 4;
/// Larger than the small topic takes.
const LARGE: usize = 20_000;

/// A program that writes its input's numbers, each with the offset after it, and does again what was not committed.
struct Program {
    /// Dropped last of all.
    _cluster: Cluster,
    proxy: Proxy,
    kafka: Kafka,
    producer: Box<dyn Producer>,
    next: u64,
}

fn at(topic: &str) -> TopicPartition {
    TopicPartition { topic: Topic::new(&format!("proxy.{topic}.v1")), partition: 0 }
}

impl Program {
    fn start(recycle: bool) -> Self {
        let proxy = Proxy::listen();
        let wanted = broker::Options { advertised: vec![proxy.port], ..broker::Options::default() };
        let cluster = Cluster::start(&wanted).unwrap();
        proxy.forward(cluster.plan().nodes[0].client);
        let kafka = Kafka::open(Options { recycle, ..Options::new(&cluster.bootstrap(), "proxy") }).unwrap();
        for (topic, most) in [("in", "100000"), ("out", "100000"), ("small", "10000")] {
            let configs = BTreeMap::from([("max.message.bytes".to_owned(), most.to_owned())]);
            let name = at(topic).topic.name().to_owned();
            kafka.create(&Creation { name, partitions: 1, replication: Some(1), configs }).unwrap();
        }
        let producer = kafka.producer(PRODUCER).unwrap();
        Self { _cluster: cluster, proxy, kafka, producer, next: 0 }
    }

    /// The next number; with a record besides that the broker refuses, so that the transaction is aborted.
    fn try_one(&mut self, refused: bool) {
        let record = |value: Vec<u8>| Record { key: Some("k".into()), value: Some(value.into()), ..Record::default() };
        let mut outputs = vec![Output { to: at("out"), record: record(self.next.to_be_bytes().to_vec()) }];
        if refused {
            // Nothing that compresses: SplitMix64.
            let mix = |n: u64| {
                let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                (n ^ (n >> 31)).to_be_bytes()
            };
            let noise = (1..=LARGE / 8).flat_map(|n| mix((n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
            outputs.push(Output { to: at("small"), record: record(noise.collect()) });
        }
        let offsets = vec![(GROUP.to_owned(), at("in"), self.next + 1)];
        match self.producer.commit(Transaction { outputs, offsets }) {
            Ok(_) => {
                assert!(!refused, "the broker took a record that is too large");
                self.next += 1;
            }
            Err(CommitError::Aborted(_) | CommitError::Rebalanced(_)) => {}
            Err(CommitError::Unknown(_)) => {
                self.producer.recover().unwrap();
                self.next = self.committed();
            }
            // It dies, and a supervisor starts it again.
            Err(CommitError::Fenced) => {
                self.producer = self.kafka.producer(PRODUCER).unwrap();
                self.next = self.committed();
            }
        }
    }

    /// Numbers up to here, however often it takes.
    fn reach(&mut self, number: u64) {
        while self.next < number {
            self.try_one(false);
        }
    }

    fn committed(&self) -> u64 {
        self.kafka.committed(GROUP, &[at("in")]).unwrap()[0].unwrap_or(0)
    }

    /// Holds an EndTxn which its client repeats, lets it arrive within the next transaction, and has that one aborted.
    fn hold(&mut self) {
        self.proxy.next(END_TXN, Act::Hold);
        self.reach(self.next + 1);
        self.try_one(true);
        self.reach(self.next + 1);
    }

    /// Numbers that are not there exactly once to a read-committed reader, against the committed offset.
    fn anomalies(&self) -> Vec<(u64, usize)> {
        let (mut seen, mut next) = (BTreeMap::<u64, usize>::new(), 0);
        let end = self.kafka.stable(&at("out")).unwrap();
        while next < end {
            let read = self.kafka.read(&at("out"), next, ReadLimit { records: 1_000, bytes: 1 << 20 }).unwrap();
            next = read.next;
            for stored in read.records {
                *seen.entry(u64::from_be_bytes(stored.record.value.unwrap()[..].try_into().unwrap())).or_default() += 1;
            }
        }
        let all = 0..self.committed().max(seen.keys().last().map_or(0, |last| last + 1));
        let count = |number: u64| (number, seen.get(&number).copied().unwrap_or(0));
        all.map(count).filter(|(number, count)| *count != usize::from(*number < self.committed())).collect()
    }
}

#[test]
fn late_ends_of_transactions_do_nothing_where_producers_are_recycled() {
    let mut program = Program::start(true);
    (0..HELD).for_each(|_| program.hold());
    assert_eq!(program.proxy.done(END_TXN), HELD as usize, "fewer were held than planned");
    assert_eq!(program.proxy.late(), (0, HELD as usize), "(taken, refused): the epoch of each had passed");
    assert_eq!(program.anomalies(), [], "of {} numbers", program.next);
}

#[test]
fn without_recycling_a_late_end_commits_what_was_to_be_aborted() {
    let mut program = Program::start(false);
    (0..HELD_WITHOUT).for_each(|_| program.hold());
    assert_eq!(program.proxy.done(END_TXN), HELD_WITHOUT as usize);
    let (taken, _) = program.proxy.late();
    let anomalies = program.anomalies();
    println!("{taken} late ends of {HELD_WITHOUT} were taken: {anomalies:?}");
    assert!(taken > 0 && !anomalies.is_empty(), "the plan shows nothing: {taken} were taken, {anomalies:?}");
}

#[test]
fn dropped_and_delayed_requests_lose_nothing_and_double_nothing() {
    let mut program = Program::start(true);
    let acts = [Act::Drop, Act::DropAnswer, Act::Delay(Duration::from_millis(900))];
    for key in [PRODUCE, ADD_OFFSETS, TXN_OFFSET_COMMIT, END_TXN] {
        for act in acts {
            for _ in 0..ROUNDS {
                program.proxy.next(key, act);
                program.reach(program.next + 1);
            }
        }
        assert_eq!(program.proxy.done(key), acts.len() * ROUNDS as usize, "fewer of {key} than planned");
    }
    assert_eq!(program.anomalies(), [], "of {} numbers", program.next);
}
