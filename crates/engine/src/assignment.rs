//! Tasks come, are brought up to the committed log, and go.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::bulk::Bulk;
use crate::exchange::{Action, Side};
use crate::machine::Engine;
use crate::overlay::Overlay;
use crate::processor::LOAD_ROUNDS_MAX;
use crate::restore::{self, LogFacts, Plan, Position, Restored as Rows};
use crate::task::{Restored, State, Task};
use crate::{Effects, Folded, Made, Offset, Processor, Stored, TaskId};

impl Engine {
    pub(crate) fn assigned(&mut self, id: TaskId, processor: Box<dyn Processor>) {
        let mut task = Task::new(processor);
        let stateless = self.topology.fold(id).is_some_and(|fold| fold.state.is_none());
        if stateless {
            task.state = State::Positioning;
        }
        self.tasks.insert(id, task);
        self.actions.push_back(if stateless { Action::Positions(id) } else { Action::Open(id) });
    }

    pub(crate) fn opened(&mut self, id: TaskId, store: Option<Position>) {
        let Some(task) = self.tasks.get_mut(&id).filter(|task| task.state == State::Opening) else { return };
        task.position = store.unwrap_or_default();
        task.state = State::Positioning;
        self.actions.push_back(Action::Positions(id));
    }

    pub(crate) fn positioned(&mut self, id: TaskId, log: &LogFacts) {
        let (Some(task), Some(fold)) = (self.tasks.get_mut(&id), self.topology.fold(id)) else { return };
        if task.state != State::Positioning {
            return;
        }
        let store = Some(&task.position).filter(|_| !task.is_new());
        let plan = restore::decide(fold.version, store, log, self.now_ms);
        task.log = log.clone();
        task.made = None;
        task.recount = false;
        task.committed = log.committed.unwrap_or(log.input_start);
        match plan {
            Plan::Replay { from, to } => {
                let is_filled = task.position.fold_version == 0 && fold.publishes && (from < to || !task.is_new());
                task.bulk = is_filled.then(|| Bulk::new(!task.is_new()));
                task.state = State::Restoring { from, at: from, to, rows: 0, bytes: 0 };
                task.began_ms = self.now_ms;
                self.restore_on(id);
            }
            Plan::Full => self.quarantine(id),
            Plan::Stop(why) => self.stall(id, why),
        }
    }

    /// Reads on, or ends the restore.
    fn restore_on(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let State::Restoring { at, to, .. } = task.state else { return };
        if at < to {
            self.actions.push_back(Action::ReadState { task: id, from: at, to });
            return;
        }
        let Some(fold) = self.topology.fold(id) else { return };
        let is_current = restore::restored(fold.version, task.position.fold_version, task.made) == Rows::Current;
        match &task.bulk {
            Some(_) if is_current => return self.count(id),
            Some(_) => self.leave_uncounted(id),
            None => {}
        }
        self.restored(id);
    }

    /// Every committed row is in the store: the task runs, unless the rows are of another version.
    pub(crate) fn restored(&mut self, id: TaskId) {
        let (Some(task), Some(fold)) = (self.tasks.get_mut(&id), self.topology.fold(id)) else { return };
        let State::Restoring { at, .. } = task.state else { return };
        if task.recount {
            // As if a rebuild had not ended: what was published is right, what is derived from it here is not.
            task.made = Some(Made { version: fold.version, rebuilding: true });
        }
        match restore::restored(fold.version, task.position.fold_version, task.made) {
            Rows::Older if !fold.publishes => return self.quarantine(id),
            Rows::Older => return self.rebuild(id),
            Rows::Stop(why) => return self.stall(id, why),
            Rows::Current => {}
        }
        task.position = Position {
            input: task.committed,
            state: at.max(task.position.state),
            fold_version: fold.version,
            identity: task.log.identity.clone(),
            written_ms: self.now_ms,
        };
        if fold.state.is_some() {
            let position = task.position.clone();
            self.actions.push_back(Action::DropShadow(id));
            self.actions.push_back(Action::Apply { task: id, side: Side::Store, writes: Vec::new(), position });
        }
        self.run(id);
    }

    /// The task's rows are up to the committed log and of this version.
    pub(crate) fn run(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        task.state = State::Running;
        let committed = task.committed;
        task.rewind(committed);
    }

    /// Puts the store aside and restores a new one from the published rows.
    pub(crate) fn quarantine(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        task.state = State::Opening;
        task.rebuild = None;
        task.wait = None;
        task.bulk = None;
        task.overlay = Overlay::default();
        self.actions.push_back(Action::Quarantine(id));
    }

    /// Asks the log again, and applies what was committed since.
    pub(crate) fn position_again(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        task.state = State::Positioning;
        task.rebuild = None;
        task.wait = None;
        task.bulk = None;
        task.overlay = Overlay::default();
        self.actions.push_back(Action::Positions(id));
    }

    pub(crate) fn state_read(&mut self, id: TaskId, records: Vec<Stored>, next: Offset) {
        let restoring = |task: &&mut Task| matches!(task.state, State::Restoring { .. });
        let Some(task) = self.tasks.get_mut(&id).filter(restoring) else { return };
        if let State::Restoring { rows, bytes, .. } = &mut task.state {
            *rows += u64::try_from(records.len()).unwrap_or(0);
            *bytes += u64::try_from(records.iter().map(crate::batch::size).sum::<usize>()).unwrap_or(0);
        }
        if self.topology.fold(id).is_some_and(|fold| fold.publishes)
            && let Some(stored) = records.last()
        {
            task.made = Some(task.processor.made(&stored.record.headers));
        }
        if task.bulk.is_some() {
            if let State::Restoring { at, .. } = &mut task.state {
                *at = next;
            }
            self.gather_rows(id, records);
            return self.restore_on(id);
        }
        let last = records.last().map(|stored| stored.offset);
        let latest: BTreeMap<Bytes, Option<Bytes>> =
            records.into_iter().filter_map(|stored| Some((stored.record.key?, stored.record.value.map(own)))).collect();
        task.restored = Some(Restored { rows: latest.into_iter().collect(), next, last, rounds: 0 });
        self.restore_chunk(id);
    }

