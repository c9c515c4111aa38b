//! The table of metrics.

use super::{Kind, Metric, Over};

macro_rules! metrics_table {
    ($($constant:ident = $name:literal, $kind:ident, $over:ident, $labels:expr, $about:literal;)*) => {
        $(#[doc = $about] pub const $constant: &str = $name;)*
        /// All metrics, in the order in which they are documented.
        pub const ALL: &[Metric] = &[$(
            Metric { name: $name, kind: Kind::$kind, over: Over::$over, labels: &$labels, about: $about }
        ),*];
    };
}

metrics_table! {
    RECORDS = "mailtally_records_total", Counter, Any, ["fold", "disposition"], "Records committed, by fold and disposition (I2).";
    IGNORED = "mailtally_records_ignored_total", Counter, Any, ["fold", "reason"], "Records without effect, by fold and reason.";
    DEAD_LETTERS = "mailtally_dead_letters_total", Counter, Any, ["fold", "reason"], "Records dead-lettered, by fold and reason.";
    DEAD_LETTERS_KEPT = "mailtally_dead_letters_kept", Gauge, Any, [], "Dead letters that are there and were not redriven; 100,000 means at least so many.";
    DEAD_LETTERS_DAYS = "mailtally_dead_letters_days_left", Gauge, Any, [], "Days until the oldest of them expires; the whole retention while there is none.";
    COMMITS = "mailtally_commits_total", Counter, Any, ["outcome"], "Transactions, by outcome: committed or aborted.";
    UNKNOWN_OUTCOMES = "mailtally_commits_unknown_total", Counter, Any, [], "Transactions whose outcome was not known at once; each is found committed or aborted later.";
    RECYCLED = "mailtally_producers_recycled_total", Counter, Kafka, ["reason"], "Transactional producers that were replaced, by reason.";
    COMMIT_SECONDS = "mailtally_commit_seconds", Histogram, Any, [], "How long a transaction took to become durable.";
    LATENCY = "mailtally_latency_seconds", Histogram, Any, ["fold"], "From the time of a batch's oldest record to its commit, by fold; records keep the time of the event's receipt.";
    APPEND_SECONDS = "mailtally_append_seconds", Histogram, Embedded, [], "How long an intake's append took to become durable.";
    COMMIT_AGE = "mailtally_commit_age_seconds", Gauge, Any, ["fold", "partition"], "Since when a task with lag has committed nothing; 0 without lag.";
    LAG = "mailtally_lag_records", Gauge, Any, ["fold", "partition"], "Offsets between a task's committed offset and the high watermark of its input.";
    STABLE_LAG = "mailtally_lag_stable_records", Gauge, Any, ["fold", "partition"], "Offsets between a task's committed offset and the last stable offset of its input; what the other lag has more is in open transactions.";
    TASKS = "mailtally_tasks", Gauge, Any, [], "Tasks of the installation: folds times partitions, whoever has them.";
    TASK_STATE = "mailtally_task_state", Gauge, Any, ["fold", "partition", "state"], "1 for the state that a task is in.";
    TASK_STATE_SECONDS = "mailtally_task_state_seconds", Gauge, Any, ["fold", "partition"], "Since when a task is in its state.";
    RESTORED = "mailtally_restore_progress_ratio", Gauge, Any, ["fold", "partition"], "Share of a restore or rebuild that is done; 1 when none runs.";
    RESTORE_RATE = "mailtally_restore_records_per_second", Gauge, Any, ["fold", "partition"], "Offsets a second of a running restore or rebuild; 0 when none runs.";
    RESTORE_ETA = "mailtally_restore_eta_seconds", Gauge, Any, ["fold", "partition"], "Seconds until a running restore or rebuild ends at its rate; 0 when none runs or there is no rate yet.";
    RESTORES = "mailtally_restores_total", Counter, Any, ["fold", "kind"], "Restores and rebuilds begun.";
    STALLS = "mailtally_stalls_total", Counter, Any, ["fold"], "Tasks that stopped.";
    REBALANCES = "mailtally_rebalances_total", Counter, Kafka, ["kind"], "Decisions of the group about this instance: assigned, revoked or lost.";
    REBALANCE_SECONDS = "mailtally_rebalance_seconds", Histogram, Kafka, [], "From such a decision until it was carried out.";
    BREAKERS_OPEN = "mailtally_breakers_open", Gauge, Any, ["fold"], "Sources of which too much is refused.";
    UNMATCHED = "mailtally_correlations_unmatched", Gauge, Any, [], "Providers' events that wait for their send.";
    VIEW_STATE = "mailtally_view_state", Gauge, Any, ["state"], "1 for what the view behind this process's pages does: live, catching_up (it has not read everything yet that was published before) or stands_still.";
    VIEW_PROGRESS = "mailtally_view_progress_ratio", Gauge, Any, [], "Share that the view has read of what was published before it began; 1 when it has all.";
    DROPS_LIFTED = "mailtally_drops_lifted_total", Counter, Any, [], "Mails that a provider dropped for what is lifted here, as this process's view saw them: the address is still on the provider's list.";
    RECONCILE_DIFFERENCE = "mailtally_reconcile_difference", Gauge, Any, [], "1 when the last reconcile through this process found a difference, else 0.";
    RECONCILE_TIME = "mailtally_reconcile_timestamp_seconds", Gauge, Any, [], "When that reconcile ended, in seconds since the Unix epoch; 0 before the first.";
    OVERLAY_BYTES = "mailtally_overlay_bytes", Gauge, Any, ["worker"], "Bytes of records and rows that a worker's folds hold in memory, about.";
    LOG_BYTES = "mailtally_log_bytes", Gauge, Embedded, ["topic"], "Compressed bytes of a topic's living records.";
    LOG_DISK_BYTES = "mailtally_log_disk_bytes", Gauge, Embedded, [], "Bytes of all files of the log.";
    STATE_DISK_BYTES = "mailtally_state_disk_bytes", Gauge, Any, [], "Bytes of all files of the stores.";
    DISK_FREE_BYTES = "mailtally_disk_free_bytes", Gauge, Any, [], "Bytes free on the data directory's file system.";
    DISK_HEADROOM_BYTES = "mailtally_disk_headroom_bytes", Gauge, Any, [], "Free bytes below which the intake takes nothing.";
    ROCKSDB_BYTES = "mailtally_rocksdb_memory_bytes", Gauge, Any, ["part"], "Memory of all RocksDB databases, by part.";
    PROCESS_BYTES = "mailtally_process_resident_bytes", Gauge, Any, [], "Resident memory of the process.";
    UPKEEP_REMOVED = "mailtally_upkeep_removed_bytes_total", Counter, Embedded, [], "Bytes removed by retention and compaction.";
    UPKEEP_REWRITTEN = "mailtally_upkeep_rewritten_bytes_total", Counter, Embedded, [], "Bytes written by compaction.";
    INTAKE_EVENTS = "mailtally_intake_events_total", Counter, Embedded, ["outcome"], "Platform events at the HTTP intake: taken or refused.";
    WEBHOOKS = "mailtally_webhooks_total", Counter, Any, ["provider", "outcome"], "Webhook requests, by provider and outcome: logged, spooled, probe, refused, limit (too large, too slow, encoded) or unkept (sent away to come again).";
    WEBHOOKS_REFUSED = "mailtally_webhooks_refused_total", Counter, Any, ["provider", "reason"], "Webhook requests that were not taken for their provider's, by reason.";
    WEBHOOK_SECONDS = "mailtally_webhook_seconds", Histogram, Any, ["provider"], "How long a webhook took from its head to its answer.";
    SPOOL_BYTES = "mailtally_spool_bytes", Gauge, Any, [], "Bytes of webhooks that wait in the spool for the log.";
    SPOOL_BYTES_MAX = "mailtally_spool_limit_bytes", Gauge, Any, [], "Bytes that the spool may have; beyond, providers are told to come again.";
    SPOOL_DRAINED = "mailtally_spool_drained_total", Counter, Any, [], "Webhooks that went from the spool into the log; some twice after a kill.";
    SPOOL_DAMAGED_BYTES = "mailtally_spool_damaged_bytes_total", Counter, Any, [], "Bytes of the spool that could not be read between others that could; their files are kept aside.";
    HTTP_REQUESTS = "mailtally_http_requests_total", Counter, Any, ["route", "status"], "HTTP requests answered.";
    HTTP_SECONDS = "mailtally_http_request_seconds", Histogram, Any, ["route"], "How long an HTTP request took.";
    BUILD = "mailtally_build_info", Gauge, Any, ["version"], "1, with the version that runs.";
}
