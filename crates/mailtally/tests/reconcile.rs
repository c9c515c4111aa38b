//! `mailtally reconcile` finds a row that somebody else has written, and says what it is made of.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use std::path::Path;
use std::process::{Command, Output};

use contract::Proto as _;
use contract::proto::campaign::v1::{CampaignStats, Counters};
use engine::{Record, Topic, TopicPartition};
use log::Log as _;

fn mailtally(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailtally"));
    command.args(arguments).arg("--data").arg(data).output().expect("the binary runs")
}

#[test]
fn a_doctored_row_is_found_with_its_history() {
    let root = tempfile::tempdir().expect("directory");
    let (data, sends) = (root.path().join("data"), root.path().join("sends.jsonl"));
    let send = r#"{"organisation":"acme","time":"2026-05-01T10:00:00Z","send":{"message":"m1","campaign":"spring","client":"k1","address":"ada@example.org"}}"#;
    std::fs::write(&sends, send).expect("written");
    let sends = sends.to_str().expect("a path");
    assert!(mailtally(&data, &["produce", sends]).status.success());
    let good = mailtally(&data, &["reconcile"]);
    let said = String::from_utf8_lossy(&good.stdout);
    assert!(
        good.status.success() && said.contains("from 1 events: 1 messages, 1 campaigns, 1 contacts, difference 0"),
        "{said}"
    );
    let counters = Counters { sent: 2, pending: 2, ..Counters::default() };
    let row = CampaignStats { campaign: "spring".into(), counters: Some(counters), ..CampaignStats::default() };
    doctor(&data, "mailtally.campaign-stats.v1", contract::key::campaign("acme", "spring"), &row.encode_to_vec());
    let bad = mailtally(&data, &["reconcile"]);
    let said = String::from_utf8_lossy(&bad.stdout);
    assert_eq!(bad.status.code(), Some(1), "{said}");
    assert!(said.contains("DIFFERENT: campaign-stats of acme spring") && said.contains("message m1: Sent"), "{said}");
}

#[test]
fn a_doctored_contact_is_found_with_its_history() {
    let root = tempfile::tempdir().expect("directory");
    let (data, events) = (root.path().join("data"), root.path().join("events.jsonl"));
    let off =
        r#"{"organisation":"acme","time":"2026-05-01T10:00:00Z","preference":{"client":"k1","subscribed":false}}"#;
    std::fs::write(&events, off).expect("written");
    assert!(mailtally(&data, &["produce", events.to_str().expect("a path")]).status.success());
    assert!(mailtally(&data, &["reconcile"]).status.success());
    let row = contract::proto::contact::v1::ContactState::default();
    doctor(&data, "mailtally.contact-state.v1", contract::key::client("acme", "k1"), &row.encode_to_vec());
    let bad = mailtally(&data, &["reconcile"]);
    let said = String::from_utf8_lossy(&bad.stdout);
    assert_eq!(bad.status.code(), Some(1), "{said}");
    assert!(said.contains("DIFFERENT: contact-state of acme client k1") && said.contains("Unsubscribed"), "{said}");
}

/// Writes a row that its events do not say: a second mail, no unsubscribe.
fn doctor(data: &Path, topic: &str, key: bytes::Bytes, row: &[u8]) {
    let log = embedded::Embedded::open(data.join("log"), embedded::Options::default()).expect("the log opens");
    let topic = Topic::new(topic);
    let partitions = log.topics().expect("topics").into_iter().find(|found| found.spec.name == topic).expect("there");
    let partition = contract::key::partition(&key, partitions.spec.partitions);
    let record = Record { key: Some(key), value: Some(row.to_vec().into()), ..Record::default() };
    let to = TopicPartition { topic, partition };
    log.append(vec![engine::Output { to, record }]).expect("appended");
}
