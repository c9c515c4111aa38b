//! The campaigns fold: each source's latest partial and the definition, to a campaign's numbers. The row holds them all,
//! so the sum is recomputed from absolute parts and a replayed partial changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use contract::proto::campaign::v1::{CampaignPartial, CampaignStats, Source, campaign_partial::Part};
use contract::topic::Topic;
use contract::{Proto as _, counters, key};
use domain::{Counters, Time};
use engine::{
    Change, Disposition, Effects, Folded, Found, Headers, Made, Polled, Processor, Rebuilt, Rows, Stored,
    TopicPartition,
};

use super::also_json;
use super::{load, missing, republished};
use crate::emit::{Emit, made, rebuilt_headers, row_headers};
use crate::reject::Reject;
use crate::settings::Settings;

const SCHEMA: &str = "mailtally.campaign.v1.CampaignStats";

/// One partition's campaigns.
pub struct Campaigns {
    settings: Arc<Settings>,
    version: u32,
}

struct Said {
    row: Bytes,
    organisation: String,
    campaign: String,
    source: String,
    partial: CampaignPartial,
}

impl Campaigns {
    /// The fold of an installation, under a version of its rules.
    pub fn new(settings: Arc<Settings>, version: u32) -> Self {
        Self { settings, version }
    }

    fn read(&self, partition: u32, stored: &Stored) -> Result<Said, Reject> {
        let key = stored.record.key.clone().unwrap_or_default();
        let [organisation, campaign, source] = key::strings::<3>(&key).ok_or_else(|| {
            Reject::record("bad_key", "the key is not (organisation, campaign, source): write the intake")
        })?;
        let row = key::campaign(organisation, campaign);
        if key::partition(&row, self.settings.partitions) != partition {
            return Err(Reject::record(
                "wrong_partition",
                "the campaign belongs to another partition: write the intake",
            ));
        }
        let value = stored.record.value.as_deref().unwrap_or_default();
        let partial = contract::decode("CampaignPartial", value)
            .map_err(|error| Reject::record("bad_partial", error.to_string()))?;
        let (organisation, campaign, source) = (organisation.to_owned(), campaign.to_owned(), source.to_owned());
        Ok(Said { row, organisation, campaign, source, partial })
    }
}

impl Processor for Campaigns {
    fn fold(&mut self, batch: &Polled, rows: &dyn Rows) -> Folded {
        let read: Vec<_> = batch.records.iter().map(|stored| self.read(batch.partition, stored)).collect();
        let keys: BTreeSet<&Bytes> = read.iter().flatten().map(|said| &said.row).collect();
        let before = match load(rows, keys) {
            Ok(before) => before,
            Err(keys) => return missing(keys),
        };
        let origin = TopicPartition { topic: self.settings.topic(Topic::CampaignPartials), partition: batch.partition };
        let mut emit = Emit::new(&self.settings);
        let mut after: BTreeMap<Bytes, CampaignStats> = BTreeMap::new();
        let mut dispositions = Vec::with_capacity(read.len());
        for (stored, read) in batch.records.iter().zip(read) {
            emit.at(stored.record.timestamp_ms);
            dispositions.push(match read {
                Ok(said) => {
                    let held = before.get(&said.row).cloned().flatten().unwrap_or_default();
                    let row = after.entry(said.row.clone());
                    take(row.or_insert_with(|| contract::decode("CampaignStats", &held).unwrap_or_default()), said)
                }
                Err(why) => {
                    emit.dead_letter(&origin, stored, "", &why);
                    Disposition::DeadLettered(why.reason)
                }
            });
        }
        let as_of = after.values().flat_map(|row| &row.sources).map(as_of).max().unwrap_or_default();
        let mut effects = Effects { dispositions, ..Effects::default() };
        for (key, mut row) in after {
            summarise(&mut row);
            effects.rows.push((key, Some(row.encode_to_vec().into())));
        }
        effects.outputs = emit.into_outputs();
        effects.row_headers = row_headers(SCHEMA, self.version, &origin, batch.next, as_of);
        effects.row_timestamp_ms = batch.records.last().map_or(0, |stored| stored.record.timestamp_ms);
        also_json::publish(&self.settings, Topic::CampaignStatsJson, batch.partition, &mut effects);
        Folded::Done(effects)
    }

    fn restore(&mut self, _: &[(Bytes, Option<Bytes>)], _: &dyn Rows) -> Folded {
        Folded::Done(Effects::default())
    }

    fn made(&self, headers: &Headers) -> Made {
        made(headers)
    }

    fn rebuilt(&mut self, rebuilt: &Rebuilt<'_>, _: &dyn Rows) -> Folded {
        let topic = self.settings.topic(Topic::CampaignPartials);
        let source = TopicPartition { topic, partition: rebuilt.partition };
        let headers = rebuilt_headers(SCHEMA, self.version, &source, rebuilt);
        let mut effects = republished(rebuilt, headers);
        if let Found::Changes(changes) = rebuilt.found {
            effects.rows = changes.iter().map(|change| (change.key.clone(), merged(change))).collect();
        }
        also_json::publish(&self.settings, Topic::CampaignStatsJson, rebuilt.partition, &mut effects);
        Folded::Done(effects)
    }
}

fn as_of(source: &Source) -> Time {
    Time::from_micros(source.partial.as_ref().map_or(0, |partial| partial.as_of_us))
}

