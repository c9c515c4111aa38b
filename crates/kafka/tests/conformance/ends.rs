//! The end of a member whose worker died before it had answered what the group decided.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use engine::Topic;
use log::conformance::Subject as _;
use log::{Cleanup, Log as _, Rebalance, TopicSpec};

use crate::fresh;

/// How long anything may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_member_that_has_not_answered_the_group_ends_all_the_same() {
    let mut broker = fresh();
    let log = broker.open();
    let topic = Topic::new(&broker.name("ends"));
    let cleanup = Cleanup::Delete { retention_ms: None };
    log.create_topic(&TopicSpec { name: topic.clone(), partitions: 2, cleanup }).unwrap();
    let group = broker.name("ends");
    let join = |name: &str| log.join(&broker.name(name), &group, std::slice::from_ref(&topic)).unwrap().unwrap();
    let decided = |member: &mut dyn log::Membership| {
        let begun = Instant::now();
        loop {
            if let Some(decided) = member.poll(Duration::from_millis(10)).unwrap() {
                return decided;
            }
            assert!(begun.elapsed() < PATIENCE, "the group decides nothing");
        }
    };
    // One that dies when it is given partitions, and one when it is to hand some over.
    let mut given = join("given");
    assert!(matches!(decided(given.as_mut()), Rebalance::Assigned(_)));
    ends("given", given);
    let mut first = join("first");
    let assigned = decided(first.as_mut());
    first.complete(assigned).unwrap();
    let mut second = join("second");
    let begun = Instant::now();
    while !matches!(first.poll(Duration::from_millis(10)).unwrap(), Some(Rebalance::Revoked(_))) {
        second.poll(Duration::ZERO).unwrap();
        assert!(begun.elapsed() < PATIENCE, "nobody is to hand over");
    }
    ends("first", first);
}

/// Lets go of a member, which takes no longer than a moment.
fn ends(name: &str, member: Box<dyn log::Membership>) {
    let (ended, end) = channel();
    std::thread::spawn(move || {
        drop(member);
        ended.send(()).ok();
    });
    assert!(end.recv_timeout(PATIENCE).is_ok(), "{name} does not end");
}
