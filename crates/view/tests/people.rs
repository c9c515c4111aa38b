//! Clients are found by name and address while they are kept, and by nothing once they are erased; mailbox domains follow
//! whichever topic comes first; what stands in the way of a mail is told for any instant.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use contract::Proto as _;
use contract::key as canonical;
use contract::proto::campaign::v1::CampaignStats;
use contract::proto::private::v1::private::Row;
use contract::proto::private::v1::{Mail, Person, Private};
use contract::topic::Topic;
use domain::contact::check::Mail as Wanted;
use domain::contact::state::EmailState;
use domain::contact::{Contact, ContactEntry, ContactFact, Subject};
use domain::{Arrival, Attribution, Event, EventId, Fact, MailClass, Message, Rank, Scope, Time, WithheldReason};
use engine::{Output, Record, TopicPartition};
use log::model::Model;
use log::{Cleanup, Log as _, TopicSpec};
use store::{Memory, Stores as _};
use view::{Error, Follow, TOPICS, Tile, View};

struct World {
    log: Model,
    view: Arc<View>,
    follow: Follow,
}

fn world() -> World {
    let log = Model::new("model");
    for topic in TOPICS {
        let name = engine::Topic::new(&topic.name("t"));
        log.create_topic(&TopicSpec { name, partitions: 1, cleanup: Cleanup::Compact { tombstone_ms: 1 } }).unwrap();
    }
    let view = Arc::new(View::new(Memory::default().open("view").unwrap(), "model").expect("a view"));
    let follow = Follow {
        log: Arc::new(log.clone()),
        view: Arc::clone(&view),
        prefix: "t".to_owned(),
        partitions: 1,
        now_ms: || 0,
    };
    World { log, view, follow }
}

impl World {
    fn put(&self, topic: Topic, key: Bytes, value: Option<Vec<u8>>) {
        let to = TopicPartition { topic: engine::Topic::new(&topic.name("t")), partition: 0 };
        let record = Record { key: Some(key), value: value.map(Into::into), ..Record::default() };
        self.log.append(vec![Output { to, record }]).expect("appended");
        while self.follow.catch_up(&AtomicBool::new(false)).expect("follows") {}
    }

    fn private(&self, client: &str, part: &str, row: Option<Row>) {
        let row = row.map(|row| Private { row: Some(row), ..Private::default() }.encode_to_vec());
        self.put(Topic::Private, canonical::private("acme", client, part), row);
    }

    fn person(&self, client: &str, name: &str) {
        self.private(client, "", Some(Row::Person(Person { name: name.to_owned(), ..Person::default() })));
    }

    fn mail(&self, client: &str, message: &str, address: &str) {
        let mail = Mail { address: address.to_owned(), ..Mail::default() };
        self.private(client, &format!("mail/{message}"), Some(Row::Mail(mail)));
    }

    fn sent(&self, client: &str, message: &str) {
        let mut row = Message::default();
        let attribution =
            Attribution { campaign: Some("c".into()), client: Some(client.into()), ..Attribution::default() };
        row.fold(&Event {
            organisation: "acme".into(),
            message: message.into(),
            id: EventId([1; 16]),
            time: at(1),
            decoder: 1,
            retracted: false,
            rank: Rank::Send,
            attribution,
            provider: String::new(),
            fact: Fact::Sent,
            arrival: Arrival::default(),
        });
        let wire = contract::message::to_wire(&row).encode_to_vec();
        self.put(Topic::MessageStatus, canonical::message("acme", message), Some(wire));
    }

    fn contact(&self, client: &str, facts: Vec<(u8, ContactFact)>) {
        let subject = Subject::Client(client.to_owned());
        let entry = |(place, fact): (u8, ContactFact)| ContactEntry {
            id: EventId([place; 16]),
            time: at(i64::from(place)),
            decoder: 1,
            retracted: false,
            version: Time::default(),
            fact,
            arrival: Arrival::default(),
        };
        let row = Contact::from_facts(&subject, facts.into_iter().map(entry));
        let wire = contract::contact::row_to_wire(&row).encode_to_vec();
        self.put(Topic::ContactState, canonical::client("acme", client), Some(wire));
    }

    fn found(&self, organisation: &str, words: &str) -> Vec<String> {
        let page = self.view.snapshot().clients(organisation, words, None, 10).expect("reads");
        page.rows.into_iter().map(|row| row.client).collect()
    }

    fn domains(&self) -> Vec<(String, u64)> {
        let parts = self.view.snapshot().domains("acme", "c", 10).expect("reads");
        parts.rows.into_iter().map(|part| (part.name, part.counters.sent)).collect()
    }
}

fn at(seconds: i64) -> Time {
    Time::EARLIEST.plus_micros(seconds * 1_000_000)
}

