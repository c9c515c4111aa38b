//! The end of a rebuild: what differs between the published rows and the shadow's goes out in bounded transactions, then the
//! shadow becomes the store.
//!
//! Two passes over both stores by key. Sums first: as long as a row of before stands, what it named can be found and taken
//! back, so a crash between the passes repeats the first. Rows of all but the last transaction are marked: a store that is
//! restored from them knows that older ones stand beside them. Whatever is published is absolute, so repeating it is right.

use bytes::Bytes;

use crate::exchange::{Action, Side, Walked};
use crate::machine::Engine;
use crate::processor::LOAD_ROUNDS_MAX;
use crate::rebuild::{Rebuild, Walk};
use crate::restore::Position;
use crate::task::{State, Task};
use crate::{Change, Effects, Folded, Found, Offset, Rebuilt, TaskId};

/// Rows of each store in one stretch of the walk.
const WALK_ROWS_MAX: usize = 500;
/// Rows and outputs of one transaction of a rebuild, exceeded by at most one stretch.
const PUBLISH_MAX: usize = 2_000;

/// What the walk looks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pass {
    /// What is published of derived rows.
    #[default]
    Sums,
    /// Rows that differ.
    Rows,
}

impl Engine {
    /// Reads both stores on.
    pub(crate) fn walk(&mut self, id: TaskId) {
        let Some(rebuild) = self.tasks.get(&id).and_then(|task| task.rebuild.as_ref()) else { return };
        self.actions.push_back(Action::Walk { task: id, after: rebuild.after.clone(), rows: WALK_ROWS_MAX });
    }

    /// From the start: what was gathered, or on its way, is not visible.
    pub(crate) fn walk_again(&mut self, id: TaskId) {
        let Some(rebuild) = self.tasks.get_mut(&id).and_then(|task| task.rebuild.as_mut()) else { return };
        *rebuild = Rebuild { state: rebuild.state, ..Rebuild::default() };
        self.walk(id);
    }

    pub(crate) fn walked(&mut self, id: TaskId, walked: Walked) {
        let Some(rebuild) = self.tasks.get_mut(&id).and_then(|task| task.rebuild.as_mut()) else { return };
        let (walk, after) = stretch(walked);
        rebuild.after = after;
        rebuild.found = Some(walk);
        rebuild.rounds = 0;
        self.publish_chunk(id);
    }

    /// Asks the processor what to publish of a stretch.
    pub(crate) fn publish_chunk(&mut self, id: TaskId) {
        let now_ms = self.now_ms;
        let Some(Task { processor, overlay, state, rebuild: Some(rebuild), .. }) = self.tasks.get_mut(&id) else {
            return;
        };
        let State::Rebuilding { to, .. } = *state else { return };
        let Some(walk) = rebuild.found.take() else { return };
        rebuild.rounds += 1;
        let found = match rebuild.pass {
            Pass::Sums => Found::Sums { before: &walk.before, derived: &walk.derived },
            Pass::Rows => Found::Changes(&walk.changes),
        };
        let said = Rebuilt { partition: id.partition, next: to, timestamp_ms: now_ms, more: !walk.ends, found };
        match processor.rebuilt(&said, &*overlay) {
            Folded::Missing { .. } if rebuild.rounds > LOAD_ROUNDS_MAX => {
                self.stall(id, format!("the fold asked for rows {LOAD_ROUNDS_MAX} times in one stretch of a rebuild"));
            }
            Folded::Missing { keys, prefixes } => {
                rebuild.found = Some(walk);
                self.load(id, keys, prefixes);
            }
            Folded::Done(effects) => self.gather(id, walk, effects),
        }
    }

    fn gather(&mut self, id: TaskId, walk: Walk, mut effects: Effects) {
        let Some(Task { rebuild: Some(rebuild), overlay, .. }) = self.tasks.get_mut(&id) else { return };
        let rows = std::mem::take(&mut effects.rows);
        let of = |key: &Bytes| walk.changes.binary_search_by(|change| change.key.cmp(key)).ok();
        let change = |key: &Bytes| of(key).and_then(|place| walk.changes.get(place));
        let differs = |(key, row): &&(Bytes, Option<Bytes>), side: fn(&Change) -> &Option<Bytes>| {
            change(key).is_none_or(|change| side(change) != row)
        };
        let kept: Vec<_> = rows.iter().filter(|row| differs(row, |change| &change.after)).cloned().collect();
        let live = rows.iter().rev().find_map(|(key, row)| Some((key.clone(), row.clone()?)));
        rebuild.witness = live.or(walk.same).or(rebuild.witness.take());
        rebuild.gathered.rows.extend(rows.iter().filter(|row| differs(row, |change| &change.before)).cloned());
        rebuild.gathered.outputs.append(&mut effects.outputs);
        rebuild.gathered.row_headers = effects.row_headers;
        if !kept.is_empty() {
            overlay.wrote(&kept);
            self.keep(id, kept, 0);
        }
        self.gathered(id, walk.ends);
    }

