//! Reading partitions: one client without a group, a queue a partition, each at the offset that its reader asked for last.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::{Offset, Stored, TopicPartition};
use log::ReadLimit;
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::RDKafkaErrorCode;

use crate::cluster::LISTEN_MAX;
use crate::context::{Context, Seldom};
use crate::native::{Fetched, Partition};
use crate::signal::Signal;

/// Partitions and where each is read.
pub(crate) struct Fetcher {
    pub(crate) consumer: Arc<BaseConsumer<Context>>,
    pub(crate) context: Context,
    cursors: Mutex<BTreeMap<TopicPartition, Arc<Mutex<Cursor>>>>,
    signal: Arc<Signal>,
    listened: Seldom,
}

/// How often it is taken what a client has to tell beside records.
const LISTEN: Duration = Duration::from_secs(1);

/// Where one partition is read.
pub(crate) struct Cursor {
    partition: Partition<Context>,
    /// Fetching goes on.
    started: bool,
    /// The next offset to give out.
    next: Offset,
    /// How far could be read when fetching began.
    pub(crate) scan_end: Offset,
    /// Fetched and not yet given out.
    waiting: VecDeque<Stored>,
    /// The next offset after those that wait, when the end was reached behind them.
    end: Option<Offset>,
    /// Why fetching failed behind those that wait.
    failed: Option<RDKafkaErrorCode>,
}

/// What one look found.
pub(crate) struct Taken {
    pub(crate) records: Vec<Stored>,
    pub(crate) next: Offset,
    /// More has arrived already.
    pub(crate) more: bool,
}

impl Fetcher {
    pub(crate) fn new(consumer: BaseConsumer<Context>, context: Context, signal: &Arc<Signal>) -> Self {
        let (signal, listened) = (Arc::clone(signal), Seldom::every(LISTEN));
        Self { consumer: Arc::new(consumer), context, cursors: Mutex::default(), signal, listened }
    }

    /// Takes what the client has to tell, now and then: what nobody takes is kept without bound.
    pub(crate) fn listen(&self) {
        if self.listened.is_due() {
            for _ in 0..LISTEN_MAX {
                drop(self.consumer.poll(Duration::ZERO));
            }
        }
    }

    /// The cursor of a partition; `None` when its name is none that Kafka knows.
    pub(crate) fn cursor(&self, of: &TopicPartition) -> Option<Arc<Mutex<Cursor>>> {
        let mut cursors = lock(&self.cursors);
        if let Some(cursor) = cursors.get(of) {
            return Some(Arc::clone(cursor));
        }
        let partition = Partition::new(&self.consumer, of.topic.name(), of.partition, &self.signal)?;
        let cursor = Arc::new(Mutex::new(Cursor {
            partition,
            started: false,
            next: 0,
            scan_end: 0,
            waiting: VecDeque::new(),
            end: None,
            failed: None,
        }));
        cursors.insert(of.clone(), Arc::clone(&cursor));
        Some(cursor)
    }

    /// The end of the scan that goes on at `from`, if one does.
    pub(crate) fn end_of_scan(&self, of: &TopicPartition, from: Offset) -> Option<Offset> {
        let cursor = lock(&self.cursors).get(of).map(Arc::clone)?;
        let cursor = lock(&cursor);
        (cursor.started && cursor.next == from && from < cursor.scan_end).then_some(cursor.scan_end)
    }

    /// Nobody reads this partition any more.
    pub(crate) fn release(&self, of: &TopicPartition) {
        lock(&self.cursors).remove(of);
    }
}

impl Cursor {
    /// Reads from `from` on; nothing changes when that is where it stands.
    pub(crate) fn seek(&mut self, from: Offset) -> Result<(), RDKafkaErrorCode> {
        if self.started && self.next == from {
            return Ok(());
        }
        self.waiting.clear();
        (self.end, self.failed) = (None, None);
        self.next = from;
        self.started = true;
        self.partition.start(from)
    }

    /// Ends fetching; a later [`Cursor::seek`] begins it again.
    pub(crate) fn stop(&mut self) {
        self.partition.stop();
        self.started = false;
        self.scan_end = 0;
        self.waiting.clear();
    }

    /// What has arrived, within the limit; waits at most `timeout` for the first record or the end.
    pub(crate) fn take(&mut self, limit: ReadLimit, timeout: Duration) -> Result<Taken, RDKafkaErrorCode> {
        let (mut records, mut bytes) = (Vec::new(), 0);
        while records.len() < limit.records && (records.is_empty() || bytes < limit.bytes) {
            let Some(stored) = self.waiting.pop_front() else {
                let wait = if records.is_empty() { timeout } else { Duration::ZERO };
                if self.end.is_some() || self.failed.is_some() || !self.fetch(limit.records - records.len(), wait) {
                    break;
                }
                continue;
            };
            bytes += size(&stored);
            self.next = stored.offset + 1;
            records.push(stored);
        }
        self.arrive(&records)?;
        Ok(Taken { records, next: self.next, more: !self.waiting.is_empty() })
    }

    /// Takes note of an end or a failure behind what was given out.
    fn arrive(&mut self, given: &[Stored]) -> Result<(), RDKafkaErrorCode> {
        if !self.waiting.is_empty() {
            return Ok(());
        }
        if let Some(end) = self.end.take() {
            self.next = self.next.max(end);
        }
        match self.failed {
            Some(code) if given.is_empty() => {
                // Asked again it is fetched again.
                self.stop();
                self.failed = None;
                Err(code)
            }
            _ => Ok(()),
        }
    }

    /// Moves what has arrived to those that wait; whether anything had.
    fn fetch(&mut self, most: usize, timeout: Duration) -> bool {
        let fetched = self.partition.take(most, timeout);
        let any = !fetched.is_empty();
        for one in fetched {
            match one {
                Fetched::Record(stored) => {
                    // A later record says more than an end before it.
                    self.end = None;
                    self.waiting.push_back(stored);
                }
                Fetched::End(next) => self.end = Some(next),
                Fetched::Failed(code) => self.failed = Some(code),
            }
        }
        any
    }
}

pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn size(stored: &Stored) -> usize {
    let length = |bytes: &Option<bytes::Bytes>| bytes.as_ref().map_or(0, bytes::Bytes::len);
    length(&stored.record.key) + length(&stored.record.value) + stored.record.headers.as_bytes().len()
}
