//! The original bytes go back where they came from. The same bytes are the same events, so what was counted before does not
//! count again; letter and mark are one append.
//!
//! A letter of a fold is not one that an outsider may mend: it goes back only where that can help. What waited in vain for its
//! send gets its time again; what an older version could not read is read by this one. A key that is not canonical was written
//! by somebody who should write an intake, and stays.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use contract::topic::Topic;
use contract::{header, key};
use engine::{Headers, Offset, Output, Record, TopicPartition};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::letter::{self, Filter, Id, Letter};
use super::show::find;
use crate::Format;
use crate::reply::Reply;
use crate::scan::Steps;
use crate::system::{System, now_ms};

/// Letters of one append, and bytes, exceeded by at most one letter.
const APPEND_LETTERS_MAX: usize = 1_000;
const APPEND_BYTES_MAX: usize = 32 << 20;

/// Which ones, and how it is told.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub(crate) struct Redrive {
    /// Ids, as `dead-letters list --each` says them.
    ids: Vec<String>,
    #[command(flatten)]
    filter: Filter,
    /// All letters there are.
    #[arg(long)]
    all: bool,
    /// Those that were redriven before, too.
    #[arg(long)]
    again: bool,
    /// How the result is told.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// What became of the letters.
#[derive(Default)]
struct Tally {
    redriven: u64,
    before: u64,
    refused: BTreeMap<&'static str, u64>,
    failed: BTreeMap<String, u64>,
}

/// Letters on their way back.
#[derive(Default)]
struct Chunk {
    outputs: Vec<Output>,
    bytes: usize,
}

impl Redrive {
    pub(super) fn execute(&self, at: &System, reply: &mut Reply<'_>) -> Result<u8> {
        let chosen = [!self.ids.is_empty(), !self.filter.is_empty(), self.all];
        if chosen.iter().filter(|chosen| **chosen).count() != 1 {
            bail!("say which letters: ids, or --organisation, --reason and --source, or --all");
        }
        let ends = ends(at)?;
        let mut tally = Tally::default();
        let mut places = BTreeSet::new();
        self.send(at, &mut tally, &mut places, reply)?;
        at.settle(reply.progress)?;
        let mut steps = Steps::new("reading", 1, reply.progress);
        letter::each(at, &ends, &mut steps, &mut |letter| {
            if letter.origin(at).is_some_and(|origin| places.contains(&origin)) {
                *tally.failed.entry(letter.header(header::REASON)).or_default() += 1;
            }
        })?;
        self.tell(&tally, reply)?;
        Ok(u8::from(!tally.refused.is_empty() || !tally.failed.is_empty()))
    }

    /// Puts the chosen letters back; `places` is where they stand now.
    fn send(
        &self,
        at: &System,
        tally: &mut Tally,
        places: &mut BTreeSet<(Topic, u32, Offset)>,
        reply: &mut Reply<'_>,
    ) -> Result<()> {
        let mut letters = Vec::new();
        for id in &self.ids {
            letters.push(find(at, id, reply)?);
        }
        let mut steps = Steps::new("redriving", 2 * letter::length(at)?, reply.progress);
        let known = letter::redriven(at, &mut steps)?;
        let (mut chunk, mut failed) = (Chunk::default(), None);
        let mut one = |letter: Letter| {
            if failed.is_none() {
                failed = self.take(at, &letter, &known, tally, &mut chunk, places).err();
            }
        };
        if self.ids.is_empty() {
            letter::each(at, &[], &mut steps, &mut |letter| {
                if self.filter.takes(&letter, at) {
                    one(letter);
                }
            })?;
        } else {
            letters.into_iter().for_each(&mut one);
        }
        failed.map_or(Ok(()), Err)?;
        chunk.append(at, places)
    }

    fn take(
        &self,
        at: &System,
        letter: &Letter,
        known: &BTreeSet<Id>,
        tally: &mut Tally,
        chunk: &mut Chunk,
        places: &mut BTreeSet<(Topic, u32, Offset)>,
    ) -> Result<()> {
        if known.contains(&letter.id) && !self.again {
            tally.before += 1;
            return Ok(());
        }
        match target(letter, at) {
            Err(why) => *tally.refused.entry(why).or_default() += 1,
            Ok(to) => {
                tally.redriven += 1;
                chunk.add(letter, to, at);
            }
        }
        if chunk.outputs.len() >= 2 * APPEND_LETTERS_MAX || chunk.bytes >= APPEND_BYTES_MAX {
            chunk.append(at, places)?;
        }
        Ok(())
    }

