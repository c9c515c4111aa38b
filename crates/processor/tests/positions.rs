//! Where tasks stand in the log is asked of several at once; one that the log refuses keeps nobody else waiting.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use engine::{State, TopicPartition};
use log::model::Model;
use log::{Bounds, Error, Log, TopicDescription};
use processor::accounts::Accounts;
use store::Memory;
use support::{made, rest, start};

/// A log that counts how often its topics are asked for, and knows nothing of one partition.
struct Counted {
    log: Arc<dyn Log>,
    asked: AtomicUsize,
    gone: Option<TopicPartition>,
}

impl Log for Counted {
    log::forward!(log: id, create_topic, read, poll, release, join, committed, producer, append, version, wait);

    fn topics(&self) -> Result<Vec<TopicDescription>, Error> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.log.topics()
    }

    fn bounds(&self, of: &TopicPartition) -> Result<Bounds, Error> {
        if self.gone.as_ref() == Some(of) {
            return Err(Error::Unknown(of.to_string()));
        }
        self.log.bounds(of)
    }
}

#[test]
fn the_topics_are_not_asked_for_once_a_task() {
    let model: Arc<dyn Log> = Arc::new(Model::new("model"));
    let settings = made(model.as_ref(), Accounts::new());
    let counted = Arc::new(Counted { log: model, asked: AtomicUsize::new(0), gone: None });
    let log: Arc<dyn Log> = Arc::clone(&counted) as Arc<dyn Log>;
    let (running, told) = start(Arc::new(Memory::default()), &log, &settings);
    rest(&told, log.as_ref(), |_| ());
    running.stop().expect("the worker stops");
    // Once for those that have a store to open first, once for those that have none.
    assert_eq!(counted.asked.load(Ordering::Relaxed), 2);
}

#[test]
fn one_partition_that_the_log_does_not_know_stops_its_task_alone() {
    let model: Arc<dyn Log> = Arc::new(Model::new("model"));
    let settings = made(model.as_ref(), Accounts::new());
    let topic = settings.topic(contract::topic::Topic::Events);
    let gone = Some(TopicPartition { topic, partition: 1 });
    let log: Arc<dyn Log> = Arc::new(Counted { log: model, asked: AtomicUsize::new(0), gone });
    let (running, told) = start(Arc::new(Memory::default()), &log, &settings);
    let (stopped, others) = loop {
        let seen = told.recv_timeout(Duration::from_secs(30)).expect("the worker tells");
        let (running, others): (Vec<_>, Vec<_>) =
            seen.states.into_iter().partition(|(_, state)| *state == State::Running);
        if others.iter().all(|(_, state)| matches!(state, State::Stalled(_))) {
            break (others, running);
        }
    };
    assert!(matches!(&stopped[..], [(_, State::Stalled(why))] if why.contains("mailtally.events.v1")), "{stopped:?}");
    assert_eq!(others.len(), 11);
    running.stop().expect("the worker stops");
}
