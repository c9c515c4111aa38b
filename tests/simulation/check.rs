//! What must hold: at every commit, at rest, and in the end.

use std::collections::BTreeMap;

use bytes::Bytes;
use contract::Proto as _;
use contract::proto::campaign::v1::{CampaignPartial, CampaignStats, campaign_partial::Part};
use contract::proto::message::v1::MessageState;
use contract::topic::Topic;
use domain::Counters;
use engine::{Output, State, TopicPartition, Uncommitted};
use log::{Log as _, ReadLimit};
use store::Memory;

use crate::random::Random;
use crate::worker::Worker;
use crate::world::{Installation, World};

/// A topic's latest rows by key.
type Rows = BTreeMap<Bytes, Bytes>;

/// A read-committed reader never sees numbers that break an invariant.
pub(crate) fn visible(at: &Installation, outputs: &[Output]) {
    let (partials, stats) = (at.settings.topic(Topic::CampaignPartials), at.settings.topic(Topic::CampaignStats));
    for output in outputs {
        let value = output.record.value.clone().unwrap_or_default();
        let counters = if output.to.topic == partials {
            match CampaignPartial::decode(&value[..]).expect("a partial").part {
                Some(Part::Counters(counters)) => counters,
                _ => continue,
            }
        } else if output.to.topic == stats {
            CampaignStats::decode(&value[..]).expect("stats").counters.unwrap_or_default()
        } else {
            continue;
        };
        let counters = contract::counters::from_wire(&counters).expect("counters");
        assert_eq!(counters.violations(), Vec::<String>::new(), "visible in {}", output.to);
    }
}

/// Every charge of the budget is refunded, nothing is stalled.
pub(crate) fn at_rest(worker: &Worker) {
    assert_eq!(worker.engine().uncommitted(), Uncommitted { records: 0, bytes: 0 });
    for (task, state) in worker.engine().states() {
        assert_eq!(*state, State::Running, "{task:?}");
    }
}

pub(crate) fn rows(at: &Installation, topic: Topic) -> Rows {
    let mut rows = BTreeMap::new();
    for partition in 0..at.settings.partitions {
        let from = TopicPartition { topic: at.settings.topic(topic), partition };
        let mut next = 0;
        loop {
            let read = at.log.read(&from, next, ReadLimit { records: 1_000, bytes: 1 << 22 }).expect("readable");
            if read.next == next {
                break;
            }
            next = read.next;
            for stored in read.records {
                let key = stored.record.key.unwrap_or_default();
                match stored.record.value {
                    Some(value) => rows.insert(key, value),
                    None => rows.remove(&key),
                };
            }
        }
    }
    rows
}

/// Campaign rows as readers have them: how the input was cut shows in the sources' versions and nowhere else. A campaign that
/// every message has left and nothing defines, such as the one without a name, says nothing: whether it was ever there is
/// a matter of order.
fn campaigns(at: &Installation) -> BTreeMap<Bytes, CampaignStats> {
    let readers = |(key, row): (Bytes, Bytes)| {
        let mut row = CampaignStats::decode(&row[..]).expect("stats");
        row.sources.clear();
        row.as_of = None;
        (key, row)
    };
    let empty = Some(contract::counters::to_wire(&Counters::default()));
    let says = |(_, row): &(Bytes, CampaignStats)| row.created_at.is_some() || row.counters != empty;
    rows(at, Topic::CampaignStats).into_iter().map(readers).filter(says).collect()
}

/// The final rows are those of an undisturbed run (I5), the counters are the recount (I3).
pub(crate) fn same_rows(disturbed: &World, undisturbed: &World) {
    let (left, right) = (&disturbed.at, &undisturbed.at);
    for topic in [Topic::MessageStatus, Topic::CorrelationState, Topic::ContactState] {
        same(&readable(left, topic), &readable(right, topic), topic.short());
    }
    same(&campaigns(left), &campaigns(right), "campaign-stats");
    let mut recounted: BTreeMap<String, Counters> = BTreeMap::new();
    for row in rows(left, Topic::MessageStatus).values() {
        let row = MessageState::decode(&row[..]).expect("a row");
        let share = contract::message::contribution(&row).expect("readable").expect("a fact");
        recounted.entry(share.campaign).or_default().add(&share.counters);
    }
    let published = campaigns(left).into_values().map(|row| {
        let counters = contract::counters::from_wire(&row.counters.unwrap_or_default()).expect("counters");
        (row.campaign, counters)
    });
    // A message may have left a campaign: its row is then all zero, and no message recounts it.
    let published: BTreeMap<String, Counters> =
        published.filter(|(_, counters)| *counters != Counters::default()).collect();
    assert_eq!(published, recounted, "published counters are the recount (I3)");
    let letters = |at: &Installation| rows_of_letters(at).len();
    assert_eq!(letters(left), letters(right), "one dead letter a bad record (I2)");
}

/// A topic's latest rows as text.
fn readable(at: &Installation, topic: Topic) -> BTreeMap<Bytes, String> {
    let shown = |row: Bytes| match topic.value() {
        Some(message) => format!("{:#}", contract::json::value(message, &row).expect("readable")),
        None => format!("{row:?}"),
    };
    rows(at, topic).into_iter().map(|(key, row)| (key, shown(row))).collect()
}

/// Names the first row that differs, not all that are alike.
pub(crate) fn same<V: PartialEq + std::fmt::Debug>(left: &BTreeMap<Bytes, V>, right: &BTreeMap<Bytes, V>, what: &str) {
    for key in left.keys().chain(right.keys()) {
        let (left, right) = (left.get(key), right.get(key));
        assert!(left == right, "{what}, {key:?}:\n{left:#?}\ninstead of\n{right:#?}");
    }
}

fn rows_of_letters(at: &Installation) -> Vec<Bytes> {
    let mut found = Vec::new();
    for partition in 0..at.settings.partitions {
        let from = TopicPartition { topic: at.settings.topic(Topic::DeadLetters), partition };
        let read = at.log.read(&from, 0, ReadLimit { records: 100_000, bytes: 1 << 26 }).expect("readable");
        found.extend(read.records.into_iter().map(|stored| stored.record.value.unwrap_or_default()));
    }
    found
}

/// A restore from the log gives every store, key by key (I6).
pub(crate) fn restores(world: &World) {
    for (task, disk) in world.disks() {
        if world.at.topology.fold(task).is_none_or(|fold| fold.state.is_none()) {
            continue;
        }
        let empty = Memory::default();
        let mut random = Random::new(7);
        let mut fresh = Worker::start(&world.at, "restorer", empty.clone(), &[task], &mut random, 0);
        while !fresh.is_idle() {
            fresh.step(&world.at, &mut random, 0);
            fresh.end_transaction(&world.at, None, 0);
        }
        let name = world.at.store_name(task);
        same(&empty.dump(&name), &disk.dump(&name), &format!("{name} restored (I6)"));
    }
}
