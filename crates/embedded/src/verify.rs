//! Checking: every batch's sum, and that batches cover every offset from a partition's start to its end. Changes nothing.

use engine::Offset;
use log::Error;

use crate::batch::check;
use crate::catalogue::{Catalogue, Place, index};
use crate::core::{Core, Embedded, lock};
use crate::damage::{Damage, Loss};
use crate::database::{Database, Family, Refused};
use crate::rows::batch_key;

/// How far a check has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Compressed bytes checked.
    pub done_bytes: u64,
    /// Compressed bytes to check, roughly.
    pub total_bytes: u64,
}

/// Offsets of a partition to be checked: from the batch that covers `from`, up to `end`.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    pub(crate) from: Offset,
    pub(crate) end: Offset,
}

/// A check of one partition.
struct Check<'a> {
    place: &'a Place,
    end: Offset,
    /// Everything below is judged.
    at: Offset,
    /// A batch that does not fit: where it begins, until the next one says where it ends.
    bad: Option<(Offset, String)>,
    losses: Vec<Loss>,
}

impl Embedded {
    /// Checks every batch while the log is in use. `None`: everything is intact.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub fn verify(&self, mut progress: impl FnMut(Progress)) -> Result<Option<Damage>, Error> {
        let core = &self.0;
        let total_bytes = self.space().iter().map(|topic| topic.bytes).sum();
        let (mut losses, mut whole, mut done_bytes) = (Vec::new(), 0, 0);
        for place in core.catalogue().places() {
            let found = core.verify(place, &mut |bytes| {
                done_bytes += bytes;
                progress(Progress { done_bytes, total_bytes });
            })?;
            whole += usize::from(found.is_empty());
            losses.extend(found);
        }
        let path = self.path().to_owned();
        Ok((!losses.is_empty()).then_some(Damage { path, losses, intact_partitions: whole, complete: true }))
    }
}

impl Core {
    fn verify(&self, place: &Place, counted: &mut dyn FnMut(u64)) -> Result<Vec<Loss>, Error> {
        self.with_writable(|_| ()).map_err(Error::Unavailable)?;
        // Held, so that neither retention nor compaction moves the ground.
        let _keeper = lock(&self.keeper);
        let seen = self.seen(place.ordinal);
        let range = Range { from: seen.start, end: seen.written.end };
        self.with_open(|database| partition(database, place, range, counted)).map_err(Error::Unavailable)
    }
}

/// Checks partitions, by ordinal; all losses, and how many partitions have none.
pub(crate) fn partitions(database: &Database, catalogue: &Catalogue, ranges: &[Range]) -> (Vec<Loss>, usize) {
    let (mut losses, mut whole) = (Vec::new(), 0);
    for place in catalogue.places() {
        let Some(range) = ranges.get(index(place.ordinal)) else { continue };
        let found = partition(database, place, *range, &mut |_| ());
        whole += usize::from(found.is_empty());
        losses.extend(found);
    }
    for family in Family::ALL {
        match database.strays(family, catalogue.count()) {
            Ok(false) => {}
            Ok(true) => losses.push(Loss::Database { said: "records of no known partition".to_owned() }),
            Err(refused) => losses.push(Loss::Database { said: refused.0 }),
        }
    }
    (losses, whole)
}

fn partition(database: &Database, place: &Place, range: Range, counted: &mut dyn FnMut(u64)) -> Vec<Loss> {
    let mut check = Check { place, end: range.end, at: range.from, bad: None, losses: Vec::new() };
    while check.at < check.end {
        let scanned = database.scan(place.family(), place.ordinal, check.at, |base, value| {
            counted(u64::try_from(value.len()).unwrap_or(u64::MAX));
            check.visit(base, value)
        });
        match scanned {
            Ok(()) => check.lose_to(check.end, "missing"),
            Err(refused) => {
                let next = next_readable(database, place, check.at).min(check.end);
                check.lose_to(next, &refused.0);
            }
        }
    }
    check.losses
}

/// The base of the first batch after `at` that RocksDB can read.
fn next_readable(database: &Database, place: &Place, at: Offset) -> Offset {
    let seek = |offset| -> Result<Offset, Refused> {
        Ok(database.seek(place.family(), place.ordinal, offset)?.map_or(Offset::MAX, |(base, _)| base))
    };
    let (mut unreadable, mut step) = (at, 1_u64);
    let mut found = loop {
        let offset = unreadable.saturating_add(step);
        match seek(offset) {
            Ok(base) => break (offset, base),
            Err(_) if offset == Offset::MAX => return Offset::MAX,
            Err(_) => (unreadable, step) = (offset, step.saturating_mul(2)),
        }
    };
    while found.0 - unreadable > 1 {
        let middle = unreadable + (found.0 - unreadable) / 2;
        match seek(middle) {
            Ok(base) => found = (middle, base),
            Err(_) => unreadable = middle,
        }
    }
    found.1
}

impl Check<'_> {
    /// Judges a batch; whether to go on.
    fn visit(&mut self, base: Offset, value: &[u8]) -> bool {
        if base >= self.end {
            return false;
        }
        if let Some((_, because)) = self.bad.take() {
            self.lose(base, &because);
        }
        match check(&batch_key(self.place.ordinal, base), base, value) {
            // The batch before the one looked for: nothing covers the offset.
            Ok((last, _)) if last < self.at => {}
            Ok((last, _)) => {
                self.lose(base, "missing");
                self.at = last.saturating_add(1);
            }
            Err(malformed) => {
                self.lose(base, "missing");
                self.bad = Some((base, malformed.to_string()));
            }
        }
        self.at < self.end
    }

    fn lose_to(&mut self, to: Offset, because: &str) {
        let because = self.bad.take().map_or_else(|| because.to_owned(), |(_, malformed)| malformed);
        self.lose(to, &because);
    }

    /// Offsets from where we are up to `to` are lost, if there are any.
    fn lose(&mut self, to: Offset, because: &str) {
        if to > self.at {
            let (from, because) = (self.at, because.to_owned());
            self.losses.push(Loss::Offsets { partition: self.place.at.clone(), from, to, because });
            self.at = to;
        }
    }
}
