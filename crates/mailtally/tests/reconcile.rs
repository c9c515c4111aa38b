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
    assert!(good.status.success() && said.contains("from 1 events: 1 messages, 1 campaigns, difference 0"), "{said}");
    doctor(&data);
    let bad = mailtally(&data, &["reconcile"]);
    let said = String::from_utf8_lossy(&bad.stdout);
    assert_eq!(bad.status.code(), Some(1), "{said}");
    assert!(said.contains("DIFFERENT: campaign-stats of acme spring") && said.contains("message m1: Sent"), "{said}");
}

/// Writes a campaign row that claims a second mail.
fn doctor(data: &Path) {
    let log = embedded::Embedded::open(data.join("log"), embedded::Options::default()).expect("the log opens");
    let counters = Counters { sent: 2, pending: 2, ..Counters::default() };
    let row = CampaignStats { campaign: "spring".into(), counters: Some(counters), ..CampaignStats::default() };
    let key = contract::key::campaign("acme", "spring");
    let topic = Topic::new("mailtally.campaign-stats.v1");
    let partitions = log.topics().expect("topics").into_iter().find(|found| found.spec.name == topic).expect("there");
    let partition = contract::key::partition(&key, partitions.spec.partitions);
    let record = Record { key: Some(key), value: Some(row.encode_to_vec().into()), ..Record::default() };
    let to = TopicPartition { topic, partition };
    log.append(vec![engine::Output { to, record }]).expect("appended");
}
