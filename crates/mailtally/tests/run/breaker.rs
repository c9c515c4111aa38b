//! A source of which too much is refused: it alerts, and stops its partition only where that is set.

use crate::live::{Live, over, until};

#[test]
fn an_open_breaker_alerts_and_stops_its_partition_if_set() {
    for stops in [false, true] {
        let root = tempfile::tempdir().expect("directory");
        let (data, file) = (root.path().join("data"), root.path().join("batch.json"));
        let config = root.path().join("mailtally.toml");
        let account = "[[account]]\nprovider = \"sendgrid\"\norganisations = [\"acme\"]\n";
        std::fs::write(&config, format!("[breaker]\nrecords = 10\nstops = {stops}\n{account}")).expect("written");
        let config = config.to_str().expect("a path");
        let event = |n: u32| {
            format!(
                r#"{{"event":"open","email":"a@example.org","timestamp":1777629605,"sg_event_id":"e{n}","mailtally_organisation":"rival","mailtally_message":"m{n}"}}"#
            )
        };
        let events: Vec<String> = (0..40).map(event).collect();
        std::fs::write(&file, format!("[{}]", events.join(","))).expect("written");
        let live = Live::start(&data, &["--config", config]);
        over(&data, &["ingest", "--provider", "sendgrid", file.to_str().expect("a path"), "--config", config]);
        until("the alert", || live.get("/metrics").1.contains("mailtally_breakers_open{fold=\"decode-webhooks\"} 1"));
        if stops {
            until("the stop", || live.get("/health/ready").1.contains("breaker.stops: of 1 sources"));
            let stalled = live.get("/health/ready").1.matches("\"stalled\"").count();
            assert_eq!(stalled, 1, "the other partitions go on");
            let status = over(&data, &["status", "--config", config]);
            assert_eq!(status.status.code(), Some(1));
        } else {
            assert_eq!(live.get("/health/ready").0, 200, "it goes on");
        }
        assert!(live.stop().contains("too much of one organisation's records is refused"));
    }
}
