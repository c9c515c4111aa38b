//! A data directory of a test: the real embedded log, the real stores, all folds, until nothing is left to do.

#![allow(dead_code, reason = "each suite uses a part")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use contract::Proto as _;
use contract::topic::{Cleanup, Topic};
use engine::{Output, Record, Stored, TaskId, TopicPartition};
use log::{Log, ReadLimit, TopicSpec};
use processor::accounts::Accounts;
use processor::driver::{Observation, Running, Worker};
use processor::settings::Settings;
use processor::topology::{processor, topology};
use store::{Budget, Rocks, Stores};

pub(crate) const PARTITIONS: u32 = 2;
/// When everything was received, in milliseconds.
pub(crate) const RECEIVED_MS: i64 = 1_780_000_000_000;

pub(crate) fn open(root: &Path, accounts: Accounts) -> (Arc<dyn Log>, Arc<Settings>) {
    let log = embedded::Embedded::open(root.join("log"), embedded::Options::default()).expect("the log opens");
    let settings = made(&log, accounts);
    (Arc::new(log), settings)
}

/// Settings, and their topics in this log.
pub(crate) fn made(log: &dyn Log, accounts: Accounts) -> Arc<Settings> {
    made_keeping(log, accounts, |_, tombstone_ms| tombstone_ms)
}

/// The same, with tombstones kept so many milliseconds in each topic instead of what the contract wants.
pub(crate) fn made_keeping(log: &dyn Log, accounts: Accounts, kept: impl Fn(Topic, i64) -> i64) -> Arc<Settings> {
    let settings = Settings::with_accounts("mailtally", PARTITIONS, b"key".to_vec(), accounts);
    for topic in Topic::ALL {
        let cleanup = match topic.cleanup() {
            Cleanup::Delete(retention_ms) => log::Cleanup::Delete { retention_ms },
            Cleanup::Compact(tombstone_ms) => log::Cleanup::Compact { tombstone_ms: kept(topic, tombstone_ms) },
        };
        let spec = TopicSpec { name: settings.topic(topic), partitions: PARTITIONS, cleanup };
        log.create_topic(&spec).expect("the topic is made");
    }
    settings
}

/// Runs all folds, in small batches, until nothing is left to do.
pub(crate) fn settle(root: &Path, log: &Arc<dyn Log>, settings: &Arc<Settings>) {
    let stores = Arc::new(Rocks::new(&root.join("state"), Budget::default()).expect("stores"));
    let (running, told) = start(stores, log, settings);
    rest(&told, log.as_ref(), |_| ());
    running.stop().expect("the worker stops");
}

/// A worker with all tasks that runs, and what it tells.
pub(crate) fn start(
    stores: Arc<dyn Stores>,
    log: &Arc<dyn Log>,
    settings: &Arc<Settings>,
) -> (Running, Receiver<Observation>) {
    start_bounded(stores, log, settings, engine::Options { batch_records_max: 7, ..engine::Options::default() })
}

/// The same, within other bounds.
pub(crate) fn start_bounded(
    stores: Arc<dyn Stores>,
    log: &Arc<dyn Log>,
    settings: &Arc<Settings>,
    options: engine::Options,
) -> (Running, Receiver<Observation>) {
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
        options,
        tasks,
        observe: Box::new(move |observation| {
            tell.send(observation).ok();
        }),
    };
    (worker.spawn().expect("the worker starts"), told)
}

/// Looks at what a worker tells until nothing is left to do.
pub(crate) fn rest(told: &Receiver<Observation>, log: &dyn Log, mut look: impl FnMut(&Observation)) {
    loop {
        let observation = told.recv_timeout(Duration::from_secs(30)).expect("the worker tells");
        let stalled = observation.states.iter().find(|(_, state)| matches!(state, engine::State::Stalled(_)));
        assert_eq!(stalled, None);
        look(&observation);
        if observation.idle_at == Some(log.version()) {
            return;
        }
    }
}

/// Bytes of a platform event.
pub(crate) fn event(json: &str) -> Vec<u8> {
    contract::json::platform_event(json.as_bytes()).expect("a platform event").encode_to_vec()
}

/// Writes platform events, spread over the partitions.
pub(crate) fn send(log: &dyn Log, settings: &Settings, lines: &[String]) {
    let output = |(line, n): (&String, u32)| {
        let to = TopicPartition { topic: settings.topic(Topic::Platform), partition: n % PARTITIONS };
        Output { to, record: record(None, Some(event(line))) }
    };
    log.append(lines.iter().zip(0..).map(output).collect()).expect("appended");
}

/// A record as it was received.
pub(crate) fn record(key: Option<&[u8]>, value: Option<Vec<u8>>) -> Record {
    Record {
        key: key.map(|key| key.to_vec().into()),
        value: value.map(Into::into),
        timestamp_ms: RECEIVED_MS,
        ..Record::default()
    }
}

/// Every record of a topic's partition.
pub(crate) fn records(log: &dyn Log, settings: &Settings, topic: Topic, partition: u32) -> Vec<Stored> {
    let from = TopicPartition { topic: settings.topic(topic), partition };
    let (mut next, mut found) = (0, Vec::new());
    loop {
        let read = log.read(&from, next, ReadLimit { records: 1_000, bytes: 1 << 20 }).expect("readable");
        if read.records.is_empty() {
            return found;
        }
        next = read.next;
        found.extend(read.records);
    }
}

/// The latest value of every key of a topic.
pub(crate) fn table(log: &dyn Log, settings: &Settings, topic: Topic) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut rows = BTreeMap::new();
    for stored in (0..PARTITIONS).flat_map(|partition| records(log, settings, topic, partition)) {
        let key = stored.record.key.map(|key| key.to_vec()).unwrap_or_default();
        match stored.record.value {
            Some(value) => rows.insert(key, value.to_vec()),
            None => rows.remove(&key),
        };
    }
    rows
}
