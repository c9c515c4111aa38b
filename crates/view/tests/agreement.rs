//! A number and its list are of one moment, whatever the rows and however they were cut into batches; nothing of one
//! organisation is in another's answers.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use contract::Proto as _;
use contract::proto::campaign::v1::CampaignStats;
use contract::topic::Topic;
use domain::{Agent, Attribution, BounceClass, Contribution, Counters, Event, EventId, Fact, Message, Rank, Time};
use engine::{Output, Record, TopicPartition};
use log::model::Model;
use log::{Cleanup, Log as _, TopicSpec};
use proptest::prelude::*;
use store::{Memory, Stores as _};
use view::{Error, Follow, Sort, TOPICS, Tile, View, Wanted, Width};

const ORGANISATIONS: [&str; 2] = ["acme", "acme2"];

/// One published row: organisation, campaign, message, facts so far.
type Published = (usize, u8, u8, Vec<u8>);

fn fact(kind: u8) -> Fact {
    match kind % 8 {
        0 => Fact::Sent,
        1 => Fact::Delivered,
        2 => Fact::Opened(Agent::Human),
        3 => Fact::Clicked { agent: Agent::Human, link: "https://example.test".into() },
        4 => Fact::Bounced { class: BounceClass::Block, asynchronous: false, reason: String::new() },
        5 => Fact::Complained,
        6 => Fact::Opened(Agent::Machine),
        _ => Fact::Withheld(domain::WithheldReason::Inactive),
    }
}

fn row((organisation, campaign, message, kinds): &Published) -> Message {
    let mut row = Message::default();
    for (place, kind) in kinds.iter().enumerate() {
        let attribution = Attribution {
            campaign: Some(format!("c{campaign}")),
            client: Some(format!("client{}", message % 3)),
            copy: Some(message % 7 == 0),
            ..Attribution::default()
        };
        row.fold(&Event {
            organisation: ORGANISATIONS[*organisation].into(),
            message: format!("m{message}"),
            id: EventId([u8::try_from(place).unwrap() + 1; 16]),
            time: Time::EARLIEST.plus_micros(i64::from(*kind) * 1_000),
            decoder: 1,
            retracted: false,
            rank: Rank::Send,
            attribution,
            provider: String::new(),
            fact: fact(*kind),
            arrival: domain::Arrival::default(),
        });
    }
    row
}

fn record(topic: Topic, key: bytes::Bytes, value: Vec<u8>) -> Output {
    let to = TopicPartition { topic: engine::Topic::new(&topic.name("t")), partition: 0 };
    Output { to, record: Record { key: Some(key), value: Some(value.into()), ..Record::default() } }
}

fn follow(log: &Model, memory: &Memory) -> (Arc<View>, Follow) {
    let view = Arc::new(View::new(memory.open("view").unwrap(), "model").expect("a view"));
    let log = Arc::new(log.clone());
    (Arc::clone(&view), Follow { log, view, prefix: "t".to_owned(), partitions: 1, now_ms: || 0 })
}

fn log() -> Model {
    let log = Model::new("model");
    for topic in TOPICS {
        let name = engine::Topic::new(&topic.name("t"));
        log.create_topic(&TopicSpec { name, partitions: 1, cleanup: Cleanup::Compact { tombstone_ms: 1 } })
            .expect("made");
    }
    log
}

fn catch_up(follow: &Follow) {
    while follow.catch_up(&AtomicBool::new(false)).expect("follows") {}
}

