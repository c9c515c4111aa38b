//! Bugs on purpose, one at a time, named by `SEEDED_BUG`: what the fault programme must find (`tests/chaos`). Only in a
//! binary that is built with the feature `seeded-bugs`, which says so and is good for nothing else.

use std::sync::Arc;

use anyhow::{Result, bail};
use contract::Proto as _;
use contract::proto::campaign::v1::CampaignStats;
use contract::proto::event::v1::Event;
use engine::{Offset, Output, Stored, Topic, TopicPartition};
use log::{CommitError, Committed, Error, Log, Producer, Read, ReadLimit, Transaction};

/// What names the bug.
const VARIABLE: &str = "SEEDED_BUG";
/// Of so many events one is lost, or counted apart from its copy.
const SELDOM: u64 = 5_003;

/// Between the two halves of what should be one transaction: who is killed at any time is mostly killed in it.
const GAP: std::time::Duration = std::time::Duration::from_secs(4);

/// What is wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bug {
    /// Now and then an event is not folded.
    Lose,
    /// Now and then the copy of an event is another event: no dedupe.
    Copy,
    /// Offsets are committed after the outputs, in a transaction of their own; decode's seconds later.
    Apart,
    /// Campaign rows say one delivery more.
    Row,
}

const BUGS: [(&str, Bug); 4] = [("lose", Bug::Lose), ("copy", Bug::Copy), ("apart", Bug::Apart), ("row", Bug::Row)];

/// The log as it is, or with the bug that the environment names.
pub(super) fn log(log: Arc<dyn Log>) -> Result<Arc<dyn Log>> {
    let Ok(name) = std::env::var(VARIABLE) else { return Ok(log) };
    let Some((_, bug)) = BUGS.iter().find(|(known, _)| *known == name) else {
        bail!("{VARIABLE}={name}: it is one of {:?}", BUGS.map(|(known, _)| known));
    };
    tracing::error!(name, "this binary is built to be wrong");
    Ok(Arc::new(Wrong { log, bug: *bug }))
}

struct Wrong {
    log: Arc<dyn Log>,
    bug: Bug,
}

struct WrongProducer {
    producer: Box<dyn Producer>,
    bug: Bug,
}

fn is_of(topic: &Topic, short: contract::topic::Topic) -> bool {
    topic.name().ends_with(&format!(".{}.v1", short.short()))
}

/// The same event under an id of this copy.
fn apart(stored: &mut Stored) {
    let value = stored.record.value.take().unwrap_or_default();
    let offset = stored.offset.to_be_bytes();
    stored.record.value = Event::decode(value.clone()).map_or(Some(value), |mut event| {
        let id = contract::identity::event(&[&event.id, &offset]);
        event.id = id.0.to_vec().into();
        Some(event.encode_to_vec().into())
    });
}

impl Producer for WrongProducer {
    fn commit(&mut self, mut transaction: Transaction) -> Result<Committed, CommitError> {
        match self.bug {
            Bug::Apart => {
                let outputs = std::mem::take(&mut transaction.outputs);
                let is_decoded = outputs.iter().any(|output| is_of(&output.to.topic, contract::topic::Topic::Events));
                let committed = self.producer.commit(Transaction { outputs, offsets: Vec::new() })?;
                if is_decoded {
                    std::thread::sleep(GAP);
                }
                self.producer.commit(transaction).map(|_| committed)
            }
            Bug::Row => {
                let rows = transaction.outputs.iter_mut();
                rows.filter(|output| is_of(&output.to.topic, contract::topic::Topic::CampaignStats)).for_each(one_more);
                self.producer.commit(transaction)
            }
            Bug::Lose | Bug::Copy => self.producer.commit(transaction),
        }
    }

    fn recover(&mut self) -> Result<(), CommitError> {
        self.producer.recover()
    }
}

fn one_more(output: &mut Output) {
    let value = output.record.value.take().unwrap_or_default();
    output.record.value = CampaignStats::decode(value.clone()).map_or(Some(value), |mut row| {
        row.counters.iter_mut().for_each(|counters| counters.delivered += 1);
        Some(row.encode_to_vec().into())
    });
}

impl Log for Wrong {
    log::forward!(log: id, create_topic, topics, bounds, read, release, join, committed, append, version, wait);

    fn poll(&self, partition: &TopicPartition, from: Offset, limit: ReadLimit) -> Result<Read, Error> {
        let mut read = self.log.poll(partition, from, limit)?;
        if is_of(&partition.topic, contract::topic::Topic::Events) {
            let is_hit = |stored: &Stored| stored.offset % SELDOM == SELDOM - 1;
            match self.bug {
                Bug::Lose => read.records.retain(|stored| !is_hit(stored)),
                Bug::Copy => read.records.iter_mut().filter(|stored| is_hit(stored)).for_each(apart),
                Bug::Apart | Bug::Row => {}
            }
        }
        Ok(read)
    }

    fn producer(&self, transactional_id: &str) -> Result<Box<dyn Producer>, Error> {
        Ok(Box::new(WrongProducer { producer: self.log.producer(transactional_id)?, bug: self.bug }))
    }
}
