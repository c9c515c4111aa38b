//! Records that an open transaction hides: they are lag to the high watermark and none to the last stable offset.

use crate::site::{until, until_ready};
use crate::{cluster, made};

/// Records of the transaction, one a second: so long it is open.
const RECORDS: usize = 20;

/// A gauge of one partition of the platform's decode.
fn gauge(metrics: &str, name: &str, partition: u32) -> f64 {
    let begins = format!("{name}{{fold=\"decode-platform\",partition=\"{partition}\"}} ");
    let value = metrics.lines().find_map(|line| line.strip_prefix(&begins));
    value.map_or(0.0, |value| value.parse().expect("a number"))
}

#[test]
fn what_an_open_transaction_hides_is_lag_and_not_stable_lag() {
    let site = made();
    let mut run = site.start("processor", "a");
    until_ready(&mut run);
    let (topic, records) = (format!("{}.platform.v1", site.prefix), RECORDS.to_string());
    let slowly = ["--topic", &topic, "--num-records", &records, "--throughput", "1", "--record-size", "10"];
    let held = ["--transactional-id", "hanging", "--transaction-duration-ms", "55000"];
    std::thread::scope(|scope| {
        let open = || cluster().tool("org.apache.kafka.tools.ProducerPerformance", &[&slowly[..], &held[..]].concat());
        let open = scope.spawn(open);
        until("lag that is not stable, and a commit that ages", || {
            let metrics = run.get("/metrics").1;
            let hidden = |partition| {
                gauge(&metrics, "mailtally_lag_records", partition) >= 1.0
                    && gauge(&metrics, "mailtally_lag_stable_records", partition) == 0.0
                    && gauge(&metrics, "mailtally_commit_age_seconds", partition) >= 1.0
            };
            (0..4).any(hidden)
        });
        let rows = site.rows(&["status"]);
        let hidden = |row: &&serde_json::Value| row["lag"].as_u64() > Some(0) && row["stable_lag"].as_u64() == Some(0);
        assert!(rows.iter().any(|row| hidden(&row)), "{rows:?}");
        assert!(!open.is_finished(), "the transaction was open all the time");
        open.join().expect("ended").expect("committed");
    });
    // What it wrote is none of a mailer's events: now it can be read, and each is a dead letter.
    until("it is read", || site.rows(&["dead-letters", "list", "--each"]).len() == RECORDS);
    until("no lag is left", || {
        let metrics = run.get("/metrics").1;
        (0..4).all(|partition| gauge(&metrics, "mailtally_lag_records", partition) == 0.0)
    });
    run.stop();
}
