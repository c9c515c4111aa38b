//! Compaction: the newest record of each key stays, under its offset; batches go on covering the offsets they covered.
//!
//! A pass has two steps, both in slices. *Building* reads what was written since the last pass and notes for each key its newest
//! offset. *Rewriting* goes from the start to where that reading began to end, ascending, and writes batches anew without the
//! records that have a newer one. A slice is one atomic write, so a pass may stop anywhere. The newest batch is read, never rewritten.
//! Ascending matters: when a tombstone is met, everything older under its key is gone already, so its time may begin.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use engine::{Offset, Stored};
use rocksdb::WriteBatch;

use crate::batch::{Batch, Builder, Decoded, NO_HORIZON, TARGET_BYTES};
use crate::catalogue::Place;
use crate::commit::value_bytes;
use crate::core::lock;
use crate::database::Refused;
use crate::maintain::Round;
use crate::rows::{Ordinal, batch_key};

/// Most keys of one pass: about 20 MiB. What was written beyond them waits for the next pass.
const MAX_KEYS: usize = 400_000;
/// Compressed bytes that one slice rewrites.
const SLICE_BYTES: u64 = 4 << 20;

/// A pass over one partition, kept between rounds; a restart drops it, which costs nothing but its work.
pub(crate) struct Pass {
    ordinal: Ordinal,
    /// Newest offset by a 128-bit hash of the key, keyed anew for each pass.
    newest: HashMap<(u64, u64), Offset>,
    hashers: (RandomState, RandomState),
    rewriting: bool,
    /// The next offset of the step.
    at: Offset,
    /// The end that building works towards.
    end: Offset,
    /// Where rewriting stops.
    stop: Offset,
    /// Bytes written to the partition when the pass began, and those of them read since the pass before.
    written: u64,
    read: u64,
    next_tombstone: i64,
    removed: u64,
}

/// Batches read in one slice.
struct Slice {
    batches: Vec<(Decoded, u64)>,
    next: Offset,
}

/// Batches that replace a slice.
#[derive(Default)]
struct Replacement {
    gone: Vec<Offset>,
    gone_bytes: u64,
    made: Vec<(Offset, Batch)>,
    open: Option<Open>,
    next_tombstone: Option<i64>,
}

struct Open {
    base: Offset,
    builder: Builder,
    stays_until: i64,
}

