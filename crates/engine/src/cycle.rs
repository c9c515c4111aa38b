//! poll -> load -> fold -> transact -> apply, and its undoing.

use bytes::Bytes;

use crate::batch::Stage;
use crate::exchange::{Action, Loaded, Side};
use crate::machine::{Engine, abort_wait_ms};
use crate::processor::LOAD_ROUNDS_MAX;
use crate::restore::Position;
use crate::task::Task;
use crate::{Effects, Folded, Offset, Output, Record, Stored, TaskId, TopicPartition};

/// A batch of so many records is folded while another commits; a smaller one takes no time.
const OVERLAP_RECORDS_MIN: usize = 2_000;
/// How long a batch waits for what the last commit has fed, in milliseconds: brokers answer a commit before they have written its
/// marks (KIP-98), and refuse a transaction that begins before that.
const FED_WAIT_MS: i64 = 25;
/// How long a batch without a record waits for one, in milliseconds. It only moves offsets over the marks of transactions.
const MARKS_WAIT_MS: i64 = 1_000;

impl Engine {
    /// Asks for records where there may be some and the budget has room.
    pub(crate) fn poll(&mut self) {
        let records = self.options.batch_records_max.saturating_sub(self.batch.records);
        let bytes = self.options.batch_bytes_max.saturating_sub(self.batch.bytes);
        if records == 0 || bytes == 0 {
            return;
        }
        let wanting = |task: &crate::task::Task| task.is_running() && !task.polling && !task.dry;
        let share = self.tasks.values().filter(|task| wanting(task)).count().max(1);
        for (id, task) in self.tasks.iter_mut().filter(|(_, task)| wanting(task)) {
            task.polling = true;
            self.actions.push_back(Action::Poll {
                task: *id,
                epoch: task.epoch,
                from: task.next,
                records: (records / share).max(1),
                bytes: (bytes / share).max(1),
            });
        }
    }

    pub(crate) fn polled(&mut self, id: TaskId, epoch: u64, (records, next, end): (Vec<Stored>, Offset, Offset)) {
        let now_ms = self.now_ms;
        let Some(task) = self.tasks.get_mut(&id).filter(|task| task.epoch == epoch && task.polling) else { return };
        task.polling = false;
        if task.rebuild.is_some() {
            return self.refold(id, records, next);
        }
        task.dry = next >= end;
        if next == task.next {
            return;
        }
        let from = std::mem::replace(&mut task.next, next);
        if self.batch.stage == Stage::Filling {
            self.batch.add(id, from, records, next, now_ms);
        } else {
            // An answer after the batch was sealed: it is asked for again.
            task.rewind(from);
        }
    }

    /// Closes the batch when it is full, or when nobody has more to add and nothing is worth waiting for.
    pub(crate) fn seal(&mut self) {
        let full =
            self.batch.records >= self.options.batch_records_max || self.batch.bytes >= self.options.batch_bytes_max;
        let more = self.tasks.values().any(|task| task.is_running() && (task.polling || !task.dry));
        if self.batch.parts.is_empty() || !(full || (!more && self.has_waited())) {
            return;
        }
        self.batch.stage = Stage::Folding;
        for task in self.tasks.values_mut() {
            task.overlay.shrink(self.options.rows_bytes_max);
        }
    }

    fn has_waited(&self) -> bool {
        // It could not be committed before the one in flight: it takes along what comes meanwhile. A larger one is folded beside that.
        let is_behind = self.is_small() && self.in_flight.is_some();
        !is_behind && self.now_ms >= self.due_ms()
    }

    /// When the batch needs no more company.
    pub(crate) fn due_ms(&self) -> i64 {
        let lingered = self.batch.opened_ms.saturating_add(self.options.linger_ms);
        if self.batch.has_only_marks() {
            return lingered.max(self.batch.opened_ms.saturating_add(MARKS_WAIT_MS));
        }
        let is_fed = self.is_small() && self.tasks.values().any(Task::is_fed);
        if is_fed { lingered.max(self.fed_until_ms) } else { lingered }
    }

    fn is_small(&self) -> bool {
        self.batch.records < OVERLAP_RECORDS_MIN
    }

    /// Folds every part that has what it needs.
    pub(crate) fn fold(&mut self) {
        let waiting =
            |(id, part): (&TaskId, &crate::batch::Part)| (part.effects.is_none() && !part.loading).then_some(*id);
        let ids: Vec<TaskId> = self.batch.parts.iter().filter_map(waiting).collect();
        for id in ids {
            if let Err(why) = self.fold_part(id) {
                return self.stall(id, why);
            }
        }
        if self.batch.is_folded() {
            self.batch.stage = Stage::Folded;
        }
    }

    fn fold_part(&mut self, id: TaskId) -> Result<(), String> {
        let (Some(task), Some(part)) = (self.tasks.get_mut(&id), self.batch.parts.get_mut(&id)) else { return Ok(()) };
        part.rounds += 1;
        match task.processor.fold(&part.polled, &task.overlay) {
            Folded::Missing { .. } if part.rounds > LOAD_ROUNDS_MAX => {
                Err(format!("the fold asked for rows {LOAD_ROUNDS_MAX} times in one batch"))
            }
            Folded::Missing { keys, prefixes } => {
                part.loading = true;
                self.load(id, keys, prefixes);
                Ok(())
            }
            Folded::Done(effects) if effects.dispositions.len() != part.polled.records.len() => Err(format!(
                "the fold gave {} dispositions to {} records (I2)",
                effects.dispositions.len(),
                part.polled.records.len()
            )),
            Folded::Done(effects) => {
                part.effects = Some(effects);
                Ok(())
            }
        }
    }

