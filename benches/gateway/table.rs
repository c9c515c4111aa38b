//! What was measured as rows of a table, and as JSON.

use serde_json::{Value, json};

use crate::load::{Measured, float};

/// One door under one load.
pub(crate) struct Row<'a> {
    pub(crate) workload: &'static str,
    pub(crate) connections: usize,
    /// Of one request.
    pub(crate) events: usize,
    pub(crate) side: &'static str,
    pub(crate) measured: &'a Measured,
    /// The bare door of the same run.
    pub(crate) beside: Option<&'a Measured>,
}

/// Prints the head.
pub(crate) fn head() {
    println!(
        "| workload             | connections | side     | requests/s | events/s | p50 ms | p99 ms | requests an append | ms an append | ratio |"
    );
    println!(
        "|----------------------|------------:|----------|-----------:|---------:|-------:|-------:|-------------------:|-------------:|------:|"
    );
}

impl Row<'_> {
    /// Prints the row; the same as JSON.
    pub(crate) fn print(&self) -> Value {
        let Self { workload, connections, side, measured, .. } = self;
        let requests = measured.per_second();
        let events = requests * float(self.events);
        let [p50, p99] = [50, 99].map(|percent| measured.percentile(percent).as_secs_f64() * 1_000.0);
        let ratio = self.beside.map(|bare| requests / bare.per_second());
        let or_dash = |figure: Option<f64>, digits: usize| match figure {
            Some(figure) => format!("{figure:.digits$}"),
            None => "-".to_owned(),
        };
        let (group, append) = (measured.records_an_append(), measured.ms_an_append());
        println!(
            "| {workload:<20} | {connections:>11} | {side:<8} | {requests:>10.0} | {events:>8.0} | {p50:>6.2} | {p99:>6.2} | {:>18} | {:>12} | {:>5} |",
            or_dash(group, 1),
            or_dash(append, 2),
            or_dash(ratio, 2),
        );
        json!({
            "workload": workload, "connections": connections, "side": side, "requests_per_second": requests,
            "events_per_second": events, "p50_ms": p50, "p99_ms": p99, "requests_per_append": group,
            "ms_per_append": append, "ratio": ratio,
        })
    }
}
