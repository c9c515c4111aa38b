//! A mailer's sends through processors to the numbers, and every command that explains them, over Kafka.

use crate::site::{Site, refused, until, until_ready};
use crate::support::send;

fn sends(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|n| send(&format!("m{n}"), if n % 2 == 0 { "spring" } else { "autumn" })).collect()
}

fn sent(site: &Site) -> u64 {
    let rows = site.rows(&["campaigns"]);
    rows.iter().map(|row| row["sent"].as_u64().unwrap_or(0)).sum()
}

#[test]
fn sends_reach_their_campaigns_and_every_command_explains_them() {
    let site = Site::made();
    let mut processor = site.start("processor", "a");
    until_ready(&mut processor);
    let file = site.file("sends.jsonl", &sends(0, 40));
    let output = site.ask(&["produce", &file]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(sent(&site), 40);
    assert!(site.said(&["inspect", "message", "acme", "m0"]).contains("status"));
    assert!(site.said(&["inspect", "campaign", "acme", "spring"]).contains("spring"));
    assert!(site.said(&["inspect", "partition", "events", "0"]).contains("fold messages has committed"));
    assert!(site.said(&["inspect", "unmatched"]).contains("no event waits"));
    assert_eq!(site.rows(&["consume", "message-status"]).len(), 40);
    let recounted = site.rows(&["reconcile"]);
    assert_eq!((recounted[0]["messages"].as_u64(), recounted[0]["behind"].as_u64()), (Some(40), Some(0)));
    assert!(recounted[0]["difference"].is_null(), "{recounted:?}");
    let (status, metrics) = processor.get("/metrics");
    assert!(status == 200 && metrics.contains("mailtally_records_total"), "{metrics}");
    assert_eq!(processor.get("/v1/platform-events").0, 404, "a processor has no intake");
    processor.stop();
}

#[test]
fn what_cannot_be_used_is_listed_and_comes_back() {
    let site = Site::made();
    let mut run = site.start("run", "a");
    until_ready(&mut run);
    // Refused by decode, since its time is none: whoever writes the topic himself is not asked before.
    let topic = engine::Topic::new(&format!("{}.platform.v1", site.prefix));
    let kafka = kafka::Kafka::open(kafka::Options::new(&site.servers, &site.prefix)).expect("open");
    // Not long ago: brokers delete what is older than a topic keeps it.
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let record = engine::Record {
        value: Some(bytes::Bytes::from_static(b"\xff\xff")),
        timestamp_ms: i64::try_from(since.as_millis()).expect("in range"),
        ..engine::Record::default()
    };
    let to = engine::TopicPartition { topic, partition: 0 };
    log::Log::append(&kafka, vec![engine::Output { to, record }]).expect("appended");
    until("a dead letter", || !site.rows(&["dead-letters", "list"]).is_empty());
    let letters = site.rows(&["dead-letters", "list", "--each"]);
    assert_eq!(letters.len(), 1, "{letters:?}");
    let id = letters[0]["id"].as_str().expect("an id").to_owned();
    assert!(site.said(&["dead-letters", "show", &id]).contains("platform"));
    let redriven = site.ask(&["dead-letters", "redrive", &id, "--format", "json"]);
    let said = String::from_utf8_lossy(&redriven.stdout).into_owned();
    assert!(said.contains("\"redriven\":1"), "{said} {}", String::from_utf8_lossy(&redriven.stderr));
    assert_eq!(redriven.status.code(), Some(1), "it is a dead letter again");
    run.stop();
}

#[test]
fn what_is_written_while_nobody_folds_waits_safely() {
    let site = Site::made();
    let file = site.file("sends.jsonl", &sends(0, 10));
    refused(&site.ask(&["produce", &file]), 1, &["written is safe and not folded yet", "start `mailtally processor`"]);
    assert_eq!(sent(&site), 0);
    let mut processor = site.start("processor", "a");
    until("the sends are folded", || sent(&site) == 10);
    until_ready(&mut processor);
    processor.stop();
}

#[test]
fn instances_share_the_partitions_and_status_says_whose_each_is() {
    let site = Site::made();
    let (mut one, mut two) = (site.start("processor", "a"), site.start("processor", "b"));
    until_ready(&mut one);
    until_ready(&mut two);
    let owners = |name: &str| {
        let rows = site.rows(&["status"]);
        let owned = |row: &&serde_json::Value| row["owner"].as_str().is_some_and(|owner| owner.contains(name));
        rows.iter().filter(owned).count()
    };
    until("both have partitions", || owners("-a-") > 0 && owners("-b-") > 0 && owners("-a-") + owners("-b-") == 24);
    let file = site.file("sends.jsonl", &sends(0, 20));
    site.said(&["produce", &file]);
    two.stop();
    let more = site.file("more.jsonl", &sends(20, 40));
    site.said(&["produce", &more]);
    assert_eq!(sent(&site), 40);
    assert_eq!(owners("-b-"), 0, "who stopped in order has left");
    one.stop();
}

#[test]
fn a_killed_instance_comes_back_under_its_name_and_nothing_is_lost_or_counted_twice() {
    let site = Site::made();
    let mut processor = Some(site.start("processor", "a"));
    processor.iter_mut().for_each(until_ready);
    let mut written = 0;
    for round in 0..3 {
        let file = site.file("sends.jsonl", &sends(round * 400, round * 400 + 400));
        written += 400;
        // Killed while it folds: what is there when it dies is committed whole or not at all.
        let producer = std::thread::scope(|scope| {
            let producer = scope.spawn(|| site.ask(&["produce", &file]));
            until("something of the round is there", || sent(&site) > written - 400);
            drop(processor.take());
            processor = Some(site.start("processor", "a"));
            producer.join().expect("ended")
        });
        assert!(producer.status.success(), "{}", String::from_utf8_lossy(&producer.stderr));
        assert_eq!(sent(&site), written);
    }
    assert!(site.rows(&["reconcile"])[0]["difference"].is_null());
    processor.into_iter().for_each(|mut processor| {
        until_ready(&mut processor);
        processor.stop();
    });
}

#[test]
fn a_reconcile_agrees_wherever_the_folds_stand() {
    let site = Site::made();
    let (mut one, mut two) = (site.start("processor", "a"), site.start("processor", "b"));
    until_ready(&mut one);
    until_ready(&mut two);
    let file = site.file("sends.jsonl", &sends(0, 20_000));
    let agreed = std::thread::scope(|scope| {
        let producer = scope.spawn(|| site.said(&["produce", &file]));
        let (mut agreed, mut between) = (0, 0);
        while !producer.is_finished() {
            let report = site.rows(&["reconcile"]).remove(0);
            assert!(report["difference"].is_null(), "{report}");
            agreed += 1;
            between += u64::from(report["behind"].as_u64() > Some(0));
        }
        (agreed, between)
    });
    assert!(agreed.0 > 0 && agreed.1 > 0, "no view met the folds at work: {agreed:?}");
    let report = site.rows(&["reconcile"]).remove(0);
    assert_eq!((report["messages"].as_u64(), report["behind"].as_u64()), (Some(20_000), Some(0)));
    assert!(report["difference"].is_null(), "{report}");
    one.stop();
    two.stop();
}
