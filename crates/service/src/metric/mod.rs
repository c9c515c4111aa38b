//! Every metric: its name, kind, labels and meaning. The only place that names one. Labels are words of closed sets
//! (folds, dispositions, reasons, topics, partitions, routes): never an organisation, an id or anybody's words (I8, I10).

mod fed;
mod table;

use metrics::Unit;
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};

pub use fed::{
    RECYCLE_REASONS, Rebalance, letters, rebalanced, reconciled, recycled, restoring, standing, unknown, view,
};
pub use table::*;

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

/// Over which log a metric is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Over every log.
    Any,
    /// Only where the log is in this process.
    Embedded,
    /// Only over Apache Kafka: the embedded log has no groups, brokers and producers that need care.
    Kafka,
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name at `/metrics`.
    pub name: &'static str,
    /// How it moves.
    pub kind: Kind,
    /// Over which log.
    pub over: Over,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub about: &'static str,
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
        if metric.labels.is_empty() && metric.over != Over::Kafka {
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

/// A number for a gauge, which is a float: exact below 2^53.
pub(crate) fn float(number: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "gauges are floats; offsets and bytes stay below 2^53")]
    let float = number as f64;
    float
}

/// Milliseconds as seconds; none below 0.
pub(crate) fn seconds(ms: i64) -> f64 {
    float(u64::try_from(ms).unwrap_or(0)) / 1_000.0
}
