//! Platform events in, campaign rows out: the real log, the real stores, through stops and a lost state directory.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use contract::Proto as _;
use contract::proto::campaign::v1::CampaignStats;
use contract::proto::message::v1::MessageState;
use contract::topic::{Cleanup, Topic};
use domain::Counters;
use engine::{Output, Record, TaskId, TopicPartition};
use log::{Log, ReadLimit, TopicSpec};
use processor::driver::{Observation, Worker};
use processor::settings::Settings;
use processor::topology::{processor, topology};
use store::{Budget, Rocks};

const PARTITIONS: u32 = 2;

fn open(root: &Path) -> (Arc<dyn Log>, Arc<Settings>) {
    let log = embedded::Embedded::open(root.join("log"), embedded::Options::default()).expect("the log opens");
    let settings = Settings::new("mailtally", PARTITIONS, b"key".to_vec());
    for topic in Topic::ALL {
        let cleanup = match topic.cleanup() {
            Cleanup::Delete(retention_ms) => log::Cleanup::Delete { retention_ms },
            Cleanup::Compact(tombstone_ms) => log::Cleanup::Compact { tombstone_ms },
        };
        let spec = TopicSpec { name: settings.topic(topic), partitions: PARTITIONS, cleanup };
        log.create_topic(&spec).expect("the topic is made");
    }
    (Arc::new(log), settings)
}

/// Runs all folds until nothing is left to do.
fn settle(root: &Path, log: &Arc<dyn Log>, settings: &Arc<Settings>) {
    let stores = Arc::new(Rocks::new(&root.join("state"), Budget::default()).expect("stores"));
    let topology = topology(settings);
    let folds = u8::try_from(topology.folds.len()).expect("few folds");
    let tasks = (0..folds).flat_map(|fold| (0..PARTITIONS).map(move |partition| TaskId { fold, partition }));
    let tasks = tasks.filter_map(|task| Some((task, processor(settings, task)?))).collect();
    let (tell, told) = channel::<Observation>();
    let worker = Worker {
        name: "worker-0".into(),
        log: Arc::clone(log),
        stores,
        topology,
        options: engine::Options { batch_records_max: 7, ..engine::Options::default() },
        tasks,
        observe: Box::new(move |observation| {
            tell.send(observation).ok();
        }),
    };
    let running = worker.spawn().expect("the worker starts");
    loop {
        let observation = told.recv_timeout(Duration::from_secs(30)).expect("the worker tells");
        let stalled = observation.states.iter().find(|(_, state)| matches!(state, engine::State::Stalled(_)));
        assert_eq!(stalled, None);
        if observation.idle_at == Some(log.version()) {
            break;
        }
    }
    running.stop().expect("the worker stops");
}

fn send(log: &dyn Log, settings: &Settings, lines: &[String]) {
    let output = |(line, n): (&String, u32)| {
        let event = contract::json::platform_event(line.as_bytes()).expect("a platform event");
        let to = TopicPartition { topic: settings.topic(Topic::Platform), partition: n % PARTITIONS };
        let value = Some(event.encode_to_vec().into());
        Output { to, record: Record { value, timestamp_ms: 1_780_000_000_000, ..Record::default() } }
    };
    log.append(lines.iter().zip(0..).map(output).collect()).expect("appended");
}

/// The latest value of every key of a topic.
fn table(log: &dyn Log, settings: &Settings, topic: Topic) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut rows = BTreeMap::new();
    for partition in 0..PARTITIONS {
        let from = TopicPartition { topic: settings.topic(topic), partition };
        let mut next = 0;
        loop {
            let read = log.read(&from, next, ReadLimit { records: 1_000, bytes: 1 << 20 }).expect("readable");
            if read.records.is_empty() {
                break;
            }
            next = read.next;
            for stored in read.records {
                let key = stored.record.key.map(|key| key.to_vec()).unwrap_or_default();
                rows.insert(key, stored.record.value.map(|value| value.to_vec()).unwrap_or_default());
            }
        }
    }
    rows
}

/// Each campaign's counters, recounted from the published message rows, and as published (I3).
fn recounted_and_published(log: &dyn Log, settings: &Settings) -> [BTreeMap<String, Counters>; 2] {
    let mut recounted: BTreeMap<String, Counters> = BTreeMap::new();
    for row in table(log, settings, Topic::MessageStatus).values() {
        let row = MessageState::decode(&row[..]).expect("a row");
        let share = contract::message::contribution(&row).expect("readable").expect("a fact");
        recounted.entry(share.campaign).or_default().add(&share.counters);
    }
    let stats = table(log, settings, Topic::CampaignStats).into_values();
    let published = stats.map(|row| {
        let row = CampaignStats::decode(&row[..]).expect("stats");
        (row.campaign, contract::counters::from_wire(&row.counters.unwrap_or_default()).expect("counters"))
    });
    [recounted, published.collect()]
}