    /// Goes on with the walk, or hands out what was gathered.
    fn gathered(&mut self, id: TaskId, ends: bool) {
        let Some(Task { rebuild: Some(rebuild), .. }) = self.tasks.get_mut(&id) else { return };
        let last = ends && rebuild.pass == Pass::Rows;
        if ends && !last {
            (rebuild.pass, rebuild.after) = (Pass::Rows, None);
        }
        let gathered = &mut rebuild.gathered;
        if last && gathered.rows.is_empty() {
            gathered.rows.extend(rebuild.witness.take().map(|(key, row)| (key, Some(row))));
        }
        let size = gathered.rows.len() + gathered.outputs.len();
        if size == 0 && last {
            return self.promote(id);
        }
        // The passes do not share a transaction, or rows would be out before what they name is taken back.
        if size >= PUBLISH_MAX || (ends && size > 0) {
            rebuild.offer = Some(last);
        } else {
            self.walk(id);
        }
    }

    /// Puts what is to be published into the batch that is being filled.
    pub(crate) fn offer(&mut self) {
        for (id, task) in &mut self.tasks {
            let (State::Rebuilding { to, .. }, Some(rebuild), false) = (&task.state, &mut task.rebuild, task.closing)
            else {
                continue;
            };
            if rebuild.offer.is_some() && !self.batch.parts.contains_key(id) {
                let mut effects = std::mem::take(&mut rebuild.gathered);
                if effects.rows.is_empty() && effects.outputs.is_empty() {
                    continue;
                }
                effects.row_timestamp_ms = self.now_ms;
                self.batch.publish(*id, *to, effects, self.now_ms);
            }
        }
    }

    /// A transaction of the rebuild is visible.
    pub(crate) fn published(&mut self, id: TaskId, end: Option<Offset>) {
        let Some(rebuild) = self.tasks.get_mut(&id).and_then(|task| task.rebuild.as_mut()) else { return };
        rebuild.state = end.or(rebuild.state);
        match rebuild.offer.take() {
            Some(true) => self.promote(id),
            Some(false) => self.walk(id),
            None => {}
        }
    }

    /// Everything is published: the shadow says so, and becomes the store.
    fn promote(&mut self, id: TaskId) {
        let Some(Task { rebuild: Some(rebuild), position, .. }) = self.tasks.get_mut(&id) else { return };
        let state = rebuild.state.unwrap_or(0).max(position.state);
        self.keep(id, Vec::new(), state);
        self.actions.push_back(Action::Promote(id));
    }

    /// Writes to the shadow, which has folded everything.
    fn keep(&mut self, id: TaskId, writes: Vec<(Bytes, Option<Bytes>)>, state: Offset) {
        let (Some(task), Some(fold)) = (self.tasks.get_mut(&id), self.topology.fold(id)) else { return };
        let position = Position {
            input: task.committed,
            state,
            fold_version: fold.version,
            identity: task.log.identity.clone(),
            written_ms: self.now_ms,
        };
        task.overlay.wrote(&writes);
        task.rebuilt_position = position.clone();
        self.actions.push_back(Action::Apply { task: id, side: Side::Shadow, writes, position });
    }

    pub(crate) fn promoted(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id).filter(|task| task.rebuild.is_some()) else { return };
        task.rebuild = None;
        task.position = std::mem::take(&mut task.rebuilt_position);
        self.run(id);
    }
}

/// The keys that both sides have shown, and the last of them; the rest is read again with the next stretch.
fn stretch(walked: Walked) -> (Walk, Option<Bytes>) {
    let full =
        |rows: &[(Bytes, Bytes)]| rows.last().filter(|_| rows.len() >= WALK_ROWS_MAX).map(|(key, _)| key.clone());
    let bound = [full(&walked.store), full(&walked.shadow)].into_iter().flatten().min();
    let within = |(key, _): &(Bytes, Bytes)| bound.as_ref().is_none_or(|bound| key <= bound);
    let is_derived = |(key, _): &(Bytes, Bytes)| key.first() == Some(&0);
    let (derived, after): (Vec<_>, Vec<_>) = walked.shadow.into_iter().filter(within).partition(is_derived);
    let before: Vec<_> = walked.store.into_iter().filter(|row| within(row) && !is_derived(row)).collect();
    let (same, changes): (Vec<_>, Vec<_>) =
        merged(&before, &after).into_iter().partition(|change| change.before == change.after);
    let same = same.into_iter().next_back().and_then(|change| Some((change.key, change.after?)));
    (Walk { before, derived, changes, same, ends: bound.is_none() }, bound)
}

/// Every key of either side, each side sorted.
fn merged(before: &[(Bytes, Bytes)], after: &[(Bytes, Bytes)]) -> Vec<Change> {
    let mut changes = std::collections::BTreeMap::new();
    let change = |key: &Bytes| Change { key: key.clone(), before: None, after: None };
    for (key, row) in before {
        changes.entry(key).or_insert_with(|| change(key)).before = Some(row.clone());
    }
    for (key, row) in after {
        changes.entry(key).or_insert_with(|| change(key)).after = Some(row.clone());
    }
    changes.into_values().collect()
}
