//! Retention: whole batches whose every record is older than the topic keeps them, from the start on.

use rocksdb::WriteBatch;

use crate::batch;
use crate::catalogue::{Place, index};
use crate::commit::value_bytes;
use crate::core::{exclusive, lock};
use crate::database::Refused;
use crate::maintain::Round;
use crate::rows::batch_key;

impl Round<'_> {
    pub(crate) fn retain(&mut self, place: &Place, oldest_ms: i64) -> Result<(), Refused> {
        let mut row = self.row(place.ordinal);
        let end = self.core.seen(place.ordinal).written.end;
        let (mut cut, mut bytes, left) = (row.start, 0, self.left);
        self.database.scan(place.family(), place.ordinal, row.start, |base, value| {
            match batch::check(&batch_key(place.ordinal, base), base, value) {
                Ok((last, newest)) if newest < oldest_ms && last < end => cut = last.saturating_add(1),
                // What is damaged is not deleted: verifying reports it.
                _ => return false,
            }
            bytes += value_bytes(value);
            bytes < left
        })?;
        if cut == row.start {
            return Ok(());
        }
        self.spend(bytes);
        // Readers are told first: one that comes too late for the records learns that they are gone, not that they are damaged.
        if let Some(seen) = exclusive(&self.core.visible).partitions.get_mut(index(place.ordinal)) {
            seen.start = cut;
        }
        let mut writes = WriteBatch::default();
        let family = self.database.family(place.family())?;
        writes.delete_range_cf(family, batch_key(place.ordinal, row.start), batch_key(place.ordinal, cut));
        lock(&self.core.tail).forget(place.ordinal, row.start, cut);
        (row.start, row.removed) = (cut, row.removed.saturating_add(bytes));
        self.done.removed_bytes += bytes;
        self.save(place.ordinal, row, writes)
    }
}
