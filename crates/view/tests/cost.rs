//! A page costs a page: the rows that it reads do not grow with what there is. And a recount is compared with what was
//! published only where both are of one offset.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use contract::proto::campaign::v1::campaign_partial::Part;
use contract::proto::campaign::v1::{CampaignPartial, CampaignStats, Source};
use contract::proto::private::v1::private::Row;
use contract::proto::private::v1::{Person, Private};
use contract::topic::Topic;
use contract::{Proto as _, header, key};
use domain::{Arrival, Attribution, Contribution, Counters, Event, EventId, Fact, Message, Rank, Time};
use engine::{Headers, Output, Position, Record, TopicPartition};
use log::model::Model;
use log::{Cleanup, Log as _, TopicSpec};
use store::{Batch, Memory, Store, Stores as _};
use view::{Agreement, Follow, Sort, TOPICS, Tile, View, Wanted};

/// A store that counts the rows it gives.
struct Counting {
    under: Box<dyn Store>,
    rows: Arc<AtomicUsize>,
}

impl Store for Counting {
    fn position(&self) -> Result<Option<Position>, store::Error> {
        self.under.position()
    }

    fn get(&self, keys: &[Bytes]) -> Result<Vec<Option<Bytes>>, store::Error> {
        self.rows.fetch_add(keys.len(), Ordering::Relaxed);
        self.under.get(keys)
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<(Bytes, Bytes)>, store::Error> {
        let found = self.under.scan(prefix, after, limit)?;
        self.rows.fetch_add(found.len(), Ordering::Relaxed);
        Ok(found)
    }

    fn apply(&mut self, batch: Batch) -> Result<(), store::Error> {
        self.under.apply(batch)
    }

    fn fill(&mut self, batch: Batch) -> Result<(), store::Error> {
        self.under.fill(batch)
    }

    fn remove(&mut self, prefix: &[u8]) -> Result<(), store::Error> {
        self.under.remove(prefix)
    }

    fn flush(&mut self) -> Result<(), store::Error> {
        self.under.flush()
    }
}

struct World {
    log: Model,
    view: Arc<View>,
    rows: Arc<AtomicUsize>,
}

impl World {
    fn new() -> Self {
        let (log, rows) = (Model::new("model"), Arc::new(AtomicUsize::new(0)));
        for topic in TOPICS {
            let name = engine::Topic::new(&topic.name("t"));
            log.create_topic(&TopicSpec { name, partitions: 1, cleanup: Cleanup::Compact { tombstone_ms: 1 } })
                .unwrap();
        }
        let under = Memory::default().open("view").unwrap();
        let store = Counting { under, rows: Arc::clone(&rows) };
        Self { log, view: Arc::new(View::new(Box::new(store), "model").unwrap()), rows }
    }

    fn put(&self, topic: Topic, rows: impl Iterator<Item = (Bytes, Vec<u8>)>, source: u64) {
        let to = TopicPartition { topic: engine::Topic::new(&topic.name("t")), partition: 0 };
        let said = format!("t.events/0@{source}");
        let headers = Headers::from_pairs([(header::SOURCE, Cow::Borrowed(said.as_bytes()))]);
        let output = |(key, value): (Bytes, Vec<u8>)| {
            let headers = headers.clone();
            Output {
                to: to.clone(),
                record: Record { key: Some(key), value: Some(value.into()), headers, timestamp_ms: 0 },
            }
        };
        self.log.append(rows.map(output).collect()).unwrap();
    }

    fn follow(&self) {
        let (log, view) = (Arc::new(self.log.clone()), Arc::clone(&self.view));
        let follow = Follow { log, view, prefix: "t".to_owned(), partitions: 1, now_ms: || 0 };
        while follow.catch_up(&AtomicBool::new(false)).unwrap() {}
    }

