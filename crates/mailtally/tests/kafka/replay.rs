//! Kept webhooks are decoded again over Kafka, beside processors, by configuration alone: what no account could be found for counts
//! once it is configured, and a second replay changes nothing.

use serde_json::Value;

use crate::site::{Site, refused, until, until_ready};

const BODY: &str = r#"[{"event":"delivered","email":"ada@example.org","timestamp":1777629700,"sg_event_id":"e1","mailtally_organisation":"acme","mailtally_message":"m1","mailtally_campaign":"spring"},{"event":"open","email":"ada@example.org","timestamp":1777629800,"sg_event_id":"e2","mailtally_organisation":"acme","mailtally_message":"m1","mailtally_campaign":"spring"}]"#;

fn counts(row: &Value) -> [u64; 3] {
    ["same", "new", "appended"].map(|name| row[name].as_u64().expect("a number"))
}

#[test]
fn what_was_refused_for_want_of_an_account_counts_after_a_replay() {
    let site = Site::made();
    let mut processor = site.start("processor", "a");
    until_ready(&mut processor);
    let kafka = kafka::Kafka::open(kafka::Options::new(&site.servers, &site.prefix)).expect("open");
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let received_ms = i64::try_from(since.as_millis()).expect("in range");
    let topic = engine::Topic::new(&format!("{}.webhooks.v1", site.prefix));
    let record = gateway::record("sendgrid", "main", &[], &bytes::Bytes::from_static(BODY.as_bytes()), received_ms);
    let to = engine::TopicPartition { topic, partition: 0 };
    log::Log::append(&kafka, vec![engine::Output { to, record }]).expect("appended");
    until("a dead letter", || !site.rows(&["dead-letters", "list"]).is_empty());
    assert!(site.rows(&["campaigns"]).is_empty());
    processor.stop();

    let account = "[[account]]\nprovider = \"sendgrid\"\norganisations = [\"acme\"]\n".to_owned();
    let config = site.file("mailtally.toml", &[account]);
    let mut processor = site.start_with("processor", "b", &["--config", &config]);
    until_ready(&mut processor);
    let replay = ["replay", "webhooks", "--from", "0"];
    refused(&site.ask(&replay), 1, &["set address_key_file"]);
    let key = format!("address_key_file={}", site.key("address.key", 7).display());
    let replay = [&replay[..], &["--set", &key]].concat();
    refused(&site.ask(&replay), 1, &["no such account is configured"]);
    let replay = [&replay[..], &["--config", &config]].concat();
    let dry = site.rows(&[&replay[..], &["--dry-run"]].concat()).remove(0);
    assert_eq!(counts(&dry), [0, 2, 0], "{dry}");
    assert!(site.rows(&["campaigns"]).is_empty());
    let first = site.rows(&replay).remove(0);
    assert_eq!(counts(&first), [0, 2, 2], "{first}");
    let numbers = || {
        let row = &site.rows(&["campaigns"])[0];
        ["sent", "delivered", "opened"].map(|name| row[name].as_u64())
    };
    assert_eq!(numbers(), [Some(1); 3]);
    let second = site.rows(&replay).remove(0);
    assert_eq!(counts(&second), [2, 0, 0], "{second}");
    assert_eq!(numbers(), [Some(1); 3]);
    assert!(site.rows(&["reconcile"])[0]["difference"].is_null());
    processor.stop();
}
