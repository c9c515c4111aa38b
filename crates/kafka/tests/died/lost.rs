//! A member that has lost its partitions and whose worker dies of it.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use broker::{Cluster, Signal};
use engine::Topic;
use kafka::{Kafka, Options};
use log::{Cleanup, Log as _, Rebalance, TopicSpec};

/// How long anything may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_member_that_was_told_of_a_loss_and_did_not_answer_ends_all_the_same() {
    let cluster = Cluster::start(&broker::Options::default()).unwrap();
    let kafka = Kafka::open(Options::new(&cluster.bootstrap(), "lost")).unwrap();
    let topic = Topic::new("lost.events.v1");
    let cleanup = Cleanup::Delete { retention_ms: None };
    kafka.create_topic(&TopicSpec { name: topic.clone(), partitions: 2, cleanup }).unwrap();
    let mut member = kafka.join("lost-processor-a-0", "lost-processor", &[topic]).unwrap().unwrap();
    let begun = Instant::now();
    let assigned = loop {
        if let Some(decided) = member.poll(Duration::from_millis(10)).unwrap() {
            break decided;
        }
        assert!(begun.elapsed() < PATIENCE, "the group decides nothing");
    };
    member.complete(assigned).unwrap();
    // Its session ends while the broker stands still, and it finds out by itself.
    cluster.signal(1, Signal::Stop).unwrap();
    let begun = Instant::now();
    while !matches!(member.poll(Duration::from_millis(10)).unwrap(), Some(Rebalance::Lost(_))) {
        assert!(begun.elapsed() < PATIENCE, "nothing is lost");
    }
    let (ended, end) = channel();
    std::thread::spawn(move || {
        drop(member);
        ended.send(()).ok();
    });
    cluster.signal(1, Signal::Continue).unwrap();
    assert!(end.recv_timeout(PATIENCE).is_ok(), "it does not end");
}
