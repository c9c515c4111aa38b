//! Every metric: its name, kind, labels and meaning. The only place that names one. Labels are words of closed sets
//! (folds, dispositions, reasons, topics, partitions, routes): never an organisation, an id or anybody's words (I8, I10).

use metrics::Unit;
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};

/// How a metric moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only up.
    Counter,
    /// Up and down.
    Gauge,
    /// Times in seconds, in buckets.
    Histogram,
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name at `/metrics`.
    pub name: &'static str,
    /// How it moves.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub about: &'static str,
}

macro_rules! metrics_table {
    ($($constant:ident = $name:literal, $kind:ident, $labels:expr, $about:literal;)*) => {
        $(#[doc = $about] pub const $constant: &str = $name;)*
        /// All metrics, in the order in which they are documented.
        pub const ALL: &[Metric] =
            &[$(Metric { name: $name, kind: Kind::$kind, labels: &$labels, about: $about }),*];
    };
}

metrics_table! {
    RECORDS = "mailtally_records_total", Counter, ["fold", "disposition"], "Records committed, by fold and disposition (I2).";
    IGNORED = "mailtally_records_ignored_total", Counter, ["fold", "reason"], "Records without effect, by fold and reason.";
    DEAD_LETTERS = "mailtally_dead_letters_total", Counter, ["fold", "reason"], "Records dead-lettered, by fold and reason.";
    COMMITS = "mailtally_commits_total", Counter, ["outcome"], "Transactions, by outcome: committed or aborted.";
    COMMIT_SECONDS = "mailtally_commit_seconds", Histogram, [], "How long a transaction took to become durable.";
    APPEND_SECONDS = "mailtally_append_seconds", Histogram, [], "How long an intake's append took to become durable.";
    COMMIT_AGE = "mailtally_commit_age_seconds", Gauge, ["fold", "partition"], "Since when a task with lag has committed nothing; 0 without lag.";
    LAG = "mailtally_lag_records", Gauge, ["fold", "partition"], "Offsets between a task's committed offset and the end of its input.";
    TASK_STATE = "mailtally_task_state", Gauge, ["fold", "partition", "state"], "1 for the state that a task is in.";
    RESTORED = "mailtally_restore_progress_ratio", Gauge, ["fold", "partition"], "Share of a running restore or rebuild that is done.";
    RESTORES = "mailtally_restores_total", Counter, ["fold", "kind"], "Restores and rebuilds begun.";
    STALLS = "mailtally_stalls_total", Counter, ["fold"], "Tasks that stopped.";
    BREAKERS_OPEN = "mailtally_breakers_open", Gauge, ["fold"], "Sources of which too much is refused.";
    UNMATCHED = "mailtally_correlations_unmatched", Gauge, [], "Providers' events that wait for their send.";
    LOG_BYTES = "mailtally_log_bytes", Gauge, ["topic"], "Compressed bytes of a topic's living records.";
    LOG_DISK_BYTES = "mailtally_log_disk_bytes", Gauge, [], "Bytes of all files of the log.";
    STATE_DISK_BYTES = "mailtally_state_disk_bytes", Gauge, [], "Bytes of all files of the stores.";
    DISK_FREE_BYTES = "mailtally_disk_free_bytes", Gauge, [], "Bytes free on the data directory's file system.";
    ROCKSDB_BYTES = "mailtally_rocksdb_memory_bytes", Gauge, ["part"], "Memory of all RocksDB databases, by part.";
    PROCESS_BYTES = "mailtally_process_resident_bytes", Gauge, [], "Resident memory of the process.";
    UPKEEP_REMOVED = "mailtally_upkeep_removed_bytes_total", Counter, [], "Bytes removed by retention and compaction.";
    UPKEEP_REWRITTEN = "mailtally_upkeep_rewritten_bytes_total", Counter, [], "Bytes written by compaction.";
    INTAKE_EVENTS = "mailtally_intake_events_total", Counter, ["outcome"], "Platform events at the HTTP intake: taken or refused.";
    HTTP_REQUESTS = "mailtally_http_requests_total", Counter, ["route", "status"], "HTTP requests answered.";
    HTTP_SECONDS = "mailtally_http_request_seconds", Histogram, ["route"], "How long an HTTP request took.";
    BUILD = "mailtally_build_info", Gauge, ["version"], "1, with the version that runs.";
}

/// Bounds of the histograms' buckets, in seconds.
const BUCKETS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// Starts keeping metrics for this process; what it gives renders them for `/metrics`.
///
/// # Errors
/// When the process keeps metrics already.
pub fn start() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new().set_buckets(&BUCKETS)?.install_recorder()?;
    for metric in ALL {
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, metric.about),
            Kind::Gauge => metrics::describe_gauge!(metric.name, metric.about),
            Kind::Histogram => metrics::describe_histogram!(metric.name, Unit::Seconds, metric.about),
        }
        if metric.labels.is_empty() {
            begin(metric);
        }
    }
    Ok(handle)
}

/// A metric without labels is there from the start, so that its absence is an alarm and not a beginning.
fn begin(metric: &Metric) {
    match metric.kind {
        Kind::Counter => metrics::counter!(metric.name).absolute(0),
        Kind::Gauge => metrics::gauge!(metric.name).set(0.0),
        Kind::Histogram => {}
    }
}
