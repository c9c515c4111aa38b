//! Follows the published topics. It commits nothing: where it stands is in the view's own store, in the batch
//! of the rows, so any number of instances follow the same topics, and each goes on where it was.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use contract::topic::Topic;
use engine::{Offset, TopicPartition};
use log::{Log, ReadLimit};

use crate::anew::Anew;
use crate::place::{Error, View};
use crate::standing::Begun;

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
#[derive(Clone)]
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
    /// Follows until `stop`, or until somebody wishes for a view made anew.
    pub(crate) fn run(&self, stop: &AtomicBool) -> Result<(), Error> {
        let (mut seen, mut flushed) = (self.log.version(), Instant::now());
        while !stop.load(Ordering::Acquire) && self.view.anew() != Anew::Asked {
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

    /// Every partition of every topic.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (Topic, u32)> {
        let partitions = self.partitions;
        TOPICS.into_iter().flat_map(move |topic| (0..partitions).map(move |partition| (topic, partition)))
    }

    /// Begins: from here on [`View::standing`] says how much of what is published now is read.
    pub fn begin(&self) {
        self.view.know(|begun| {
            *begun = Begun::anew(self.sources().count());
            false
        });
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
        for (topic, partition) in self.sources() {
            if stop.load(Ordering::Acquire) {
                return Ok(false);
            }
            more |= self.batch(topic, partition)?;
        }
        if !more {
            self.view.look_at_drops()?;
        }
        Ok(more)
    }

    fn batch(&self, topic: Topic, partition: u32) -> Result<bool, Error> {
        let from = self.view.snapshot().position(topic, partition)?;
        let source = self.source(topic, partition);
        self.note_end((topic, partition), &source, from);
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
        if read.next == from {
            self.look_whether_at_end((topic, partition), &source, from);
            return Ok(false);
        }
        self.view.apply((topic, partition), &read.records, read.next, (self.now_ms)())?;
        self.view.know(|begun| begun.stood((topic, partition), read.next));
        Ok(true)
    }

    /// Where nothing more arrives of the messages' rows: whether they are all there. A campaign's row is committed after the rows that
    /// it was made from, so who is at an end that was asked for after reading it has them, with the mark of their transaction.
    fn look_whether_at_end(&self, (topic, partition): (Topic, u32), source: &TopicPartition, from: Offset) {
        if topic == Topic::MessageStatus && !self.view.is_at_end(partition) {
            let ends = self.log.bounds(source).is_ok_and(|bounds| from >= bounds.high_watermark);
            if ends {
                self.view.at_end(partition);
            }
        }
    }

    /// Asks once how far a partition goes: what is polled says only what has arrived.
    fn note_end(&self, of: (Topic, u32), source: &TopicPartition, from: Offset) {
        if self.view.knows(of) {
            return;
        }
        // A log that does not answer now is asked again at the next batch.
        if let Ok(bounds) = self.log.bounds(source) {
            self.view.know(|begun| begun.had(of, from, bounds.high_watermark));
        }
    }
}