impl Round<'_> {
    pub(crate) fn compact(&mut self, place: &Place, tombstone_ms: i64) -> Result<(), Refused> {
        let mut pass = match self.keeper.pass.take().filter(|pass| pass.ordinal == place.ordinal) {
            Some(pass) => pass,
            None if self.due(place)? => self.begin(place)?,
            None => return Ok(()),
        };
        while self.left > 0 {
            if pass.rewriting && pass.at >= pass.stop {
                return self.finish(place, &pass);
            }
            match pass.rewriting {
                false => self.build(place, &mut pass)?,
                true => self.rewrite(place, &mut pass, tombstone_ms)?,
            }
        }
        self.keeper.pass = Some(pass);
        Ok(())
    }

    fn due(&mut self, place: &Place) -> Result<bool, Refused> {
        let (mut row, wanted) = (self.row(place.ordinal), self.core.options.compaction);
        let written = self.core.seen(place.ordinal).written.bytes;
        let (dirty, living) = (written.saturating_sub(row.clean_at), written.saturating_sub(row.removed));
        if self.now_ms > row.next_tombstone {
            return Ok(true);
        }
        if dirty == 0 {
            return Ok(false);
        }
        if row.dirty_since == i64::MAX {
            row.dirty_since = self.now_ms;
            self.save(place.ordinal, row, WriteBatch::default())?;
        }
        let waited = u128::try_from(self.now_ms.saturating_sub(row.dirty_since)).unwrap_or(0);
        let much =
            dirty >= wanted.dirty_bytes && dirty.saturating_mul(100) >= living.saturating_mul(wanted.dirty_percent);
        Ok(much || waited >= wanted.max_lag.as_millis())
    }

    fn begin(&mut self, place: &Place) -> Result<Pass, Refused> {
        let (row, seen) = (self.row(place.ordinal), self.core.seen(place.ordinal));
        let end = seen.written.end;
        let newest = self.database.base_before(place.family(), place.ordinal, end.saturating_sub(1))?;
        Ok(Pass {
            ordinal: place.ordinal,
            newest: HashMap::new(),
            hashers: (RandomState::new(), RandomState::new()),
            rewriting: false,
            at: row.clean_to.max(row.start),
            end,
            stop: newest.unwrap_or(row.start),
            written: seen.written.bytes,
            read: 0,
            next_tombstone: i64::MAX,
            removed: 0,
        })
    }

    fn build(&mut self, place: &Place, pass: &mut Pass) -> Result<(), Refused> {
        let slice = if pass.at < pass.end {
            self.slice(place, pass.at, pass.end)?
        } else {
            Slice { batches: Vec::new(), next: pass.end }
        };
        for (batch, bytes) in &slice.batches {
            for stored in batch.iter() {
                let stored = stored.map_err(|malformed| Refused(malformed.to_string()))?;
                pass.note(&stored);
            }
            pass.read += bytes;
            pass.at = batch.last.saturating_add(1);
            if pass.newest.len() >= MAX_KEYS {
                break;
            }
        }
        if pass.at >= pass.end || pass.newest.len() >= MAX_KEYS || slice.batches.is_empty() {
            pass.stop = pass.stop.min(pass.at);
            pass.rewriting = true;
            pass.at = self.row(place.ordinal).start;
        }
        Ok(())
    }

    fn rewrite(&mut self, place: &Place, pass: &mut Pass, tombstone_ms: i64) -> Result<(), Refused> {
        let slice = self.slice(place, pass.at, pass.stop)?;
        if slice.batches.is_empty() {
            return Err(Refused(format!("{} is damaged at offset {}: verify the log", place.at, pass.at)));
        }
        let mut replacement = Replacement::default();
        for (batch, bytes) in &slice.batches {
            let kept = pass.kept(batch, self.now_ms)?;
            replacement.add(batch, *bytes, &kept, self.now_ms.saturating_add(tombstone_ms));
        }
        replacement.close(slice.next);
        pass.next_tombstone = pass.next_tombstone.min(replacement.next_tombstone.unwrap_or(i64::MAX));
        let from = std::mem::replace(&mut pass.at, slice.next);
        pass.removed += self.replace(place, replacement)?;
        lock(&self.core.tail).forget(place.ordinal, from, slice.next);
        Ok(())
    }

    /// Batches from the one at `from` on, below `to`: a slice's worth, within the budget, and at least one.
    fn slice(&mut self, place: &Place, from: Offset, to: Offset) -> Result<Slice, Refused> {
        let (mut batches, mut next, mut bytes, mut wrong) = (Vec::new(), from, 0, None);
        let limit = SLICE_BYTES.min(self.left);
        self.database.scan(place.family(), place.ordinal, from, |base, value| {
            if base >= to {
                return false;
            }
            match Decoded::from_value(&batch_key(place.ordinal, base), base, value) {
                Ok(batch) if batch.last < from => return true,
                Ok(batch) => {
                    next = batch.last.saturating_add(1);
                    bytes += value_bytes(value);
                    batches.push((batch, value_bytes(value)));
                }
                Err(malformed) => {
                    wrong = Some(Refused(format!("{} is damaged at offset {base}: {malformed}", place.at)))
                }
            }
            wrong.is_none() && bytes < limit
        })?;
        self.spend(bytes.max(1));
        wrong.map_or(Ok(Slice { batches, next }), Err)
    }

    /// Writes the replacement atomically; the bytes saved.
    fn replace(&mut self, place: &Place, replacement: Replacement) -> Result<u64, Refused> {
        if replacement.gone.is_empty() {
            return Ok(0);
        }
        let (family, mut writes, mut made) = (self.database.family(place.family())?, WriteBatch::default(), 0);
        replacement.gone.iter().for_each(|base| writes.delete_cf(family, batch_key(place.ordinal, *base)));
        for (base, mut batch) in replacement.made {
            let key = batch_key(place.ordinal, base);
            let value = batch.place(&key, base);
            made += value_bytes(value);
            writes.put_cf(family, key, value);
        }
        let saved = replacement.gone_bytes.saturating_sub(made);
        let mut row = self.row(place.ordinal);
        row.removed = row.removed.saturating_add(saved);
        self.done.removed_bytes += replacement.gone_bytes;
        self.done.rewritten_bytes += made;
        self.save(place.ordinal, row, writes)?;
        Ok(saved)
    }

    fn finish(&mut self, place: &Place, pass: &Pass) -> Result<(), Refused> {
        let mut row = self.row(place.ordinal);
        let complete = pass.read.saturating_add(row.clean_at) >= pass.written || pass.newest.len() < MAX_KEYS;
        row.clean_to = pass.stop.max(row.start);
        // The newest batch is read in every pass, so what was read is a little more than what is clean now.
        let partly = row.clean_at.saturating_add(pass.read).min(pass.written.saturating_sub(1));
        row.clean_at = if complete { pass.written } else { partly };
        row.dirty_since = if complete { i64::MAX } else { row.dirty_since };
        row.next_tombstone = pass.next_tombstone;
        self.save(place.ordinal, row, WriteBatch::default())?;
        if pass.removed > 0 {
            // What was superseded also leaves the tables: erasure is more than not being found.
            self.database.reclaim(place.family(), place.ordinal, 0, pass.stop)?;
        }
        Ok(())
    }
}

