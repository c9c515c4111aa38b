//! `mailtally reconcile`: recounts everything from the canonical events with the oracle and compares message rows, partials
//! and campaign rows; shows the first difference with its history.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use anyhow::{Context as _, Result};
use contract::proto::campaign::v1::{CampaignPartial, CampaignStats, campaign_partial::Part};
use contract::proto::event::v1::Event as WireEvent;
use contract::proto::message::v1::MessageState;
use contract::topic::Topic;
use contract::{counters, key, message};
use domain::Counters;
use oracle::Recount;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Format;
use crate::reply::Reply;
use crate::request::Place;
use crate::system::System;

/// A message or a campaign, named by its organisation and id.
type Name = (String, String);

/// What was compared, and the first thing that is not as recounted.
struct Report {
    events: u64,
    messages: usize,
    campaigns: usize,
    difference: Option<Difference>,
}

/// A row that is not what its events say.
struct Difference {
    what: &'static str,
    name: Name,
    published: String,
    recounted: String,
    history: Vec<String>,
}

/// What can be asked of `reconcile`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) command: Reconcile,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// A recount of everything.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub(crate) struct Reconcile {
    /// How the result is shown.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Reconcile {
    /// Folds what is left, recounts, compares. Exit code 1 on a difference.
    pub(crate) fn execute(&self, at: &System, reply: &mut Reply<'_>) -> Result<u8> {
        at.settle(reply.progress)?;
        let report = compare(at)?;
        match self.format {
            Format::Json => writeln!(reply.out, "{}", report.json())?,
            Format::Table => report.print(reply.out)?,
        }
        Ok(u8::from(report.difference.is_some()))
    }
}

fn compare(system: &System) -> Result<Report> {
    let mut recount = Recount::default();
    system.each(Topic::Events, 0, |partition, stored| {
        let at = || format!("events/{partition}@{}", stored.offset);
        let key = stored.record.key.clone().unwrap_or_default();
        let value = stored.record.value.clone().unwrap_or_default();
        // What is not an event is with the dead letters: it counts nowhere.
        let Some([organisation, id]) = key::strings::<2>(&key) else { return Ok(()) };
        let Ok(wire) = contract::decode::<WireEvent>("Event", &value) else { return Ok(()) };
        recount.take(contract::event::from_wire(organisation, id, &wire).with_context(at)?);
        Ok(())
    })?;
    let campaigns = recount.campaigns();
    let mut report = Report { events: recount.events(), messages: 0, campaigns: campaigns.len(), difference: None };
    let rows = rows(system)?;
    report.messages = rows.len();
    report.difference = messages(&recount, &rows)
        .or(numbers("campaign-stats", &recount, &campaigns, &stats(system)?))
        .or(numbers("campaign-partials", &recount, &campaigns, &partials(system)?));
    Ok(report)
}

/// A topic's latest values, by key.
fn latest(system: &System, topic: Topic) -> Result<BTreeMap<Vec<u8>, bytes::Bytes>> {
    let mut rows = BTreeMap::new();
    system.each(topic, 0, |_, stored| {
        let key = stored.record.key.unwrap_or_default().to_vec();
        match stored.record.value {
            Some(value) => rows.insert(key, value),
            None => rows.remove(&key),
        };
        Ok(())
    })?;
    Ok(rows)
}

fn named<const N: usize>(key: &[u8]) -> Result<[&str; N]> {
    key::strings::<N>(key).context("a key is not canonical: something else wrote this topic")
}

fn rows(system: &System) -> Result<BTreeMap<Name, MessageState>> {
    let read = |(key, row): (Vec<u8>, bytes::Bytes)| {
        let [organisation, id] = named::<2>(&key)?;
        Ok(((organisation.to_owned(), id.to_owned()), contract::decode("MessageState", &row)?))
    };
    latest(system, Topic::MessageStatus)?.into_iter().map(read).collect()
}

fn stats(system: &System) -> Result<BTreeMap<Name, Counters>> {
    let read = |(key, row): (Vec<u8>, bytes::Bytes)| {
        let [organisation, id] = named::<2>(&key)?;
        let row: CampaignStats = contract::decode("CampaignStats", &row)?;
        Ok(((organisation.to_owned(), id.to_owned()), counters::from_wire(&row.counters.unwrap_or_default())?))
    };
    latest(system, Topic::CampaignStats)?.into_iter().map(read).collect()
}

