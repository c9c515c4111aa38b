//! The thread that follows the published topics. It commits nothing: where it stands is in the view's own store, in the batch
//! of the rows, so any number of instances follow the same topics, and each goes on where it was.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use contract::topic::Topic;
use engine::TopicPartition;
use log::{Log, ReadLimit};

use crate::place::{Error, View};

/// The topics that the view is made from.
pub const TOPICS: [Topic; 4] = [Topic::CampaignStats, Topic::MessageStatus, Topic::ContactState, Topic::Private];

/// Most records of one batch.
const BATCH_RECORDS: usize = 2_000;
/// Most bytes of one batch.
const BATCH_BYTES: usize = 4 << 20;
/// How long it waits for news before it looks whether it is to stop.
const WAIT: Duration = Duration::from_millis(50);
/// How long a log that refuses is left alone.
const AFTER_REFUSAL: Duration = Duration::from_millis(500);
/// How often rows are made to survive a crash of the machine; what is lost is read again.
const FLUSH_EVERY: Duration = Duration::from_secs(30);

/// What to follow.
pub struct Follow {
    /// The log.
    pub log: Arc<dyn Log>,
    /// The view.
    pub view: Arc<View>,
    /// The topics' prefix.
    pub prefix: String,
    /// Partitions of each topic.
    pub partitions: u32,
    /// Now, in milliseconds since the Unix epoch.
    pub now_ms: fn() -> i64,
}

impl Follow {
    /// Follows on a thread of its own until `stop`, or until the view's store refuses; it says why in the log and ends.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(self, stop: &Arc<AtomicBool>) -> std::io::Result<JoinHandle<()>> {
        let stop = Arc::clone(stop);
        std::thread::Builder::new().name("view".to_owned()).spawn(move || {
            self.view.halt(None);
            if let Err(error) = self.run(&stop) {
                self.view.halt(Some(error.to_string()));
                tracing::error!(%error, "the view stands still: pages show what it knew");
            }
        })
    }

    fn run(&self, stop: &AtomicBool) -> Result<(), Error> {
        let (mut seen, mut flushed) = (self.log.version(), Instant::now());
        while !stop.load(Ordering::Acquire) {
            if !self.catch_up(stop)? {
                // `seen` was read before the reads: whatever was committed since ends the wait at once.
                seen = self.log.wait(seen, WAIT);
            }
            if flushed.elapsed() > FLUSH_EVERY {
                flushed = Instant::now();
                self.view.flush()?;
            }
        }
        self.view.flush()
    }

    /// Whether a partition no longer has what comes after the place where the view stands: it cannot follow, and is to be made anew.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn is_behind(&self) -> Result<bool, Error> {
        for topic in TOPICS {
            for partition in 0..self.partitions {
                let stands = self.view.snapshot().position(topic, partition)?;
                // A log that does not answer now is read later, and says it then.
                let start = self.log.bounds(&self.source(topic, partition)).map_or(0, |bounds| bounds.start);
                if stands != 0 && stands < start {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn source(&self, topic: Topic, partition: u32) -> TopicPartition {
        TopicPartition { topic: engine::Topic::new(&topic.name(&self.prefix)), partition }
    }

    /// One batch of every partition that has more; whether there was one.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn catch_up(&self, stop: &AtomicBool) -> Result<bool, Error> {
        let mut more = false;
        for topic in TOPICS {
            for partition in 0..self.partitions {
                if stop.load(Ordering::Acquire) {
                    return Ok(false);
                }
                more |= self.batch(topic, partition)?;
            }
        }
        if !more {
            self.view.look_at_drops()?;
        }
        Ok(more)
    }

    fn batch(&self, topic: Topic, partition: u32) -> Result<bool, Error> {
        let from = self.view.snapshot().position(topic, partition)?;
        let source = self.source(topic, partition);
        let read = match self.log.poll(&source, from, ReadLimit { records: BATCH_RECORDS, bytes: BATCH_BYTES }) {
            Ok(read) => read,
            // For a view that has nothing of it: what was before is superseded by later rows.
            Err(log::Error::OffsetLost { start, .. }) if from == 0 => {
                self.view.apply((topic, partition), &[], start, (self.now_ms)())?;
                return Ok(true);
            }
            // For one that has: what went, went without its tombstones.
            Err(log::Error::OffsetLost { start, .. }) => {
                return Err(Error::Behind { partition: source.to_string(), stands: from, start });
            }
            Err(error) => {
                tracing::warn!(%error, "the view cannot read {source}; it is tried again");
                std::thread::sleep(AFTER_REFUSAL);
                return Ok(false);
            }
        };
        let ended = read.next >= read.high_watermark;
        if read.next == from {
            self.view.at_end(topic, partition, ended);
            return Ok(false);
        }
        // Not ended while rows of a half-read transaction are there: readers see the one before the other.
        self.view.at_end(topic, partition, false);
        self.view.apply((topic, partition), &read.records, read.next, (self.now_ms)())?;
        self.view.at_end(topic, partition, ended);
        Ok(true)
    }
}
