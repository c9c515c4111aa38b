//! Clients are found by name and address while they are kept, and by nothing once they are erased; mailbox domains follow
//! whichever topic comes first; what stands in the way of a mail is told for any instant.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use contract::Proto as _;
use contract::key as canonical;
use contract::proto::campaign::v1::CampaignStats;
use contract::proto::platform::v1::Body;
use contract::proto::private::v1::private::Row;
use contract::proto::private::v1::{Mail, Person, Private};
use contract::topic::Topic;
use domain::contact::check::Mail as Wanted;
use domain::contact::state::EmailState;
use domain::contact::{Cause, Contact, ContactEntry, ContactFact, Subject};
use domain::{
    AddressHash, Agent, Arrival, Attribution, Event, EventId, Fact, MailClass, Message, Rank, Scope, Time,
    WithheldReason,
};
use domain::{BounceClass, Drop, DropReason};
use engine::{Output, Record, TopicPartition};
use log::model::Model;
use log::{Cleanup, Log as _, TopicSpec};
use store::{Memory, Stores as _};
use view::{Content, End, Error, Follow, TOPICS, Tile, View};

const ADDRESS: AddressHash = AddressHash([7; 16]);

struct World {
    log: Model,
    view: Arc<View>,
    follow: Follow,
    /// What is appended is not followed.
    stands_still: bool,
}

fn world() -> World {
    world_in(&Memory::default())
}

fn world_in(memory: &Memory) -> World {
    let log = Model::new("model");
    for topic in TOPICS {
        let name = engine::Topic::new(&topic.name("t"));
        log.create_topic(&TopicSpec { name, partitions: 1, cleanup: Cleanup::Compact { tombstone_ms: 1 } }).unwrap();
    }
    let view = Arc::new(View::new(memory.open("view").unwrap(), "model").expect("a view"));
    let follow = Follow {
        log: Arc::new(log.clone()),
        view: Arc::clone(&view),
        prefix: "t".to_owned(),
        partitions: 1,
        now_ms: || 0,
    };
    World { log, view, follow, stands_still: false }
}

impl World {
    fn put(&self, topic: Topic, key: Bytes, value: Option<Vec<u8>>) {
        let to = TopicPartition { topic: engine::Topic::new(&topic.name("t")), partition: 0 };
        let record = Record { key: Some(key), value: value.map(Into::into), ..Record::default() };
        self.log.append(vec![Output { to, record }]).expect("appended");
        if !self.stands_still {
            self.catch_up();
        }
    }

    fn catch_up(&self) {
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
        self.happened(client, message, vec![(1, Fact::Sent)]);
    }

    fn happened(&self, client: &str, message: &str, facts: Vec<(u8, Fact)>) {
        let mut row = Message::default();
        for (place, fact) in facts {
            let attribution = Attribution {
                campaign: Some("c".into()),
                client: Some(client.into()),
                address: Some(ADDRESS),
                ..Attribution::default()
            };
            row.fold(&Event {
                organisation: "acme".into(),
                message: message.into(),
                id: EventId([place; 16]),
                time: at(i64::from(place)),
                decoder: 1,
                retracted: false,
                rank: Rank::Send,
                attribution,
                provider: String::new(),
                fact,
                arrival: Arrival::default(),
            });
        }
        let wire = contract::message::to_wire(&row).encode_to_vec();
        self.put(Topic::MessageStatus, canonical::message("acme", message), Some(wire));
    }