/// Each campaign's latest partials, added up.
fn partials(system: &System) -> Result<BTreeMap<Name, Counters>> {
    let mut sums: BTreeMap<Name, Counters> = BTreeMap::new();
    for (key, row) in latest(system, Topic::CampaignPartials)? {
        let [organisation, id, _] = named::<3>(&key)?;
        let partial: CampaignPartial = contract::decode("CampaignPartial", &row)?;
        if let Some(Part::Counters(held)) = &partial.part {
            sums.entry((organisation.to_owned(), id.to_owned())).or_default().add(&counters::from_wire(held)?);
        }
    }
    Ok(sums)
}

fn messages(recount: &Recount, rows: &BTreeMap<Name, MessageState>) -> Option<Difference> {
    let said: BTreeSet<&Name> = recount.messages().collect();
    said.into_iter().chain(rows.keys()).find_map(|name| {
        let recounted = recount.verdict(name);
        let row = rows.get(name).and_then(|row| message::from_wire(row).ok()).filter(|row| !row.is_empty());
        let published = row.as_ref().map(|row| (row.standing().outcome, row.standing().status));
        let word = rows.get(name).map_or(0, |row| row.status);
        let expected = recounted.map_or(0, |verdict| message::status_to_wire(verdict.status).into());
        let same = published == recounted.map(|verdict| (verdict.outcome, verdict.status));
        (!same || (recounted.is_some() && word != expected)).then(|| Difference {
            what: "message-status",
            name: name.clone(),
            published: format!("{published:?}, status field {word}"),
            recounted: format!("{recounted:?}"),
            history: history(recount, name),
        })
    })
}

fn numbers(
    what: &'static str,
    recount: &Recount,
    recounted: &BTreeMap<Name, Counters>,
    published: &BTreeMap<Name, Counters>,
) -> Option<Difference> {
    let names: BTreeSet<&Name> = recounted.keys().chain(published.keys()).collect();
    names.into_iter().find_map(|name| {
        let published = published.get(name).cloned().unwrap_or_default();
        let recounted = bounded(recounted.get(name).cloned().unwrap_or_default(), &published);
        (published != recounted).then(|| Difference {
            what,
            name: name.clone(),
            published: format!("{published:?}"),
            recounted: format!("{recounted:?}"),
            history: campaign_history(recount, name),
        })
    })
}

/// Totals that a row gives as lower bounds are right when they are not above the recount.
fn bounded(mut recounted: Counters, published: &Counters) -> Counters {
    if published.totals_at_least > 0 {
        recounted.totals_at_least = published.totals_at_least;
        for (exact, bound) in [
            (&mut recounted.opens, published.opens),
            (&mut recounted.clicks, published.clicks),
            (&mut recounted.machine_opens, published.machine_opens),
            (&mut recounted.machine_clicks, published.machine_clicks),
        ] {
            *exact = bound.min(*exact);
        }
    }
    recounted
}

fn history(recount: &Recount, name: &Name) -> Vec<String> {
    let line = |event: &domain::Event| {
        let source = &event.arrival.source;
        format!(
            "{} {:?} decoder {}{} from {}/{}@{}",
            event.time.rfc3339(),
            event.fact,
            event.decoder,
            if event.retracted { ", retracted" } else { "" },
            source.topic,
            source.partition,
            source.offset
        )
    };
    recount.history(name).into_iter().map(line).collect()
}

/// The messages behind a campaign's number: the first hundred.
fn campaign_history(recount: &Recount, name: &Name) -> Vec<String> {
    let of = recount.shares().filter(|((organisation, _), share)| *organisation == name.0 && share.campaign == name.1);
    let line = |((_, message), _): (&Name, oracle::Share)| {
        let verdict = recount.verdict(&(name.0.clone(), message.clone()));
        format!("message {message}: {}", verdict.map_or_else(String::new, |verdict| format!("{:?}", verdict.status)))
    };
    of.take(100).map(line).collect()
}

impl Report {
    fn json(&self) -> serde_json::Value {
        let difference = self.difference.as_ref().map(|found| {
            json!({
                "topic": found.what, "organisation": found.name.0, "name": found.name.1,
                "published": found.published, "recounted": found.recounted, "history": found.history,
            })
        });
        json!({
            "events": self.events, "messages": self.messages, "campaigns": self.campaigns, "difference": difference,
        })
    }

    fn print(&self, out: &mut dyn Write) -> Result<()> {
        let counted =
            format!("recounted from {} events: {} messages, {} campaigns", self.events, self.messages, self.campaigns);
        let Some(found) = &self.difference else {
            return Ok(writeln!(out, "{counted}, difference 0")?);
        };
        writeln!(out, "{counted}, DIFFERENT: {} of {} {}", found.what, found.name.0, found.name.1)?;
        writeln!(out, "  published: {}\n  recounted: {}", found.published, found.recounted)?;
        found.history.iter().try_for_each(|line| Ok(writeln!(out, "    {line}")?))
    }
}
