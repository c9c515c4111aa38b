//! The messages fold: events of a message to its row, and the difference of its share to its campaign's partial.
//!
//! Partials are derived rows under `0, 'p', campaign key`: a restore recounts them from the rows (I6), and every batch
//! publishes those it changed, absolute, with the version (generation, source offset).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use contract::proto::campaign::v1::{CampaignPartial, campaign_partial::Part};
use contract::topic::Topic;
use contract::{Proto as _, counters, key, message};
use domain::{Change, Contribution, Counters, Event, Message, Time};
use engine::{Disposition, Effects, Folded, Polled, Processor, Rows, Stored, TopicPartition};

use super::{forward, load, missing};
use crate::emit::{Emit, row_headers};
use crate::reject::Reject;
use crate::settings::Settings;

const VERSION: u32 = 1;

/// One partition's messages.
pub struct Messages {
    settings: Arc<Settings>,
}

/// What one batch does to a campaign's partial.
#[derive(Default)]
struct Delta {
    more: Counters,
    less: Counters,
    /// The earliest of the sends that name the campaign, whether or not they decide where the message counts: so it is a
    /// function of the rows, and a restore finds it again.
    first_sent: Option<Time>,
}

/// A campaign, named by its organisation and id.
type Campaign = (String, String);

impl Messages {
    /// The fold of an installation.
    pub fn new(settings: Arc<Settings>) -> Self {
        Self { settings }
    }

    fn read(&self, partition: u32, stored: &Stored) -> Result<(Bytes, Event), (String, Reject)> {
        let refused = |why: Reject| (String::new(), why);
        let key = stored.record.key.clone().unwrap_or_default();
        let [organisation, id] = key::strings::<2>(&key).ok_or_else(|| {
            refused(Reject::record("bad_key", "the key is not (organisation, message): write the intake"))
        })?;
        if key::partition(&key, self.settings.partitions) != partition {
            let why = Reject::record("wrong_partition", "the key belongs to another partition: write the intake");
            return Err((organisation.to_owned(), why));
        }
        let value = stored.record.value.as_deref().unwrap_or_default();
        let event =
            contract::decode("Event", value).and_then(|wire| contract::event::from_wire(organisation, id, &wire));
        let event = event.map_err(|error| (organisation.to_owned(), Reject::record("bad_event", error.to_string())))?;
        Ok((key, event))
    }
}

impl Processor for Messages {
    fn fold(&mut self, batch: &Polled, rows: &dyn Rows) -> Folded {
        let read: Vec<_> = batch.records.iter().map(|stored| self.read(batch.partition, stored)).collect();
        let keys: BTreeSet<&Bytes> = read.iter().flatten().map(|(key, _)| key).collect();
        let before = match load(rows, keys) {
            Ok(before) => before,
            Err(keys) => return missing(keys),
        };
        let source = TopicPartition { topic: self.settings.topic(Topic::Events), partition: batch.partition };
        let mut emit = Emit::new(&self.settings);
        let mut after: BTreeMap<Bytes, Message> = BTreeMap::new();
        let mut dispositions = Vec::with_capacity(read.len());
        let mut as_of = Time::default();
        for (stored, read) in batch.records.iter().zip(&read) {
            emit.at(stored.record.timestamp_ms);
            dispositions.push(match read {
                Ok((key, event)) => {
                    as_of = as_of.max(event.time);
                    let row = after.entry(key.clone()).or_insert_with(|| decoded(before.get(key)));
                    disposition(row.fold(event))
                }
                Err((organisation, why)) => {
                    emit.dead_letter(&source, stored, organisation, why);
                    Disposition::DeadLettered(why.reason)
                }
            });
        }
        let mut effects = Effects { dispositions, ..Effects::default() };
        let deltas = deltas(before.iter().filter_map(|(key, row)| {
            let after = after.get(key)?;
            Some((key, decoded(Some(row)), after.clone()))
        }));
        let partials = match partials(rows, &deltas) {
            Ok(partials) => partials,
            Err(keys) => return missing(keys),
        };
        for (key, row) in &after {
            forward::difference(key, || decoded(before.get(key)), row, &mut emit);
        }
        for (key, row) in after {
            let bytes = Bytes::from(message::to_wire(&row).encode_to_vec());
            if before.get(&key) != Some(&Some(bytes.clone())) {
                effects.rows.push((key, Some(bytes)));
            }
        }
        effects.derived = kept(&partials);
        self.publish(partials, batch, as_of, &mut emit);
        effects.outputs = emit.into_outputs();
        effects.row_headers = row_headers("mailtally.message.v1.MessageState", VERSION, &source, batch.next, as_of);
        effects.row_timestamp_ms = batch.records.last().map_or(0, |stored| stored.record.timestamp_ms);
        Folded::Done(effects)
    }

