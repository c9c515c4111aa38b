//! The correlate fold by itself: a send and its events meet in either order, whatever the cuts (I5); what never matches
//! expires into the dead letters; a restore finds index and watermark again (I6); organisations stay walls (I8).

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use contract::proto::correlation::v1::{Correlation, CorrelationState, Known, correlation::Said};
use contract::topic::Topic;
use contract::{Proto as _, header, key};
use domain::{Arrival, Attribution, Event, EventId, Fact, Rank, Time};
use engine::{
    Change, Disposition, Effects, Folded, Found, Offset, Output, Polled, Processor, Rebuilt, Record, Rows, Stored,
};
use processor::fold::Correlate;
use processor::fold::correlate::WAITING_MAX;
use processor::settings::Settings;

const DAY_MS: i64 = 86_400_000;
const START_MS: i64 = 1_780_000_000_000;

/// A task's rows, as a store and its overlay would answer.
#[derive(Default)]
struct Table {
    rows: BTreeMap<Bytes, Bytes>,
}

/// One round of answers: what was not asked for is not there.
struct Loaded<'a> {
    table: &'a Table,
    keys: BTreeSet<Bytes>,
    prefixes: BTreeMap<Bytes, usize>,
}

impl<'a> Loaded<'a> {
    fn nothing(table: &'a Table) -> Self {
        Self { table, keys: BTreeSet::new(), prefixes: BTreeMap::new() }
    }
}

impl Rows for Loaded<'_> {
    fn get(&self, key: &[u8]) -> Option<Option<Bytes>> {
        self.keys.contains(key).then(|| self.table.rows.get(key).cloned())
    }

    fn scan(&self, prefix: &[u8]) -> Option<Vec<(Bytes, Bytes)>> {
        let limit = *self.prefixes.get(prefix)?;
        let rows = self.table.rows.range(Bytes::copy_from_slice(prefix)..);
        let rows = rows.take_while(|(key, _)| key.starts_with(prefix)).take(limit);
        Some(rows.map(|(key, row)| (key.clone(), row.clone())).collect())
    }
}

impl Table {
    fn run(&mut self, mut fold: impl FnMut(&dyn Rows) -> Folded) -> Effects {
        let (mut keys, mut prefixes) = (BTreeSet::new(), BTreeMap::new());
        for _ in 0..engine::processor::LOAD_ROUNDS_MAX {
            match fold(&Loaded { table: self, keys: keys.clone(), prefixes: prefixes.clone() }) {
                Folded::Missing { keys: more, prefixes: scans } => {
                    keys.extend(more);
                    prefixes.extend(scans);
                }
                Folded::Done(effects) => {
                    for (key, row) in effects.rows.iter().chain(&effects.derived) {
                        match row {
                            Some(row) => self.rows.insert(key.clone(), row.clone()),
                            None => self.rows.remove(key),
                        };
                    }
                    return effects;
                }
            }
        }
        panic!("the fold asks without end")
    }

    fn published(&self) -> Vec<(Bytes, Option<Bytes>)> {
        let rows = self.rows.iter().filter(|(key, _)| key[0] != 0);
        rows.map(|(key, row)| (key.clone(), Some(row.clone()))).collect()
    }
}

/// What a run gave.
#[derive(Default)]
struct Run {
    table: Table,
    outputs: Vec<Output>,
    dispositions: Vec<Disposition>,
}

impl Run {
    /// Folds records in batches of at most `cut`.
    fn of(records: &[Record], cut: usize) -> Self {
        let mut fold = Correlate::new(settings(), 1);
        let mut run = Self::default();
        let stored: Vec<Stored> =
            (0..).zip(records).map(|(offset, record)| Stored { offset, record: record.clone() }).collect();
        for chunk in stored.chunks(cut) {
            let next: Offset = chunk.last().expect("a record").offset + 1;
            let batch = Polled { partition: 0, records: chunk.to_vec(), next };
            let effects = run.table.run(|rows| fold.fold(&batch, rows));
            run.outputs.extend(effects.outputs);
            run.dispositions.extend(effects.dispositions);
        }
        run
    }

