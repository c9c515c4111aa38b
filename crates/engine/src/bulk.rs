//! A restore into an empty store: rows are gathered, filled in as sorted files, and what is derived from them is counted
//! once, from the rows that are left in the end.
//!
//! A store that is being filled says so by version 0, which no fold has. After a crash it is filled on from where it was;
//! its counting, which may have been cut in the middle, begins anew.

use bytes::Bytes;

use crate::exchange::{Action, Side};
use crate::machine::Engine;
use crate::processor::{DERIVED, LOAD_ROUNDS_MAX};
use crate::{Effects, Folded, Offset, Rows, Stored, TaskId};

/// Rows of one stretch of the counting.
const STRETCH_ROWS: usize = 8_192;
/// Before the first published row and after the last derived one: a published key begins with a length, which is not 0,
/// and is longer than one byte.
const FIRST: &[u8] = &[1];

/// A row, or its deletion.
type Write = (Bytes, Option<Bytes>);

/// How far the filling of a store is.
#[derive(Debug, Default)]
pub(crate) struct Bulk {
    /// Rows that were read and not filled in yet, as they came.
    gathered: Vec<Write>,
    bytes: usize,
    /// Offset of the last record gathered.
    last: Option<Offset>,
    /// Files that were handed out and are not written yet.
    unwritten: usize,
    /// All rows were read: they are counted once every file is written.
    all_read: bool,
    /// The store may hold derived rows of a counting before.
    counted_before: bool,
    /// Rows that are being counted.
    stretch: Vec<Write>,
    rounds: usize,
}

impl Bulk {
    /// Of a store that was found so far, or of a new one.
    pub(crate) fn new(is_found: bool) -> Self {
        Self { counted_before: is_found, ..Self::default() }
    }

    /// Bytes of the rows that it holds.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    fn gather(&mut self, records: Vec<Stored>) {
        self.last = records.last().map(|stored| stored.offset).or(self.last);
        for stored in records {
            self.bytes += crate::batch::size(&stored);
            self.gathered.extend(stored.record.key.map(|key| (key, stored.record.value)));
        }
    }

    /// The gathered rows by key, the latest of each.
    fn take(&mut self) -> Vec<Write> {
        self.bytes = 0;
        let mut rows = std::mem::take(&mut self.gathered);
        // Stable: rows of one key stay in the order of their offsets.
        rows.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut latest: Vec<Write> = Vec::with_capacity(rows.len());
        for row in rows {
            match latest.last_mut() {
                Some(before) if before.0 == row.0 => *before = row,
                _ => latest.push(row),
            }
        }
        latest
    }
}

/// What a counting sees: no row was there before, and what is derived is what it has derived so far.
struct Before<'a>(&'a dyn Rows);

impl Rows for Before<'_> {
    fn get(&self, key: &[u8]) -> Option<Option<Bytes>> {
        if key.starts_with(DERIVED) { self.0.get(key) } else { Some(None) }
    }

    fn scan(&self, prefix: &[u8]) -> Option<Vec<(Bytes, Bytes)>> {
        self.0.scan(prefix)
    }
}

impl Engine {
    /// Rows were read for a store that is being filled.
    pub(crate) fn gather_rows(&mut self, id: TaskId, records: Vec<Stored>) {
        if let Some(bulk) = self.tasks.get_mut(&id).and_then(|task| task.bulk.as_mut()) {
            bulk.gather(records);
        }
        let held = |task: &crate::task::Task| task.bulk.as_ref().map_or(0, Bulk::bytes);
        if self.tasks.values().map(held).sum::<usize>() > self.options.restore_bytes_max
            && let Some(largest) = self.tasks.iter().max_by_key(|(_, task)| held(task)).map(|(id, _)| *id)
        {
            self.fill(largest);
        }
    }

    /// Hands out what was gathered, if anything.
    fn fill(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let Some((bulk, last)) = task.bulk.as_mut().and_then(|bulk| bulk.last.take().map(|last| (bulk, last))) else {
            return;
        };
        // The last row is read again after a crash, because it tells the version of all.
        task.position.state = last;
        task.position.identity = task.log.identity.clone();
        task.position.written_ms = self.now_ms;
        let position = task.position.clone();
        bulk.unwritten += 1;
        self.actions.push_back(Action::Fill { task: id, rows: bulk.take(), position });
    }

