//! The table of metrics, the documentation and what a live `run` says agree.

use std::collections::BTreeSet;

use service::metric::{ALL, DEAD_LETTERS, IGNORED, Kind, Over, WEBHOOK_SECONDS, WEBHOOKS, WEBHOOKS_REFUSED};

use crate::live::{Live, over, send, sent, settle, until};

const README: &str = include_str!("../../../../deploy/README.md");

/// Names with their types, as `/metrics` says.
fn said(metrics: &str) -> BTreeSet<(String, String)> {
    let types = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types.filter_map(|line| line.split_once(' ')).map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect()
}

#[test]
fn every_metric_is_documented_as_it_is() {
    for metric in ALL {
        let labels = metric.labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        let over = match metric.over {
            Over::Any => "",
            Over::Embedded => "embedded log",
            Over::Kafka => "Kafka",
        };
        let row = format!("| `{}` | {:?} | {labels} | {over} | {} |", metric.name, metric.kind, metric.about);
        let row = row.replace("|  |", "| |").replace("|  |", "| |");
        assert!(README.contains(&row), "deploy/README.md lacks\n{row}");
    }
    let rows = README.lines().filter(|line| line.starts_with("| `mailtally_")).count();
    assert_eq!(rows, ALL.len(), "deploy/README.md has rows for metrics that are not there");
}

#[test]
fn a_live_run_says_what_the_table_says() {
    let root = tempfile::tempdir().expect("directory");
    let live = Live::start(root.path(), &[]);
    assert_eq!(live.post(&(send("m1", "spring") + &send("m1", "spring") + "{}\n")).0, 207);
    until("folded", || sent(root.path(), "spring") == 1);
    settle(root.path());
    until("a look at everything", || live.get("/metrics").1.contains("mailtally_rocksdb_memory_bytes{"));
    let (status, metrics) = live.get("/metrics");
    assert_eq!(status, 200);
    let said = said(&metrics);
    for metric in ALL.iter().filter(|metric| metric.over != Over::Kafka) {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        // By reason: nothing was ignored, and decode's refusals are of the intake's own. No webhook came.
        let is_rare = [IGNORED, DEAD_LETTERS, WEBHOOKS, WEBHOOKS_REFUSED, WEBHOOK_SECONDS].contains(&metric.name);
        let pair = (metric.name.to_owned(), kind.to_owned());
        assert!(is_rare || said.contains(&pair), "{pair:?} is not in\n{metrics}");
    }
    let known: BTreeSet<&str> = ALL.iter().map(|metric| metric.name).collect();
    for (name, _) in &said {
        assert!(known.contains(name.as_str()), "{name} is not in the table");
    }
    for line in [
        "mailtally_records_total{fold=\"messages\",disposition=\"folded\"} ",
        "mailtally_intake_events_total{outcome=\"refused\"} 1",
        "mailtally_http_requests_total{route=\"/v1/platform-events\",status=\"207\"} 1",
        "mailtally_lag_records{fold=\"campaigns\",partition=\"3\"} 0",
        "mailtally_task_state{fold=\"messages\",partition=\"0\",state=\"live\"} 1",
    ] {
        until(line, || live.get("/metrics").1.contains(line));
    }
    assert!(over(root.path(), &["reconcile"]).status.success());
    let (_, metrics) = live.get("/metrics");
    assert!(metrics.contains("mailtally_reconcile_difference 0"), "{metrics}");
    assert!(!metrics.contains("mailtally_reconcile_timestamp_seconds 0\n"), "a reconcile has ended");
    live.stop();
}

#[test]
fn a_drop_for_what_is_lifted_here_is_counted() {
    let root = tempfile::tempdir().expect("directory");
    let live = Live::start(root.path(), &[]);
    let line = |second: u32, said: &str| {
        format!("{{\"organisation\":\"acme\",\"time\":\"2026-05-01T10:01:{second:02}Z\",{said}}}\n")
    };
    let preference = |subscribed| format!(r#""preference":{{"client":"k-m1","subscribed":{subscribed}}}"#);
    let refused = |message: &str| {
        format!(
            r#""refused":{{"message":"{message}","campaign":"spring","client":"k-m1","address":"m1@example.org","reason":"unsubscribed","text":"on the list"}}"#
        )
    };
    let before = send("m1", "spring") + &line(1, &preference(false)) + &line(2, &refused("m2"));
    assert_eq!(live.post(&before).0, 200);
    settle(root.path());
    assert_eq!(live.post(&line(3, &preference(true))).0, 200);
    settle(root.path());
    assert_eq!(live.post(&line(4, &refused("m3"))).0, 200);
    until("the drop is seen", || live.get("/metrics").1.contains("mailtally_drops_lifted_total 1\n"));
    live.stop();
}
