//! The messages fold: events of a message to its row, and the difference of its share to its campaign's partial.
//!
//! Partials are derived rows under `0, 'p', campaign key`: a restore recounts them from the rows (I6), and every batch
//! publishes those it changed, absolute, with the version (generation, source offset).

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use contract::proto::campaign::v1::CampaignPartial;
use contract::topic::Topic;
use contract::{Proto as _, key, message};
use domain::{Change, Event, Message, Time};
use engine::{Disposition, Effects, Folded, Polled, Processor, Rows, Stored, TopicPartition};

use super::also_json;
use super::partials::{Campaign, Deltas, Share, kept};
use super::{forward, load, missing};
use crate::emit::{Emit, row_headers};
use crate::reject::Reject;
use crate::settings::Settings;

const VERSION: u32 = 1;

/// One partition's messages.
pub struct Messages {
    settings: Arc<Settings>,
}

/// A record that cannot be used: the organisation that it claims, if it could be read, and why.
type Refused = (String, Reject);

/// One batch, while its messages are folded one after the other.
struct Turn<'a> {
    emit: Emit<'a>,
    /// By record: what becomes of it.
    fates: Vec<Result<Disposition, Refused>>,
    deltas: Deltas,
    rows: Vec<(Bytes, Option<Bytes>)>,
    as_of: Time,
}

impl Messages {
    /// The fold of an installation.
    pub fn new(settings: Arc<Settings>) -> Self {
        Self { settings }
    }

    /// The key of a record, when it is canonical and in its partition.
    fn key<'a>(&self, partition: u32, stored: &'a Stored) -> Result<&'a Bytes, Refused> {
        let key = stored.record.key.as_ref();
        let Some((key, [organisation, _])) = key.and_then(|key| Some((key, key::strings::<2>(key)?))) else {
            let why = Reject::record("bad_key", "the key is not (organisation, message): write the intake");
            return Err((String::new(), why));
        };
        if key::partition(key, self.settings.partitions) != partition {
            let why = Reject::record("wrong_partition", "the key belongs to another partition: write the intake");
            return Err((organisation.to_owned(), why));
        }
        Ok(key)
    }
}

impl Turn<'_> {
    /// Folds the records of one message, in offset order.
    fn message(&mut self, records: &[(&Bytes, usize)], batch: &Polled, held: Option<&Bytes>) {
        let Some((key, _)) = records.first() else { return };
        let Some([organisation, id]) = key::strings::<2>(key) else { return };
        let mut row = decoded(held);
        let (before, mut changed) = (Share::of(&row), false);
        for (_, place) in records {
            let fate = batch.records.get(*place).map(|stored| event(organisation, id, stored)).map(|event| {
                let event = event?;
                self.as_of = self.as_of.max(event.time);
                let change = row.fold(&event);
                changed |= change == Change::Changed;
                Ok(disposition(change))
            });
            if let (Some(slot), Some(fate)) = (self.fates.get_mut(*place), fate) {
                *slot = fate;
            }
        }
        if changed {
            self.deltas.add(organisation, &before, &Share::of(&row));
            forward::difference(key, || decoded(held), &row, &mut self.emit);
            self.rows.push(((*key).clone(), Some(message::to_wire(&row).encode_to_vec().into())));
        }
    }
}

