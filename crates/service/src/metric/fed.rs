//! What others feed: plain numbers in, metrics out, so that nobody else names a metric with labels.

use std::time::Duration;

use super::{float, seconds, table};
use crate::health::{VIEW_STATES, ViewReport};

const DAY_MS: i64 = 86_400_000;

/// Why a transactional producer is replaced: the closed set of the label `reason`.
pub const RECYCLE_REASONS: [&str; 5] = ["slow_commit", "timed_out", "disconnected", "unknown_outcome", "fatal"];

/// What a group decides about an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebalance {
    /// It got partitions.
    Assigned,
    /// It hands partitions over.
    Revoked,
    /// Its partitions are somebody else's already.
    Lost,
}

/// A decision of the group was carried out, so long after it was told.
pub fn rebalanced(kind: Rebalance, took: Duration) {
    let kind = match kind {
        Rebalance::Assigned => "assigned",
        Rebalance::Revoked => "revoked",
        Rebalance::Lost => "lost",
    };
    metrics::counter!(table::REBALANCES, "kind" => kind).increment(1);
    metrics::histogram!(table::REBALANCE_SECONDS).record(took);
}

/// A transactional producer was replaced; a reason outside of [`RECYCLE_REASONS`] counts as `fatal`.
pub fn recycled(reason: &str) {
    let reason = RECYCLE_REASONS.iter().find(|known| **known == reason).copied().unwrap_or("fatal");
    metrics::counter!(table::RECYCLED, "reason" => reason).increment(1);
}

/// A transaction's outcome was not known at once.
pub fn unknown() {
    metrics::counter!(table::UNKNOWN_OUTCOMES).increment(1);
}

/// A reconcile ended at a time in milliseconds since the Unix epoch.
pub fn reconciled(difference: bool, now_ms: i64) {
    metrics::gauge!(table::RECONCILE_DIFFERENCE).set(if difference { 1.0 } else { 0.0 });
    metrics::gauge!(table::RECONCILE_TIME).set(seconds(now_ms));
}

/// How many dead letters are kept, and how long the oldest stays, in milliseconds; for ever where that is not said.
pub fn letters(kept: u64, left_ms: Option<i64>) {
    metrics::gauge!(table::DEAD_LETTERS_KEPT).set(float(kept));
    let days = left_ms.map_or(f64::INFINITY, |left_ms| seconds(left_ms) / seconds(DAY_MS));
    metrics::gauge!(table::DEAD_LETTERS_DAYS).set(days);
}

/// What the view behind the pages does.
pub fn view(report: &ViewReport) {
    for state in VIEW_STATES {
        metrics::gauge!(table::VIEW_STATE, "state" => state).set(if state == report.state { 1.0 } else { 0.0 });
    }
    metrics::gauge!(table::VIEW_PROGRESS).set(report.percent.map_or(1.0, |percent| float(percent) / 100.0));
}

/// Where a task stands: offsets between its committed offset and the high watermark, and the last stable offset, of its input;
/// and since when it has committed nothing although it could, in milliseconds.
pub fn standing(fold: &'static str, partition: u32, (lag, stable_lag): (u64, u64), commit_age_ms: i64) {
    let partition = partition.to_string();
    let gauge = |name| metrics::gauge!(name, "fold" => fold, "partition" => partition.clone());
    gauge(table::LAG).set(float(lag));
    gauge(table::STABLE_LAG).set(float(stable_lag));
    gauge(table::COMMIT_AGE).set(seconds(commit_age_ms));
}

/// How far a task's restore or rebuild is: share that is done, offsets a second, seconds that are left.
pub fn restoring(fold: &'static str, partition: u32, ratio: f64, rate: u64, eta_seconds: Option<u64>) {
    let partition = partition.to_string();
    let gauge = |name| metrics::gauge!(name, "fold" => fold, "partition" => partition.clone());
    gauge(table::RESTORED).set(ratio);
    gauge(table::RESTORE_RATE).set(float(rate));
    gauge(table::RESTORE_ETA).set(float(eta_seconds.unwrap_or(0)));
}