    fn contact(&self, subject: &Subject, facts: Vec<(u8, ContactFact)>) {
        let entry = |(place, fact): (u8, ContactFact)| ContactEntry {
            id: EventId([place; 16]),
            time: at(i64::from(place)),
            decoder: 1,
            retracted: false,
            version: Time::default(),
            fact,
            arrival: Arrival::default(),
        };
        let row = Contact::from_facts(subject, facts.into_iter().map(entry));
        let wire = contract::contact::row_to_wire(&row).encode_to_vec();
        self.put(Topic::ContactState, contract::contact::key("acme", subject), Some(wire));
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
    for words in ["z.roy@", "ROY", "oy", "zoe r", "roy@exam", "z.roy@example.test", "Roy zo"] {
        let wanted: &[&str] = if words == "oy" { &[] } else { &["k2"] };
        assert_eq!(world.found("acme", words), wanted, "{words}");
    }
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
fn an_erased_client_has_neither_name_nor_address_in_any_list() {
    let memory = Memory::default();
    let world = world_in(&memory);
    world.person("k1", "Zoé Tremblay");
    world.mail("k1", "m1", "zoe@example.test");
    world.happened("k1", "m1", vec![(1, Fact::Sent), (2, Fact::Opened(Agent::Human))]);
    let shown = |tile| {
        let page = world.view.snapshot().recipients("acme", "c", tile, None, 10).expect("reads");
        let shown = |row: view::Recipient| (row.message, row.name, row.address, row.row.client);
        page.rows.into_iter().map(shown).collect::<Vec<_>>()
    };
    let said = |text: &str| Some(text.to_owned());
    for tile in [Tile::Sent, Tile::Open] {
        assert_eq!(shown(tile), [("m1".to_owned(), said("Zoé Tremblay"), said("zoe@example.test"), "k1".to_owned())]);
    }
    for part in ["", "mail/m1"] {
        world.private("k1", part, None);
    }
    // Facts that come later bring neither back.
    world.happened("k1", "m1", vec![(1, Fact::Sent), (2, Fact::Opened(Agent::Human)), (3, Fact::Complained)]);
    for tile in [Tile::Sent, Tile::Open, Tile::Spam] {
        assert_eq!(shown(tile), [("m1".to_owned(), None, None, "k1".to_owned())]);
    }
    let holds = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).any(|part| part.eq_ignore_ascii_case(text));
    for (key, row) in memory.dump("view") {
        for text in [&b"tremb"[..], b"zoe@", b"example.t"] {
            assert!(!holds(&key, text) && !holds(&row, text), "{key:?}: {row:?}");
        }
    }
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
    let uses = ContactFact::Addressed { address: ADDRESS, by_send: false };
    let off = ContactFact::Unsubscribed { scope: Scope::Organisation, message: None };
    world.contact(&Subject::Client("k1".to_owned()), vec![(1, uses), (5, off)]);
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

#[test]
fn a_drop_leads_to_the_suppression_and_on_to_the_mail_that_bounced() {
    let world = world();
    let bounce = Fact::Bounced { class: BounceClass::Hard, asynchronous: false, reason: String::new() };
    let drop = |reason| Fact::Dropped(Drop { reason, scope: Scope::Address, text: String::new() });
    world.happened("k1", "m1", vec![(1, Fact::Sent), (2, bounce.clone())]);
    world.happened("k1", "m2", vec![(5, drop(DropReason::PriorBounce))]);
    world.happened("k1", "m3", vec![(5, drop(DropReason::ContentSpam))]);
    let cause = |id| world.view.snapshot().cause("acme", id).expect("reads");
    assert_eq!(cause("m2").map(|cause| (cause.links.len(), cause.end)), Some((0, End::Provider)));
    let suppressed = |message: &str, revealed| ContactFact::Suppressed {
        cause: Cause::Bounce,
        revealed,
        message: message.to_owned(),
    };
    let address = Subject::Address(ADDRESS);
    world.contact(&address, vec![(2, suppressed("m1", false)), (5, suppressed("m2", true))]);
    let found = cause("m2").expect("a cause");
    let link = found.links.first().expect("a link");
    assert_eq!((link.holding.message.as_deref(), found.end), (Some("m1"), End::Explained));
    assert_eq!(link.fact.as_ref().map(|entry| &entry.fact), Some(&bounce));
    world.contact(
        &address,
        vec![(2, suppressed("m1", false)), (3, ContactFact::Reactivated), (5, suppressed("m2", true))],
    );
    assert_eq!(cause("m2").map(|cause| (cause.links.len(), cause.end)), Some((0, End::ProvidersList)));
    assert_eq!(cause("m3").map(|cause| cause.end), Some(End::Itself));
    assert_eq!(world.view.lifted_drops(), 0, "what is lifted after a drop was no mistake of the list's");
    world.contact(&address, vec![(5, suppressed("m2", true)), (6, ContactFact::Reactivated)]);
    world.happened("k1", "m4", vec![(7, drop(DropReason::PriorBounce))]);
    world.happened("k1", "m5", vec![(7, drop(DropReason::Quota))]);
    world.happened("k1", "m4", vec![(7, drop(DropReason::PriorBounce)), (8, Fact::Sent)]);
    assert_eq!(world.view.lifted_drops(), 1, "once, however often its row is written");
    assert_eq!(cause("m1"), None);
    assert_eq!(world.view.snapshot().cause("acme2", "m2").expect("reads"), None);
}

#[test]
fn a_body_is_as_sent_or_rendered_or_not_given() {
    let world = world();
    world.sent("k1", "m1");
    let content = || world.view.snapshot().content("acme", "m1").expect("reads");
    assert_eq!(content(), Content::NotGiven);
    let template = Body { html: "<p>{{name}}</p>".to_owned(), ..Body::default() };
    world.private("", "campaign/c", Some(Row::Body(template)));
    let fields = [("name".to_owned(), "<Zoé>".to_owned())].into();
    world.private("k1", "body/m1", Some(Row::Body(Body { fields, ..Body::default() })));
    assert!(matches!(content(), Content::Rendered(made) if made.html == "<p>&lt;Zoé&gt;</p>"));
    world.private("k1", "body/m1", Some(Row::Body(Body { text: "Hi".to_owned(), ..Body::default() })));
    assert!(matches!(content(), Content::AsSent(sent) if sent.text == "Hi"));
}

#[test]
fn a_view_that_may_have_missed_a_tombstone_says_so() {
    let world = world();
    assert!(!world.view.is_stale(9, Some(1)).expect("reads"), "there is nothing to be stale");
    world.person("k1", "Zoé");
    assert!(!world.view.is_stale(12, Some(14)).expect("reads"));
    assert!(world.view.is_stale(13, Some(14)).expect("reads"), "a seventh is not relied on");
    assert!(!world.view.is_stale(i64::MAX, None).expect("reads"));
}
