//! Whatever is done to it, in whatever order, the embedded log shows what the model shows.

use std::collections::BTreeMap;

use embedded::Embedded;
use engine::{Output, Record, Stored, TopicPartition};
use log::model::Model;
use log::{Cleanup, Log, Producer, TopicSpec, Transaction};
use proptest::prelude::*;

use crate::support::*;

#[derive(Clone, Debug)]
enum Step {
    Append(Vec<(u8, u8, Option<u16>)>),
    Commit(Vec<(u8, u8, Option<u16>)>, u64),
    Maintain { after_ms: i64, budget: u64 },
    Reopen,
    Kill,
}

fn step() -> impl Strategy<Value = Step> {
    let records =
        || proptest::collection::vec((0_u8..3, 0_u8..6, proptest::option::weighted(0.8, any::<u16>())), 1..30);
    prop_oneof![
        4 => records().prop_map(Step::Append),
        4 => (records(), 0_u64..100).prop_map(|(records, offset)| Step::Commit(records, offset)),
        3 => (0_i64..900, 1_u64..3_000).prop_map(|(after_ms, budget)| Step::Maintain { after_ms, budget }),
        1 => Just(Step::Reopen),
        1 => Just(Step::Kill),
    ]
}

fn short() -> TopicSpec {
    TopicSpec {
        cleanup: Cleanup::Delete { retention_ms: Some(2_000) },
        partitions: 1,
        name: engine::Topic::new("short"),
    }
}

fn outputs(records: &[(u8, u8, Option<u16>)], now_ms: i64) -> Vec<Output> {
    let places = [at(&events(), 0), at(&rows(), 0), at(&short(), 0)];
    let one = |(place, key, value): &(u8, u8, Option<u16>)| Output {
        to: places[usize::from(*place)].clone(),
        record: Record {
            key: Some(vec![*key].into()),
            value: value.map(|value| value.to_string().into()),
            timestamp_ms: now_ms,
            ..Record::default()
        },
    };
    records.iter().map(one).collect()
}

fn latest(records: Vec<Stored>) -> BTreeMap<Option<bytes::Bytes>, Stored> {
    records
        .into_iter()
        .map(|stored| (stored.record.key.clone(), stored))
        .filter(|(_, one)| one.record.value.is_some())
        .collect()
}

fn all(log: &dyn Log, partition: &TopicPartition) -> (u64, u64, Vec<Stored>) {
    let bounds = log.bounds(partition).unwrap();
    let (mut records, mut next) = (Vec::new(), bounds.start);
    while next < bounds.high_watermark {
        let read = log.read(partition, next, log::ReadLimit { records: 7, bytes: 300 }).unwrap();
        records.extend(read.records);
        next = read.next;
    }
    (bounds.start, bounds.high_watermark, records)
}

/// What a reader of each topic relies on.
fn agree(model: &Model, log: &Embedded) {
    let (kept, compacted, short) = (at(&events(), 0), at(&rows(), 0), at(&short(), 0));
    assert_eq!(all(model, &kept), all(log, &kept));
    let (model_rows, log_rows) = (all(model, &compacted), all(log, &compacted));
    assert_eq!((model_rows.0, model_rows.1), (log_rows.0, log_rows.1));
    let offsets = |rows: Vec<Stored>| live(rows);
    assert_eq!(offsets(model_rows.2), offsets(log_rows.2), "the same rows for who starts over");
    let (model_short, log_short) = (all(model, &short), all(log, &short));
    assert!(log_short.0 <= model_short.0 && log_short.1 == model_short.1, "nothing goes before its time");
    let young = |records: Vec<Stored>| -> Vec<Stored> {
        records.into_iter().filter(|one| one.offset >= model_short.0).collect()
    };
    assert_eq!(young(log_short.2), young(model_short.2.clone()));
    assert_eq!(model.committed(GROUP, std::slice::from_ref(&kept)).unwrap(), log.committed(GROUP, &[kept]).unwrap());
}

/// The newest row of each key that is not erased.
fn live(rows: Vec<Stored>) -> BTreeMap<Option<bytes::Bytes>, Stored> {
    let mut newest = BTreeMap::new();
    for row in rows {
        newest.insert(row.record.key.clone(), row);
    }
    latest(newest.into_values().collect())
}

fn made(log: &dyn Log) -> Box<dyn Producer> {
    for spec in [events(), rows(), short()] {
        log.create_topic(&spec).unwrap();
    }
    log.producer("task").unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_embedded_log_shows_what_the_model_shows(steps in proptest::collection::vec(step(), 1..25)) {
        let home = tempfile::tempdir().unwrap();
        let (model, mut now_ms, mut path) = (Model::new("model"), NOW, home.path().join("log"));
        let mut log = open(&path).unwrap();
        let mut producers = (made(&model), made(&log));
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Append(records) => {
                    let records = outputs(&records, now_ms);
                    prop_assert_eq!(model.append(records.clone()).unwrap(), log.append(records).unwrap());
                }
                Step::Commit(records, next) => {
                    let offsets = vec![(GROUP.to_owned(), at(&events(), 0), next)];
                    let transaction = Transaction { outputs: outputs(&records, now_ms), offsets };
                    let wanted = producers.0.commit(transaction.clone()).unwrap();
                    let mut got = producers.1.commit(transaction).unwrap();
                    got.ends.sort();
                    prop_assert_eq!(wanted, got);
                }
                Step::Maintain { after_ms, budget } => {
                    now_ms += after_ms;
                    model.maintain(now_ms);
                    log.maintain(now_ms, budget).unwrap();
                }
                Step::Reopen | Step::Kill => {
                    if matches!(step, Step::Kill) {
                        path = home.path().join(format!("image-{number}"));
                        copy(log.path(), &path);
                    }
                    drop((log, producers.1));
                    log = open(&path).unwrap();
                    producers.1 = made(&log);
                }
            }
            agree(&model, &log);
        }
        prop_assert_eq!(log.verify(|_| ()).unwrap(), None);
    }
}
