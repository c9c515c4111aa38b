//! Where a request is kept before its provider is answered: in the log, or in the spool when the log does not take it soon. While
//! anything waits in the spool the log is not asked for others; what was spooled goes into the log as soon as it takes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use api::Appender;
use bytes::Bytes;
use engine::{Output, Record, Topic, TopicPartition};
use log::Log;

use crate::kept;
use crate::spool::{Spool, Writer};

/// How long the log may take before a request is spooled: no provider waits less than 5 seconds for its answer (Postal).
const LOG_MAX: Duration = Duration::from_millis(1_500);
/// Between two tries to drain.
const TRY_AGAIN: Duration = Duration::from_millis(250);
/// Records of one append from the spool.
const DRAIN_RECORDS: usize = 500;

/// Where a request is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// In the log, acknowledged by it.
    Log,
    /// In the spool, fsynced.
    Spool,
}

/// Why a request is not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unkept(pub String);

/// The intake of webhooks of this process.
pub struct Keeper {
    target: Target,
    appender: Appender,
    spool: Spool,
    writer: Writer,
    away: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    drain: Option<JoinHandle<()>>,
}

/// The topic of webhooks.
#[derive(Clone)]
struct Target {
    topic: Topic,
    partitions: u32,
}

impl Drop for Keeper {
    /// The threads have let go of log and spool when this returns.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.spool.wake();
        if let Some(thread) = self.drain.take() {
            // One that panicked has said so.
            thread.join().ok();
        }
    }
}

impl Keeper {
    /// Starts its threads over the log's topic of webhooks and a spool.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(log: Arc<dyn Log>, topic: Topic, partitions: u32, spool: Spool) -> std::io::Result<Self> {
        let target = Target { topic, partitions };
        let (away, stop) = (Arc::new(AtomicBool::new(!spool.is_empty())), Arc::new(AtomicBool::new(false)));
        let drain = Drain {
            log: Arc::clone(&log),
            target: target.clone(),
            spool: spool.clone(),
            away: Arc::clone(&away),
            stop: Arc::clone(&stop),
        };
        let drain = std::thread::Builder::new().name("drain".to_owned()).spawn(move || drain.run())?;
        Ok(Self {
            target,
            appender: Appender::start(log)?,
            writer: Writer::start(spool.clone())?,
            spool,
            away,
            stop,
            drain: Some(drain),
        })
    }

    /// Keeps a request; it is durable when this returns.
    ///
    /// # Errors
    /// [`Unkept`], when neither log nor spool has it for certain.
    pub async fn keep(&self, record: Record) -> Result<Kept, Unkept> {
        let value = record.value.clone().unwrap_or_default();
        if !self.away.load(Ordering::Acquire) {
            let why =
                match tokio::time::timeout(LOG_MAX, self.appender.append_in_turn(vec![self.target.output(record)]))
                    .await
                {
                    Ok(Ok(_)) => return Ok(Kept::Log),
                    Ok(Err(why)) => why.to_string(),
                    Err(_) => format!("it took longer than {} ms", LOG_MAX.as_millis()),
                };
            if !self.away.swap(true, Ordering::AcqRel) {
                tracing::warn!(why, "the log does not take webhooks: they are spooled");
                self.spool.wake();
            }
        }
        self.writer.append(value).await.map(|()| Kept::Spool).map_err(Unkept)
    }
}

impl Target {
    fn output(&self, record: Record) -> Output {
        let partition = contract::key::partition(record.key.as_deref().unwrap_or_default(), self.partitions);
        Output { to: TopicPartition { topic: self.topic.clone(), partition }, record }
    }
}

/// The thread that empties the spool.
struct Drain {
    log: Arc<dyn Log>,
    target: Target,
    spool: Spool,
    away: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
}

impl Drain {
    fn run(&self) {
        let is_called = || self.stop.load(Ordering::Acquire) || self.away.load(Ordering::Acquire);
        loop {
            self.spool.wait(is_called);
            if self.stop.load(Ordering::Acquire) {
                return;
            }
            match self.step() {
                Ok(true) => {}
                Ok(false) => {
                    // Nothing waits any more: the log is asked again.
                    self.away.store(false, Ordering::Release);
                    tracing::info!("the spool is empty: the log takes webhooks again");
                }
                Err(why) => {
                    tracing::debug!(why, "the spool is not drained yet");
                    self.pause();
                }
            }
        }
    }

    /// Waits before the log is asked again: it tells nobody that it is back. A stop is not kept waiting.
    fn pause(&self) {
        self.spool.pause(TRY_AGAIN, || self.stop.load(Ordering::Acquire));
    }

    /// Drains the oldest segment; false when there is none.
    fn step(&self) -> Result<bool, String> {
        let Some(oldest) = self.spool.oldest().map_err(|why| why.to_string())? else { return Ok(false) };
        for values in oldest.values.chunks(DRAIN_RECORDS) {
            let records = values.iter().filter_map(|value| self.output(value)).collect::<Vec<_>>();
            while !records.is_empty() {
                match self.log.append(records.clone()) {
                    Ok(_) => break,
                    Err(why) if self.stop.load(Ordering::Acquire) => return Err(why.to_string()),
                    Err(why) => {
                        tracing::debug!(%why, "the log is still away");
                        self.pause();
                    }
                }
            }
        }
        self.spool.drained(&oldest).map_err(|why| why.to_string())?;
        Ok(true)
    }

    fn output(&self, value: &Bytes) -> Option<Output> {
        let record = kept::again(value);
        if record.is_none() {
            tracing::error!("the spool holds something that is no webhook; it is left out");
        }
        record.map(|record| self.target.output(record))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, channel};

    use engine::Offset;
    use log::TopicSpec;
    use log::model::Model;

    use super::*;

    /// A log whose first append lasts until it is told to go on.
    struct Gated(Model, Mutex<Option<Receiver<()>>>);

    impl Log for Gated {
        log::forward!(0: id, create_topic, topics, bounds, read, poll, release, join, committed, producer, version, wait);

        fn append(&self, records: Vec<Output>) -> Result<Vec<Offset>, log::Error> {
            let gate = self.1.lock().unwrap().take();
            gate.into_iter().for_each(|gate| gate.recv().unwrap());
            self.0.append(records)
        }
    }

    #[tokio::test]
    async fn more_requests_than_a_queue_holds_are_no_reason_to_leave_the_log() {
        let (root, model, topic) = (tempfile::tempdir().unwrap(), Model::new("test"), Topic::new("t"));
        let cleanup = log::Cleanup::Delete { retention_ms: None };
        model.create_topic(&TopicSpec { name: topic.clone(), partitions: 1, cleanup }).unwrap();
        let (go_on, gate) = channel();
        let log = Arc::new(Gated(model, Mutex::new(Some(gate))));
        let keeper = Arc::new(Keeper::start(log, topic, 1, Spool::open(root.path(), 1 << 20).unwrap()).unwrap());
        let keep = |number: usize| {
            let (keeper, value) = (Arc::clone(&keeper), Some(Bytes::from(number.to_string())));
            tokio::spawn(async move { keeper.keep(Record { value, ..Record::default() }).await })
        };
        let kept: Vec<_> = (0..2_000).map(keep).collect();
        // All of them have asked: on this one thread each has its turn before this goes on.
        tokio::task::yield_now().await;
        go_on.send(()).unwrap();
        for one in kept {
            assert_eq!(one.await.unwrap(), Ok(Kept::Log));
        }
    }
}
