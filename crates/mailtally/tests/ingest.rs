//! The binary as an operator uses it: sends, then providers' bodies as they are posted, then the campaign's row.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Runs the binary over a data directory with this standard input; its output and whether it said all is well.
fn mailtally(data: &Path, arguments: &[&str], input: &str) -> (String, bool) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mailtally"))
        .args(arguments)
        .arg("--data")
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("written");
    let done = child.wait_with_output().expect("it ends");
    (String::from_utf8(done.stdout).expect("text"), done.status.success())
}

fn ingest(data: &Path, provider: &str, body: &str) -> String {
    mailtally(data, &["ingest", "--provider", provider, "--organisation", "acme", "-"], body).0
}

fn campaign(data: &Path) -> Value {
    let (rows, _) = mailtally(data, &["campaigns", "--format", "json"], "");
    serde_json::from_str(rows.lines().next().expect("a row")).expect("JSON")
}

fn send(message: &str, provider_id: &str) -> String {
    format!(
        r#"{{"organisation":"acme","time":"2026-05-01T10:00:00Z","send":{{"message":"{message}","campaign":"spring","client":"k-{message}","address":"{message}@example.org","provider":"sendgrid","account":"main","provider_message_id":"{provider_id}"}}}}"#
    ) + "\n"
}

fn report(event: &str, second: u32, message: &str, more: &str) -> String {
    let time = 1_777_629_600 + second;
    format!(
        r#"{{"event":"{event}","email":"{message}@example.org","timestamp":{time},"sg_event_id":"e-{event}-{message}","sg_message_id":"sg-{message}.recvd-1"{more}}}"#
    )
}

fn named(message: &str) -> String {
    format!(r#","mailtally_organisation":"acme","mailtally_message":"{message}","mailtally_campaign":"spring""#)
}

#[test]
fn a_sendgrid_batch_is_counted_by_our_ids_and_by_the_providers_in_either_order() {
    let data = tempfile::tempdir().expect("directory");
    let data = data.path();
    let batch = [
        report("delivered", 5, "m1", &named("m1")),
        report("open", 9, "m1", &named("m1")),
        report("delivered", 5, "m2", ""),
        report("processed", 1, "m1", r#","mailtally_organisation":"rival","mailtally_message":"m1""#),
    ];
    let body = format!("[{}]", batch.join(","));
    let said = ingest(data, "sendgrid", &body);
    assert!(said.starts_with("4 events: 2 counted, 1 waiting for their send, 0 ignored, 1 rejected"), "{said}");
    assert!(said.contains("foreign_organisation: 1"), "{said}");
    assert_eq!(campaign(data)["without_send"], 1, "a provider's event proves a send");
    let (_, good) = mailtally(data, &["produce", "-"], &(send("m1", "sg-m1") + &send("m2", "sg-m2")));
    assert!(good);
    let row = campaign(data);
    let numbers = ["sent", "delivered", "opened", "pending", "without_send"].map(|field| row[field].as_u64());
    assert_eq!(numbers, [Some(2), Some(2), Some(1), Some(0), Some(0)], "{row}");
    let late = format!("[{}]", report("bounce", 30, "m2", r#","type":"blocked","reason":"try later""#));
    let said = ingest(data, "sendgrid", &late);
    assert!(said.starts_with("1 events: 1 counted"), "the send is known by now: {said}");
    let again = ingest(data, "sendgrid", &body);
    assert!(again.starts_with("4 events: 3 counted"), "{again}");
    assert_eq!(campaign(data)["sent"], row["sent"], "a repeated request changes nothing");
    assert_eq!(campaign(data)["blocked_spam"], 1);
}

#[test]
fn an_account_that_nothing_binds_is_refused_with_the_remedy() {
    let data = tempfile::tempdir().expect("directory");
    let (said, good) = mailtally(data.path(), &["ingest", "--provider", "sendgrid", "-"], "[]");
    assert!(!good && said.is_empty());
}