impl Pass {
    fn hash(&self, stored: &Stored) -> Option<(u64, u64)> {
        let key = stored.record.key.as_ref()?;
        Some((self.hashers.0.hash_one(key), self.hashers.1.hash_one(key)))
    }

    fn note(&mut self, stored: &Stored) {
        if let Some(hash) = self.hash(stored) {
            self.newest.insert(hash, stored.offset);
        }
    }

    /// The records of a batch that stay.
    fn kept(&self, batch: &Decoded, now_ms: i64) -> Result<Vec<Stored>, Refused> {
        let expired = batch.stays_until != NO_HORIZON && now_ms > batch.stays_until;
        let mut kept = Vec::new();
        for stored in batch.iter() {
            let stored = stored.map_err(|malformed| Refused(malformed.to_string()))?;
            let newest = self.hash(&stored).and_then(|hash| self.newest.get(&hash));
            let superseded = newest.is_some_and(|newest| *newest > stored.offset);
            if !superseded && (stored.record.value.is_some() || !expired) {
                kept.push(stored);
            }
        }
        Ok(kept)
    }
}

impl Replacement {
    fn add(&mut self, batch: &Decoded, bytes: u64, kept: &[Stored], tombstones_until: i64) {
        let stays_until = match kept.iter().any(|stored| stored.record.value.is_none()) {
            false => NO_HORIZON,
            true if batch.stays_until == NO_HORIZON => tombstones_until,
            true => batch.stays_until,
        };
        if stays_until != NO_HORIZON {
            self.next_tombstone = Some(self.next_tombstone.map_or(stays_until, |before| before.min(stays_until)));
        }
        let whole = u32::try_from(kept.len()) == Ok(batch.records) && stays_until == batch.stays_until;
        if whole && batch.bytes() >= TARGET_BYTES / 2 {
            return self.close(batch.base);
        }
        self.gone.push(batch.base);
        self.gone_bytes += bytes;
        let fits = |open: &Open| {
            !open.builder.is_full()
                && (open.stays_until == stays_until || open.stays_until == NO_HORIZON || stays_until == NO_HORIZON)
        };
        if !self.open.as_ref().is_some_and(fits) {
            self.close(batch.base);
        }
        let fresh = || Open { base: batch.base, builder: Builder::new(batch.base), stays_until: NO_HORIZON };
        let open = self.open.get_or_insert_with(fresh);
        kept.iter().for_each(|stored| open.builder.push_at(stored.offset, &stored.record));
        open.stays_until = open.stays_until.max(stays_until);
    }

    /// Closes the open batch over the offsets below `next`.
    fn close(&mut self, next: Offset) {
        if let Some(open) = self.open.take() {
            self.made.push((open.base, open.builder.seal_to(next, open.stays_until)));
        }
    }
}
