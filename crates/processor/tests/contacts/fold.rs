//! The contacts fold by itself: what one record brings about ends, whatever it is (no cycles).

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use contract::topic::Topic;
use contract::{Proto as _, key};
use domain::contact::{ContactEvent, ContactFact, Subject};
use domain::{AddressHash, Arrival, EventId, Scope, Time};
use engine::{Folded, Polled, Processor as _, Record, Rows, Stored};
use processor::fold::Contacts;
use processor::settings::Settings;

#[derive(Default)]
struct Table(BTreeMap<Bytes, Bytes>);

impl Rows for Table {
    fn get(&self, key: &[u8]) -> Option<Option<Bytes>> {
        Some(self.0.get(key).cloned())
    }

    fn scan(&self, prefix: &[u8]) -> Option<Vec<(Bytes, Bytes)>> {
        let under = self.0.iter().filter(|(key, _)| key.starts_with(prefix));
        Some(under.map(|(key, row)| (key.clone(), row.clone())).collect())
    }
}

fn event(subject: Subject, id: u8, time: i64, fact: ContactFact) -> ContactEvent {
    ContactEvent {
        organisation: "acme".into(),
        subject,
        id: EventId([id; 16]),
        time: Time::from_micros(time),
        decoder: 1,
        retracted: false,
        version: Time::default(),
        fact,
        part: None,
        arrival: Arrival::default(),
    }
}

/// Feeds the fold its own outputs until there are none; every record may cause this many others at most.
fn run(events: &[ContactEvent], records_max: usize) -> (Table, usize) {
    let settings = Settings::new("mailtally", 1, b"key".to_vec());
    let mut fold = Contacts::new(std::sync::Arc::clone(&settings), 1);
    let (mut table, mut records, mut lifts) = (Table::default(), 0, 0);
    let record = |event: &ContactEvent| Record {
        key: Some(contract::contact::key("acme", &event.subject)),
        value: Some(contract::contact::to_wire(event).encode_to_vec().into()),
        ..Record::default()
    };
    let mut queue: VecDeque<Record> = events.iter().map(record).collect();
    while let Some(record) = queue.pop_front() {
        records += 1;
        assert!(records <= records_max, "it does not end");
        let batch = Polled { partition: 0, records: vec![Stored { offset: 0, record }], next: 1 };
        let Folded::Done(effects) = fold.fold(&batch, &table) else { panic!("everything is loaded") };
        for (key, row) in effects.rows {
            match row {
                Some(row) => table.0.insert(key, row),
                None => table.0.remove(&key),
            };
        }
        let own = settings.topic(Topic::ContactEvents);
        let (again, others): (Vec<_>, Vec<_>) = effects.outputs.into_iter().partition(|output| output.to.topic == own);
        queue.extend(again.into_iter().map(|output| output.record));
        lifts += others.iter().filter(|output| output.to.topic == settings.topic(Topic::Events)).count();
    }
    (table, lifts)
}

#[test]
fn every_chain_ends_at_the_addresses_and_the_messages() {
    let (client, addresses) = (Subject::Client("k".into()), 8_u8);
    let off = |message: Option<&str>| ContactFact::Unsubscribed {
        scope: Scope::Organisation,
        message: message.map(str::to_owned),
    };
    let on = || ContactFact::Resubscribed { scope: Scope::Organisation, message: None };
    let mut events = vec![event(client.clone(), 1, 1, off(Some("m1"))), event(client.clone(), 2, 5, on())];
    for n in 0..addresses {
        let hash = AddressHash([n; 16]);
        events.push(event(client.clone(), 10 + n, 2, ContactFact::Addressed { address: hash, by_send: true }));
        events.push(event(Subject::Address(hash), 1, 1, off(Some("m1"))));
        events.push(event(client.clone(), 30 + n, 3, ContactFact::Removed { address: hash }));
        events.push(event(client.clone(), 50 + n, 4, ContactFact::Addressed { address: hash, by_send: false }));
    }
    events.push(event(client, 3, 6, ContactFact::Erased));
    let said = events.len();
    // Each word about an address tells it the client's two facts, at most; an address tells nobody but messages.
    let (table, lifts) = run(&events, said + 3 * 2 * usize::from(addresses));
    assert!(lifts > usize::from(addresses), "{lifts}");
    assert_eq!(table.0.len(), 1 + usize::from(addresses));
    let (again, _) = run(&[events.clone(), events].concat(), 2 * said + 3 * 2 * usize::from(addresses));
    assert_eq!(again.0, table.0, "replaying everything changes nothing and tells nothing new");
}

#[test]
fn an_erasure_continues_until_all_is_gone_and_no_longer() {
    let client = Subject::Client("k".into());
    let parts = 3 * processor::fold::contacts::PARTS_ERASED_MAX + 1;
    let mut events: Vec<ContactEvent> = (0..parts)
        .map(|n| ContactEvent { part: Some(format!("mail/m{n}")), ..event(client.clone(), 1, 1, ContactFact::Held) })
        .collect();
    events.push(event(client, 2, 6, ContactFact::Erased));
    let (table, _) = run(&events, parts + 6);
    assert_eq!(table.0.keys().collect::<Vec<_>>(), [&key::client("acme", "k")]);
}
