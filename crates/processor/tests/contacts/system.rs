//! A data directory of its own for each test: say something, let it settle, look at the rows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use bytes::Bytes;
use contract::proto::contact::v1::ContactState;
use contract::proto::message::v1::{MessageState, Status};
use contract::topic::{Cleanup, Topic};
use contract::{Proto as _, key};
use domain::AddressHash;
use domain::contact::{Contact, Subject};
use engine::{Output, Record, TaskId, TopicPartition};
use log::{Log, ReadLimit, TopicSpec};
use processor::driver::{Observation, Worker};
use processor::settings::Settings;
use processor::topology::{processor, topology};
use store::{Budget, Rocks};

pub(crate) const PARTITIONS: u32 = 2;

pub(crate) struct System {
    pub(crate) root: tempfile::TempDir,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) settings: Arc<Settings>,
}

impl System {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().expect("directory");
        let log =
            embedded::Embedded::open(root.path().join("log"), embedded::Options::default()).expect("the log opens");
        let settings = Settings::new("mailtally", PARTITIONS, b"key".to_vec());
        for topic in Topic::ALL {
            let cleanup = match topic.cleanup() {
                Cleanup::Delete(retention_ms) => log::Cleanup::Delete { retention_ms },
                Cleanup::Compact(tombstone_ms) => log::Cleanup::Compact { tombstone_ms },
            };
            let spec = TopicSpec { name: settings.topic(topic), partitions: PARTITIONS, cleanup };
            log.create_topic(&spec).expect("the topic is made");
        }
        Self { root, log: Arc::new(log), settings }
    }

    /// Writes platform events of `acme`, `(time of day, kind as JSON)`, and runs all folds until nothing is left to do.
    pub(crate) fn say(&self, events: &[(&str, &str)]) {
        let output = |(place, (time, kind)): (usize, &(&str, &str))| {
            let line = format!(r#"{{"organisation":"acme","time":"2026-05-01T{time}Z",{kind}}}"#);
            let event = contract::json::platform_event(line.as_bytes()).expect("a platform event");
            let partition = u32::try_from(place).expect("few") % PARTITIONS;
            let to = TopicPartition { topic: self.settings.topic(Topic::Platform), partition };
            let value = Some(event.encode_to_vec().into());
            Output { to, record: Record { value, timestamp_ms: 1_780_000_000_000, ..Record::default() } }
        };
        self.log.append(events.iter().enumerate().map(output).collect()).expect("appended");
        self.settle();
    }

    pub(crate) fn settle(&self) {
        let stores = Arc::new(Rocks::new(&self.root.path().join("state"), Budget::default()).expect("stores"));
        let topology = topology(&self.settings);
        let folds = u8::try_from(topology.folds.len()).expect("few folds");
        let tasks = (0..folds).flat_map(|fold| (0..PARTITIONS).map(move |partition| TaskId { fold, partition }));
        let tasks = tasks.filter_map(|task| Some((task, processor(&self.settings, task)?))).collect();
        let (tell, told) = channel::<Observation>();
        let worker = Worker {
            name: "worker-0".into(),
            log: Arc::clone(&self.log),
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
            let observation = told.recv_timeout(Duration::from_secs(60)).expect("the worker tells");
            let stalled = observation.states.iter().find(|(_, state)| matches!(state, engine::State::Stalled(_)));
            assert_eq!(stalled, None);
            if observation.idle_at == Some(self.log.version()) {
                break;
            }
        }
        running.stop().expect("the worker stops");
    }

    /// Every record of a topic, partition by partition.
    pub(crate) fn records(&self, topic: Topic) -> Vec<Record> {
        let mut records = Vec::new();
        for partition in 0..PARTITIONS {
            let from = TopicPartition { topic: self.settings.topic(topic), partition };
            let mut next = 0;
            loop {
                let read = self.log.read(&from, next, ReadLimit { records: 1_000, bytes: 1 << 22 }).expect("readable");
                if read.next == next {
                    break;
                }
                next = read.next;
                records.extend(read.records.into_iter().map(|stored| stored.record));
            }
        }
        records
    }

    /// The latest value of every key that has one.
    pub(crate) fn rows(&self, topic: Topic) -> BTreeMap<Bytes, Bytes> {
        let mut rows = BTreeMap::new();
        for record in self.records(topic) {
            let key = record.key.unwrap_or_default();
            match record.value {
                Some(value) => rows.insert(key, value),
                None => rows.remove(&key),
            };
        }
        rows
    }

    /// A contact's row as it is published.
    pub(crate) fn row(&self, subject: &Subject) -> ContactState {
        let row = self.rows(Topic::ContactState).remove(&contract::contact::key("acme", subject)).unwrap_or_default();
        ContactState::decode(row).expect("a row")
    }

    pub(crate) fn contact(&self, subject: &Subject) -> Contact {
        contract::contact::row_from_wire(subject, &self.row(subject)).expect("readable")
    }

    pub(crate) fn hash(&self, address: &str) -> AddressHash {
        contract::identity::address(&self.settings.address_key, address)
    }

    pub(crate) fn address(&self, address: &str) -> Contact {
        self.contact(&Subject::Address(self.hash(address)))
    }

    pub(crate) fn status(&self, message: &str) -> Status {
        let row = self.rows(Topic::MessageStatus).remove(&key::message("acme", message)).unwrap_or_default();
        MessageState::decode(row).expect("a row").status()
    }

    /// Parts of a client's private rows.
    pub(crate) fn private(&self, client: &str) -> Vec<String> {
        let named = |key: &Bytes| key::strings::<3>(key).map(|parts| parts.map(str::to_owned));
        let rows = self.rows(Topic::Private);
        let of = rows.keys().filter_map(named).filter(|[_, of, _]| of == client);
        of.map(|[_, _, part]| part).collect()
    }
}

pub(crate) fn client(id: &str) -> Subject {
    Subject::Client(id.into())
}

pub(crate) fn send(message: &str, client: &str, address: &str) -> String {
    format!(r#""send":{{"message":"{message}","campaign":"spring","client":"{client}","address":"{address}"}}"#)
}
