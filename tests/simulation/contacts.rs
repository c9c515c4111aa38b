//! What must hold of contacts in the end: their rows are the recount of their events, everybody was told, and nothing
//! personal of an erased client is left.

use std::collections::BTreeMap;

use bytes::Bytes;
use contract::Proto as _;
use contract::proto::contact::v1::{ContactEvent, ContactState};
use contract::proto::event::v1::Event;
use contract::proto::private::v1::Private;
use contract::topic::Topic;
use contract::{contact, key};
use domain::Time;
use domain::contact::{Contact, Subject};
use engine::{Record, TopicPartition};
use log::{Log as _, ReadLimit};
use oracle::{ContactVerdict, Contacts, Recount};
use processor::fold::contacts::TIMES_MAX;

use crate::check::rows;
use crate::world::Installation;

fn records(at: &Installation, topic: Topic) -> Vec<Record> {
    let mut records = Vec::new();
    for partition in 0..at.settings.partitions {
        let from = TopicPartition { topic: at.settings.topic(topic), partition };
        let read = at.log.read(&from, 0, ReadLimit { records: 100_000, bytes: 1 << 28 }).expect("readable");
        records.extend(read.records.into_iter().map(|stored| stored.record));
    }
    records
}

/// The rows are what the oracle recounts, and what had to be told was told.
pub(crate) fn agree(at: &Installation) {
    let (mut contacts, mut messages) = (Contacts::default(), Recount::default());
    for record in records(at, Topic::ContactEvents) {
        let key = record.key.unwrap_or_default();
        let (organisation, subject) = contact::subject(&key).expect("canonical");
        let wire = ContactEvent::decode(record.value.unwrap_or_default()).expect("an event");
        contacts.take(contact::from_wire(organisation, &subject, &wire).expect("readable"));
    }
    for record in records(at, Topic::Events) {
        let key = record.key.unwrap_or_default();
        let [organisation, message] = key::strings::<2>(&key).expect("canonical");
        let wire = Event::decode(record.value.unwrap_or_default()).expect("an event");
        messages.take(contract::event::from_wire(organisation, message, wire).expect("readable"));
    }
    let mut published = state(at);
    for name in contacts.contacts() {
        let row = published.remove(name).unwrap_or_default();
        assert_eq!(row, contacts.verdict(name), "{name:?}: {:#?}", contacts.history(name));
    }
    assert_eq!(published.keys().collect::<Vec<_>>(), Vec::<&(String, Subject)>::new(), "rows without an event");
    assert_eq!(contacts.untold_by_messages(&messages), None);
    assert_eq!(contacts.untold_lifts(&messages), None);
}

fn state(at: &Installation) -> BTreeMap<(String, Subject), ContactVerdict> {
    let read = |(key, row): (Bytes, Bytes)| {
        let (organisation, subject) = contact::subject(&key)?;
        let row = ContactState::decode(row).expect("a row");
        let held = contact::row_from_wire(&subject, &row).expect("readable");
        assert_eq!(contact::row_to_wire(&held), row, "what readers see is a function of the facts");
        Some(((organisation.to_owned(), subject.clone()), verdict(&held)))
    };
    rows(at, Topic::ContactState).into_iter().filter_map(read).collect()
}

fn verdict(held: &Contact) -> ContactVerdict {
    let (last_interaction, last_transaction) = held.last_interactions();
    let registers = held.registers().into_iter();
    ContactVerdict {
        registers: registers.map(|register| (register.scope, register.unsubscribed)).collect(),
        suppressions: held.suppressions().into_iter().map(|held| held.cause).collect(),
        changed_at: held.changed_at(),
        erased_at: held.erased_at(),
        addresses: held.addresses().into_iter().collect(),
        last_interaction,
        last_transaction,
    }
}

/// Of an erased client `private` holds the marker, and else only what is later than it; the fold keeps every such row in mind.
pub(crate) fn erased(at: &Installation) {
    let state = state(at);
    let own = rows(at, Topic::ContactState);
    for (key, row) in rows(at, Topic::Private) {
        let [organisation, client, part] = key::strings::<3>(&key).expect("canonical");
        if client.is_empty() {
            continue;
        }
        let subject = Subject::Client(client.to_owned());
        let erased = state.get(&(organisation.to_owned(), subject)).and_then(|row| row.erased_at);
        let time = Private::decode(row).expect("a row").time.as_ref().map(contract::time_of);
        if part == "erased" {
            assert_eq!(time, erased, "{client} was last erased then");
            continue;
        }
        assert!(time > erased, "{client}: {part} of {time:?} is left after the erasure of {erased:?}");
        let held = own.get(&key::client_part(organisation, client, part)).cloned();
        let held = held.map(|row| ContactState::decode(row).expect("a row").held_us).unwrap_or_default();
        let written = time.map_or(0, Time::micros);
        let known = held.contains(&written) || (held.len() == TIMES_MAX && held.first() > Some(&written));
        assert!(known, "{client}: the fold does not know of {part}");
    }
}
