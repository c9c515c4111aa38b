//! Records into batches, before any lock is taken: checked, encoded, compressed. Knows no offset.

use std::collections::HashMap;

use engine::{Output, Record, TopicPartition};
use log::{Cleanup, Error};

use crate::batch::{Batch, Builder, NO_HORIZON};
use crate::catalogue::{Catalogue, Place, index};
use crate::database::Family;
use crate::options::{MAX_COMMIT_BYTES, MAX_RECORD_BYTES};
use crate::record::size;
use crate::rows::Ordinal;

/// A commit's records by partition, in the order in which partitions were first named.
#[derive(Default)]
pub(crate) struct Prepared {
    pub(crate) parts: Vec<Part>,
    /// For each record in order: which part it is in.
    pub(crate) part_of: Vec<u32>,
}

/// What goes to one partition.
pub(crate) struct Part {
    pub(crate) ordinal: Ordinal,
    pub(crate) family: Family,
    pub(crate) batches: Vec<Batch>,
    open: Builder,
    keyed: bool,
}

/// Encodes all records.
///
/// # Errors
/// [`Error::Unknown`], [`Error::TooLarge`], [`Error::NoKey`].
pub(crate) fn prepare(catalogue: &Catalogue, outputs: &[Output]) -> Result<Prepared, Error> {
    let mut prepared = Prepared { parts: Vec::new(), part_of: Vec::with_capacity(outputs.len()) };
    let mut known: HashMap<&TopicPartition, u32> = HashMap::new();
    let (mut last, mut total): (Option<(&TopicPartition, u32)>, usize) = (None, 0);
    for Output { to, record } in outputs {
        let seen = last.filter(|(before, _)| *before == to).map(|(_, part)| part).or_else(|| known.get(to).copied());
        let part = match seen {
            Some(part) => part,
            None => prepared.begin(catalogue.find(to)?),
        };
        if seen.is_none() {
            known.insert(to, part);
        }
        last = Some((to, part));
        total = total.saturating_add(size(record));
        prepared.push(part, to, record, total)?;
    }
    prepared.parts.iter_mut().for_each(Part::close);
    Ok(prepared)
}

impl Prepared {
    fn begin(&mut self, place: &Place) -> u32 {
        let keyed = matches!(place.cleanup, Cleanup::Compact { .. });
        let (ordinal, family, batches) = (place.ordinal, place.family(), Vec::new());
        self.parts.push(Part { ordinal, family, batches, open: Builder::new(0), keyed });
        u32::try_from(self.parts.len() - 1).unwrap_or(u32::MAX)
    }

    fn push(&mut self, part: u32, to: &TopicPartition, record: &Record, total: usize) -> Result<(), Error> {
        self.part_of.push(part);
        let Some(part) = self.parts.get_mut(index(part)) else { return Ok(()) };
        for (size, limit) in [(size(record), MAX_RECORD_BYTES), (total, MAX_COMMIT_BYTES)] {
            if size > limit {
                return Err(Error::TooLarge { partition: to.clone(), size, limit });
            }
        }
        if part.keyed && record.key.is_none() {
            return Err(Error::NoKey { partition: to.clone() });
        }
        part.open.push(record);
        if part.open.is_full() {
            part.close();
        }
        Ok(())
    }
}

impl Part {
    fn close(&mut self) {
        let full = std::mem::replace(&mut self.open, Builder::new(0));
        if full.raw_bytes() > 0 {
            self.batches.push(full.seal(NO_HORIZON));
        }
    }
}
