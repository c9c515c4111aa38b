//! What a replay came to: how many events are as they were, and the others in words, alike ones together.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::Result;
use contract::key;
use contract::proto::event::v1::Event;
use contract::topic::Topic;
use engine::Offset;
use processor::decode::webhook::Fate;
use serde_json::json;

use super::Webhooks;
use crate::Format;
use crate::reply::Reply;
use crate::timeline;

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    /// It stands as it is decoded.
    Same,
    /// It was not there.
    New,
    /// It says something else now.
    Changed,
    /// It is no longer made.
    TakenBack,
    /// It is no longer made, or belongs to another message, and stays: the decoder is the same.
    Stays,
    /// A later decoder's word holds.
    Later,
}

impl Change {
    const fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::New => "new",
            Self::Changed => "changed",
            Self::TakenBack => "taken_back",
            Self::Stays => "stays",
            Self::Later => "later",
        }
    }
}

/// Events that changed alike.
#[derive(Default)]
struct Alike {
    events: u64,
    /// One of them: organisation and message, where they are known.
    example: Option<(String, String)>,
}

/// The count.
#[derive(Default)]
pub(super) struct Report {
    requests: u64,
    ignored: BTreeMap<&'static str, u64>,
    rejected: BTreeMap<&'static str, u64>,
    counts: BTreeMap<Change, u64>,
    /// By change, provider, and the words before and after.
    changes: BTreeMap<(Change, String, String, String), Alike>,
    first: Option<(u32, Offset)>,
    pub(super) appended: usize,
}

impl Report {
    pub(super) fn request(&mut self, partition: u32, offset: Offset) {
        self.requests += 1;
        self.first.get_or_insert((partition, offset));
    }

    pub(super) fn part(&mut self, part: &Fate) {
        match part {
            Fate::Message(..) | Fate::Correlated(..) => {}
            Fate::Ignored(why) => *self.ignored.entry(why).or_default() += 1,
            Fate::Rejected(why) => *self.rejected.entry(why.reason).or_default() += 1,
        }
    }

    pub(super) fn change(
        &mut self,
        change: Change,
        topic: Topic,
        key: &[u8],
        before: Option<&Event>,
        after: Option<&Event>,
        times: u64,
    ) {
        *self.counts.entry(change).or_default() += times;
        if change == Change::Same {
            return;
        }
        let provider = after.or(before).map(|event| event.provider.clone()).unwrap_or_default();
        let name = (change, provider, words(before), words(after));
        let alike = self.changes.entry(name).or_default();
        alike.events += times;
        if alike.example.is_none() && topic == Topic::Events {
            alike.example =
                key::strings::<2>(key).map(|[organisation, message]| (organisation.to_owned(), message.to_owned()));
        }
    }

    fn count(&self, change: Change) -> u64 {
        self.counts.get(&change).copied().unwrap_or(0)
    }

    /// Events that this decoder would say otherwise and that stay as they are.
    pub(super) fn stays(&self) -> u64 {
        self.count(Change::Stays) + self.count(Change::Later)
    }

    pub(super) fn tell(&self, asked: &Webhooks, ranges: &[(u32, Range<Offset>)], reply: &mut Reply<'_>) -> Result<()> {
        match asked.format {
            Format::Json => self.json(asked, reply),
            Format::Table => self.table(asked, ranges, reply),
        }
    }

    fn json(&self, asked: &Webhooks, reply: &mut Reply<'_>) -> Result<()> {
        let change = |((change, provider, before, after), alike): (&(Change, String, String, String), &Alike)| {
            let (organisation, message) = alike.example.clone().unzip();
            json!({
                "change": change.word(), "provider": provider, "before": before, "after": after, "events": alike.events,
                "organisation": organisation, "message": message,
            })
        };
        let count = |change| self.count(change);
        let row = json!({
            "dry_run": asked.dry_run, "requests": self.requests, "same": count(Change::Same), "new": count(Change::New),
            "changed": count(Change::Changed), "taken_back": count(Change::TakenBack), "stays": count(Change::Stays),
            "later": count(Change::Later), "ignored": self.ignored, "rejected": self.rejected,
            "appended": self.appended, "changes": self.changes.iter().map(change).collect::<Vec<_>>(),
        });
        Ok(writeln!(reply.out, "{row}")?)
    }

    fn table(&self, asked: &Webhooks, ranges: &[(u32, Range<Offset>)], reply: &mut Reply<'_>) -> Result<()> {
        let out = &mut *reply.out;
        if self.requests == 0 {
            let why = if ranges.is_empty() { "no kept webhook is" } else { "no webhook of such an account or time is" };
            return Ok(writeln!(out, "{why} in this range: `mailtally consume webhooks` shows what is kept")?);
        }
        let would = if asked.dry_run { "would be " } else { "" };
        let [same, new, changed, taken] =
            [Change::Same, Change::New, Change::Changed, Change::TakenBack].map(|change| self.count(change));
        writeln!(
            out,
            "{} requests decoded again: {same} events as they were, {new} {would}new, {changed} {would}changed, {taken} {would}taken back",
            self.requests
        )?;
        for ((change, provider, before, after), alike) in &self.changes {
            let words = match (before.as_str(), after.as_str()) {
                ("", after) => after.to_owned(),
                (before, "") => before.to_owned(),
                (before, after) if before == after => format!("{before}, in its details"),
                (before, after) => format!("{before} -> {after}"),
            };
            let example = alike
                .example
                .as_ref()
                .map(|(organisation, message)| format!("   e.g. mailtally inspect message {organisation} {message}"));
            let word = change.word().replace('_', " ");
            writeln!(out, "  {:>8} {word:<10} {provider}: {words}{}", alike.events, example.unwrap_or_default())?;
        }
        self.rest(reply)
    }

    fn rest(&self, reply: &mut Reply<'_>) -> Result<()> {
        let out = &mut *reply.out;
        for (why, parts) in &self.ignored {
            writeln!(out, "  {parts:>8} ignored    {why}")?;
        }
        for (why, parts) in &self.rejected {
            writeln!(
                out,
                "  {parts:>8} rejected   {why}: mailtally dead-letters list --source webhooks --reason {why}"
            )?;
        }
        if self.count(Change::Stays) > 0 {
            writeln!(
                out,
                "what stays was made by this version of the decoder under another configuration: only a later decoder takes back or moves it"
            )?;
        }
        if self.count(Change::Later) > 0 {
            writeln!(out, "a later decoder has read these, or this one took them back: use its version of mailtally")?;
        }
        Ok(())
    }
}

/// What an event says happened, without its particulars.
fn words(event: Option<&Event>) -> String {
    let Some(event) = event else { return String::new() };
    let fact = contract::event::from_wire("", "", event.clone()).map(|event| timeline::fact(&event.fact));
    let words = fact.unwrap_or_else(|_| "something that this version cannot read".to_owned());
    let words = words.split(": ").next().unwrap_or_default().to_owned();
    if event.retracted { format!("{words} (taken back)") } else { words }
}