#[test]
fn a_client_is_found_by_what_is_kept_and_by_nothing_once_it_is_erased() {
    let world = world();
    world.person("k1", "Zoé Tremblay");
    world.person("k2", "Zoé Roy");
    world.mail("k2", "m1", "z.roy@example.test");
    world.mail("k2", "m2", "z.roy@example.test");
    assert_eq!(world.found("acme", ""), ["k2", "k1"]);
    assert_eq!(world.found("acme", "zo"), ["k1", "k2"]);
    assert_eq!(world.found("acme", "ZOÉ trem"), ["k1"]);
    assert_eq!(world.found("acme", "z.roy@"), ["k2"]);
    assert_eq!(world.found("acme2", "zo"), [""; 0]);
    let page = world.view.snapshot().clients("acme", "zo", None, 1).expect("reads");
    let rest = world.view.snapshot().clients("acme", "zo", page.next.as_deref(), 1).expect("reads");
    assert_eq!([&page.rows[..], &rest.rows].concat().len(), 2);
    assert_ne!(page.rows, rest.rows);
    let strange = world.view.snapshot().clients("acme2", "zo", page.next.as_deref(), 1);
    assert!(matches!(strange, Err(Error::Cursor)));
    for part in ["", "mail/m1", "mail/m2"] {
        world.private("k2", part, None);
    }
    assert_eq!(world.found("acme", "zo"), ["k1"]);
    assert_eq!(world.found("acme", "z.roy"), [""; 0]);
    assert_eq!(world.found("acme", ""), ["k1"]);
}

#[test]
fn recipients_of_a_tile_are_found_by_name_address_and_id() {
    let world = world();
    let stats = CampaignStats { name: "News".into(), ..CampaignStats::default() };
    world.put(Topic::CampaignStats, canonical::campaign("acme", "c"), Some(stats.encode_to_vec()));
    world.person("k1", "Zoé Tremblay");
    world.mail("k1", "m1", "zoe@example.test");
    world.sent("k1", "m1");
    world.sent("k2", "m2");
    let found = |tile, words: &str| {
        let page = world.view.snapshot().find_recipients(("acme", "c", tile), words, None, 10).expect("reads");
        page.rows.into_iter().map(|row| row.message).collect::<Vec<_>>()
    };
    for words in ["tremb", "zoe@example", "k1", "m1"] {
        assert_eq!(found(Tile::Sent, words), ["m1"], "{words}");
        assert_eq!(found(Tile::Open, words), [""; 0], "{words}");
    }
    assert_eq!(found(Tile::Sent, "k2"), ["m2"]);
}

#[test]
fn a_mailbox_domain_counts_whichever_topic_came_first_and_goes_with_the_address() {
    let world = world();
    world.mail("k1", "m1", "a@One.test");
    world.sent("k1", "m1");
    world.sent("k2", "m2");
    assert_eq!(world.domains(), [(String::new(), 1), ("one.test".to_owned(), 1)]);
    world.mail("k2", "m2", "b@one.test");
    assert_eq!(world.domains(), [("one.test".to_owned(), 2)]);
    world.private("k1", "mail/m1", None);
    assert_eq!(world.domains(), [(String::new(), 1), ("one.test".to_owned(), 1)]);
    // An address of a message that is another client's is not this message's.
    world.mail("k3", "m2", "c@two.test");
    assert_eq!(world.domains(), [(String::new(), 1), ("one.test".to_owned(), 1)]);
}

#[test]
fn a_verdict_is_that_of_its_instant() {
    let world = world();
    let address = domain::AddressHash([7; 16]);
    let uses = ContactFact::Addressed { address, by_send: false };
    let off = ContactFact::Unsubscribed { scope: Scope::Organisation, message: None };
    world.contact("k1", vec![(1, uses), (5, off)]);
    let mail = |seconds| Wanted { class: MailClass::Mass, list: None, at: at(seconds) };
    let reason = |seconds| {
        let checked = world.view.snapshot().send_check("acme", &["k1".to_owned()], &mail(seconds)).expect("checks");
        checked.first().expect("one").verdict.reason()
    };
    assert_eq!((reason(4), reason(5)), (None, Some(WithheldReason::ClientUnsubscribed)));
    let states = |seconds| world.view.snapshot().states("acme", "k1", at(seconds)).expect("reads");
    assert_eq!(states(4).first().map(|held| held.state), Some(EmailState::Ok));
    assert_eq!(states(5).first().map(|held| held.state), Some(EmailState::Unsubscribed));
    assert!(world.view.snapshot().states("acme2", "k1", at(9)).expect("reads").is_empty());
    let many: Vec<String> = (0..151).map(|client| format!("k{client}")).collect();
    assert!(matches!(world.view.snapshot().send_check("acme", &many, &mail(4)), Err(Error::OverLimit(_))));
    let unsubscribed = |organisation| {
        let page = world.view.snapshot().unsubscribed_without_mail(organisation, None, 10).expect("reads");
        page.rows.into_iter().map(|row| row.client).collect::<Vec<_>>()
    };
    assert_eq!((unsubscribed("acme"), unsubscribed("acme2")), (vec!["k1".to_owned()], Vec::new()));
    assert_eq!(world.view.snapshot().suppressions("acme", None, 10).expect("reads").rows.len(), 1);
}