    /// Rows that a question reads.
    fn cost<T>(&self, question: impl FnOnce(&view::Snapshot<'_>) -> T) -> usize {
        let before = self.rows.load(Ordering::Relaxed);
        question(&self.view.snapshot());
        self.rows.load(Ordering::Relaxed) - before
    }
}

fn stats(name: &str) -> CampaignStats {
    CampaignStats { name: name.to_owned(), ..CampaignStats::default() }
}

fn row(message: &str, facts: &[Fact]) -> Message {
    row_of("k", message, facts)
}

fn row_of(client: &str, message: &str, facts: &[Fact]) -> Message {
    let mut row = Message::default();
    for (place, fact) in facts.iter().enumerate() {
        let campaign = Some("c0".to_owned());
        row.fold(&Event {
            organisation: "acme".into(),
            message: message.into(),
            id: EventId([u8::try_from(place).unwrap(); 16]),
            time: Time::EARLIEST.plus_micros(i64::try_from(place).unwrap()),
            decoder: 1,
            retracted: false,
            rank: Rank::Send,
            attribution: Attribution { campaign, client: Some(client.into()), ..Attribution::default() },
            provider: String::new(),
            fact: fact.clone(),
            arrival: Arrival::default(),
        });
    }
    row
}

fn published(message: &str, facts: &[Fact]) -> (Bytes, Vec<u8>) {
    (key::message("acme", message), contract::message::to_wire(&row(message, facts)).encode_to_vec())
}

fn published_of(client: &str, message: &str, facts: &[Fact]) -> (Bytes, Vec<u8>) {
    (key::message("acme", message), contract::message::to_wire(&row_of(client, message, facts)).encode_to_vec())
}

/// Costs of a page of each list, where there are so many campaigns and recipients of the first.
fn costs(campaigns: usize, recipients: usize) -> Vec<usize> {
    let world = World::new();
    let named = (0..campaigns).map(|place| format!("c{place}"));
    world.put(Topic::CampaignStats, named.map(|id| (key::campaign("acme", &id), stats(&id).encode_to_vec())), 1);
    world.put(Topic::MessageStatus, (0..recipients).map(|place| published(&format!("m{place:06}"), &[Fact::Sent])), 1);
    world.follow();
    let orders = Sort::ALL.into_iter().map(|sort| {
        let wanted = Wanted { sort, ..Wanted::default() };
        world.cost(|view| assert_eq!(view.campaigns_by("acme", &wanted, None, 20).unwrap().rows.len(), 20))
    });
    let mut costs: Vec<usize> = orders.collect();
    costs.push(world.cost(|view| {
        let page = view.recipients("acme", "c0", Tile::Sent, None, 20).unwrap();
        assert_eq!((page.rows.len(), page.count), (20, u64::try_from(recipients).unwrap()));
    }));
    costs.push(world.cost(|view| view.campaign("acme", "c0").unwrap().unwrap()));
    costs.push(world.cost(|view| view.series("acme", "c0", view::Width::Day, "", None).unwrap()));
    costs
}

#[test]
fn a_page_reads_as_many_rows_of_many_as_of_few() {
    assert_eq!(costs(50, 50), costs(2_000, 2_000));
}

/// The costs of searches that one client of so many meets, who is in a campaign of two; each in one page.
fn costs_of_searches(clients: usize) -> Vec<usize> {
    let world = World::new();
    let person = |place: usize| {
        let last = if place == 40 { "Quill" } else { "Roy" };
        let row = Row::Person(Person { name: format!("Ada {last} {place:05}"), ..Person::default() });
        let row = Private { row: Some(row), ..Private::default() };
        (key::private("acme", &format!("k{place:05}"), ""), row.encode_to_vec())
    };
    world.put(Topic::Private, (0..clients).map(person), 1);
    world.put(Topic::CampaignStats, std::iter::once((key::campaign("acme", "c0"), stats("c0").encode_to_vec())), 1);
    let sent = (40..42).map(|place| published_of(&format!("k{place:05}"), &format!("m{place}"), &[Fact::Sent]));
    world.put(Topic::MessageStatus, sent, 1);
    world.follow();
    let of_all = ["ada quill", "uil", "a ada q"].map(|words| {
        world.cost(|view| assert_eq!(view.clients("acme", words, None, 20).unwrap().rows.len(), 1, "{words}"))
    });
    let of_a_list = ["ada quill", "ada"].map(|words| {
        world.cost(|view| {
            let page = view.find_recipients(("acme", "c0", Tile::Sent), words, None, 20).unwrap();
            assert_eq!((page.rows.len(), page.next), (if words == "ada" { 2 } else { 1 }, None));
        })
    });
    let first = world.cost(|view| assert_eq!(view.clients("acme", "ada", None, 20).unwrap().rows.len(), 20));
    of_all.into_iter().chain(of_a_list).chain([first]).collect()
}

#[test]
fn a_search_reads_as_many_rows_of_many_as_of_few() {
    assert_eq!(costs_of_searches(100), costs_of_searches(3_000));
}

#[test]
fn a_search_finds_the_same_in_a_small_list_and_in_a_large_one() {
    let found = |recipients: usize| {
        let world = World::new();
        let person = |place: usize| {
            let name = if place % 100 == 7 { "Zoe Quill" } else { "Ada Roy" };
            let row = Row::Person(Person { name: name.to_owned(), ..Person::default() });
            let row = Private { row: Some(row), ..Private::default() };
            (key::private("acme", &format!("k{place:05}"), ""), row.encode_to_vec())
        };
        world.put(Topic::Private, (0..1_100).map(person), 1);
        world.put(Topic::CampaignStats, std::iter::once((key::campaign("acme", "c0"), stats("c0").encode_to_vec())), 1);
        let sent = |place| published_of(&format!("k{place:05}"), &format!("m{place:05}"), &[Fact::Sent]);
        world.put(Topic::MessageStatus, (0..recipients).map(sent), 1);
        world.follow();
        ["quill", "zoe q", "oe uil"].map(|words| {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let rows = world.view.snapshot();
                let page = rows.find_recipients(("acme", "c0", Tile::Sent), words, after.as_deref(), 3).unwrap();
                found.extend(page.rows.into_iter().map(|row| row.message));
                after = page.next;
                if after.is_none() {
                    return found;
                }
            }
        })
    };
    let expected = |most: usize| (0..most).filter(|place| place % 100 == 7).map(|place| format!("m{place:05}"));
    for recipients in [900, 1_100] {
        let all: Vec<String> = expected(recipients).collect();
        assert_eq!(found(recipients), [all.clone(), all, Vec::new()], "{recipients}");
    }
}

#[test]
fn numbers_are_compared_where_both_are_of_one_offset() {
    let world = World::new();
    let says = |counters: &Counters, offset: u64| {
        let wire = contract::counters::to_wire(counters);
        let partial =
            CampaignPartial { offset, part: Some(Part::Counters(wire.clone())), ..CampaignPartial::default() };
        let source = Source { source: "0".to_owned(), partial: Some(partial) };
        let stats = CampaignStats { counters: Some(wire), sources: vec![source], ..CampaignStats::default() };
        world.put(Topic::CampaignStats, std::iter::once((key::campaign("acme", "c0"), stats.encode_to_vec())), 1);
        world.follow();
        world.view.snapshot().agreement("acme", "c0").unwrap()
    };
    world.put(Topic::MessageStatus, std::iter::once(published("m1", &[Fact::Sent])), 10);
    world.follow();
    let counted = Contribution::of(&row("m1", &[Fact::Sent])).unwrap().counters;
    let wrong = Counters { sent: 7, ..Counters::default() };
    assert_eq!(says(&counted, 10), Agreement::Equal);
    // Published later than what was recounted, and read to the end: they should be the same.
    assert_eq!(says(&wrong, 10), Agreement::Differs { partitions: vec![0] });
    // Rows that are newer than the numbers say nothing of them.
    assert_eq!(says(&wrong, 9), Agreement::NotYet);
}

/// A log of which no more message rows arrive just now, as from a broker that has more of them.
struct Late(Model);

impl log::Log for Late {
    log::forward!(0: id, create_topic, topics, bounds, read, release, join, committed, producer, append, version, wait);

