//! The recount in the background: it agrees while rows change, in steps of bounded work, and finds what is wrong.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use contract::proto::campaign::v1::CampaignStats;
use contract::topic::Topic;
use contract::{Proto as _, key};
use domain::{Arrival, Attribution, Event, EventId, Fact, Message, Rank, Time};
use engine::{Output, Position, Record, TopicPartition};
use log::model::Model;
use log::{Cleanup, Log as _, TopicSpec};
use store::{Batch, Memory, Store, Stores as _};
use view::{Follow, Proof, Recounter, Stepped, TOPICS, View};

/// A store that may keep a row back from lists, and counts what it gives.
struct Odd {
    under: Box<dyn Store>,
    hides: Arc<AtomicBool>,
    rows: Arc<AtomicUsize>,
}

impl Store for Odd {
    fn position(&self) -> Result<Option<Position>, store::Error> {
        self.under.position()
    }

    fn get(&self, keys: &[Bytes]) -> Result<Vec<Option<Bytes>>, store::Error> {
        self.rows.fetch_add(keys.len(), Ordering::Relaxed);
        self.under.get(keys)
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<(Bytes, Bytes)>, store::Error> {
        let mut found = self.under.scan(prefix, after, limit)?;
        self.rows.fetch_add(found.len(), Ordering::Relaxed);
        if self.hides.load(Ordering::Relaxed) {
            found.retain(|(key, _)| !key.ends_with(b"m00003"));
        }
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
    hides: Arc<AtomicBool>,
    rows: Arc<AtomicUsize>,
}

fn world() -> World {
    let log = Model::new("model");
    for topic in TOPICS {
        let name = engine::Topic::new(&topic.name("t"));
        log.create_topic(&TopicSpec { name, partitions: 1, cleanup: Cleanup::Compact { tombstone_ms: 1 } }).unwrap();
    }
    let (hides, rows) = (Arc::default(), Arc::default());
    let under = Memory::default().open("view").unwrap();
    let store = Odd { under, hides: Arc::clone(&hides), rows: Arc::clone(&rows) };
    World { log, view: Arc::new(View::new(Box::new(store), "model").unwrap()), hides, rows }
}

impl World {
    fn put(&self, topic: Topic, rows: impl Iterator<Item = (Bytes, Vec<u8>)>) {
        let to = TopicPartition { topic: engine::Topic::new(&topic.name("t")), partition: 0 };
        let output = |(key, value): (Bytes, Vec<u8>)| {
            let record = Record { key: Some(key), value: Some(value.into()), ..Record::default() };
            Output { to: to.clone(), record }
        };
        self.log.append(rows.map(output).collect()).unwrap();
        let (log, view) = (Arc::new(self.log.clone()), Arc::clone(&self.view));
        let follow = Follow { log, view, prefix: "t".to_owned(), partitions: 1, now_ms: || 0 };
        while follow.catch_up(&AtomicBool::new(false)).unwrap() {}
    }

    fn campaign(&self, id: &str) {
        let row = CampaignStats { name: id.to_owned(), ..CampaignStats::default() };
        self.put(Topic::CampaignStats, std::iter::once((key::campaign("acme", id), row.encode_to_vec())));
    }

    fn messages(&self, campaign: &str, from: usize, to: usize, facts: &[Fact]) {
        self.put(Topic::MessageStatus, (from..to).map(|place| row(campaign, &format!("m{place:05}"), facts)));
    }
}

fn row(campaign: &str, message: &str, facts: &[Fact]) -> (Bytes, Vec<u8>) {
    let mut row = Message::default();
    for (place, fact) in facts.iter().enumerate() {
        row.fold(&Event {
            organisation: "acme".into(),
            message: message.into(),
            id: EventId([u8::try_from(place).unwrap(); 16]),
            time: Time::EARLIEST.plus_micros(i64::try_from(place).unwrap()),
            decoder: 1,
            retracted: false,
            rank: Rank::Send,
            attribution: Attribution { campaign: Some(campaign.to_owned()), ..Attribution::default() },
            provider: String::new(),
            fact: fact.clone(),
            arrival: Arrival::default(),
        });
    }
    (key::message("acme", message), contract::message::to_wire(&row).encode_to_vec())
}

/// Steps until a campaign is recounted or there is nothing to do.
fn next(recounter: &mut Recounter, between: impl Fn()) -> Option<(String, Proof)> {
    loop {
        match recounter.step(Time::EARLIEST).unwrap() {
            Stepped::Worked => between(),
            Stepped::Recounted { campaign, proof, .. } => return Some((campaign, *proof)),
            Stepped::Rested => return None,
        }
    }
}

#[test]
fn a_round_recounts_every_campaign_and_says_what_from() {
    let world = world();
    world.campaign("c1");
    world.campaign("c2");
    world.messages("c1", 0, 1_200, &[Fact::Sent, Fact::Delivered]);
    world.messages("c2", 2_000, 2_010, &[Fact::Sent]);
    let mut recounter = Recounter::new(Arc::clone(&world.view));
    let told: Vec<_> = std::iter::from_fn(|| next(&mut recounter, || ())).collect();
    let figures: Vec<_> =
        told.iter().map(|(id, proof)| (id.as_str(), proof.messages, proof.events, proof.difference)).collect();
    assert_eq!(figures, [("c1", 1_200, 2_400, 0), ("c2", 10, 10, 0)]);
    let round = world.view.round("acme").unwrap();
    assert_eq!((round.campaigns, round.events, round.difference, round.passed_over), (2, 2_410, 0, 0));
    assert_eq!(world.view.round("acme2"), None);
    assert_eq!(next(&mut recounter, || ()), None, "it rests");
    world.view.ask_recount("acme", "c2");
    assert_eq!(next(&mut recounter, || ()).unwrap().0, "c2", "unless it is asked");
}

#[test]
fn a_row_that_a_list_lacks_is_found() {
    let world = world();
    world.campaign("c1");
    world.messages("c1", 0, 10, &[Fact::Sent, Fact::Delivered]);
    world.hides.store(true, Ordering::Relaxed);
    let (_, proof) = next(&mut Recounter::new(Arc::clone(&world.view)), || ()).unwrap();
    // Sent and Delivered are each one short as sums and as lists.
    assert_eq!((proof.messages, proof.difference, proof.differs()), (9, 4, true));
}

#[test]
fn what_changes_meanwhile_is_no_difference() {
    let world = world();
    world.campaign("c1");
    world.messages("c1", 0, 1_200, &[Fact::Sent]);
    let mut recounter = Recounter::new(Arc::clone(&world.view));
    let changes = AtomicUsize::new(0);
    // The rows that were read already change between two steps, and then no more.
    let once = || {
        if changes.fetch_add(1, Ordering::Relaxed) == 1 {
            world.messages("c1", 0, 5, &[Fact::Sent, Fact::Delivered]);
        }
    };
    let (_, proof) = next(&mut recounter, once).unwrap();
    assert_eq!((proof.messages, proof.difference, proof.counters.delivered), (1_200, 0, 5));
    // One that always changes has its turn and is said to have been passed over.
    let place = AtomicUsize::new(0);
    let always = || {
        let place = place.fetch_add(1, Ordering::Relaxed);
        world.messages("c1", place, place + 1, &[Fact::Sent, Fact::Delivered, Fact::Complained]);
    };
    let mut recounter = Recounter::new(Arc::clone(&world.view));
    assert_eq!(next(&mut recounter, always), None);
    assert_eq!(world.view.round("acme").unwrap().passed_over, 1);
}

#[test]
fn a_step_is_bounded_however_large_the_campaign_is() {
    let world = world();
    world.campaign("c1");
    world.messages("c1", 0, 6_000, &[Fact::Sent, Fact::Delivered]);
    let mut recounter = Recounter::new(Arc::clone(&world.view));
    let before = AtomicUsize::new(world.rows.load(Ordering::Relaxed));
    let bounded = || {
        let now = world.rows.load(Ordering::Relaxed);
        let step = now - before.swap(now, Ordering::Relaxed);
        assert!(step <= 1_100, "{step} rows in one step");
    };
    assert_eq!(next(&mut recounter, bounded).unwrap().1.messages, 6_000);
}
