//! The rows a fold sees: those of the batch in flight over those read from the store. **Overlay wins over base**; what
//! is not known is asked for. Keeps recently committed rows within a bound, so that hot keys are not read again.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use foldhash::fast::RandomState;

use crate::Rows;

/// Rows by key; `None` is a deleted or absent row. Every key is hashed some five times a batch, which takes the standard
/// library's hash several times as long.
type Known = HashMap<Bytes, Option<Bytes>, RandomState>;

/// One task's rows in memory.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    /// Rows of the batch whose transaction is in flight.
    in_flight: Known,
    /// Committed rows, read or applied lately.
    young: Known,
    /// Committed rows of the generation before: dropped whole when `young` is full.
    old: Known,
    young_bytes: usize,
    old_bytes: usize,
    /// Prefixes read for the batch being folded.
    scans: HashMap<Bytes, Vec<(Bytes, Bytes)>>,
    /// Prefixes asked for and not read yet, and the rows under them that were committed meanwhile: what the store answers may
    /// be from before.
    asked: Vec<Bytes>,
    since_asked: Known,
}

impl Overlay {
    /// Prefixes are asked for.
    pub(crate) fn asked(&mut self, prefixes: impl Iterator<Item = Bytes>) {
        self.asked.extend(prefixes);
    }

    /// Keeps what was read from the store.
    pub(crate) fn loaded(&mut self, rows: Vec<(Bytes, Option<Bytes>)>, scans: Vec<(Bytes, Vec<(Bytes, Bytes)>)>) {
        for (key, row) in rows {
            self.remember(key, row);
        }
        let since = std::mem::take(&mut self.since_asked);
        self.asked.clear();
        for (prefix, mut rows) in scans {
            merge(&prefix, &mut rows, &since);
            self.scans.insert(prefix, rows);
        }
    }

    /// Keeps what was written to the store.
    pub(crate) fn wrote(&mut self, writes: &[(Bytes, Option<Bytes>)]) {
        self.scans.clear();
        for (key, row) in writes {
            self.remember(key.clone(), row.clone());
        }
    }

    /// Puts the rows of a batch over everything, until it is committed or aborted.
    pub(crate) fn begin<'a>(&mut self, writes: impl Iterator<Item = &'a (Bytes, Option<Bytes>)>) {
        self.in_flight.extend(writes.cloned());
        self.scans.clear();
    }

    /// The batch in flight is committed: its rows are base now. Scans that the next batch has read see them too.
    pub(crate) fn committed(&mut self) {
        for (prefix, rows) in &mut self.scans {
            merge(prefix, rows, &self.in_flight);
        }
        for (key, row) in std::mem::take(&mut self.in_flight) {
            if self.asked.iter().any(|prefix| key.starts_with(prefix)) {
                self.since_asked.insert(key.clone(), row.clone());
            }
            self.remember(key, row);
        }
    }

    /// The batch in flight, and all that was folded over it, is gone.
    pub(crate) fn aborted(&mut self) {
        self.in_flight.clear();
        self.scans.clear();
        self.asked.clear();
        self.since_asked.clear();
    }

    /// Forgets committed rows beyond `bytes`, oldest generation first. Called between batches only: what a batch has
    /// loaded stays until it is folded.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        if self.young_bytes > bytes / 2 {
            self.old = std::mem::take(&mut self.young);
            self.old_bytes = std::mem::take(&mut self.young_bytes);
        }
    }

    /// Bytes of the committed rows that it keeps, about.
    pub(crate) fn bytes(&self) -> usize {
        self.young_bytes + self.old_bytes
    }

    fn remember(&mut self, key: Bytes, row: Option<Bytes>) {
        self.young_bytes += key.len() + row.as_ref().map_or(0, Bytes::len) + ROW_OVERHEAD_BYTES;
        // A copy: the key is a part of the record's buffer, and that of the whole batch that it was read in.
        self.young.insert(Bytes::copy_from_slice(&key), row);
    }
}

/// What a row in memory takes besides its bytes, about.
const ROW_OVERHEAD_BYTES: usize = 96;

impl Rows for Overlay {
    fn get(&self, key: &[u8]) -> Option<Option<Bytes>> {
        self.in_flight.get(key).or_else(|| self.young.get(key)).or_else(|| self.old.get(key)).cloned()
    }

    fn scan(&self, prefix: &[u8]) -> Option<Vec<(Bytes, Bytes)>> {
        let mut rows = self.scans.get(prefix)?.clone();
        merge(prefix, &mut rows, &self.in_flight);
        Some(rows)
    }
}

fn merge(prefix: &[u8], rows: &mut Vec<(Bytes, Bytes)>, over: &Known) {
    // The order of `over` does not reach the output: rows are sorted by key.
    let changed: Vec<_> = over.iter().filter(|(key, _)| key.starts_with(prefix)).collect();
    if changed.is_empty() {
        return;
    }
    let mut merged: BTreeMap<Bytes, Bytes> = rows.drain(..).collect();
    for (key, row) in changed {
        match row {
            Some(row) => merged.insert(key.clone(), row.clone()),
            None => merged.remove(key),
        };
    }
    rows.extend(merged);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &'static str, value: &'static str) -> (Bytes, Option<Bytes>) {
        (Bytes::from(key), Some(Bytes::from(value)))
    }

    #[test]
    fn the_batch_in_flight_wins_and_an_abort_uncovers_the_base() {
        let mut overlay = Overlay::default();
        overlay.loaded(vec![row("a", "base")], vec![]);
        overlay.begin([row("a", "new")].iter());
        assert_eq!(overlay.get(b"a"), Some(Some(Bytes::from("new"))));
        overlay.aborted();
        assert_eq!(overlay.get(b"a"), Some(Some(Bytes::from("base"))));
        assert_eq!(overlay.get(b"b"), None, "what is not known is asked for");
    }

    #[test]
    fn a_scan_read_before_a_commit_sees_what_was_committed() {
        let mut overlay = Overlay::default();
        overlay.begin([row("p1", "new"), (Bytes::from("p2"), None)].iter());
        overlay
            .loaded(vec![], vec![(Bytes::from("p"), vec![("p2".into(), "old".into()), ("p3".into(), "old".into())])]);
        let expected = Some(vec![(Bytes::from("p1"), Bytes::from("new")), (Bytes::from("p3"), Bytes::from("old"))]);
        assert_eq!(overlay.scan(b"p"), expected);
        overlay.committed();
        assert_eq!(overlay.scan(b"p"), expected);
    }

    #[test]
    fn a_scan_asked_for_before_a_commit_and_read_after_it_sees_what_was_committed() {
        let mut overlay = Overlay::default();
        overlay.begin([row("p1", "new"), row("other", "new"), (Bytes::from("p2"), None)].iter());
        overlay.asked([Bytes::from("p")].into_iter());
        overlay.committed();
        overlay.loaded(vec![], vec![(Bytes::from("p"), vec![("p2".into(), "old".into())])]);
        assert_eq!(overlay.scan(b"p"), Some(vec![(Bytes::from("p1"), Bytes::from("new"))]));
    }

    #[test]
    fn shrinking_keeps_the_latest_generation() {
        let mut overlay = Overlay::default();
        overlay.loaded(vec![row("a", "1")], vec![]);
        overlay.shrink(2);
        overlay.loaded(vec![row("b", "1")], vec![]);
        overlay.shrink(2);
        assert_eq!(overlay.get(b"a"), None);
        assert!(overlay.get(b"b").is_some());
    }
}