    fn tell(&self, tally: &Tally, reply: &mut Reply<'_>) -> Result<()> {
        let failed: u64 = tally.failed.values().sum();
        if self.format == Format::Json {
            let row = json!({
                "redriven": tally.redriven, "taken": tally.redriven.saturating_sub(failed), "failed": tally.failed,
                "redriven_before": tally.before, "refused": tally.refused,
            });
            return Ok(writeln!(reply.out, "{row}")?);
        }
        let (sent, taken) = (tally.redriven, tally.redriven.saturating_sub(failed));
        writeln!(reply.out, "{sent} redriven: {taken} taken, {failed} dead letters again")?;
        for (why, letters) in &tally.failed {
            writeln!(reply.out, "  {letters} {why}: mailtally dead-letters list --each --reason {why}")?;
        }
        for (why, letters) in &tally.refused {
            writeln!(reply.out, "  {letters} not redriven: {why}")?;
        }
        if tally.before > 0 {
            writeln!(
                reply.out,
                "  {} were redriven before: --again repeats that, and counts nothing twice",
                tally.before
            )?;
        }
        Ok(())
    }
}

impl Chunk {
    fn add(&mut self, letter: &Letter, to: TopicPartition, at: &System) {
        let id = letter::shown(letter.id);
        let named = || Headers::from_pairs([(header::REDRIVEN, Cow::Borrowed(id.as_bytes()))]);
        let timestamp_ms = now_ms();
        let mark = Record { headers: named(), timestamp_ms, ..Record::default() };
        let (key, value) = (letter.record.key.clone(), letter.record.value.clone());
        self.bytes += value.as_ref().map_or(0, bytes::Bytes::len);
        self.outputs.push(Output { to, record: Record { key, value, headers: named(), timestamp_ms } });
        self.outputs.push(Output { to: at.partition(Topic::DeadLetters, letter.id.0), record: mark });
    }

    fn append(&mut self, at: &System, places: &mut BTreeSet<(Topic, u32, Offset)>) -> Result<()> {
        let outputs = std::mem::take(self).outputs;
        let to: Vec<TopicPartition> = outputs.iter().map(|output| output.to.clone()).collect();
        if outputs.is_empty() {
            return Ok(());
        }
        let offsets = at.log.append(outputs)?;
        let place = |(to, offset): (TopicPartition, Offset)| {
            Some((Topic::parse(to.topic.name(), &at.settings.prefix)?, to.partition, offset))
        };
        places.extend(to.into_iter().zip(offsets).filter_map(place));
        Ok(())
    }
}

/// Where a letter goes back to, or why it must not.
fn target(letter: &Letter, at: &System) -> Result<TopicPartition, &'static str> {
    let Some((topic, partition, _)) = letter.origin(at) else { return Err("it does not say where it came from") };
    let reason = letter.header(header::REASON);
    let back = at.partition(topic, partition);
    if topic.is_intake() {
        return Ok(back);
    }
    let key = letter.record.key.as_deref().unwrap_or_default();
    match (topic, reason.as_str()) {
        (Topic::Correlations, "unmatched" | "too_many_waiting") => {
            let group = key::correlation_group_of(key).ok_or("its key is not canonical")?;
            Ok(at.settings.partition_of(topic, &group))
        }
        (_, "conflicting_send") => Err("another send holds the provider's message id: publish the send with its own"),
        (_, "bad_event" | "bad_contact_event" | "bad_correlation" | "bad_partial") if is_readable(letter, topic) => {
            Ok(back)
        }
        (_, "bad_event" | "bad_contact_event" | "bad_correlation" | "bad_partial") => {
            Err("this version cannot read it either: it is for a later one, or was never an event")
        }
        _ => Err("it was written into an internal topic by somebody else: write an intake"),
    }
}

/// Whether this version reads what a fold could not.
fn is_readable(letter: &Letter, topic: Topic) -> bool {
    let key = letter.record.key.as_deref().unwrap_or_default();
    let value = letter.record.value.as_deref().unwrap_or_default();
    match topic {
        Topic::Events => key::strings::<2>(key).is_some_and(|[organisation, message]| {
            let wire = contract::decode("Event", value);
            wire.and_then(|wire| contract::event::from_wire(organisation, message, wire)).is_ok()
        }),
        Topic::ContactEvents => contract::contact::subject(key).is_some_and(|(organisation, subject)| {
            let wire = contract::decode("ContactEvent", value);
            wire.and_then(|wire| contract::contact::from_wire(organisation, &subject, &wire)).is_ok()
        }),
        _ => topic.value().is_some_and(|message| contract::json::value(message, value).is_ok()),
    }
}

/// Where the dead letters end now.
fn ends(at: &System) -> Result<Vec<Offset>> {
    let end = |partition| Ok(at.log.bounds(&at.partition(Topic::DeadLetters, partition))?.high_watermark);
    (0..at.settings.partitions).map(end).collect()
}
