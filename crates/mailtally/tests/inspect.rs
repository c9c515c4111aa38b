//! One thing with everything that explains it, out of the published topics.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

mod support;

use std::path::Path;

use support::{mailtally, rows, said, send};

fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

/// A message that was sent twice in the same words, delivered twice over, opened; and a report that waits for its send.
fn world(home: &Path) -> std::path::PathBuf {
    let [data, sends, body] = ["data", "sends.jsonl", "body.json"].map(|name| home.join(name));
    let preference =
        r#"{"organisation":"acme","time":"2026-05-03T10:00:00Z","preference":{"client":"k-m1","from_message":"m1"}}"#;
    let campaign = r#"{"organisation":"acme","time":"2026-05-01T09:00:00Z","campaign":{"campaign":"spring","name":"Spring sale"}}"#;
    let lines = [&send("m1", "spring"), &send("m1", "spring"), preference, campaign].join("\n");
    std::fs::write(&sends, lines).expect("written");
    said(&data, &["produce", text(&sends)]);
    let named = r#","mailtally_organisation":"acme","mailtally_message":"m1""#;
    let report = |event: &str, id: &str, more: &str| {
        format!(
            r#"{{"event":"{event}","email":"m1@example.org","timestamp":1777629700,"sg_event_id":"{id}","sg_message_id":"unknown.recvd-1"{more}}}"#
        )
    };
    let reports = [report("delivered", "e1", named), report("delivered", "e1", named), report("open", "e2", "")];
    std::fs::write(&body, format!("[{}]", reports.join(","))).expect("written");
    said(&data, &["ingest", "--provider", "sendgrid", "--organisation", "acme", text(&body)]);
    data
}

#[test]
fn each_thing_is_shown_with_what_explains_it() {
    let home = tempfile::tempdir().expect("directory");
    let data = world(home.path());
    let message = said(&data, &["inspect", "message", "acme", "m1"]);
    for wanted in [
        "status    unsubscribed",
        "unsubscribed from the organisation",
        "m1@example.org",
        "[duplicate",
        "[counted]",
        "webhooks/",
    ] {
        assert!(message.contains(wanted), "{wanted}: {message}");
    }
    let json = rows(&data, &["inspect", "message", "acme", "m1", "--format", "json"]);
    assert_eq!(
        (json[0]["status"].as_str(), json[0]["address"].as_str()),
        (Some("unsubscribed"), Some("m1@example.org"))
    );
    assert_eq!(json[0]["timeline"].as_array().map(Vec::len), Some(5), "{json:?}");
    let campaign = said(&data, &["inspect", "campaign", "acme", "spring"]);
    for wanted in
        ["Spring sale", "sent 1 = pending 0 + delivered 1 + bounced 0 + dropped 0", "partition ", "definition"]
    {
        assert!(campaign.contains(wanted), "{wanted}: {campaign}");
    }
    let client = said(&data, &["inspect", "contact", "acme", "k-m1"]);
    assert!(
        client.contains("state     Unsubscribed since 2026-05-03") && client.contains("from message m1"),
        "{client}"
    );
    let address = said(&data, &["inspect", "contact", "acme", "m1@example.org"]);
    assert!(address.contains("register  unsubscribed"), "{address}");
    let partition = said(&data, &["inspect", "partition", "events", "0"]);
    assert!(partition.contains("fold messages has committed"), "{partition}");
    let unmatched = rows(&data, &["inspect", "unmatched", "--format", "json"]);
    assert_eq!((unmatched.len(), unmatched[0]["provider_message_id"].as_str()), (1, Some("unknown")), "{unmatched:?}");
    for absent in [["message", "acme", "none"], ["campaign", "rival", "spring"], ["contact", "acme", "nobody"]] {
        assert_eq!(mailtally(&data, &[&["inspect"][..], &absent].concat()).status.code(), Some(1), "{absent:?}");
    }
    let table = said(&data, &["consume", "events", "--format", "table"]);
    assert!(table.lines().count() >= 5 && table.contains("acme m1") && table.contains("delivered"), "{table}");
}