impl Processor for Messages {
    fn fold(&mut self, batch: &Polled, rows: &dyn Rows) -> Folded {
        let keys: Vec<_> = batch.records.iter().map(|stored| self.key(batch.partition, stored)).collect();
        let keyed = keys.iter().enumerate().filter_map(|(place, key)| Some((*key.as_ref().ok()?, place)));
        // By message, so that each row is read, folded and written once; within one by offset.
        let mut records: Vec<(&Bytes, usize)> = keyed.collect();
        records.sort_unstable();
        let mut by_message = Vec::with_capacity(records.len());
        let mut absent = Vec::new();
        for records in records.chunk_by(|(one, _), (other, _)| one == other) {
            match records.first().map(|(key, _)| (*key, rows.get(key))) {
                Some((_, Some(held))) => by_message.push((records, held)),
                Some((key, None)) => absent.push(key.clone()),
                None => {}
            }
        }
        if !absent.is_empty() {
            // Asked for before anything is decoded.
            return missing(absent);
        }
        let fates = keys.into_iter().map(|key| key.map(|_| Disposition::Duplicate)).collect();
        let mut emit = Emit::new(&self.settings);
        emit.at(batch.records.last().map_or(0, |stored| stored.record.timestamp_ms));
        let mut turn = Turn { emit, fates, deltas: Deltas::default(), rows: Vec::new(), as_of: Time::default() };
        for (records, held) in by_message {
            turn.message(records, batch, held.as_ref());
        }
        match turn.deltas.partials(rows) {
            Ok(partials) => Folded::Done(self.effects(batch, turn, partials)),
            Err(keys) => missing(keys),
        }
    }

    fn restore(&mut self, restored: &[(Bytes, Option<Bytes>)], rows: &dyn Rows) -> Folded {
        let before = match load(rows, restored.iter().map(|(key, _)| key)) {
            Ok(before) => before,
            Err(keys) => return missing(keys),
        };
        let mut deltas = Deltas::default();
        for (key, row) in restored {
            let Some([organisation, _]) = key::strings::<2>(key) else { continue };
            let share = |row: Option<&Bytes>| Share::of(&decoded(row));
            let before = before.get(key).and_then(Option::as_ref);
            deltas.add(organisation, &share(before), &share(row.as_ref()));
        }
        match deltas.partials(rows) {
            Ok(partials) => Folded::Done(Effects { derived: kept(&partials), ..Effects::default() }),
            Err(keys) => missing(keys),
        }
    }
}

impl Messages {
    /// Everything that the batch does: dead letters in the order of their records, rows by key, partials.
    fn effects(&self, batch: &Polled, turn: Turn<'_>, partials: BTreeMap<Campaign, CampaignPartial>) -> Effects {
        let source = TopicPartition { topic: self.settings.topic(Topic::Events), partition: batch.partition };
        let mut emit = turn.emit;
        let mut dispositions = Vec::with_capacity(turn.fates.len());
        for (stored, fate) in batch.records.iter().zip(turn.fates) {
            emit.at(stored.record.timestamp_ms);
            dispositions.push(fate.unwrap_or_else(|(organisation, why)| {
                emit.dead_letter(&source, stored, &organisation, &why);
                Disposition::DeadLettered(why.reason)
            }));
        }
        let derived = kept(&partials);
        self.publish(partials, batch, turn.as_of, &mut emit);
        let mut effects = Effects {
            rows: turn.rows,
            derived,
            row_headers: row_headers("mailtally.message.v1.MessageState", VERSION, &source, batch.next, turn.as_of),
            row_timestamp_ms: batch.records.last().map_or(0, |stored| stored.record.timestamp_ms),
            outputs: emit.into_outputs(),
            dispositions,
        };
        also_json::publish(&self.settings, Topic::MessageStatusJson, batch.partition, &mut effects);
        effects
    }

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

/// The event of a record.
fn event(organisation: &str, message: &str, stored: &Stored) -> Result<Event, Refused> {
    let value = stored.record.value.clone().unwrap_or_default();
    contract::decode_shared("Event", &value)
        .and_then(|wire| contract::event::from_wire(organisation, message, wire))
        .map_err(|error| (organisation.to_owned(), Reject::record("bad_event", error.to_string())))
}

/// The message of a row that this fold wrote itself; an unreadable one counts as none, and the recount shows it.
fn decoded(row: Option<&Bytes>) -> Message {
    let Some(row) = row else { return Message::default() };
    contract::decode_shared("MessageState", row).and_then(message::from_wire).unwrap_or_default()
}
