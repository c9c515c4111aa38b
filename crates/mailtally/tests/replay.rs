//! `replay webhooks`: what an older decoder read wrongly, missed or made up is mended from the kept requests, once, beside a live
//! `run` and at rest; a dry run says so before.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

mod support;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use contract::Proto as _;
use contract::proto::event::v1::{BounceClass, Event, Kind};
use contract::topic::Topic;
use embedded::{Embedded, Options};
use engine::{Output, Stored};
use log::{Log as _, Transaction};
use processor::accounts::{Account, Accounts};
use processor::decode::Source;
use processor::decode::webhook::fates;
use processor::emit::Emit;
use processor::settings::Settings;
use serde_json::Value;
use support::{Run, mailtally, rows, said, send};

const PARTITIONS: u32 = 4;
const MINUTE_MS: i64 = 60_000;

/// A data directory with four sends, and the request of a provider as an older decoder has read it.
struct Site {
    root: tempfile::TempDir,
    /// When the request came: a live run keeps it for 30 days.
    received_ms: i64,
}

impl Site {
    fn new() -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
        let received_ms = i64::try_from(since.as_millis()).expect("in range") - 10 * MINUTE_MS;
        let site = Self { root: tempfile::tempdir().expect("directory"), received_ms };
        let account = "[[account]]\nprovider = \"sendgrid\"\norganisations = [\"acme\"]\n";
        std::fs::write(site.path("mailtally.toml"), account).expect("written");
        let sends: Vec<String> = (1..=4).map(|n| send(&format!("m{n}"), "spring")).collect();
        std::fs::write(site.path("sends.jsonl"), sends.join("\n") + "\n").expect("written");
        said(&site.data(), &["produce", site.path("sends.jsonl").to_str().expect("a path")]);
        older(&site.data(), received_ms);
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn data(&self) -> PathBuf {
        self.path("data")
    }

    fn config(&self) -> String {
        self.path("mailtally.toml").to_str().expect("a path").to_owned()
    }

    /// A replay's row.
    fn replay(&self, more: &[&str]) -> Value {
        let config = self.config();
        let arguments = [&["replay", "webhooks", "--config", &config, "--format", "json"], more].concat();
        rows(&self.data(), &arguments).remove(0)
    }

    /// So many minutes after the request came, as the command line takes it.
    fn minutes_after(&self, minutes: i64) -> String {
        domain::Time::from_micros((self.received_ms + minutes * MINUTE_MS) * 1_000).rfc3339()
    }

    /// Numbers of the campaign.
    fn numbers(&self) -> [u64; 6] {
        let row = &rows(&self.data(), &["campaigns", "--format", "json"])[0];
        ["sent", "delivered", "opened", "bounced", "blocked", "unsubscribed"]
            .map(|name| row[name].as_u64().unwrap_or_else(|| panic!("{name}: {row}")))
    }
}

