//! What is taken, what is refused, and that each line is told.

use serde_json::{Value, json};

use crate::client::{ask, post};
use crate::site::{delimited, open, send};

const PROTOBUF: &str = "content-type: application/x-protobuf\n";

#[tokio::test]
async fn good_lines_are_taken_though_others_are_bad() {
    let site = open().await;
    let missing = r#"{"organisation":"acme","time":"2026-05-01T10:00:00Z","send":{"message":"m2"}}"#;
    let body =
        format!("{}\n\n{missing}\nnonsense\n{{\"organisation\":\"acme\",\"tme\":1}}\n{}\n", send("m1"), send("m3"));
    let answer = post(site.at, &body).await;
    assert_eq!((answer.status, site.appended()), (207, 2), "{}", answer.text());
    let lines = answer.lines();
    let told = |line: &Value| (line["line"].as_u64().unwrap(), line["outcome"].clone(), line["field"].clone());
    assert_eq!(told(&lines[0]), (1, json!("taken"), Value::Null));
    assert_eq!(told(&lines[1]), (3, json!("refused"), json!("send.client")), "an empty line has a number: {lines:?}");
    assert_eq!(lines[1]["reason"], "missing_field");
    assert!(lines[1]["remedy"].as_str().unwrap().contains("is required"));
    assert_eq!(lines[2]["reason"], "not_json");
    assert!(lines[3]["remedy"].as_str().unwrap().contains("tme"), "an unknown field is named: {lines:?}");
    assert_eq!((lines[4]["line"].as_u64(), lines[4]["outcome"].as_str()), (Some(6), Some("taken")));
    assert!(lines[4]["offset"].is_u64() && lines[4]["partition"].is_u64(), "where it stands");
}

#[tokio::test]
async fn all_good_is_200_and_nothing_good_is_422() {
    let site = open().await;
    assert_eq!(post(site.at, &send("m1")).await.status, 200);
    let refused = post(site.at, "{}\n[]\n").await;
    assert_eq!((refused.status, refused.lines().len(), site.appended()), (422, 2, 1));
}

#[tokio::test]
async fn protobuf_is_taken_behind_its_length() {
    let site = open().await;
    let mut body = [delimited("m1"), delimited("m2")].concat();
    assert_eq!(ask(site.at, "POST", "/v1/platform-events", PROTOBUF, &body).await.status, 200);
    assert_eq!(site.appended(), 2);
    // A message that is none, then one whose length leads beyond the body.
    body.extend([2, 0xff, 0xff, 0x7f, 1]);
    let answer = ask(site.at, "POST", "/v1/platform-events", PROTOBUF, &body).await;
    let reasons: Vec<Value> = answer.lines().iter().map(|line| line["reason"].clone()).collect();
    assert_eq!(
        (answer.status, reasons),
        (207, vec![Value::Null, Value::Null, json!("not_protobuf"), json!("bad_length")])
    );
    assert_eq!(site.appended(), 4);
}

#[tokio::test]
async fn a_thousand_events_are_taken_and_one_more_is_none() {
    let site = open().await;
    let body: Vec<String> = (0..1_001).map(|n| send(&format!("m{n}"))).collect();
    let answer = post(site.at, &body.join("\n")).await;
    assert_eq!((answer.status, site.appended()), (413, 0));
    assert_eq!(answer.json()["type"], "urn:mailtally:problem:too-many-events");
    let answer = post(site.at, &body[..1_000].join("\n")).await;
    assert_eq!((answer.status, answer.lines().len(), site.appended()), (200, 1_000, 1_000));
}

#[tokio::test]
async fn a_log_that_refuses_is_503_and_nothing_is_taken() {
    let site = open().await;
    site.model.set_unavailable(true);
    let answer = post(site.at, &send("m1")).await;
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.head.contains("retry-after: 5") && answer.head.contains("application/problem+json"));
    site.model.set_unavailable(false);
    assert_eq!((post(site.at, &send("m1")).await.status, site.appended()), (200, 1));
}

#[tokio::test]
async fn a_closed_intake_says_why() {
    let site = open().await;
    site.board.close(Some("the disk is full".to_owned()));
    let answer = post(site.at, &send("m1")).await;
    assert_eq!((answer.status, answer.json()["detail"].as_str()), (503, Some("the disk is full")));
    let ready = crate::client::get(site.at, "/health/ready").await;
    assert_eq!((ready.status, ready.json()["intake_closed"].as_str()), (503, Some("the disk is full")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_clients_share_their_fsyncs() {
    let site = open().await;
    let clients: Vec<_> = (0..100)
        .map(|n| {
            let at = site.at;
            tokio::spawn(async move { post(at, &send(&format!("m{n}"))).await.status })
        })
        .collect();
    for client in clients {
        assert_eq!(client.await.expect("answered"), 200);
    }
    assert_eq!(site.appended(), 100);
    let appends = site.slow.appends();
    assert!(appends <= 34, "100 requests at once cost {appends} appends");
}
