//! Retention and compaction of the log in memory: what the contract says they do, in the plainest way.

use std::collections::BTreeMap;

use bytes::Bytes;
use engine::Offset;

use super::state::{Partition, State};
use crate::Cleanup;

/// All that is due at `now_ms`.
pub(super) fn run(state: &mut State, now_ms: i64) {
    for kept in state.topics.values_mut() {
        for partition in &mut kept.partitions {
            match kept.description.spec.cleanup {
                Cleanup::Delete { retention_ms: None } => {}
                Cleanup::Delete { retention_ms: Some(age) } => retain(partition, now_ms.saturating_sub(age)),
                Cleanup::Compact { tombstone_ms } => compact(partition, now_ms, tombstone_ms),
            }
        }
    }
}

fn retain(partition: &mut Partition, oldest_ms: i64) {
    while let Some(entry) = partition.records.first_entry() {
        if entry.get().0.timestamp_ms >= oldest_ms {
            partition.start = *entry.key();
            return;
        }
        entry.remove();
    }
    partition.start = partition.end;
}

fn compact(partition: &mut Partition, now_ms: i64, tombstone_ms: i64) {
    let stable = partition.stable();
    let newest: BTreeMap<Bytes, Offset> = partition
        .records
        .range(..stable)
        .filter_map(|(offset, (record, _))| Some((record.key.clone()?, *offset)))
        .collect();
    let last = partition.records.last_key_value().map(|(offset, _)| *offset);
    partition.records.retain(|offset, (record, stays_until)| {
        if *offset >= stable || Some(*offset) == last {
            return true;
        }
        if record.key.as_ref().is_some_and(|key| newest.get(key) != Some(offset)) {
            return false;
        }
        record.value.is_some() || now_ms <= *stays_until.get_or_insert(now_ms.saturating_add(tombstone_ms))
    });
}
