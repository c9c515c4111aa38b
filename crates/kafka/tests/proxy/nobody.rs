//! Answers that name topics and no broker, as for a moment those of a broker that its controller has fenced. librdkafka (2.12) drops
//! every broker that it knows then, and mostly never looks for another (confluentinc/librdkafka#5301).

use std::time::Instant;

use proxy::{Act, METADATA};

use crate::*;

/// Within which a client is of use again.
const WITHIN: Duration = Duration::from_secs(20);
/// librdkafka itself does find its way back now and then.
const ANSWERS: usize = 16;
/// Topics of an answer: reading them, it forgets what it was about to do about that.
const TOPICS: usize = 200;

fn with_topics() -> Program {
    let program = Program::start(true);
    for number in 0..TOPICS {
        let name = format!("proxy.more{number}.v1");
        program
            .kafka
            .create(&Creation { name, partitions: 2, replication: Some(1), configs: BTreeMap::new() })
            .unwrap();
    }
    program
}

#[test]
fn a_client_that_was_told_of_no_broker_is_answered_again() {
    let program = with_topics();
    let servers = &program.kafka.options().bootstrap_servers;
    let kafka = Kafka::open(Options { patience: Duration::from_secs(2), ..Options::new(servers, "proxy") }).unwrap();
    for _ in 0..ANSWERS {
        program.proxy.next(METADATA, Act::NameNone);
        kafka.topics().ok();
        let begun = Instant::now();
        while let Err(why) = kafka.topics() {
            assert!(begun.elapsed() < WITHIN, "{why}");
        }
    }
    assert_eq!(program.proxy.done(METADATA), ANSWERS);
}
