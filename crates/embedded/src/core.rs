//! The open log: what is assigned, what is visible, and the contract's calls. Owns the locks and their order; the work is in
//! `commit`, `sync`, `read`, `heal` and `maintain`.
//!
//! Locks are taken in this order, and none is held while one further left is asked for:
//! making, upkeep, database (shared; exclusively by `heal`), flow, assigned, visible, tail.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use engine::{Offset, Output, Topic, TopicPartition};
use log::{Bounds, Error, Log, LogId, Producer, Read, ReadLimit, TopicDescription, TopicSpec};

use crate::batch::Decoded;
use crate::catalogue::{Catalogue, index};
use crate::commit::Change;
use crate::database::Database;
use crate::directory::Home;
use crate::load::{Groups, Loaded};
use crate::maintain::Keeper;
use crate::options::Options;
use crate::prepare::prepare;
use crate::producer::EmbeddedProducer;
use crate::rows::{Ordinal, TopicRow, Written};
use crate::sync::Flow;
use crate::tail::Tail;
use crate::tip::{Tip, TipFile};

/// The embedded log. Handles share it; the last one closes it, together with the producers made from it.
#[derive(Clone)]
pub struct Embedded(pub(crate) Arc<Core>);

/// Bytes of a topic in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpace {
    /// The topic.
    pub topic: Topic,
    /// Compressed bytes of its living batches.
    pub bytes: u64,
}

pub(crate) struct Core {
    pub(crate) id: LogId,
    pub(crate) home: Home,
    pub(crate) options: Options,
    pub(crate) catalogue: RwLock<Arc<Catalogue>>,
    /// Serialises the making of topics.
    pub(crate) making: Mutex<()>,
    /// Read-only, or none, between a failed and a successful reopening.
    pub(crate) database: RwLock<Option<Database>>,
    pub(crate) assigned: Mutex<Assigned>,
    pub(crate) flow: Mutex<Flow>,
    pub(crate) flowed: Condvar,
    pub(crate) visible: RwLock<Visible>,
    pub(crate) tail: Mutex<Tail>,
    pub(crate) keeper: Mutex<Keeper>,
    /// By ordinal: below it everything was found good; fixed while open.
    pub(crate) verified: Vec<Offset>,
    version: AtomicU64,
    changed: Mutex<()>,
    woken: Condvar,
    accepted: Vec<String>,
}

/// What was handed out, durable or not.
pub(crate) struct Assigned {
    pub(crate) commit: u64,
    pub(crate) written: Vec<Written>,
    pub(crate) epochs: BTreeMap<String, u64>,
    /// Written to the database and not yet known to be durable, in order.
    pub(crate) pending: VecDeque<Pending>,
    /// Why nothing more may be written before the database is opened anew.
    pub(crate) broken: Option<String>,
}

/// One commit between write and sync.
pub(crate) struct Pending {
    pub(crate) commit: u64,
    pub(crate) written: Vec<(Ordinal, Written, Vec<Decoded>)>,
    pub(crate) groups: Vec<((String, Ordinal), Offset)>,
    pub(crate) topic: Option<TopicRow>,
}

/// What readers see: durable, whole commits.
#[derive(Default)]
pub(crate) struct Visible {
    pub(crate) commit: u64,
    pub(crate) partitions: Vec<Seen>,
    pub(crate) groups: Groups,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) start: Offset,
    pub(crate) written: Written,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn shared<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn exclusive<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

impl Core {
    pub(crate) fn new(
        home: Home,
        options: Options,
        database: Database,
        loaded: Loaded,
        tip: TipFile,
        verified: Vec<Offset>,
    ) -> Self {
        let Loaded { id, commit, catalogue, written, upkeep, groups, accepted } = loaded;
        let seen =
            |(written, upkeep): (&Written, &crate::rows::Upkeep)| Seen { start: upkeep.start, written: *written };
        let partitions = written.iter().zip(&upkeep).map(seen).collect();
        let assigned = Assigned { commit, written, epochs: BTreeMap::new(), pending: VecDeque::new(), broken: None };
        Self {
            id,
            home,
            catalogue: RwLock::new(Arc::new(catalogue)),
            making: Mutex::new(()),
            database: RwLock::new(Some(database)),
            assigned: Mutex::new(assigned),
            flow: Mutex::new(Flow::new(commit, tip)),
            flowed: Condvar::new(),
            visible: RwLock::new(Visible { commit, partitions, groups }),
            tail: Mutex::new(Tail::new(options.tail_bytes)),
            keeper: Mutex::new(Keeper::new(upkeep)),
            verified,
            version: AtomicU64::new(commit),
            changed: Mutex::new(()),
            woken: Condvar::new(),
            accepted,
            options,
        }
    }