    /// All rows were read: those that are left are counted, once they are in the store.
    pub(crate) fn count(&mut self, id: TaskId) {
        self.fill(id);
        if let Some(bulk) = self.tasks.get_mut(&id).and_then(|task| task.bulk.as_mut()) {
            bulk.all_read = true;
        }
        self.count_from_start(id);
    }

    /// A file was written.
    pub(crate) fn filled(&mut self, id: TaskId) {
        if let Some(bulk) = self.tasks.get_mut(&id).and_then(|task| task.bulk.as_mut()) {
            bulk.unwritten = bulk.unwritten.saturating_sub(1);
        }
        self.count_from_start(id);
    }

    fn count_from_start(&mut self, id: TaskId) {
        let bulk = self.tasks.get_mut(&id).and_then(|task| task.bulk.as_mut());
        let Some(bulk) = bulk.filter(|bulk| bulk.all_read && bulk.unwritten == 0) else { return };
        bulk.all_read = false;
        if bulk.counted_before {
            self.actions.push_back(Action::DropDerived(id));
        }
        self.actions.push_back(Action::Scan { task: id, after: Bytes::from_static(FIRST), rows: STRETCH_ROWS });
    }

    /// All that was read is to be in the store, but nothing is counted: the rows are of an older version.
    pub(crate) fn leave_uncounted(&mut self, id: TaskId) {
        self.fill(id);
        if let Some(task) = self.tasks.get_mut(&id) {
            task.bulk = None;
        }
    }

    pub(crate) fn scanned(&mut self, id: TaskId, rows: Vec<(Bytes, Bytes)>) {
        let Some(bulk) = self.tasks.get_mut(&id).and_then(|task| task.bulk.as_mut()) else { return };
        bulk.stretch = rows.into_iter().map(|(key, row)| (key, Some(row))).collect();
        bulk.rounds = 0;
        self.count_stretch(id);
    }

    /// Counts a stretch, then asks for the next or ends the restore.
    pub(crate) fn count_stretch(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let Some(bulk) = task.bulk.as_mut() else { return };
        bulk.rounds += 1;
        match task.processor.restore(&bulk.stretch, &Before(&task.overlay)) {
            Folded::Missing { .. } if bulk.rounds > LOAD_ROUNDS_MAX => {
                self.stall(id, format!("the restore asked for rows {LOAD_ROUNDS_MAX} times in one stretch"));
            }
            Folded::Missing { keys, prefixes } => self.load(id, keys, prefixes),
            Folded::Done(effects) => self.counted(id, effects),
        }
    }

    fn counted(&mut self, id: TaskId, effects: Effects) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let Some(bulk) = task.bulk.as_mut() else { return };
        let stretch = std::mem::take(&mut bulk.stretch);
        task.overlay.loaded(effects.derived.clone(), Vec::new());
        task.overlay.shrink(self.options.rows_bytes_max);
        let (writes, position) = (effects.derived, task.position.clone());
        self.actions.push_back(Action::Apply { task: id, side: Side::Store, writes, position });
        match stretch.last() {
            Some((after, _)) if stretch.len() == STRETCH_ROWS => {
                self.actions.push_back(Action::Scan { task: id, after: after.clone(), rows: STRETCH_ROWS });
            }
            _ => {
                task.bulk = None;
                self.restored(id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Headers, Record};

    fn stored(offset: Offset, key: &'static str, value: Option<&'static str>) -> Stored {
        let (key, value) = (Some(Bytes::from(key)), value.map(Bytes::from));
        Stored { offset, record: Record { key, value, headers: Headers::default(), timestamp_ms: 0 } }
    }

    #[test]
    fn a_file_holds_the_latest_of_each_key_by_key() {
        let mut bulk = Bulk::new(false);
        bulk.gather(vec![stored(3, "b", Some("1")), stored(4, "a", Some("1"))]);
        bulk.gather(vec![stored(7, "b", None), stored(9, "a", Some("2"))]);
        assert!(bulk.bytes() > 0);
        assert_eq!(bulk.last, Some(9));
        assert_eq!(bulk.take(), [("a".into(), Some("2".into())), ("b".into(), None)]);
        assert_eq!((bulk.bytes(), bulk.take()), (0, Vec::new()));
    }
}