    /// (message, event id) of each event that found its message.
    fn delivered(&self) -> BTreeSet<(String, u8)> {
        let events = self.outputs.iter().filter(|output| output.to.topic == settings().topic(Topic::Events));
        events
            .map(|output| {
                let key = output.record.key.clone().expect("a key");
                let [_, message] = key::strings::<2>(&key).expect("canonical");
                let value = output.record.value.clone().expect("a value");
                let event: contract::proto::event::v1::Event = contract::decode("Event", &value).expect("an event");
                (message.to_owned(), event.id[0])
            })
            .collect()
    }

    fn letters(&self) -> Vec<String> {
        let letters = self.outputs.iter().filter(|output| output.to.topic == settings().topic(Topic::DeadLetters));
        let reason = |output: &Output| output.record.headers.get(header::REASON).unwrap_or_default().to_vec();
        letters.map(|output| String::from_utf8(reason(output)).expect("words")).collect()
    }
}

fn settings() -> Arc<Settings> {
    Settings::new("mailtally", 1, b"key".to_vec())
}

fn record(id: &str, address: Option<u8>, said: Correlation, day: i64) -> Record {
    let hash = address.map(|letter| [letter; 16]);
    Record {
        key: Some(key::correlation("sendgrid", "main", id, hash.as_ref())),
        value: Some(said.encode_to_vec().into()),
        timestamp_ms: START_MS + day * DAY_MS,
        ..Record::default()
    }
}

fn send(id: &str, address: u8, organisation: &str, day: i64) -> Record {
    let known = Known {
        organisation: organisation.into(),
        message: format!("{id}-{address}"),
        campaign: "c".into(),
        client: "k".into(),
        address: vec![address; 16].into(),
    };
    let said = Correlation { said: Some(Said::Known(known)), ..Correlation::default() };
    record(id, Some(address), said, day)
}

fn event(id: &str, address: Option<u8>, letter: u8, day: i64) -> Record {
    let event = Event {
        organisation: String::new(),
        message: String::new(),
        id: EventId([letter; 16]),
        time: Time::from_micros(START_MS * 1_000),
        decoder: 1,
        retracted: false,
        rank: Rank::CustomData,
        attribution: Attribution::default(),
        provider: "sendgrid".into(),
        fact: Fact::Delivered,
        arrival: Arrival::default(),
    };
    let said = Correlation {
        said: Some(Said::Event(contract::event::to_wire(&event))),
        organisations: vec!["acme".into()],
        ..Correlation::default()
    };
    record(id, address, said, day)
}

fn named(pairs: &[(&str, u8)]) -> BTreeSet<(String, u8)> {
    pairs.iter().map(|(message, letter)| ((*message).to_owned(), *letter)).collect()
}

#[test]
fn a_send_and_its_events_meet_in_either_order_whatever_the_cuts() {
    let records = [
        event("x", Some(1), 10, 0),
        send("x", 1, "acme", 0),
        event("x", Some(1), 11, 0),
        event("x", None, 12, 0),
        event("y", None, 13, 0),
        send("y", 1, "acme", 0),
        send("y", 2, "acme", 0),
        event("y", None, 14, 0),
        event("z", Some(3), 15, 0),
        event("x", Some(1), 10, 0),
    ];
    let whole = Run::of(&records, records.len());
    let expected = named(&[("x-1", 10), ("x-1", 11), ("x-1", 12), ("y-1", 13), ("y-2", 13), ("y-1", 14), ("y-2", 14)]);
    assert_eq!(whole.delivered(), expected);
    let mut backwards = records.to_vec();
    backwards.reverse();
    assert_eq!(Run::of(&backwards, 3).delivered(), expected);
    for cut in 1..records.len() {
        let run = Run::of(&records, cut);
        assert_eq!(run.table.rows, whole.table.rows, "cut at {cut}");
        assert_eq!((run.delivered(), run.letters()), (whole.delivered(), whole.letters()), "cut at {cut}");
    }
}

