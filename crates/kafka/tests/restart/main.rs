//! A broker that goes away and comes back: whoever asks meanwhile is answered again afterwards.
#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod atomic;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use broker::Cluster;
use engine::{Topic, TopicPartition};
use kafka::{Kafka, Options};
use log::{Cleanup, Error, Log as _, Membership, Rebalance, TopicSpec};

const PARTITIONS: u32 = 4;
const TOPICS: u32 = 6;
/// Restarts: one alone does not always meet the moment.
const ROUNDS: u32 = 3;
/// How long after a broker serves again a question may go unanswered.
const ANSWER_MAX: Duration = Duration::from_secs(15);

#[test]
fn a_client_that_asked_while_its_broker_went_away_is_answered_when_it_is_back() {
    let cluster = Cluster::start(&broker::Options::default()).unwrap();
    let kafka = Kafka::open(Options::new(&cluster.bootstrap(), "restart")).unwrap();
    let name = |number: u32| Topic::new(&format!("restart.t{number}.v1"));
    for number in 0..TOPICS {
        let cleanup = Cleanup::Delete { retention_ms: None };
        kafka.create_topic(&TopicSpec { name: name(number), partitions: PARTITIONS, cleanup }).unwrap();
    }
    let every = || {
        (0..TOPICS * PARTITIONS).map(|at| TopicPartition { topic: name(at / PARTITIONS), partition: at % PARTITIONS })
    };
    for _ in 0..ROUNDS {
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for stable in [false, true] {
                let (kafka, over) = (&kafka, &over);
                scope.spawn(move || {
                    while !over.load(Ordering::Acquire) {
                        for of in every() {
                            let known = if stable { kafka.stable(&of).err() } else { kafka.bounds(&of).err() };
                            // Who hears this gives the partition up.
                            assert!(!matches!(known, Some(Error::Unknown(_))), "{known:?}");
                        }
                    }
                });
            }
            cluster.restart(1).unwrap();
            over.store(true, Ordering::Release);
        });
        let back = Instant::now();
        for of in every() {
            loop {
                let (bounds, stable) = (kafka.bounds(&of), kafka.stable(&of));
                if bounds.is_ok() && stable.is_ok() {
                    break;
                }
                assert!(back.elapsed() < ANSWER_MAX, "{of}: {bounds:?} {stable:?}");
            }
        }
    }
}

/// Takes what the group decides until something is assigned.
fn until_assigned(member: &mut dyn Membership, within: Duration) {
    let begun = Instant::now();
    loop {
        let decided = member.poll(Duration::from_millis(100)).unwrap();
        let assigned = matches!(&decided, Some(Rebalance::Assigned(partitions)) if !partitions.is_empty());
        decided.into_iter().for_each(|rebalance| member.complete(rebalance).unwrap());
        if assigned {
            return;
        }
        assert!(begun.elapsed() < within, "nothing is assigned after {within:?}");
    }
}

#[test]
fn a_member_whose_session_ended_while_its_broker_was_away_joins_again() {
    let cluster = Cluster::start(&broker::Options::default()).unwrap();
    let options = Options { session_timeout_ms: 6_000, ..Options::new(&cluster.bootstrap(), "session") };
    let session = Duration::from_millis(options.session_timeout_ms.into());
    let kafka = Kafka::open(options).unwrap();
    let (name, cleanup) = (Topic::new("session.t.v1"), Cleanup::Delete { retention_ms: None });
    kafka.create_topic(&TopicSpec { name: name.clone(), partitions: PARTITIONS, cleanup }).unwrap();
    let mut member = kafka.join("session-a", "session-group", &[name]).unwrap().unwrap();
    until_assigned(member.as_mut(), ANSWER_MAX);
    cluster.stop(1).unwrap();
    // Its session ends, which its client finds out by itself; the worker is busy meanwhile. The time is what is tested.
    std::thread::sleep(session + Duration::from_secs(1));
    cluster.start_one(1).unwrap();
    std::thread::sleep(Duration::from_secs(3));
    until_assigned(member.as_mut(), 2 * ANSWER_MAX);
}
