//! A worker whose task cannot have its store, or its rows, yet: it waits, says why, and goes on by itself.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

mod support;

use std::sync::Arc;

use contract::topic::Topic;
use engine::{Output, State, TaskId, TopicPartition};
use log::Log;
use log::model::Model;
use processor::accounts::Accounts;
use store::{Budget, Rocks, Stores};
use support::{made, record, rest, send, start};

const SEND: &str = r#"{"organisation":"acme","time":"2026-05-01T10:00:00Z","send":{"message":"m","campaign":"c","client":"k","address":"k@example.org"}}"#;

#[test]
fn a_store_that_its_last_owner_still_holds_is_opened_when_it_is_released() {
    let root = tempfile::tempdir().expect("directory");
    let stores = || Rocks::new(&root.path().join("state"), Budget::default()).expect("stores");
    let log: Arc<dyn Log> = Arc::new(Model::new("model"));
    let settings = made(log.as_ref(), Accounts::new());
    send(log.as_ref(), &settings, &[SEND.to_owned()]);
    let held = stores().open("messages-1").expect("the worker before has it");
    let (running, told) = start(Arc::new(stores()), &log, &settings);
    let (mut held, mut waiting) = (Some(held), None);
    rest(&told, log.as_ref(), |seen| {
        if let Some((task, why)) = seen.waits.first() {
            assert!(why.contains("messages-1 is open elsewhere"), "{why}");
            let state = seen.states.iter().find(|(other, _)| other == task).map(|(_, state)| state);
            assert_eq!(state, Some(&State::Opening), "it does not fail");
            waiting = Some(*task);
            held = None;
        }
    });
    assert!(matches!(waiting, Some(TaskId { partition: 1, .. })), "it said what it waits for");
    running.stop().expect("the worker stops");
}

#[test]
fn a_restore_waits_for_an_open_transaction_and_ends_when_that_does() {
    let root = tempfile::tempdir().expect("directory");
    let model = Model::new("model");
    let log: Arc<dyn Log> = Arc::new(model.clone());
    let settings = made(log.as_ref(), Accounts::new());
    let to = TopicPartition { topic: settings.topic(Topic::MessageStatus), partition: 0 };
    let hanging = model.begin(vec![Output { to, record: record(Some(b"key"), None) }]).expect("begun");
    let stores = Rocks::new(&root.path().join("state"), Budget::default()).expect("stores");
    let (running, told) = start(Arc::new(stores), &log, &settings);
    let (mut hanging, mut said) = (Some(hanging), String::new());
    rest(&told, log.as_ref(), |seen| {
        if let Some((task, why)) = seen.waits.first() {
            said.clone_from(why);
            let state = seen.states.iter().find(|(other, _)| other == task).map(|(_, state)| state);
            assert!(matches!(state, Some(State::Restoring { at: 0, to: 1, .. })), "{state:?}");
            hanging.take().into_iter().for_each(|open| open.end(false));
        }
    });
    assert!(said.contains("a transaction has been open on mailtally.message-status.v1/0 since offset 0"), "{said}");
    running.stop().expect("the worker stops");
}