/// Keeps the source's latest word: the higher version, or the later definition.
fn take(row: &mut CampaignStats, said: Said) -> Disposition {
    row.organisation = said.organisation;
    row.campaign = said.campaign;
    let place = row.sources.binary_search_by(|held| held.source.cmp(&said.source));
    let new = Source { source: said.source, partial: Some(said.partial) };
    match place {
        Ok(place) => match row.sources.get_mut(place) {
            Some(held) if version(held) < version(&new) => replace(held, new),
            _ => return Disposition::Duplicate,
        },
        Err(place) => row.sources.insert(place, new),
    }
    Disposition::Folded
}

/// The row as this version makes it, with what its input has no more: of each source the log keeps the word that came last,
/// the row the one that holds, and a definition that came late is not the later one.
fn merged(change: &Change) -> Option<Bytes> {
    let Some(before) = &change.before else { return change.after.clone() };
    let known: CampaignStats = contract::decode("CampaignStats", before).unwrap_or_default();
    let after = change.after.as_ref().and_then(|after| contract::decode("CampaignStats", after).ok());
    let mut row: CampaignStats = after.unwrap_or_default();
    for source in known.sources {
        let Source { source, partial: Some(partial) } = source else { continue };
        let (seen_us, part) = (partial.as_of_us, source.clone());
        let (organisation, campaign) = (known.organisation.clone(), known.campaign.clone());
        take(&mut row, Said { row: change.key.clone(), organisation, campaign, source, partial });
        let held = row.sources.iter_mut().find(|held| held.source == part).and_then(|held| held.partial.as_mut());
        if let Some(held) = held.filter(|held| matches!(held.part, Some(Part::Counters(_)))) {
            held.as_of_us = held.as_of_us.max(seen_us);
        }
    }
    summarise(&mut row);
    Some(row.encode_to_vec().into())
}

/// A rebuild counts what is there and does not know the latest event time that was seen: it stays.
fn replace(held: &mut Source, mut new: Source) {
    if let (Some(partial), Some(known)) = (&mut new.partial, &held.partial)
        && partial.as_of_us == 0
    {
        partial.as_of_us = known.as_of_us;
    }
    *held = new;
}

/// What orders two words of one source. Definitions have no offset: their time decides, then their bytes.
fn version(source: &Source) -> (u32, u64, u32, i64, Vec<u8>) {
    let Some(partial) = &source.partial else { return (0, 0, 0, 0, Vec::new()) };
    match &partial.part {
        Some(Part::Definition(definition)) => (0, 0, 0, partial.as_of_us, definition.encode_to_vec()),
        _ => (partial.generation, partial.offset, partial.fold_version, 0, Vec::new()),
    }
}

/// Everything that readers see, from the sources.
fn summarise(row: &mut CampaignStats) {
    let mut sum = Counters::default();
    let mut first_sent = None;
    row.name.clone_from(&row.campaign);
    row.created_at = None;
    for partial in row.sources.iter().filter_map(|source| source.partial.as_ref()) {
        match &partial.part {
            Some(Part::Definition(definition)) => {
                row.name.clone_from(&definition.name);
                row.created_at = definition.time;
                row.class = definition.class;
                row.automated = definition.automated;
                row.sender.clone_from(&definition.sender);
                row.subject.clone_from(&definition.subject);
            }
            Some(Part::Counters(held)) => sum.add(&counters::from_wire(held).unwrap_or_default()),
            None => {}
        }
        if partial.first_sent_us != 0 {
            first_sent = [first_sent, Some(partial.first_sent_us)].into_iter().flatten().min();
        }
    }
    let first_sent = first_sent.map(|micros| contract::timestamp_of(Time::from_micros(micros)));
    row.created_at = row.created_at.or(first_sent);
    row.as_of = row.sources.iter().map(as_of).max().map(contract::timestamp_of);
    row.counters = Some(counters::to_wire(&sum));
}

#[cfg(test)]
mod tests {
    use contract::proto::campaign::v1::Definition;

    use super::*;

    fn row(name: &str, as_of_us: i64, counted_us: i64) -> Bytes {
        let definition = Part::Definition(Definition { name: name.to_owned(), ..Definition::default() });
        let counters = Part::Counters(counters::to_wire(&Counters::default()));
        let source = |source: &str, as_of_us, part| {
            let partial = CampaignPartial { as_of_us, part: Some(part), ..CampaignPartial::default() };
            Source { source: source.to_owned(), partial: Some(partial) }
        };
        let sources = vec![source("0", counted_us, counters), source("definition", as_of_us, definition)];
        let mut row = CampaignStats { campaign: "c".into(), sources, ..CampaignStats::default() };
        summarise(&mut row);
        row.encode_to_vec().into()
    }

    #[test]
    fn a_rebuild_keeps_the_later_definition_that_compaction_took_for_the_older() {
        // The log keeps the last record of a key: a definition that came late, of an earlier time.
        let change = Change { key: Bytes::new(), before: Some(row("New", 2, 9)), after: Some(row("Old", 1, 0)) };
        let merged: CampaignStats =
            contract::decode("CampaignStats", &merged(&change).unwrap_or_default()).unwrap_or_default();
        assert_eq!((merged.name.as_str(), merged.as_of.map(|time| time.nanos)), ("New", Some(9_000)));
        let only = Change { before: None, ..change };
        assert_eq!(super::merged(&only), only.after);
    }
}