#[test]
fn what_never_matches_waits_thirty_days_of_log_time_and_becomes_a_dead_letter() {
    let records = [
        event("x", Some(1), 10, 0),
        event("y", None, 11, 0),
        event("z", Some(1), 12, 29),
        event("z", Some(1), 13, 31),
        send("x", 1, "acme", 31),
    ];
    let whole = Run::of(&records, records.len());
    assert_eq!(whole.letters(), ["unmatched", "unmatched"]);
    assert_eq!(whole.delivered(), named(&[]), "a send that comes too late finds nothing");
    for cut in 1..records.len() {
        let run = Run::of(&records, cut);
        assert_eq!((&run.table.rows, run.letters().len()), (&whole.table.rows, 2), "cut at {cut}");
    }
}

#[test]
fn a_restore_finds_rows_index_and_watermark_again() {
    let days = [0, 3, 3, 20, 31, 40];
    let records: Vec<Record> = days.iter().zip(1..).map(|(day, n)| event(&format!("m{n}"), Some(n), n, *day)).collect();
    let run = Run::of(&records, 2);
    let mut restored = Table::default();
    let published = run.table.published();
    for chunk in published.chunks(2) {
        let effects = restored.run(|rows| Correlate::new(settings(), 1).restore(chunk, rows));
        assert!(effects.outputs.is_empty());
        restored.rows.extend(chunk.iter().filter_map(|(key, row)| Some((key.clone(), row.clone()?))));
    }
    assert_eq!(restored.rows, run.table.rows);
}

#[test]
fn an_account_reaches_only_the_organisations_it_is_bound_to() {
    let run = Run::of(&[event("x", Some(1), 10, 0), send("x", 1, "rival", 0), event("x", None, 11, 0)], 3);
    assert_eq!(run.delivered(), named(&[]));
    let waiting: usize = run.table.published().iter().map(|(_, row)| waiting(row.as_ref().expect("a row"))).sum();
    assert_eq!(waiting, 2);
}

#[test]
fn more_than_the_bound_and_a_second_send_are_dead_letters() {
    let bound = u8::try_from(WAITING_MAX).expect("small");
    let mut records: Vec<Record> = (0..=bound).map(|letter| event("x", Some(1), letter, 0)).collect();
    records.push(send("x", 1, "acme", 0));
    let mut second = send("x", 1, "acme", 0);
    second.value = send("other", 1, "acme", 0).value;
    records.push(second);
    let run = Run::of(&records, 7);
    assert_eq!(run.letters(), ["too_many_waiting", "conflicting_send"]);
    assert_eq!(run.delivered().len(), WAITING_MAX);
}

fn waiting(row: &Bytes) -> usize {
    CorrelationState::decode(&row[..]).expect("a row").waiting.len()
}

/// What a rebuild publishes when this row stood and that one stands now.
fn rebuilt(before: &Run, after: &Run) -> Effects {
    let row = |run: &Run, key: &Bytes| run.table.rows.get(key).cloned();
    let keys: BTreeSet<Bytes> =
        [before, after].iter().flat_map(|run| run.table.published()).map(|(key, _)| key).collect();
    let change = |key: Bytes| Change { before: row(before, &key), after: row(after, &key), key };
    let changes: Vec<Change> = keys.into_iter().map(change).filter(|change| change.before != change.after).collect();
    let found = Found::Changes(&changes);
    let said = Rebuilt { partition: 0, next: 9, timestamp_ms: START_MS, more: false, found };
    match Correlate::new(settings(), 2).rebuilt(&said, &Loaded::nothing(&after.table)) {
        Folded::Done(effects) => effects,
        Folded::Missing { .. } => panic!("rows are given"),
    }
}

#[test]
fn an_event_that_waits_no_more_in_a_new_version_goes_where_it_belongs() {
    let waits = Run::of(&[event("a", Some(1), 1, 0)], 1);
    for (after, delivered, letters) in [
        (Run::of(&[event("a", Some(1), 1, 0), send("a", 1, "acme", 0)], 1), 1, vec![]),
        (Run::default(), 0, vec!["unmatched".to_owned()]),
        (Run::of(&[event("a", Some(1), 1, 0), event("a", Some(1), 2, 0)], 1), 0, vec![]),
    ] {
        let outputs = rebuilt(&waits, &after).outputs;
        let told = Run { outputs, ..Run::default() };
        assert_eq!((told.delivered().len(), told.letters()), (delivered, letters));
    }
}