fn month() -> Vec<String> {
    let mut lines = Vec::new();
    for n in 0..200 {
        let (campaign, at) = (n % 5, format!("2026-05-01T10:{:02}:{:02}Z", n / 60, n % 60));
        let message =
            format!(r#""message":"m{n}","campaign":"c{campaign}","client":"k{n}","address":"k{n}@example.org""#);
        if n % 7 == 0 {
            // Refusals come before their send, and twice.
            let refused =
                format!(r#"{{"organisation":"acme","time":"{at}","refused":{{{message},"reason":"quota"}}}}"#);
            lines.extend([refused.clone(), refused]);
        }
        lines.push(format!(r#"{{"organisation":"acme","time":"{at}","send":{{{message}}}}}"#));
    }
    let at = "2026-05-01T09:00:00Z";
    lines.push(format!(r#"{{"organisation":"acme","time":"{at}","campaign":{{"campaign":"c0","name":"Spring"}}}}"#));
    lines.push(format!(
        r#"{{"organisation":"acme","time":"{at}","withheld":{{"campaign":"c0","client":"z","reason":"inactive"}}}}"#
    ));
    lines
}

fn check(log: &dyn Log, settings: &Settings) {
    let [recounted, published] = recounted_and_published(log, settings);
    assert_eq!(recounted, published);
    let (mut sent, mut dropped) = (0, 0);
    for (campaign, counters) in &published {
        assert_eq!(counters.violations(), Vec::<String>::new(), "{campaign}");
        sent += counters.sent;
        dropped += counters.dropped;
    }
    assert_eq!((published.len(), sent, dropped), (5, 200, 29));
    assert_eq!(published.get("c0").map(|counters| counters.not_sent), Some(1));
}

#[test]
fn campaign_rows_equal_the_recount_through_restarts_duplicates_and_a_lost_state_directory() {
    let root = tempfile::tempdir().expect("directory");
    let lines = month();
    let (half, rest) = lines.split_at(100);
    {
        let (log, settings) = open(root.path());
        send(log.as_ref(), &settings, half);
        settle(root.path(), &log, &settings);
    }
    std::fs::remove_dir_all(root.path().join("state")).expect("the state is lost");
    let (log, settings) = open(root.path());
    send(log.as_ref(), &settings, rest);
    send(log.as_ref(), &settings, half);
    settle(root.path(), &log, &settings);
    check(log.as_ref(), &settings);
    let named = table(log.as_ref(), &settings, Topic::CampaignStats).into_values();
    let names: Vec<String> = named.map(|row| CampaignStats::decode(&row[..]).expect("stats").name).collect();
    assert!(names.contains(&"Spring".to_owned()), "{names:?}");
}

#[test]
fn a_bad_record_is_one_dead_letter_and_disturbs_nothing() {
    let root = tempfile::tempdir().expect("directory");
    let (log, settings) = open(root.path());
    let bad: [&[u8]; 6] = [
        b"\xff\xff\xff",
        b"",
        br#"{"organisation":"acme"}"#,
        &line(r#"{"organisation":"","time":"2026-05-01T10:00:00Z","send":{"message":"m"}}"#),
        &line(r#"{"organisation":"acme","time":"1970-01-02T00:00:00Z","erase":{"client":"k"}}"#),
        &line(r#"{"organisation":"acme","time":"2100-01-01T00:00:00Z","erase":{"client":"k"}}"#),
    ];
    let to = TopicPartition { topic: settings.topic(Topic::Platform), partition: 0 };
    let record = |value: &[u8]| Record {
        value: Some(value.to_vec().into()),
        timestamp_ms: 1_780_000_000_000,
        ..Record::default()
    };
    log.append(bad.iter().map(|value| Output { to: to.clone(), record: record(value) }).collect()).expect("appended");
    send(log.as_ref(), &settings, &month());
    settle(root.path(), &log, &settings);
    check(log.as_ref(), &settings);
    let from = TopicPartition { topic: settings.topic(Topic::DeadLetters), partition: 0 };
    let letters = log.read(&from, 0, ReadLimit { records: 100, bytes: 1 << 20 }).expect("readable").records;
    let reason = |letter: &engine::Stored| {
        let reason = letter.record.headers.get(contract::header::REASON).unwrap_or_default();
        String::from_utf8_lossy(reason).into_owned()
    };
    let reasons: Vec<String> = letters.iter().map(reason).collect();
    assert_eq!(reasons, ["not_protobuf", "empty_value", "not_protobuf", "missing_field", "bad_time", "bad_time"]);
}

fn line(json: &str) -> Vec<u8> {
    contract::json::platform_event(json.as_bytes()).expect("a platform event").encode_to_vec()
}
