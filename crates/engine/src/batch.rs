//! Records polled and not yet committed, of all tasks of an engine. Contiguous a task; every record has exactly one
//! disposition (I2).

use std::collections::BTreeMap;

use crate::{Disposition, Effects, Offset, Polled, Stored, TaskId};

/// How far a batch is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Records come in.
    #[default]
    Filling,
    /// Loaded and folded, task by task.
    Folding,
    /// Ready to be transacted.
    Folded,
}

/// One task's share.
#[derive(Debug)]
pub(crate) struct Part {
    /// Where the task stands when this batch is undone.
    pub(crate) from: Offset,
    pub(crate) polled: Polled,
    pub(crate) effects: Option<Effects>,
    pub(crate) rounds: usize,
    pub(crate) loading: bool,
    /// It is of a rebuild: nothing was polled, and the offset stays.
    pub(crate) rebuilt: bool,
}

/// Records of one transaction to be.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) stage: Stage,
    pub(crate) parts: BTreeMap<TaskId, Part>,
    pub(crate) records: usize,
    pub(crate) bytes: usize,
    pub(crate) opened_ms: i64,
}

impl Batch {
    /// Adds what a task polled from `from` on.
    pub(crate) fn add(&mut self, task: TaskId, from: Offset, records: Vec<Stored>, next: Offset, now_ms: i64) {
        if self.parts.is_empty() {
            self.opened_ms = now_ms;
        }
        self.records += records.len();
        self.bytes += records.iter().map(size).sum::<usize>();
        let part = self.parts.entry(task).or_insert_with(|| Part {
            from,
            polled: Polled { partition: task.partition, records: Vec::new(), next: from },
            effects: None,
            rounds: 0,
            loading: false,
            rebuilt: false,
        });
        assert!(
            part.polled.next == from,
            "a task's records in a batch are contiguous: {} then {from}",
            part.polled.next
        );
        if part.polled.records.is_empty() {
            part.polled.records = records;
        } else {
            part.polled.records.extend(records);
        }
        part.polled.next = next;
    }

    /// Adds what a rebuild publishes while its task stands at `at`.
    pub(crate) fn publish(&mut self, task: TaskId, at: Offset, effects: Effects, now_ms: i64) {
        if self.parts.is_empty() {
            self.opened_ms = now_ms;
        }
        self.records += effects.rows.len() + effects.outputs.len();
        let polled = Polled { partition: task.partition, records: Vec::new(), next: at };
        let part = Part { from: at, polled, effects: Some(effects), rounds: 0, loading: false, rebuilt: true };
        self.parts.insert(task, part);
    }

    /// The tasks of which a rebuild is in it.
    pub(crate) fn rebuilt(&self) -> Vec<TaskId> {
        self.parts.iter().filter(|(_, part)| part.rebuilt).map(|(task, _)| *task).collect()
    }

    /// Whether it moves offsets and no more: what was read there were marks of transactions, or records that are gone.
    pub(crate) fn has_only_marks(&self) -> bool {
        self.parts.values().all(|part| part.polled.records.is_empty() && !part.rebuilt)
    }

    /// Whether every part is folded.
    pub(crate) fn is_folded(&self) -> bool {
        self.parts.values().all(|part| part.effects.is_some())
    }
}

/// What became of the records of committed batches. Counts, for whoever keeps metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records by fold and disposition.
    pub dispositions: BTreeMap<(crate::topology::FoldIndex, Disposition), u64>,
    /// The earliest time of a record, by fold, in milliseconds since the Unix epoch.
    pub oldest_ms: BTreeMap<crate::topology::FoldIndex, i64>,
    /// Transactions committed.
    pub commits: u64,
    /// Transactions aborted, or unknown and found aborted.
    pub aborts: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, batch: &Batch) {
        self.commits += 1;
        for (task, part) in &batch.parts {
            if let Some(oldest_ms) = part.polled.records.iter().map(|stored| stored.record.timestamp_ms).min() {
                self.oldest_ms.entry(task.fold).and_modify(|known| *known = oldest_ms.min(*known)).or_insert(oldest_ms);
            }
            for disposition in part.effects.iter().flat_map(|effects| &effects.dispositions) {
                *self.dispositions.entry((task.fold, *disposition)).or_default() += 1;
            }
        }
    }
}

/// Bytes of key, value and headers.
pub(crate) fn size(stored: &Stored) -> usize {
    let record = &stored.record;
    let length = |bytes: &Option<bytes::Bytes>| bytes.as_ref().map_or(0, bytes::Bytes::len);
    length(&record.key) + length(&record.value) + record.headers.as_bytes().len()
}
