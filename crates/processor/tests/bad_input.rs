//! Whatever is bad is one dead letter with its reason and its bytes, and the partition moves on (I2).

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

mod support;

use contract::Proto as _;
use contract::proto::correlation::v1::Correlation;
use contract::proto::event::v1::Event;
use contract::proto::webhook::v1::Webhook;
use contract::topic::Topic;
use contract::{header, key};
use engine::{Output, Stored, TopicPartition};
use log::Log;
use processor::accounts::{Account, Accounts};
use processor::settings::Settings;
use support::{PARTITIONS, event, open, record, records, send, settle, table};

/// A bad record: where it is written, its key, its value, and the reason that its dead letter gives.
type Bad = (Topic, Option<Vec<u8>>, Option<Vec<u8>>, &'static str);

/// Writes the bad records, good ones after them, folds, and compares each dead letter with its record.
fn each_is_one_dead_letter(bad: &[Bad]) {
    let root = tempfile::tempdir().expect("directory");
    let account = Account { organisations: vec!["acme".to_owned()], ..Account::default() };
    let accounts = Accounts::from([(("sendgrid".to_owned(), "main".to_owned()), account)]);
    let (log, settings) = open(root.path(), accounts);
    let to = |topic| TopicPartition { topic: settings.topic(topic), partition: 0 };
    let output =
        |(topic, key, value, _): &Bad| Output { to: to(*topic), record: record(key.as_deref(), value.clone()) };
    let offsets = log.append(bad.iter().map(output).collect()).expect("appended");
    send(log.as_ref(), &settings, &good());
    settle(root.path(), &log, &settings);
    let letters: Vec<Stored> = (0..PARTITIONS).flat_map(|n| records(&*log, &settings, Topic::DeadLetters, n)).collect();
    assert_eq!(letters.len(), bad.len(), "one a bad record: {:?}", letters.iter().map(reason).collect::<Vec<_>>());
    for ((topic, key, value, why), offset) in bad.iter().zip(offsets) {
        let origin = format!("{}@{offset}", to(*topic));
        let letter = letters.iter().find(|letter| head(letter, header::ORIGIN) == origin).expect(&origin);
        assert_eq!(reason(letter), *why, "{origin}");
        assert_eq!(letter.record.key.as_deref(), key.as_deref(), "{origin}: the original key");
        assert_eq!(letter.record.value.as_deref(), value.as_deref(), "{origin}: the original bytes");
        assert!(!head(letter, header::DETAIL).is_empty(), "{origin}: a sentence");
    }
    moved_on(log.as_ref(), &settings);
}

fn good() -> Vec<String> {
    let send = |n: u32| {
        let named = format!(r#""message":"m{n}","campaign":"c","client":"k{n}","address":"k{n}@example.org""#);
        format!(r#"{{"organisation":"acme","time":"2026-05-01T10:00:00Z","send":{{{named}}}}}"#)
    };
    (0..20).map(send).collect()
}

/// Every input is committed to its end, and what is good is counted.
fn moved_on(log: &dyn Log, settings: &Settings) {
    for fold in processor::topology::topology(settings).folds {
        for partition in 0..PARTITIONS {
            let input = TopicPartition { topic: fold.input.clone(), partition };
            let end = log.bounds(&input).expect("bounds").high_watermark;
            let committed = log.committed(fold.name, &[input]).expect("committed");
            assert_eq!(committed.first().copied().flatten().unwrap_or(0), end, "{} {partition}", fold.name);
        }
    }
    assert_eq!(table(log, settings, Topic::MessageStatus).len(), 20);
}

fn head(letter: &Stored, name: &str) -> String {
    String::from_utf8_lossy(letter.record.headers.get(name).unwrap_or_default()).into_owned()
}

fn reason(letter: &Stored) -> String {
    head(letter, header::REASON)
}

#[test]
fn platform_events() {
    let platform = |value: &[u8], why| (Topic::Platform, None, Some(value.to_vec()), why);
    let said = |kind: &str| event(&format!(r#"{{"organisation":"acme","time":"2026-05-01T10:00:00Z",{kind}}}"#));
    let at = |time: &str| {
        let send = r#""send":{"message":"m","campaign":"c","client":"k","address":"k@example.org"}"#;
        event(&format!(r#"{{"organisation":"acme","time":"{time}",{send}}}"#))
    };
    let body = format!(r#""body":{{"message":"m","client":"k","text":"{}"}}"#, "x".repeat((1 << 20) + 1));
    let webhook = Webhook { provider: "sendgrid".into(), account: "main".into(), ..Webhook::default() };
    each_is_one_dead_letter(&[
        platform(b"\xff\xff\xff", "not_protobuf"),
        platform(b"", "empty_value"),
        (Topic::Platform, Some(b"any key".to_vec()), None, "empty_value"),
        platform(&webhook.encode_to_vec(), "not_protobuf"),
        // Field 99 of a later version: no kind that this version knows.
        platform(&[said(r#""id":"x""#), vec![0x9a, 0x06, 0x00]].concat(), "unknown_kind"),
        platform(&event(r#"{"time":"2026-05-01T10:00:00Z","send":{"message":"m"}}"#), "missing_field"),
        platform(&said(r#""send":{"message":"m","client":"k","address":"k@example.org"}"#), "missing_field"),
        platform(&said(r#""send":{"message":"m","campaign":"c","client":"k","address":"nobody"}"#), "bad_address"),
        platform(&said(r#""refused":{"message":"m","reason":"mood"}"#), "unknown_word"),
        platform(&at("1970-01-02T00:00:00Z"), "bad_time"),
        platform(&at("2100-01-01T00:00:00Z"), "bad_time"),
        platform(&said(&body), "too_large"),
    ]);
}

#[test]
fn webhook_requests() {
    let request = |provider: &str, account: &str, body: &'static [u8], why| {
        let (provider, account) = (provider.to_owned(), account.to_owned());
        let webhook = Webhook { provider, account, body: body.into(), ..Webhook::default() };
        (Topic::Webhooks, None, Some(webhook.encode_to_vec()), why)
    };
    each_is_one_dead_letter(&[
        (Topic::Webhooks, None, Some(b"\xff\xff\xff".to_vec()), "not_protobuf"),
        (Topic::Webhooks, None, Some(Vec::new()), "empty_value"),
        request("pigeon", "main", b"[]", "unknown_provider"),
        request("sendgrid", "other", b"[]", "unknown_account"),
        request("sendgrid", "main", b"<html>", "not_json"),
    ]);
}

#[test]
fn internal_topics_that_somebody_else_wrote() {
    let unknown = Event { kind: 99, id: vec![1; 16].into(), ..Event::default() }.encode_to_vec();
    // A key whose partition is the one that is written to, and one whose is not.
    let here = |make: &dyn Fn(u32) -> Vec<u8>, wanted: u32| {
        let found = (0..100).map(make).find(|key| key::partition(key, PARTITIONS) == wanted);
        found.expect("one of a hundred keys")
    };
    let message = |n: u32| key::message("acme", &format!("x{n}")).to_vec();
    let campaign = |n: u32| key::campaign("acme", &format!("x{n}")).to_vec();
    let with = |mut key: Vec<u8>, part: &[u8]| {
        key.extend_from_slice(&key::encode(&[part]));
        key
    };
    let group = |n: u32| key::encode(&[b"sendgrid", b"main", format!("x{n}").as_bytes()]).to_vec();
    let garbage = || Some(b"\xff\xff\xff".to_vec());
    each_is_one_dead_letter(&[
        (Topic::Events, None, garbage(), "bad_key"),
        (Topic::Events, Some(b"no key".to_vec()), garbage(), "bad_key"),
        (Topic::Events, Some(here(&message, 1)), garbage(), "wrong_partition"),
        (Topic::Events, Some(here(&message, 0)), garbage(), "bad_event"),
        (Topic::Events, Some(here(&message, 0)), Some(Vec::new()), "bad_event"),
        (Topic::Events, Some(here(&message, 0)), Some(unknown), "bad_event"),
        (Topic::CampaignPartials, Some(here(&campaign, 0)), garbage(), "bad_key"),
        (Topic::CampaignPartials, Some(with(here(&campaign, 1), b"0")), garbage(), "wrong_partition"),
        (Topic::CampaignPartials, Some(with(here(&campaign, 0), b"0")), garbage(), "bad_partial"),
        (Topic::Correlations, Some(b"no key".to_vec()), garbage(), "bad_key"),
        (Topic::Correlations, Some(with(here(&group, 1), b"")), garbage(), "wrong_partition"),
        (Topic::Correlations, Some(with(here(&group, 0), b"")), garbage(), "bad_correlation"),
        (
            Topic::Correlations,
            Some(with(here(&group, 0), b"")),
            Some(Correlation::default().encode_to_vec()),
            "bad_correlation",
        ),
    ]);
}