    pub(crate) fn load(&mut self, task: TaskId, mut keys: Vec<Bytes>, prefixes: Vec<(Bytes, usize)>) {
        keys.sort_unstable();
        keys.dedup();
        let Some(held) = self.tasks.get_mut(&task) else { return };
        held.overlay.asked(prefixes.iter().map(|(prefix, _)| prefix.clone()));
        let side = if held.rebuild.is_some() { Side::Shadow } else { Side::Store };
        self.actions.push_back(Action::Load { task, side, keys, prefixes });
    }

    pub(crate) fn loaded(&mut self, id: TaskId, loaded: Loaded) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        task.overlay.loaded(loaded.rows, loaded.scans);
        if task.bulk.is_some() {
            return self.count_stretch(id);
        }
        if task.restored.is_some() {
            return self.restore_chunk(id);
        }
        if task.rebuild.is_some() {
            return self.rebuild_loaded(id);
        }
        if let Some(part) = self.batch.parts.get_mut(&id) {
            part.loading = false;
        }
    }

    /// Hands the folded batch out as one transaction and begins the next over it.
    pub(crate) fn transact(&mut self) {
        let mut batch = std::mem::take(&mut self.batch);
        let mut outputs = Vec::new();
        let mut offsets = Vec::new();
        for (id, part) in &mut batch.parts {
            let (Some(task), Some(effects)) = (self.tasks.get_mut(id), &mut part.effects) else { continue };
            outputs.append(&mut effects.outputs);
            if let Some(fold) = self.topology.fold(*id).filter(|fold| fold.publishes)
                && let Some(topic) = &fold.state
            {
                let to = TopicPartition { topic: topic.clone(), partition: id.partition };
                outputs.extend(effects.rows.iter().map(|row| published(&to, row, effects)));
            }
            if !part.rebuilt {
                task.overlay.begin(effects.rows.iter().chain(&effects.derived));
            }
            offsets.push((*id, part.polled.next));
        }
        self.transactions += 1;
        self.actions.push_back(Action::Transact { id: self.transactions, outputs, offsets });
        self.in_flight = Some((self.transactions, batch));
    }

    /// The transaction in flight is visible: its rows go to the stores (I1).
    pub(crate) fn commit(&mut self, ends: &[(TopicPartition, Offset)]) {
        let Some((_, batch)) = self.in_flight.take() else { return };
        self.counts.add(&batch);
        self.aborts = 0;
        self.feed(ends);
        for (id, part) in batch.parts {
            let (Some(task), Some(fold)) = (self.tasks.get_mut(&id), self.topology.fold(id)) else { continue };
            let end = ends.iter().find(|(to, _)| fold.is_state(to, id.partition)).map(|(_, end)| *end);
            if part.rebuilt {
                self.published(id, end);
                continue;
            }
            task.committed = part.polled.next;
            task.overlay.committed();
            task.position = Position {
                input: part.polled.next,
                state: end.unwrap_or(task.position.state),
                fold_version: fold.version,
                identity: task.log.identity.clone(),
                written_ms: self.now_ms,
            };
            // A stalled task's store may lack an earlier batch: it stays behind, and a restart heals it.
            let applies = fold.state.is_some() && !task.is_stalled();
            let Some(effects) = part.effects.filter(|_| applies) else { continue };
            let mut writes = effects.rows;
            writes.extend(effects.derived);
            let position = task.position.clone();
            self.actions.push_back(Action::Apply { task: id, side: Side::Store, writes, position });
        }
    }

    /// Notes what these tasks have written to each other: readable once the brokers have written the marks of the commit.
    fn feed(&mut self, ends: &[(TopicPartition, Offset)]) {
        self.fed_until_ms = self.now_ms.saturating_add(FED_WAIT_MS);
        for (id, task) in &mut self.tasks {
            let is_input = |to: &TopicPartition| {
                to.partition == id.partition && self.topology.fold(*id).is_some_and(|fold| fold.input == to.topic)
            };
            task.fed = ends.iter().find(|(to, _)| is_input(to)).map_or(task.fed, |(_, end)| *end);
        }
    }

    /// Nothing of the transaction in flight is visible: it and what was folded over it are dropped, inputs rewound.
    pub(crate) fn abort(&mut self) {
        self.counts.aborts += 1;
        self.aborts = self.aborts.saturating_add(1);
        self.resume_ms = self.now_ms.saturating_add(abort_wait_ms(self.aborts));
        let dropped = self.in_flight.take().map(|(_, batch)| batch.rebuilt()).unwrap_or_default();
        let dropped: Vec<_> = dropped.into_iter().chain(std::mem::take(&mut self.batch).rebuilt()).collect();
        dropped.into_iter().for_each(|id| self.walk_again(id));
        for task in self.tasks.values_mut() {
            task.overlay.aborted();
            if task.state == crate::task::State::Running {
                let committed = task.committed;
                task.rewind(committed);
            }
        }
    }

    /// Drops the batch that is not in flight; its tasks poll it again.
    pub(crate) fn undo(&mut self) {
        for (id, part) in std::mem::take(&mut self.batch).parts {
            if part.rebuilt {
                self.walk_again(id);
            } else if let Some(task) = self.tasks.get_mut(&id) {
                task.rewind(part.from);
            }
        }
    }
}

fn published(to: &TopicPartition, (key, value): &(Bytes, Option<Bytes>), effects: &Effects) -> Output {
    let record = Record {
        key: Some(key.clone()),
        value: value.clone(),
        headers: effects.row_headers.clone(),
        timestamp_ms: effects.row_timestamp_ms,
    };
    Output { to: to.clone(), record }
}