fn body() -> Bytes {
    let report = |event: &str, message: &str, more: &str| {
        format!(
            r#"{{"event":"{event}","email":"{message}@example.org","timestamp":1777629700,"sg_event_id":"e-{message}","mailtally_organisation":"acme","mailtally_message":"{message}","mailtally_campaign":"spring"{more}}}"#
        )
    };
    let blocked = report("bounce", "m1", r#","type":"blocked","reason":"554 listed","status":"5.7.1""#);
    format!("[{blocked},{},{}]", report("delivered", "m2", ""), report("open", "m3", "")).into()
}

/// Puts the request in and commits what an older decoder made of it: m1's block a hard bounce, m2's delivery not at all, m3's open
/// as it is, and of m4 an unsubscribe that nobody made.
fn older(data: &Path, received_ms: i64) {
    let log = Embedded::open(data.join("log"), Options::default()).expect("the log opens");
    let key = std::fs::read(data.join("address.key")).expect("the key");
    let account = Account { organisations: vec!["acme".to_owned()], ..Account::default() };
    let accounts = Accounts::from([(("sendgrid".to_owned(), "main".to_owned()), account)]);
    let settings = Settings::with_accounts("mailtally", PARTITIONS, key, accounts);
    let record = gateway::record("sendgrid", "main", &[], &body(), received_ms);
    let to = settings.partition_of(Topic::Webhooks, record.key.as_deref().expect("a key"));
    let offset = log.append(vec![Output { to: to.clone(), record: record.clone() }]).expect("appended")[0];
    let mut emit = Emit::new(&settings);
    emit.at(received_ms);
    let source = Source { origin: &to, stored: &Stored { offset, record }, topic: Topic::Webhooks.short() };
    fates(&settings, &source, &mut emit).expect("read");
    let outputs: Vec<Output> = emit.into_outputs().into_iter().flat_map(|output| misread(&settings, output)).collect();
    assert_eq!(outputs.len(), 3);
    let mut producer = log.producer("an older decoder").expect("a producer");
    let offsets = vec![("decode-webhooks".to_owned(), to, offset + 1)];
    producer.commit(Transaction { outputs, offsets }).expect("committed");
}

fn misread(settings: &Settings, output: Output) -> Vec<Output> {
    let key = output.record.key.clone().expect("a key");
    let [_, message] = contract::key::strings::<2>(&key).expect("a message's key");
    let event: Event = contract::decode("Event", output.record.value.as_deref().expect("a value")).expect("an event");
    let older = Event { decoder: event.decoder - 1, ..event };
    let as_event = |event: Event, to, key| {
        let record =
            engine::Record { key: Some(key), value: Some(event.encode_to_vec().into()), ..output.record.clone() };
        Output { to, record }
    };
    match message {
        "m1" => vec![as_event(Event { bounce: BounceClass::Hard.into(), ..older }, output.to.clone(), key.clone())],
        "m2" => Vec::new(),
        _ => {
            let other = contract::key::message("acme", "m4");
            let made_up =
                Event { id: Bytes::from_static(&[9; 16]), kind: Kind::Unsubscribed.into(), agent: 0, ..older.clone() };
            let to = settings.partition_of(Topic::Events, &other);
            vec![as_event(older, output.to.clone(), key.clone()), as_event(made_up, to, other)]
        }
    }
}

fn counts(row: &Value) -> [u64; 5] {
    ["same", "new", "changed", "taken_back", "appended"].map(|name| row[name].as_u64().expect("a number"))
}

#[test]
fn a_mended_decoder_corrects_history_once_beside_a_live_run() {
    let site = Site::new();
    said(&site.data(), &["produce", "/dev/null"]);
    // An unsubscribe proves a delivery: m4 counts as delivered until it is taken back.
    let old = [4, 2, 1, 1, 0, 1];
    assert_eq!(site.numbers(), old, "as the older decoder had it");

    let dry = site.replay(&["--from", "0", "--dry-run"]);
    assert_eq!(counts(&dry), [1, 1, 1, 1, 0], "{dry}");
    let words: Vec<(&str, &str, &str)> = dry["changes"].as_array().expect("changes").iter().map(words).collect();
    assert_eq!(
        words,
        [
            ("new", "", "delivered"),
            ("changed", "bounced hard", "bounced block"),
            ("taken_back", "unsubscribed from the organisation", ""),
        ]
    );
    assert_eq!(site.numbers(), old, "a dry run changes nothing");

    let mut run = Run::start(&site.data(), &["--config", &site.config()]);
    // From here on it has the directory, and commands go through it.
    run.address();
    let early = site.replay(&["--from", "2026-05-01", "--to", &site.minutes_after(0)]);
    assert_eq!((counts(&early), &early["requests"]), ([0; 5], &Value::from(0)), "--to is left out: {early}");
    let first = site.replay(&["--from", &site.minutes_after(-1), "--to", &site.minutes_after(1)]);
    assert_eq!(counts(&first), [1, 1, 1, 1, 3], "{first}");
    let mended = [4, 2, 1, 1, 1, 0];
    assert_eq!(site.numbers(), mended);
    let second = site.replay(&["--from", "0"]);
    assert_eq!(counts(&second), [3, 0, 0, 0, 0], "{second}");
    assert_eq!(site.numbers(), mended, "a second replay changes no counter");
    run.stop();

    let at_rest = site.replay(&["--from", "0@0", "--provider", "sendgrid", "--account", "main"]);
    assert_eq!(at_rest["appended"], 0, "{at_rest}");
    assert_eq!(site.numbers(), mended);
    assert!(said(&site.data(), &["reconcile"]).contains("difference 0"));
    let shown = said(&site.data(), &["inspect", "message", "acme", "m4"]);
    assert!(shown.contains("retracted: decoder"), "{shown}");
}

fn words(change: &Value) -> (&str, &str, &str) {
    let word = |name: &str| change[name].as_str().expect("a word");
    (word("change"), word("before"), word("after"))
}

#[test]
fn what_cannot_be_replayed_is_said_with_its_remedy() {
    let site = Site::new();
    let config = site.config();
    let refused = |more: &[&str], word: &str| {
        let output = mailtally(&site.data(), &[&["replay", "webhooks", "--config", &config], more].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(word), "{more:?}: {said}");
    };
    refused(&["--from", "yesterday"], "neither a time");
    refused(&["--from", "9@0"], "partitions 0 to 3");
    refused(&["--from", "2026-05-02", "--to", "2026-05-01"], "--to is the first that is left out");
    refused(&["--from", "0", "--provider", "sendgird"], "sendgrid");
    refused(&["--from", "0", "--provider", "postmark"], "there is sendgrid/main");
    let late = site.minutes_after(1);
    let none = said(&site.data(), &["replay", "webhooks", "--config", &config, "--from", &late]);
    assert!(none.contains("no webhook of such an account or time"), "{none}");
    let none = said(&site.data(), &["replay", "webhooks", "--config", &config, "--from", "99"]);
    assert!(none.contains("no kept webhook is in this range"), "{none}");
}