/// Every tile's number is the length of its list, and the recount is that of the rows.
fn agrees(view: &View, rows: &BTreeMap<(usize, u8), Message>) {
    let snapshot = view.snapshot();
    let mut expected: BTreeMap<(usize, String), Counters> = BTreeMap::new();
    for ((organisation, _), row) in rows {
        let share = Contribution::of(row).expect("facts");
        expected.entry((*organisation, share.campaign)).or_default().add(&share.counters);
    }
    for ((organisation, campaign), counters) in &expected {
        let organisation = ORGANISATIONS[*organisation];
        let found = snapshot.campaign(organisation, campaign).expect("reads").expect("a campaign");
        assert_eq!(found.counters, *counters);
        adds_up(&snapshot, (organisation, campaign), counters);
        for tile in Tile::ALL {
            let (mut after, mut listed) = (None, 0);
            loop {
                let page = snapshot.recipients(organisation, campaign, tile, after.as_deref(), 2).expect("a page");
                assert_eq!(page.count, tile.count(counters));
                listed += u64::try_from(page.rows.len()).unwrap();
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(listed, tile.count(counters), "{tile:?} of {campaign}");
        }
    }
}

/// Every order has every campaign once, the largest number first.
fn are_sorted(view: &View, organisation: &str, campaigns: usize) {
    let snapshot = view.snapshot();
    for sort in Sort::ALL {
        let wanted = Wanted { sort, ..Wanted::default() };
        let (mut after, mut sent, mut ids) = (None, Vec::new(), std::collections::BTreeSet::new());
        loop {
            let page = snapshot.campaigns_by(organisation, &wanted, after.as_deref(), 2).expect("a page");
            sent.extend(page.rows.iter().map(|row| row.counters.sent));
            ids.extend(page.rows.into_iter().map(|row| row.id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!((sent.len(), ids.len()), (campaigns, campaigns), "{sort:?}");
        assert!(sort != Sort::Sent || sent.is_sorted_by(|a, b| a >= b));
    }
}

/// A campaign's instants, providers and domains are all of its messages.
fn adds_up(snapshot: &view::Snapshot<'_>, (organisation, campaign): (&str, &str), counters: &Counters) {
    let series = snapshot.series(organisation, campaign, Width::Day, "America/Toronto", None).expect("a series");
    let sum = |number: fn(&view::Point) -> u64| series.points.iter().map(number).sum::<u64>();
    assert_eq!(sum(|point| point.sent), counters.sent);
    assert_eq!(sum(|point| point.delivered), counters.delivered);
    assert_eq!(sum(|point| point.opened), counters.opened);
    assert_eq!(sum(|point| point.clicked), counters.clicked);
    let links = snapshot.links(organisation, campaign, 10).expect("links");
    assert_eq!(links.rows.iter().map(|link| link.clicked).sum::<u64>(), counters.clicked);
    for parts in [snapshot.providers(organisation, campaign, 10), snapshot.domains(organisation, campaign, 10)] {
        let parts = parts.expect("parts");
        assert_eq!(parts.rows.iter().map(|part| part.counters.sent).sum::<u64>(), counters.sent);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_of_the_topics_gives_the_same_view_and_every_tile_is_its_list(
        published in prop::collection::vec((0_usize..2, 0_u8..3, 0_u8..9, prop::collection::vec(0_u8..60, 1..6)), 1..40),
        cut in 0_usize..40,
    ) {
        let (memory, cut_memory, log) = (Memory::default(), Memory::default(), log());
        let (mut rows, mut campaigns) = (BTreeMap::new(), std::collections::BTreeSet::new());
        let (_, cut_follow) = follow(&log, &cut_memory);
        for (place, one) in published.iter().enumerate() {
            let (organisation, message) = (ORGANISATIONS[one.0], format!("m{}", one.2));
            let row = row(one);
            let wire = contract::message::to_wire(&row).encode_to_vec();
            log.append(vec![record(Topic::MessageStatus, contract::key::message(organisation, &message), wire)]).expect("appended");
            if campaigns.insert((one.0, one.1)) {
                let campaign = format!("c{}", one.1);
                let stats = CampaignStats { name: campaign.clone(), ..CampaignStats::default() };
                let key = contract::key::campaign(organisation, &campaign);
                log.append(vec![record(Topic::CampaignStats, key, stats.encode_to_vec())]).expect("appended");
            }
            rows.insert((one.0, one.2), row);
            if place == cut {
                catch_up(&cut_follow);
            }
        }
        let (view, follow_all) = follow(&log, &memory);
        catch_up(&follow_all);
        catch_up(&cut_follow);
        agrees(&view, &rows);
        for (place, organisation) in ORGANISATIONS.into_iter().enumerate() {
            are_sorted(&view, organisation, campaigns.iter().filter(|(of, _)| *of == place).count());
        }
        prop_assert_eq!(memory.dump("view"), cut_memory.dump("view"));
        // A crash loses what was not flushed, whole batches; what is left is followed on from.
        cut_memory.crash(1);
        let (view, again) = follow(&log, &cut_memory);
        catch_up(&again);
        agrees(&view, &rows);
        prop_assert_eq!(memory.dump("view"), cut_memory.dump("view"));
    }
}

#[test]
fn a_view_of_another_log_is_not_taken_for_ours() {
    let memory = Memory::default();
    let log = log();
    let wire = contract::message::to_wire(&row(&(0, 1, 1, vec![0]))).encode_to_vec();
    log.append(vec![record(Topic::MessageStatus, contract::key::message("acme", "m1"), wire)]).expect("appended");
    let (_, follow) = follow(&log, &memory);
    catch_up(&follow);
    assert!(matches!(View::new(memory.open("view").unwrap(), "another"), Err(Error::Foreign { .. })));
}

#[test]
fn a_client_has_their_own_mails_newest_first_and_no_other_organisations() {
    let (memory, log) = (Memory::default(), log());
    for (organisation, message, time) in [(0, 1, 8), (0, 4, 16), (1, 7, 24), (0, 2, 24)] {
        let wire = contract::message::to_wire(&row(&(organisation, 1, message, vec![time]))).encode_to_vec();
        let key = contract::key::message(ORGANISATIONS[organisation], &format!("m{message}"));
        log.append(vec![record(Topic::MessageStatus, key, wire)]).expect("appended");
    }
    let (view, follow) = follow(&log, &memory);
    catch_up(&follow);
    let snapshot = view.snapshot();
    let client = snapshot.client("acme", "client1", None, 10).expect("reads").expect("known");
    let mails: Vec<&str> = client.mails.iter().map(|mail| mail.recipient.message.as_str()).collect();
    assert_eq!(mails, ["m4", "m1"]);
    assert!(snapshot.client("acme3", "client1", None, 10).expect("reads").is_none());
    assert!(snapshot.message("acme", "m7").expect("reads").is_none());
    assert!(snapshot.message("acme2", "m7").expect("reads").is_some());
}
