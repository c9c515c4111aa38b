//! A group that never answers who asks to join: asked again by a new client, long before librdkafka itself would ask again.

use std::time::Instant;

use log::Rebalance;
use proxy::{Act, JOIN_GROUP};

use crate::*;

/// Two sessions, and time to join.
const WITHIN: Duration = Duration::from_secs(30);

#[test]
fn a_member_whose_group_does_not_answer_joins_again() {
    let program = Program::start(true);
    let servers = &program.kafka.options().bootstrap_servers;
    let kafka = Kafka::open(Options { session_timeout_ms: 6_000, ..Options::new(servers, "proxy") }).unwrap();
    program.proxy.next(JOIN_GROUP, Act::Swallow);
    let mut member = kafka.join("proxy-a", "proxy-joins", &[at("in").topic]).unwrap().unwrap();
    let begun = Instant::now();
    let assigned = loop {
        match member.poll(Duration::from_millis(100)).unwrap() {
            Some(Rebalance::Assigned(partitions)) => break partitions,
            other => assert!(other.is_none(), "{other:?}"),
        }
        assert!(begun.elapsed() < WITHIN, "nothing is assigned after {WITHIN:?}");
    };
    assert_eq!(assigned, [at("in")]);
    assert_eq!(program.proxy.done(JOIN_GROUP), 1, "it was not asked: this shows nothing");
    println!("assigned after {:?}", begun.elapsed());
}