    fn restore(&mut self, restored: &[(Bytes, Option<Bytes>)], rows: &dyn Rows) -> Folded {
        let before = match load(rows, restored.iter().map(|(key, _)| key)) {
            Ok(before) => before,
            Err(keys) => return missing(keys),
        };
        let deltas = deltas(restored.iter().map(|(key, row)| (key, decoded(before.get(key)), decoded(Some(row)))));
        match partials(rows, &deltas) {
            Ok(partials) => Folded::Done(Effects { derived: kept(&partials), ..Effects::default() }),
            Err(keys) => missing(keys),
        }
    }
}

impl Messages {
    /// Publishes the changed partials under their source, which is this partition.
    fn publish(&self, partials: BTreeMap<Campaign, CampaignPartial>, batch: &Polled, as_of: Time, emit: &mut Emit<'_>) {
        let source = batch.partition.to_string();
        for ((organisation, campaign), mut partial) in partials {
            partial.generation = self.settings.generation;
            partial.offset = batch.next;
            partial.as_of_us = as_of.micros();
            emit.partial(&organisation, &campaign, &source, &partial);
        }
    }
}

fn disposition(change: Change) -> Disposition {
    match change {
        Change::Changed => Disposition::Folded,
        Change::Duplicate => Disposition::Duplicate,
        Change::Ignored(why) => Disposition::Ignored(why),
    }
}

/// The message of a row that this fold wrote itself; an unreadable one counts as none, and the recount shows it.
fn decoded(row: Option<&Option<Bytes>>) -> Message {
    let Some(Some(row)) = row else { return Message::default() };
    contract::decode("MessageState", row).and_then(|row| message::from_wire(&row)).unwrap_or_default()
}

fn deltas<'a>(changes: impl Iterator<Item = (&'a Bytes, Message, Message)>) -> BTreeMap<Campaign, Delta> {
    let mut deltas: BTreeMap<Campaign, Delta> = BTreeMap::new();
    for (key, before, after) in changes {
        let Some([organisation, _]) = key::strings::<2>(key) else { continue };
        let mut delta = |campaign: &str, change: &dyn Fn(&mut Delta)| {
            change(deltas.entry((organisation.to_owned(), campaign.to_owned())).or_default());
        };
        let known: Vec<_> = before.sends().collect();
        for (campaign, time) in after.sends().filter(|send| !known.contains(send)) {
            delta(campaign, &|delta| delta.first_sent = [delta.first_sent, Some(time)].into_iter().flatten().min());
        }
        let (less, more) = (Contribution::of(&before), Contribution::of(&after));
        if less == more {
            continue;
        }
        if let Some(less) = less {
            delta(&less.campaign, &|delta| delta.less.add(&less.counters));
        }
        if let Some(more) = more {
            delta(&more.campaign, &|delta| delta.more.add(&more.counters));
        }
    }
    deltas
}

/// The partials after these differences, without version.
fn partials(
    rows: &dyn Rows,
    deltas: &BTreeMap<Campaign, Delta>,
) -> Result<BTreeMap<Campaign, CampaignPartial>, Vec<Bytes>> {
    let keys: Vec<Bytes> = deltas.keys().map(partial_key).collect();
    let before = load(rows, &keys)?;
    let apply = |(campaign, delta): (&Campaign, &Delta)| {
        let held = before.get(&partial_key(campaign)).cloned().flatten().unwrap_or_default();
        let mut partial: CampaignPartial = contract::decode("CampaignPartial", &held).unwrap_or_default();
        let mut sum = match &partial.part {
            Some(Part::Counters(held)) => counters::from_wire(held).unwrap_or_default(),
            _ => Counters::default(),
        };
        // More first: what is taken away is there.
        sum.add(&delta.more);
        sum.subtract(&delta.less);
        partial.part = Some(Part::Counters(counters::to_wire(&sum)));
        if let Some(first) = delta.first_sent
            && (partial.first_sent_us == 0 || first.micros() < partial.first_sent_us)
        {
            partial.first_sent_us = first.micros();
        }
        (campaign.clone(), partial)
    };
    Ok(deltas.iter().map(apply).collect())
}

/// Partials as they are kept, by key. One that its messages have left altogether is not kept: no row recounts it.
fn kept(partials: &BTreeMap<Campaign, CampaignPartial>) -> Vec<(Bytes, Option<Bytes>)> {
    let empty = CampaignPartial {
        part: Some(Part::Counters(counters::to_wire(&Counters::default()))),
        ..CampaignPartial::default()
    };
    let row = |partial: &CampaignPartial| (*partial != empty).then(|| Bytes::from(partial.encode_to_vec()));
    let mut kept: Vec<_> = partials.iter().map(|(campaign, partial)| (partial_key(campaign), row(partial))).collect();
    kept.sort();
    kept
}

fn partial_key((organisation, campaign): &Campaign) -> Bytes {
    let mut key = vec![0, b'p'];
    key.extend_from_slice(&key::campaign(organisation, campaign));
    key.into()
}
