//! Reading: from the tail if it is there, else from the database, several batches ahead. Never a silent jump.

use engine::{Offset, TopicPartition};
use log::{Error, Read, ReadLimit};

use crate::batch::Decoded;
use crate::catalogue::Place;
use crate::core::{Core, lock};
use crate::record::{Malformed, size};

/// Most batches that one read takes from the database at once.
const READ_AHEAD_BATCHES: usize = 256;

/// Records taken so far and where the next one is.
struct Taking {
    read: Read,
    bytes: usize,
    limit: ReadLimit,
}

impl Core {
    pub(crate) fn read(&self, partition: &TopicPartition, from: Offset, limit: ReadLimit) -> Result<Read, Error> {
        let catalogue = self.catalogue();
        let place = catalogue.find(partition)?;
        let high_watermark = self.end_for(place, from)?;
        let mut taking = Taking { read: Read { records: Vec::new(), next: from, high_watermark }, bytes: 0, limit };
        while taking.read.next < high_watermark && !taking.is_full() {
            let cached = lock(&self.tail).get(place.ordinal, taking.read.next);
            let batches = match cached {
                Some(batch) => vec![batch],
                None => self.fetch(place, &taking)?,
            };
            for batch in batches.iter().filter(|batch| batch.base < high_watermark) {
                taking.take(batch).map_err(|malformed| damaged(place, batch.base, malformed))?;
                if taking.read.next <= batch.last {
                    lock(&self.tail).put(place.ordinal, batch.clone());
                    break;
                }
            }
        }
        Ok(taking.read)
    }

    /// The high watermark, if `from` is within the bounds.
    fn end_for(&self, place: &Place, asked: Offset) -> Result<Offset, Error> {
        let (seen, partition) = (self.seen(place.ordinal), place.at.clone());
        if asked < seen.start {
            return Err(Error::OffsetLost { partition, asked, start: seen.start });
        }
        if asked > seen.written.end {
            return Err(Error::OffsetAhead { partition, asked, high_watermark: seen.written.end });
        }
        Ok(seen.written.end)
    }

    /// The batches from the one that covers the next offset on.
    fn fetch(&self, place: &Place, taking: &Taking) -> Result<Vec<Decoded>, Error> {
        let (from, mut bytes, mut batches) = (taking.read.next, taking.bytes, Vec::new());
        let (mut expected, mut wrong) = (from, None);
        let mut records = taking.read.records.len();
        let scanned = self.with_readable(|database| {
            database.scan(place.family(), place.ordinal, from, |base, value| {
                let decoded = match Decoded::from_value(&crate::rows::batch_key(place.ordinal, base), base, value) {
                    Ok(decoded) if base <= expected && decoded.last >= expected => decoded,
                    Ok(_) => return false,
                    Err(malformed) => {
                        wrong = Some(damaged(place, base, malformed));
                        return false;
                    }
                };
                (expected, bytes) = (decoded.last.saturating_add(1), bytes.saturating_add(decoded.bytes()));
                records = records.saturating_add(usize::try_from(decoded.records).unwrap_or(0));
                batches.push(decoded);
                bytes < taking.limit.bytes
                    && records < taking.limit.records
                    && batches.len() < READ_AHEAD_BATCHES
                    && expected < taking.read.high_watermark
            })
        });
        let scanned = scanned.map_err(Error::Unavailable)?;
        if !batches.is_empty() {
            return Ok(batches);
        }
        // Retention may have passed by since the bounds were looked at: then this says so.
        self.end_for(place, from)?;
        if let Err(refused) = scanned {
            return Err(unreadable(place, from, &refused));
        }
        Err(wrong.unwrap_or_else(|| damaged(place, from, Malformed("a missing batch"))))
    }
}

impl Taking {
    fn is_full(&self) -> bool {
        let Read { records, .. } = &self.read;
        !records.is_empty() && (records.len() >= self.limit.records || self.bytes >= self.limit.bytes)
    }

    fn take(&mut self, batch: &Decoded) -> Result<(), Malformed> {
        let from = self.read.next;
        self.read.records.reserve(usize::try_from(batch.records).unwrap_or(0).min(self.limit.records));
        for stored in batch.iter() {
            let stored = stored?;
            if stored.offset < from {
                continue;
            }
            if self.is_full() {
                self.read.next = stored.offset;
                return Ok(());
            }
            self.bytes = self.bytes.saturating_add(size(&stored.record));
            self.read.records.push(stored);
        }
        self.read.next = batch.last.saturating_add(1);
        Ok(())
    }
}

fn damaged(place: &Place, base: Offset, malformed: Malformed) -> Error {
    Error::Damaged(format!(
        "{} is damaged at offset {base}: {malformed}; verify the log, then restore a backup",
        place.at
    ))
}

fn unreadable(place: &Place, from: Offset, refused: &crate::database::Refused) -> Error {
    let said = format!("{} cannot be read at offset {from}: {refused}", place.at);
    if refused.0.starts_with("Corruption") { Error::Damaged(said) } else { Error::Unavailable(said) }
}
