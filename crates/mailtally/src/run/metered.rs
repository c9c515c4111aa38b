//! The log as a live `run` hands it out: every commit is timed, and a log that refuses is noticed before anybody asks.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use engine::{Offset, Output};
use log::{CommitError, Committed, Error, Log, Membership, Producer, Transaction};
use service::health::Board;
use service::metric;

use super::waiting::Waiting;
use crate::system::now_ms;

/// After a commit that was refused: the medium is not asked again at once.
const AFTER_REFUSAL: Duration = Duration::from_millis(200);

/// A log that is timed.
pub(super) struct Metered {
    log: Arc<dyn Log>,
    health: Arc<Health>,
    board: Arc<Board>,
}

/// Since when commits are refused.
#[derive(Default)]
struct Health {
    /// Milliseconds since the Unix epoch; 0 while they are taken.
    refused_since: AtomicI64,
    why: Mutex<String>,
}

impl Metered {
    /// Times this log.
    pub(super) fn new(log: Arc<dyn Log>, board: Arc<Board>) -> Self {
        Self { log, health: Arc::default(), board }
    }

    /// Since when no commit was taken, in milliseconds, and why; nothing when the last one was.
    pub(super) fn refusing(&self) -> Option<(i64, String)> {
        let since = self.health.refused_since.load(Ordering::Relaxed);
        let why = || self.health.why.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (since != 0).then(|| (now_ms().saturating_sub(since), why()))
    }
}

impl Health {
    fn took(&self) {
        self.refused_since.store(0, Ordering::Relaxed);
    }

    fn refused(&self, why: &dyn std::fmt::Display) {
        *self.why.lock().unwrap_or_else(PoisonError::into_inner) = why.to_string();
        let first =
            self.refused_since.compare_exchange(0, now_ms().max(1), Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if first {
            tracing::error!(%why, "the log takes no commit; it is tried again");
        }
    }
}

/// A producer that is timed.
struct MeteredProducer {
    producer: Box<dyn Producer>,
    health: Arc<Health>,
}

impl Producer for MeteredProducer {
    fn commit(&mut self, transaction: Transaction) -> Result<Committed, CommitError> {
        let begun = Instant::now();
        let done = self.producer.commit(transaction);
        match &done {
            Ok(_) => {
                metrics::histogram!(metric::COMMIT_SECONDS).record(begun.elapsed());
                self.health.took();
            }
            Err(CommitError::Fenced) => {}
            Err(error) => {
                if matches!(error, CommitError::Unknown(_)) {
                    metric::unknown();
                }
                self.health.refused(error);
                std::thread::sleep(AFTER_REFUSAL);
            }
        }
        done
    }

    fn recover(&mut self) -> Result<(), CommitError> {
        self.producer.recover()
    }
}

impl Log for Metered {
    log::forward!(log: id, create_topic, topics, bounds, read, poll, release, committed, version, wait);

    fn join(&self, name: &str, group: &str, topics: &[engine::Topic]) -> Result<Option<Box<dyn Membership>>, Error> {
        let member = self.log.join(name, group, topics)?;
        Ok(member.map(|member| Box::new(Waiting::new(member, name, Arc::clone(&self.board))) as Box<dyn Membership>))
    }

    fn producer(&self, transactional_id: &str) -> Result<Box<dyn Producer>, Error> {
        let producer = self.log.producer(transactional_id)?;
        Ok(Box::new(MeteredProducer { producer, health: Arc::clone(&self.health) }))
    }

    /// A full disk may meet an intake first, while the folds have nothing to commit.
    fn append(&self, records: Vec<Output>) -> Result<Vec<Offset>, Error> {
        let done = self.log.append(records);
        match &done {
            Ok(_) => self.health.took(),
            Err(Error::Unavailable(why)) => self.health.refused(why),
            Err(_) => {}
        }
        done
    }
}
