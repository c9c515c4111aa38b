//! Rows of an older fold version: the input is folded again into a second store, the shadow, up to the committed offset.
//! Nothing that it emits is visible; the old rows stay readable. What follows is in `publish`.
//!
//! A crash loses nothing but time: the shadow keeps rows and offset together, and a fold of the same records by the same
//! version gives the same rows wherever it was cut (I5), so the next rebuild goes on from there.

use bytes::Bytes;

use crate::exchange::{Action, Side};
use crate::machine::Engine;
use crate::overlay::Overlay;
use crate::processor::LOAD_ROUNDS_MAX;
use crate::publish::Pass;
use crate::restore::{self, Again, Position};
use crate::task::State;
use crate::{Change, Effects, Folded, Offset, Polled, Stored, TaskId};

/// A rebuild of one task, as far as it is. At most one answer is waited for.
#[derive(Debug, Default)]
pub(crate) struct Rebuild {
    /// Records that wait for a load.
    pub(crate) polled: Option<Polled>,
    /// What the walk found and the processor has not answered yet.
    pub(crate) found: Option<Walk>,
    pub(crate) rounds: usize,
    pub(crate) pass: Pass,
    /// Where the walk goes on.
    pub(crate) after: Option<Bytes>,
    /// Rows and outputs gathered for the next transaction.
    pub(crate) gathered: Effects,
    /// `gathered` is to go out; whether it is the last.
    pub(crate) offer: Option<bool>,
    /// A row that is there in the end, for a last transaction that has none.
    pub(crate) witness: Option<(Bytes, Bytes)>,
    /// End of the state partition after the last transaction.
    pub(crate) state: Option<Offset>,
}

/// A stretch of both stores.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    pub(crate) before: Vec<(Bytes, Bytes)>,
    pub(crate) derived: Vec<(Bytes, Bytes)>,
    pub(crate) changes: Vec<Change>,
    /// A row that does not differ.
    pub(crate) same: Option<(Bytes, Bytes)>,
    /// Nothing follows.
    pub(crate) ends: bool,
}

impl Engine {
    /// The store is up to the committed log, and its rows are of an older version.
    pub(crate) fn rebuild(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let (from, to) = (task.log.input_start, task.committed);
        task.state = State::Rebuilding { from, at: from, to };
        task.rebuild = Some(Rebuild::default());
        task.overlay = Overlay::default();
        self.actions.push_back(Action::OpenShadow { task: id, fresh: false });
    }

    pub(crate) fn shadow_opened(&mut self, id: TaskId, shadow: Option<&Position>) {
        let (Some(task), Some(fold)) = (self.tasks.get_mut(&id), self.topology.fold(id)) else { return };
        let State::Rebuilding { from, at, .. } = &mut task.state else { return };
        match restore::again((fold.version, fold.refold), shadow, task.made, &task.log) {
            Again::From(offset) => {
                (*from, *at) = (offset, offset);
                self.refold_on(id);
            }
            Again::Fresh => self.actions.push_back(Action::OpenShadow { task: id, fresh: true }),
            Again::Restore => self.quarantine(id),
            Again::Stop(why) => self.stall(id, why),
        }
    }

    /// Reads the input on, or goes over to what is to be published.
    fn refold_on(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let State::Rebuilding { at, to, .. } = task.state else { return };
        if at >= to {
            return self.walk(id);
        }
        task.rewind(at);
        task.polling = true;
        let (records, bytes) = (self.options.batch_records_max, self.options.batch_bytes_max);
        self.actions.push_back(Action::Poll { task: id, epoch: task.epoch, from: at, records, bytes });
    }

    /// Records of the input, up to the committed offset.
    pub(crate) fn refold(&mut self, id: TaskId, mut records: Vec<Stored>, next: Offset) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let (State::Rebuilding { at, to, .. }, Some(rebuild)) = (&task.state, &mut task.rebuild) else { return };
        if next <= *at {
            let why = format!("slow: the input gives nothing at {at} although {to} is committed");
            let (records, bytes) = (self.options.batch_records_max, self.options.batch_bytes_max);
            let again = Action::Poll { task: id, epoch: task.epoch, from: *at, records, bytes };
            task.polling = true;
            return self.busy(again, why);
        }
        task.wait = None;
        records.retain(|stored| stored.offset < *to);
        rebuild.polled = Some(Polled { partition: id.partition, records, next: next.min(*to) });
        rebuild.rounds = 0;
        self.refold_chunk(id);
    }

    fn refold_chunk(&mut self, id: TaskId) {
        let (Some(task), Some(fold)) = (self.tasks.get_mut(&id), self.topology.fold(id)) else { return };
        let (State::Rebuilding { at, .. }, Some(rebuild)) = (&mut task.state, &mut task.rebuild) else { return };
        let Some(polled) = rebuild.polled.take() else { return };
        rebuild.rounds += 1;
        match task.processor.fold(&polled, &task.overlay) {
            Folded::Missing { .. } if rebuild.rounds > LOAD_ROUNDS_MAX => {
                self.stall(id, format!("the fold asked for rows {LOAD_ROUNDS_MAX} times in one batch of a rebuild"));
            }
            Folded::Missing { keys, prefixes } => {
                rebuild.polled = Some(polled);
                self.load(id, keys, prefixes);
            }
            Folded::Done(effects) => {
                *at = polled.next;
                let mut writes = effects.rows;
                writes.extend(effects.derived);
                let position = Position {
                    input: polled.next,
                    state: 0,
                    fold_version: fold.version,
                    identity: task.log.identity.clone(),
                    written_ms: self.now_ms,
                };
                task.overlay.wrote(&writes);
                task.overlay.shrink(self.options.rows_bytes_max);
                self.actions.push_back(Action::Apply { task: id, side: Side::Shadow, writes, position });
                self.refold_on(id);
            }
        }
    }

    /// What was asked for is there.
    pub(crate) fn rebuild_loaded(&mut self, id: TaskId) {
        let folding = |task: &crate::task::Task| task.rebuild.as_ref().is_some_and(|rebuild| rebuild.polled.is_some());
        if self.tasks.get(&id).is_some_and(folding) { self.refold_chunk(id) } else { self.publish_chunk(id) }
    }
}
