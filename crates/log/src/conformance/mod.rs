//! The suite that every [`Log`] runs: plain functions over a [`Subject`]. Knows the contract only, so it asks for nothing that
//! Kafka does not promise: offsets may have gaps, and upkeep happens when the subject can be told to.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "test code that the tests of other crates call: a panic is its verdict"
)]

pub mod fencing;
pub mod reading;
pub mod topics;
pub mod transactions;
pub mod upkeep;

use std::collections::BTreeMap;

use bytes::Bytes;
use engine::{Headers, Offset, Output, Record, Stored, Topic, TopicPartition};

use crate::{Cleanup, Log, ReadLimit, TopicSpec};

/// One log under test, and what the suite must be able to do to it from outside.
pub trait Subject {
    /// The implementation.
    type Log: Log;

    /// The log: empty the first time; later the same one again, after the handle before was dropped.
    fn open(&mut self) -> Self::Log;

    /// Does all retention and compaction that is due at `now_ms`. `false`: it cannot be told, the case ends there.
    fn settle(&mut self, _log: &Self::Log, _now_ms: i64) -> bool {
        false
    }

    /// A name that no other case on the same log uses.
    fn name(&self, short: &str) -> String {
        short.to_owned()
    }

    /// Size in bytes of a value that it must refuse.
    fn too_large(&self) -> usize;
}

/// One `#[test]` a case over the subject that the expression makes.
#[macro_export]
macro_rules! conformance {
    ($fresh:expr) => {
        $crate::conformance!(@cases $fresh,
            topics: making_a_topic_again_changes_nothing, a_topic_wanted_otherwise_is_a_mismatch,
                what_does_not_exist_is_unknown, identity_and_records_survive_reopening;
            reading: records_come_back_as_appended_in_order, a_read_obeys_its_limits, every_offset_can_be_read_from,
                who_begins_anew_reads_to_the_end_of_now,
                reading_beyond_the_end_is_refused, the_version_wakes_who_waits;
            transactions: a_commit_moves_records_and_offsets_together, a_refused_transaction_leaves_nothing,
                readers_never_see_half_of_a_transaction, concurrent_producers_lose_nothing, committed_offsets_are_per_group;
            fencing: a_newer_producer_fences_the_older, fencing_in_flight_leaves_a_stable_offset, other_ids_are_not_fenced;
            upkeep: compaction_keeps_the_latest_of_each_key, tombstones_stay_their_time_and_then_go,
                retention_moves_the_start, a_compacted_topic_refuses_records_without_a_key;
        );
    };
    (@cases $fresh:expr, $($module:ident: $($case:ident),+;)+) => {
        $(mod $module {
            use super::*;
            $(#[test]
            fn $case() {
                $crate::conformance::$module::$case($fresh);
            })+
        })+
    };
}

/// Far more than any case writes.
const ALL: ReadLimit = ReadLimit { records: 1_000_000, bytes: 64 << 20 };

fn spec<S: Subject>(subject: &S, short: &str, partitions: u32, cleanup: Cleanup) -> TopicSpec {
    TopicSpec { name: Topic::new(&subject.name(short)), partitions, cleanup }
}

fn kept<S: Subject>(subject: &S, short: &str, partitions: u32) -> TopicSpec {
    spec(subject, short, partitions, Cleanup::Delete { retention_ms: None })
}

fn at(spec: &TopicSpec, partition: u32) -> TopicPartition {
    TopicPartition { topic: spec.name.clone(), partition }
}

fn record(key: &str, value: &str) -> Record {
    Record {
        key: Some(Bytes::copy_from_slice(key.as_bytes())),
        value: Some(Bytes::copy_from_slice(value.as_bytes())),
        headers: Headers::default(),
        timestamp_ms: 1_700_000_000_000,
    }
}

fn output(to: &TopicPartition, key: &str, value: &str) -> Output {
    Output { to: to.clone(), record: record(key, value) }
}

/// Everything readable from `from`, by reads of `limit`, checking what must hold of each read.
fn drain(log: &dyn Log, partition: &TopicPartition, from: Offset, limit: ReadLimit) -> Vec<Stored> {
    let (mut all, mut next): (Vec<Stored>, _) = (Vec::new(), from);
    loop {
        let read = log.read(partition, next, limit).unwrap();
        assert!(read.next >= next && read.next <= read.high_watermark, "a read goes forward and not past the end");
        assert!(
            read.records.iter().all(|stored| stored.offset >= next && stored.offset < read.next),
            "offsets within the read"
        );
        assert!(read.records.len() <= limit.records, "no more records than asked for");
        let done = read.next == read.high_watermark;
        assert!(done || read.next > next, "a read before the end makes progress");
        next = read.next;
        all.extend(read.records);
        if done {
            assert!(all.windows(2).all(|pair| pair[0].offset < pair[1].offset), "offsets rise");
            return all;
        }
    }
}

fn start(log: &dyn Log, partition: &TopicPartition) -> Offset {
    log.bounds(partition).unwrap().start
}

fn values(stored: &[Stored]) -> Vec<String> {
    stored.iter().map(|one| text(one.record.value.as_ref())).collect()
}

fn text(bytes: Option<&Bytes>) -> String {
    bytes.map_or_else(|| "-".to_owned(), |bytes| String::from_utf8_lossy(bytes).into_owned())
}

/// What a reader who keeps the latest of each key would hold.
fn latest(stored: &[Stored]) -> BTreeMap<String, String> {
    stored.iter().map(|one| (text(one.record.key.as_ref()), text(one.record.value.as_ref()))).collect()
}
