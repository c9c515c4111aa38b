//! Dead letters as an operator meets them: counted without their content, shown with it, redriven once the cause is gone.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

mod support;

use std::path::Path;

use engine::{Output, Record, Topic, TopicPartition};
use log::Log as _;
use support::{mailtally, rows, said, send};

fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

#[test]
fn a_letter_is_counted_shown_and_redriven_once_its_account_is_bound() {
    let home = tempfile::tempdir().expect("directory");
    let [data, body, config] = ["data", "body.json", "mailtally.toml"].map(|name| home.path().join(name));
    let report = r#"[{"event":"delivered","email":"ada@example.org","timestamp":1777629700,"sg_event_id":"e1","mailtally_organisation":"acme","mailtally_message":"m1","mailtally_campaign":"spring"}]"#;
    std::fs::write(&body, report).expect("written");
    let bound_elsewhere = ["ingest", "--provider", "sendgrid", "--organisation", "rival", text(&body)];
    assert_eq!(mailtally(&data, &bound_elsewhere).status.code(), Some(1));
    let list = ["dead-letters", "list", "--each", "--format", "json"];
    let letters = rows(&data, &list);
    assert_eq!(letters.len(), 1);
    let letter = &letters[0];
    assert_eq!(
        (letter["reason"].as_str(), letter["source"].as_str()),
        (Some("foreign_organisation"), Some("webhooks"))
    );
    assert!(letter["days_left"].as_i64() >= Some(29) && !letter.to_string().contains("ada@"), "{letter}");
    let id = letter["id"].as_str().expect("an id");
    let shown = rows(&data, &["dead-letters", "show", id, "--format", "json"]);
    assert_eq!(shown[0]["value"]["body"][0]["email"], "ada@example.org");
    let redrive = ["dead-letters", "redrive", "--reason", "foreign_organisation", "--format", "json"];
    let unmended = mailtally(&data, &redrive);
    assert_eq!(unmended.status.code(), Some(1), "nothing is bound: it fails again");
    std::fs::write(&config, "[[account]]\nprovider = \"sendgrid\"\norganisations = [\"acme\"]\n").expect("written");
    let config = ["--config", text(&config)];
    let again = rows(&data, &[&redrive[..4], &config, &["--again", "--format", "json"]].concat());
    assert_eq!((again[0]["redriven"].as_u64(), again[0]["taken"].as_u64()), (Some(1), Some(1)), "{again:?}");
    let campaign = rows(&data, &["campaigns", "--format", "json"]);
    assert_eq!(campaign[0]["delivered"], 1);
    let third = rows(&data, &[&redrive[..4], &config, &["--format", "json"]].concat());
    assert_eq!((third[0]["redriven"].as_u64(), third[0]["redriven_before"].as_u64()), (Some(0), Some(1)), "{third:?}");
    let listed = rows(&data, &["dead-letters", "list", "--reason", "foreign_organisation", "--format", "json"]);
    assert_eq!((listed[0]["letters"].as_u64(), listed[0]["redriven"].as_u64()), (Some(1), Some(1)), "{listed:?}");
    assert!(said(&data, &["reconcile"]).contains("difference 0"));
}

#[test]
fn what_somebody_wrote_into_an_internal_topic_is_not_put_back() {
    let home = tempfile::tempdir().expect("directory");
    let (data, events) = (home.path().join("data"), home.path().join("one.jsonl"));
    std::fs::write(&events, send("m1", "spring")).expect("written");
    said(&data, &["produce", text(&events)]);
    let log = embedded::Embedded::open(data.join("log"), embedded::Options::default()).expect("the log opens");
    let to = TopicPartition { topic: Topic::new("mailtally.events.v1"), partition: 0 };
    let record = Record { key: Some("no key".into()), value: Some("garbage".into()), ..Record::default() };
    log.append(vec![Output { to, record }]).expect("appended");
    drop(log);
    said(&data, &["produce", text(&events)]);
    let redriven = mailtally(&data, &["dead-letters", "redrive", "--all"]);
    let out = String::from_utf8_lossy(&redriven.stdout);
    assert!(redriven.status.code() == Some(1) && out.contains("write an intake"), "{out}");
}