    fn poll(&self, of: &TopicPartition, from: u64, limit: log::ReadLimit) -> Result<log::Read, log::Error> {
        match of.topic.name().contains("message-status") {
            true => Ok(log::Read { records: Vec::new(), next: from, high_watermark: from }),
            false => self.0.poll(of, from, limit),
        }
    }
}

#[test]
fn numbers_whose_rows_have_not_arrived_yet_are_no_difference() {
    let world = World::new();
    let offset = |offset: u64, counters: &Counters| {
        let counters = contract::counters::to_wire(counters);
        let part = Some(Part::Counters(counters.clone()));
        let partial = Some(CampaignPartial { offset, part, ..CampaignPartial::default() });
        let sources = vec![Source { source: "0".to_owned(), partial }];
        let stats = CampaignStats { sources, counters: Some(counters), ..CampaignStats::default() };
        world.put(Topic::CampaignStats, std::iter::once((key::campaign("acme", "c0"), stats.encode_to_vec())), 1);
    };
    let one = Contribution::of(&row("m1", &[Fact::Sent])).unwrap().counters;
    let mut two = one.clone();
    two.add(&one);
    let agreement = || world.view.snapshot().agreement("acme", "c0").unwrap();
    world.put(Topic::MessageStatus, std::iter::once(published("m1", &[Fact::Sent])), 10);
    offset(10, &one);
    world.follow();
    assert_eq!(agreement(), Agreement::Equal);
    // Both are there, and the view has come to one of them.
    world.put(Topic::MessageStatus, std::iter::once(published("m2", &[Fact::Sent])), 20);
    offset(20, &two);
    let (log, view) = (Arc::new(Late(world.log.clone())), Arc::clone(&world.view));
    let late = Follow { log, view, prefix: "t".to_owned(), partitions: 1, now_ms: || 0 };
    while late.catch_up(&AtomicBool::new(false)).unwrap() {}
    assert_eq!(agreement(), Agreement::NotYet);
    world.follow();
    assert_eq!(agreement(), Agreement::Equal);
}
