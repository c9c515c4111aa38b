//! `topics plan|create|check` against a broker: what is missing is made, what is there is compared and left alone.

use kafka::{Creation, Kafka, Options};

use crate::site::Site;

fn states(site: &Site, arguments: &[&str]) -> (i32, Vec<(String, String)>) {
    let output = site.ask(&[arguments, &["--format", "json"]].concat());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let row = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let word = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let state = if word("state") == "wrong" { word("found") } else { word("state") };
        (word("topic"), state)
    };
    (output.status.code().expect("a code"), text.lines().map(row).collect())
}

fn count(rows: &[(String, String)], state: &str) -> usize {
    rows.iter().filter(|(_, is)| is == state).count()
}

#[test]
fn what_is_missing_is_planned_then_made_then_good() {
    let site = Site::new();
    let (code, rows) = states(&site, &["topics", "check"]);
    assert_eq!((code, count(&rows, "missing")), (1, 14));
    let (code, rows) = states(&site, &["topics", "plan"]);
    assert_eq!((code, count(&rows, "missing")), (0, 14), "nothing was made");
    let (code, rows) = states(&site, &["topics", "create"]);
    assert_eq!((code, count(&rows, "made")), (0, 14));
    for command in ["check", "plan", "create"] {
        let (code, rows) = states(&site, &["topics", command]);
        assert_eq!((code, count(&rows, "good")), (0, 14), "{command}: {rows:?}");
    }
    let kafka = Kafka::open(Options::new(&site.servers, &site.prefix)).expect("open");
    let private = format!("{}.private.v1", site.prefix);
    let described = kafka.describe().expect("described");
    let private = described.iter().find(|topic| topic.name == private).expect("it is there");
    assert_eq!(private.configs.get("max.compaction.lag.ms").map(String::as_str), Some("86400000"));
    assert_eq!(private.partitions, 4);
}

#[test]
fn what_is_there_is_compared_and_never_changed() {
    let site = Site::new();
    let kafka = Kafka::open(Options::new(&site.servers, &site.prefix)).expect("open");
    let named = |part: &str| format!("{}.{part}.v1", site.prefix);
    let make = |part: &str, partitions, configs: &[(&str, &str)]| {
        let configs = configs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let topic = Creation { name: named(part), partitions, replication: Some(1), configs };
        assert!(kafka.create(&topic).expect("made"));
        assert!(!kafka.create(&topic).expect("asked"), "it is there");
    };
    make("platform", 4, &[("retention.ms", "1000"), ("max.message.bytes", "8388608")]);
    make("events", 3, &[("retention.ms", "-1"), ("max.message.bytes", "8388608")]);
    make("message-status", 4, &[("cleanup.policy", "compact,delete"), ("max.message.bytes", "8388608")]);
    for command in ["create", "check"] {
        let (code, rows) = states(&site, &["topics", command]);
        assert_eq!(code, 1, "{command}");
        for (part, found) in [
            ("platform", "retention.ms=1000"),
            ("events", "3 partitions"),
            ("message-status", "cleanup.policy=compact,delete"),
        ] {
            assert!(rows.contains(&(named(part), found.to_owned())), "{command}: {found} is not in {rows:?}");
        }
    }
    let output = site.ask(&["topics", "check"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("--add-config retention.ms=2592000000, or set retention.intake_days"), "{said}");
    assert!(said.contains("a topic's partitions never change in place"), "{said}");
    let described = kafka.describe().expect("described");
    let events = described.iter().find(|topic| topic.name == named("events")).expect("there");
    assert_eq!(events.partitions, 3, "nothing was repartitioned");
}
