//! Who waits for a broker leaves the processor to others: most of a small commit is waiting.

use std::time::{Duration, Instant};

use bytes::Bytes;
use engine::{Headers, Output, Record, Topic, TopicPartition};
use log::conformance::Subject as _;
use log::{Cleanup, Log as _, TopicSpec};

use crate::fresh;

/// What this thread has had of a processor (proc(5), `schedstat`: nanoseconds first).
fn busy() -> Duration {
    let said = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(said.split(' ').next().unwrap().parse().unwrap())
}

#[test]
fn waiting_for_an_acknowledgement_takes_no_processor_time() {
    let mut broker = fresh();
    let log = broker.open();
    let topic = Topic::new(&broker.name("waits"));
    let cleanup = Cleanup::Delete { retention_ms: None };
    log.create_topic(&TopicSpec { name: topic.clone(), partitions: 1, cleanup }).unwrap();
    let record =
        Record { key: None, value: Some(Bytes::from_static(b"one")), headers: Headers::default(), timestamp_ms: 1 };
    let one = || vec![Output { to: TopicPartition { topic: topic.clone(), partition: 0 }, record: record.clone() }];
    log.append(one()).unwrap();
    let (began, before) = (Instant::now(), busy());
    (0..200).for_each(|_| drop(log.append(one()).unwrap()));
    let (took, busy) = (began.elapsed(), busy() - before);
    assert!(busy * 4 < took, "200 records, one after the other, took {took:?}, and {busy:?} of them a processor");
}