    /// Recounts what is derived from a chunk of rows, then applies both (I6).
    pub(crate) fn restore_chunk(&mut self, id: TaskId) {
        let (Some(task), Some(fold)) = (self.tasks.get_mut(&id), self.topology.fold(id)) else { return };
        let Some(mut chunk) = task.restored.take() else { return };
        chunk.rounds += 1;
        let older = ![0, fold.version].contains(&task.position.fold_version);
        let folded = match older {
            // What an older version derived is left as it is: a rebuild makes it anew and reads the rows alone.
            true => Folded::Done(Effects::default()),
            false => task.processor.restore(&chunk.rows, &task.overlay),
        };
        match folded {
            Folded::Missing { .. } if chunk.rounds > LOAD_ROUNDS_MAX => {
                self.stall(id, format!("the restore asked for rows {LOAD_ROUNDS_MAX} times in one chunk"));
            }
            Folded::Missing { keys, prefixes } => {
                task.restored = Some(chunk);
                self.load(id, keys, prefixes);
            }
            Folded::Done(effects) => {
                let mut writes = if fold.publishes { chunk.rows } else { Vec::new() };
                writes.extend(effects.derived);
                task.recount |= effects.recount;
                // The input offset stays behind until the restore ends: a crash here replays, never skips. The last row is
                // read again, because it tells the version of all.
                task.position.state = chunk.last.unwrap_or(task.position.state).max(task.position.state);
                if effects.recount {
                    // Also after a crash the store is to be known for what it is.
                    task.position.fold_version = fold.version.saturating_sub(1);
                } else if !older {
                    task.position.fold_version = fold.version;
                }
                task.position.identity = task.log.identity.clone();
                task.position.written_ms = self.now_ms;
                if let State::Restoring { at, .. } = &mut task.state {
                    *at = chunk.next;
                }
                task.overlay.loaded(writes.clone(), Vec::new());
                task.overlay.shrink(self.options.rows_bytes_max);
                let position = task.position.clone();
                self.actions.push_back(Action::Apply { task: id, side: Side::Store, writes, position });
                self.restore_on(id);
            }
        }
    }

    /// The task stops, the others go on: what was folded beside it is polled again.
    pub(crate) fn stall(&mut self, id: TaskId, why: String) {
        if self.batch.parts.contains_key(&id) {
            self.undo();
        }
        if let Some(task) = self.tasks.get_mut(&id) {
            task.state = State::Stalled(why);
            task.restored = None;
            task.bulk = None;
            task.rebuild = None;
            task.wait = None;
            task.polling = false;
        }
    }

    pub(crate) fn revoking(&mut self, ids: &[TaskId]) {
        if ids.iter().any(|id| self.batch.parts.contains_key(id)) {
            self.undo();
        }
        for id in ids {
            if let Some(task) = self.tasks.get_mut(id) {
                task.closing = true;
                // An answer that is on its way would open a batch that nobody waits for.
                let next = task.next;
                task.rewind(next);
            }
        }
    }

    /// Releases closing tasks of which nothing is in flight.
    pub(crate) fn release(&mut self) {
        let open = |id: &TaskId| self.in_flight.as_ref().is_some_and(|(_, batch)| batch.parts.contains_key(id));
        let ready: Vec<TaskId> =
            self.tasks.iter().filter(|(id, task)| task.closing && !open(id)).map(|(id, _)| *id).collect();
        for id in ready {
            self.tasks.remove(&id);
            let is_due = |action: &Action| {
                action.task() != Some(id) || matches!(action, Action::Apply { .. } | Action::Fill { .. })
            };
            self.actions.retain(is_due);
            self.actions.push_back(Action::Release(id));
        }
    }

    /// Nothing of these tasks may be applied any more, whatever becomes of the transaction in flight.
    pub(crate) fn lost(&mut self, ids: &[TaskId]) {
        if ids.iter().any(|id| self.batch.parts.contains_key(id)) {
            self.undo();
        }
        self.withdraw(ids);
        for id in ids {
            if self.tasks.remove(id).is_some() {
                // What was asked for the task of old would answer the task of the same name that may come next.
                self.actions.retain(|action| action.task() != Some(*id));
                self.actions.push_back(Action::Release(*id));
            }
        }
    }

    /// Takes lost tasks out of the transaction in flight. One that nobody has begun yet is aborted: it would commit offsets
    /// that are another worker's by now. One that is on its way is the log's to refuse; the tasks that are left decide
    /// an unknown outcome.
    fn withdraw(&mut self, ids: &[TaskId]) {
        let Some((open, batch)) = &mut self.in_flight else { return };
        let before = batch.parts.len();
        batch.parts.retain(|id, _| !ids.contains(id));
        if batch.parts.len() == before {
            return;
        }
        let is_it = |action: &Action| matches!(action, Action::Transact { id, .. } if id == open);
        if let Some(place) = self.actions.iter().position(is_it) {
            self.actions.remove(place);
            self.abort();
        }
    }
}

/// A copy, so that a row kept in memory does not keep the batch of the log that it was read in.
fn own(row: Bytes) -> Bytes {
    Bytes::copy_from_slice(&row)
}