    pub(crate) fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&shared(&self.catalogue))
    }

    pub(crate) fn seen(&self, ordinal: Ordinal) -> Seen {
        shared(&self.visible).partitions.get(index(ordinal)).copied().unwrap_or_default()
    }

    /// The tip of what is visible.
    pub(crate) fn tip(&self, visible: &Visible, clean: bool) -> Tip {
        let verified = self.verified.iter().copied().chain(std::iter::repeat(0));
        let partitions =
            visible.partitions.iter().zip(verified).map(|(seen, verified)| (seen.written.end, verified)).collect();
        Tip { commit: visible.commit, clean, partitions }
    }

    /// Wakes those who wait for something new.
    pub(crate) fn announce(&self, commit: u64) {
        let guard = lock(&self.changed);
        self.version.store(commit, Ordering::SeqCst);
        drop(guard);
        self.woken.notify_all();
    }

    fn wait(&self, seen: u64, timeout: Duration) -> u64 {
        let unchanged = |(): &mut ()| self.version.load(Ordering::SeqCst) == seen;
        drop(self.woken.wait_timeout_while(lock(&self.changed), timeout, unchanged));
        self.version.load(Ordering::SeqCst)
    }

    fn bytes(&self) -> Vec<u64> {
        let removed: Vec<u64> = lock(&self.keeper).rows.iter().map(|row| row.removed).collect();
        let visible = shared(&self.visible);
        let removed = removed.into_iter().chain(std::iter::repeat(0));
        visible
            .partitions
            .iter()
            .zip(removed)
            .map(|(seen, removed)| seen.written.bytes.saturating_sub(removed))
            .collect()
    }
}

impl Drop for Core {
    /// Closes in order: what failed is rolled back, everything is in tables, the tip says so. What does not succeed here costs
    /// a longer check at the next open, and no acknowledged record.
    fn drop(&mut self) {
        if lock(&self.assigned).broken.is_some() && self.heal().is_err() {
            return;
        }
        let visible = exclusive(&self.visible);
        let database = shared(&self.database);
        let flushed = database.as_ref().is_some_and(|database| database.flush().and_then(|()| database.sync()).is_ok());
        if flushed {
            drop(lock(&self.flow).tip.write_synced(&self.tip(&visible, true)));
        }
    }
}

impl Embedded {
    /// Losses that were accepted at this or an earlier open, in words, oldest first. Empty for a log that never lost anything.
    pub fn accepted_losses(&self) -> &[String] {
        &self.0.accepted
    }

    /// The directory that it lives in.
    pub fn path(&self) -> &Path {
        self.0.home.path()
    }

    /// Bytes of each topic, by name: compressed batches, without what RocksDB has yet to give back.
    pub fn space(&self) -> Vec<TopicSpace> {
        let bytes = self.0.bytes();
        let of = |row: &TopicRow| row.partitions().filter_map(|(ordinal, _)| bytes.get(index(ordinal))).sum();
        let catalogue = self.0.catalogue();
        catalogue.topics().map(|row| TopicSpace { topic: row.description.spec.name.clone(), bytes: of(row) }).collect()
    }

    /// Bytes of all files of the log, those included that RocksDB has yet to give back.
    pub fn bytes_on_disk(&self) -> u64 {
        let size = |path: PathBuf| -> u64 {
            let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
            entries
                .filter_map(|entry| entry.metadata().ok())
                .filter(std::fs::Metadata::is_file)
                .map(|meta| meta.len())
                .sum()
        };
        size(self.path().to_owned()) + size(self.0.home.database())
    }
}

impl Log for Embedded {
    fn id(&self) -> LogId {
        self.0.id.clone()
    }

    fn create_topic(&self, spec: &TopicSpec) -> Result<TopicDescription, Error> {
        self.0.create(spec)
    }

    fn topics(&self) -> Result<Vec<TopicDescription>, Error> {
        Ok(self.0.catalogue().topics().map(|row| row.description.clone()).collect())
    }

    fn bounds(&self, partition: &TopicPartition) -> Result<Bounds, Error> {
        let seen = self.0.seen(self.0.catalogue().find(partition)?.ordinal);
        Ok(Bounds { start: seen.start, high_watermark: seen.written.end })
    }

    fn read(&self, partition: &TopicPartition, from: Offset, limit: ReadLimit) -> Result<Read, Error> {
        self.0.read(partition, from, limit)
    }

    fn committed(&self, group: &str, partitions: &[TopicPartition]) -> Result<Vec<Option<Offset>>, Error> {
        self.0.settle()?;
        let catalogue = self.0.catalogue();
        let visible = shared(&self.0.visible);
        let next = |input: &TopicPartition| {
            let ordinal = catalogue.find(input).ok()?.ordinal;
            visible.groups.get(&(group.to_owned(), ordinal)).copied()
        };
        Ok(partitions.iter().map(next).collect())
    }

    fn producer(&self, transactional_id: &str) -> Result<Box<dyn Producer>, Error> {
        Ok(Box::new(EmbeddedProducer::new(&self.0, transactional_id)?))
    }

    fn append(&self, records: Vec<Output>) -> Result<Vec<Offset>, Error> {
        let prepared = prepare(&self.0.catalogue(), &records)?;
        let part_of = prepared.part_of.clone();
        let change = Change { prepared, ..Change::default() };
        let committed = self.0.commit(None, change).map_err(|refused| Error::Unavailable(refused.to_string()))?;
        let mut next: Vec<Offset> = committed.iter().map(|(_, first, _)| *first).collect();
        let take = |part: u32| {
            let next = next.get_mut(index(part))?;
            *next += 1;
            Some(*next - 1)
        };
        Ok(part_of.into_iter().filter_map(take).collect())
    }

    fn version(&self) -> u64 {
        self.0.version.load(Ordering::SeqCst)
    }

    fn wait(&self, seen: u64, timeout: Duration) -> u64 {
        self.0.wait(seen, timeout)
    }
}
