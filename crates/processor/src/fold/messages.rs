//! The messages fold: events of a message to its row, and the difference of its share to its campaign's partial.
//!
//! Partials are derived rows under `0, 'p', campaign key`: a restore recounts them from the rows (I6), and every batch
//! publishes those it changed, absolute, with the version (generation, source offset).

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use contract::proto::campaign::v1::CampaignPartial;
use contract::topic::Topic;
use contract::{key, message};
use domain::{Change, Event, Message, Time};
use engine::{
    Disposition, Effects, Folded, Found, Headers, Made, Offset, Polled, Processor, Rebuilt, Rows, Stored,
    TopicPartition,
};

use super::also_json;
use super::partials::{Campaign, Deltas, Share, kept, left, read};
use super::{forward, load, missing, republished};
use crate::emit::{Emit, made, rebuilt_headers, row_headers};
use crate::reject::Reject;
use crate::settings::Settings;

const SCHEMA: &str = "mailtally.message.v1.MessageState";

/// One partition's messages.
pub struct Messages {
    settings: Arc<Settings>,
    version: u32,
}

/// A row as a store holds it.
type Held = (Bytes, Bytes);

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
    /// The fold of an installation, under a version of its rules.
    pub fn new(settings: Arc<Settings>, version: u32) -> Self {
        Self { settings, version }
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
        let Some([organisation, _]) = key::strings::<2>(key) else { return };
        let mut row = decoded(held);
        let (before, mut changed) = (Share::of(&row), false);
        for (_, place) in records {
            let fate = batch.records.get(*place).map(|stored| event(organisation, stored)).map(|event| {
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
            self.rows.push(((*key).clone(), Some(message::encode(&row).into())));
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
        let (mut deltas, mut recount) = (Deltas::default(), false);
        for (key, row) in restored {
            let Some([organisation, _]) = key::strings::<2>(key) else { continue };
            let share = |row: Option<&Bytes>| Share::of(&decoded(row));
            let (before, after) = (share(before.get(key).and_then(Option::as_ref)), share(row.as_ref()));
            recount |= before.forgets(&after);
            deltas.add(organisation, &before, &after);
        }
        match deltas.partials(rows) {
            Ok(partials) => Folded::Done(Effects { derived: kept(&partials), recount, ..Effects::default() }),
            Err(keys) => missing(keys),
        }
    }

    fn made(&self, headers: &Headers) -> Made {
        made(headers)
    }

    fn rebuilt(&mut self, rebuilt: &Rebuilt<'_>, rows: &dyn Rows) -> Folded {
        match rebuilt.found {
            Found::Sums { before, derived } => self.sums(rebuilt, (before, derived), rows),
            Found::Changes(changes) => {
                let source = TopicPartition { topic: self.settings.topic(Topic::Events), partition: rebuilt.partition };
                let mut effects = republished(rebuilt, rebuilt_headers(SCHEMA, self.version, &source, rebuilt));
                let mut emit = Emit::new(&self.settings);
                emit.at(rebuilt.timestamp_ms);
                for change in changes {
                    let after = decoded(change.after.as_ref());
                    forward::difference(&change.key, || decoded(change.before.as_ref()), &after, &mut emit);
                }
                effects.outputs = emit.into_outputs();
                also_json::publish(&self.settings, Topic::MessageStatusJson, rebuilt.partition, &mut effects);
                Folded::Done(effects)
            }
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
        self.publish(partials, (batch.partition, batch.next), turn.as_of, &mut emit);
        let mut effects = Effects {
            rows: turn.rows,
            derived,
            row_headers: row_headers(SCHEMA, self.version, &source, batch.next, turn.as_of),
            row_timestamp_ms: batch.records.last().map_or(0, |stored| stored.record.timestamp_ms),
            outputs: emit.into_outputs(),
            dispositions,
            recount: false,
        };
        also_json::publish(&self.settings, Topic::MessageStatusJson, batch.partition, &mut effects);
        effects
    }

    /// What a rebuild says again of campaigns: each partial as it is now, and zeros where only rows of before name one.
    fn sums(&self, rebuilt: &Rebuilt<'_>, (before, derived): (&[Held], &[Held]), rows: &dyn Rows) -> Folded {
        let mut partials: BTreeMap<Campaign, CampaignPartial> = derived.iter().filter_map(read).collect();
        match left(before.iter().map(|(key, row)| (key, decoded(Some(row)))), rows) {
            Ok(left) => partials.extend(left),
            Err(keys) => return missing(keys),
        }
        let mut emit = Emit::new(&self.settings);
        emit.at(rebuilt.timestamp_ms);
        // The latest event time that was seen is in no row: whoever takes the partial keeps what it knows.
        self.publish(partials, (rebuilt.partition, rebuilt.next), Time::default(), &mut emit);
        Folded::Done(Effects { outputs: emit.into_outputs(), ..Effects::default() })
    }

    /// Publishes partials under their source, which is this partition, as of this offset of the input.
    fn publish(
        &self,
        partials: BTreeMap<Campaign, CampaignPartial>,
        (partition, next): (u32, Offset),
        as_of: Time,
        emit: &mut Emit<'_>,
    ) {
        let source = partition.to_string();
        for ((organisation, campaign), mut partial) in partials {
            partial.generation = self.settings.generation;
            partial.offset = next;
            partial.fold_version = self.version;
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
fn event(organisation: &str, stored: &Stored) -> Result<Event, Refused> {
    let value = stored.record.value.as_deref().unwrap_or_default();
    // The row stands under the key: its facts need not repeat it.
    contract::event::decode("", "", value)
        .map_err(|error| (organisation.to_owned(), Reject::record("bad_event", error.to_string())))
}

/// The message of a row that this fold wrote itself; an unreadable one counts as none, and the recount shows it.
fn decoded(row: Option<&Bytes>) -> Message {
    let Some(row) = row else { return Message::default() };
    message::decode(row).unwrap_or_default()
}
