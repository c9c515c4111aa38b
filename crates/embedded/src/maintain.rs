//! Upkeep in bounded rounds: who is next, how much is left of the budget. What is done to a partition is in `retain` and `compact`.

use std::collections::BTreeMap;

use engine::Topic;
use log::{Cleanup, Error};
use rocksdb::WriteBatch;

use crate::catalogue::{Place, index};
use crate::compact::Pass;
use crate::core::{Core, Embedded, exclusive, lock};
use crate::database::{Database, Family, Refused};
use crate::rows::{Ordinal, Upkeep, ordinal_key};

/// Space of deleted records is given back at most this often, in milliseconds.
const RECLAIM_EVERY_MS: i64 = 6 * 3600 * 1000;

/// What one round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Compressed bytes of batches removed or superseded.
    pub removed_bytes: u64,
    /// Compressed bytes of batches written in their place.
    pub rewritten_bytes: u64,
    /// The budget ran out before the work did: call again.
    pub more: bool,
}

/// What upkeep remembers between rounds.
pub(crate) struct Keeper {
    /// By ordinal.
    pub(crate) rows: Vec<Upkeep>,
    pub(crate) pass: Option<Pass>,
    /// Ages in milliseconds that hold instead of those that topics were made with.
    ages: BTreeMap<Topic, i64>,
    cursor: usize,
    reclaimed_at: Option<i64>,
}

/// One round.
pub(crate) struct Round<'a> {
    pub(crate) core: &'a Core,
    pub(crate) database: &'a Database,
    pub(crate) keeper: &'a mut Keeper,
    pub(crate) now_ms: i64,
    pub(crate) left: u64,
    pub(crate) done: Maintained,
}

impl Embedded {
    /// From now on, and until it is closed, records of these topics go at these ages in milliseconds, whatever their topics were
    /// made with.
    pub fn retain(&self, ages: BTreeMap<Topic, i64>) {
        lock(&self.0.keeper).ages = ages;
    }

    /// Does retention and compaction that are due at `now_ms`, reading at most about `budget_bytes`. Retention goes by age only:
    /// a group that has not read a record in time finds it gone ([`Error::OffsetLost`]), as on Kafka.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; what was done before stands.
    pub fn maintain(&self, now_ms: i64, budget_bytes: u64) -> Result<Maintained, Error> {
        self.0.maintain(now_ms, budget_bytes).map_err(Error::Unavailable)
    }
}

impl Keeper {
    pub(crate) fn new(rows: Vec<Upkeep>) -> Self {
        Self { rows, pass: None, ages: BTreeMap::new(), cursor: 0, reclaimed_at: None }
    }

    pub(crate) fn reset(&mut self, rows: Vec<Upkeep>) {
        *self = Self { reclaimed_at: self.reclaimed_at, ages: std::mem::take(&mut self.ages), ..Self::new(rows) };
    }
}

impl Core {
    fn maintain(&self, now_ms: i64, left: u64) -> Result<Maintained, String> {
        self.with_writable(|_| ())?;
        let mut keeper = lock(&self.keeper);
        let ran = self.with_open(|database| {
            let mut round =
                Round { core: self, database, keeper: &mut keeper, now_ms, left, done: Maintained::default() };
            round.run().map(|()| round.done)
        })?;
        ran.map_err(|refused| {
            keeper.pass = None;
            refused.0
        })
    }
}

impl Round<'_> {
    fn run(&mut self) -> Result<(), Refused> {
        let catalogue = self.core.catalogue();
        let places = catalogue.places();
        self.keeper.rows.resize(places.len(), Upkeep::default());
        for _ in 0..places.len() {
            let Some(place) = places.get(self.keeper.cursor) else { break };
            match place.cleanup {
                Cleanup::Delete { retention_ms: None } => {}
                Cleanup::Delete { retention_ms: Some(age) } => {
                    let age = self.keeper.ages.get(&place.at.topic).copied().unwrap_or(age);
                    self.retain(place, self.now_ms.saturating_sub(age))?;
                }
                Cleanup::Compact { tombstone_ms } => self.compact(place, tombstone_ms)?,
            }
            if self.left == 0 {
                self.done.more = true;
                return Ok(());
            }
            self.keeper.cursor = (self.keeper.cursor + 1) % places.len();
        }
        self.reclaim(places)
    }

    pub(crate) fn row(&self, ordinal: Ordinal) -> Upkeep {
        self.keeper.rows.get(index(ordinal)).copied().unwrap_or_default()
    }

    pub(crate) fn spend(&mut self, bytes: u64) {
        self.left = self.left.saturating_sub(bytes);
    }

    /// Writes changes of one partition together with its row. Not synced: losing them leaves what was before, whole.
    pub(crate) fn save(&mut self, ordinal: Ordinal, row: Upkeep, mut writes: WriteBatch) -> Result<(), Refused> {
        writes.put(ordinal_key(b'u', ordinal), row.encode());
        if let Err(refused) = self.database.write(writes) {
            let reason = self.core.broken_because(&refused);
            lock(&self.core.assigned).broken = Some(reason.clone());
            return Err(Refused(reason));
        }
        if let Some(slot) = self.keeper.rows.get_mut(index(ordinal)) {
            *slot = row;
        }
        if let Some(seen) = exclusive(&self.core.visible).partitions.get_mut(index(ordinal)) {
            seen.start = seen.start.max(row.start);
        }
        Ok(())
    }

    fn reclaim(&mut self, places: &[Place]) -> Result<(), Refused> {
        let since = *self.keeper.reclaimed_at.get_or_insert(self.now_ms);
        if self.now_ms.saturating_sub(since) < RECLAIM_EVERY_MS {
            return Ok(());
        }
        self.keeper.reclaimed_at = Some(self.now_ms);
        for place in places.iter().filter(|place| place.family() == Family::Kept) {
            let start = self.row(place.ordinal).start;
            if start > 0 {
                self.database.reclaim(place.family(), place.ordinal, 0, start)?;
            }
        }
        Ok(())
    }
}
