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
            // The log is well: the engine repeats at once what it still has.
            Err(error @ CommitError::Rebalanced(_)) => {
                tracing::info!(%error, "a commit met a rebalance; its batch is repeated")
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A producer whose every commit ends so.
    struct Ends(fn(String) -> CommitError);

    impl Producer for Ends {
        fn commit(&mut self, _: Transaction) -> Result<Committed, CommitError> {
            Err((self.0)("why".to_owned()))
        }

        fn recover(&mut self) -> Result<(), CommitError> {
            Ok(())
        }
    }

    /// Where lines go.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What is logged of a commit that ends so, and whether the log counts as one that refuses.
    fn told(end: fn(String) -> CommitError) -> (String, bool) {
        let (lines, health) = (Lines::default(), Arc::<Health>::default());
        let writer = lines.clone();
        let logged = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        let mut producer = MeteredProducer { producer: Box::new(Ends(end)), health: Arc::clone(&health) };
        let ended = tracing::subscriber::with_default(logged, || producer.commit(Transaction::default()));
        assert!(ended.is_err());
        let said = lines.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (String::from_utf8_lossy(&said).into_owned(), health.refused_since.load(Ordering::Relaxed) != 0)
    }

    #[test]
    fn a_commit_that_meets_a_rebalance_is_no_refusal_of_the_log() {
        let (said, refuses) = told(CommitError::Rebalanced);
        assert!(said.contains(" INFO ") && said.contains("a commit met a rebalance"), "{said}");
        assert!(!refuses && !said.contains("ERROR"), "{said}");
    }

    #[test]
    fn a_commit_that_the_log_refuses_is_an_error() {
        for end in [CommitError::Aborted, CommitError::Unknown] {
            let (said, refuses) = told(end);
            assert!(refuses && said.contains("ERROR") && said.contains("the log takes no commit"), "{said}");
        }
    }
}
