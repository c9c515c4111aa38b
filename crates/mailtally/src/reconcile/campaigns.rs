//! Partials and campaign rows as published, against tallies at the offsets that they claim.
//!
//! A partial of partition p with offset o is the sum over p's messages by their events below o. A campaign's row holds of each
//! source the latest partial below the campaigns fold's committed offset, and is their sum; compaction may have removed that
//! partial from the topic, so it is recounted at its own offset.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use contract::proto::campaign::v1::{CampaignPartial, CampaignStats, Definition, Source, campaign_partial::Part};
use contract::topic::Topic;
use contract::{Proto as _, counters, key};
use domain::{Counters, Time};
use oracle::Tally;

use super::partition::{Partition, Tallies, Wanted};
use super::view::View;
use super::{Difference, Name};
use crate::scan::Steps;

const DEFINITION: &str = "definition";

/// Everything published about campaigns.
#[derive(Default)]
pub(super) struct Published {
    /// By campaign and source: the latest, and the latest that the campaigns fold has taken.
    partials: BTreeMap<(Name, String), Held>,
    /// Of the definitions that the campaigns fold has taken and the topic still has, the one that holds.
    definitions: BTreeMap<Name, CampaignPartial>,
    rows: BTreeMap<Name, CampaignStats>,
}

#[derive(Default)]
struct Held {
    latest: CampaignPartial,
    taken: Option<CampaignPartial>,
}

impl Published {
    pub(super) fn read(view: &View<'_>, steps: &mut Steps<'_>) -> Result<Self> {
        let mut published = Self::default();
        for number in 0..view.settings().partitions {
            let committed = view.committed(Topic::CampaignPartials, number);
            view.scan((Topic::CampaignPartials, number), 0..u64::MAX, steps, |stored| {
                let value = stored.record.value.as_deref().unwrap_or_default();
                let key = stored.record.key.unwrap_or_default();
                if is_canonical(&key, number, view.settings().partitions) {
                    published.take(&key, value, stored.offset < committed, view);
                }
                Ok(())
            })?;
            let rows = view.newest((Topic::CampaignStats, number), steps, |_| true)?;
            for (key, stored) in rows {
                let row = contract::decode("CampaignStats", &stored.record.value.unwrap_or_default())?;
                published.rows.insert(named(&key)?, row);
            }
        }
        Ok(published)
    }

    fn take(&mut self, key: &Bytes, value: &[u8], taken: bool, view: &View<'_>) {
        let Some([organisation, campaign, source]) = key::strings::<3>(key) else { return };
        // What is no partial is with the dead letters: it counts nowhere.
        let Ok(partial) = contract::decode::<CampaignPartial>("CampaignPartial", value) else { return };
        let name = (organisation.to_owned(), campaign.to_owned());
        if source == DEFINITION {
            let held = self.definitions.get(&name);
            if taken && held.is_none_or(|held| precedence(held) <= precedence(&partial)) {
                self.definitions.insert(name, partial);
            }
            return;
        }
        // What its fold had not committed is beyond the vector.
        let is_beyond = |number| partial.offset > view.committed(Topic::Events, number);
        if source.parse().is_ok_and(is_beyond) {
            return;
        }
        let held = self.partials.entry((name, source.to_owned())).or_default();
        if taken {
            held.taken = Some(partial.clone());
        }
        held.latest = partial;
    }

    /// How many campaigns there are; what belongs to none is not one.
    pub(super) fn campaigns(&self) -> u64 {
        let names: BTreeSet<&Name> = self.partials.keys().map(|(name, _)| name).chain(self.rows.keys()).collect();
        u64::try_from(names.iter().filter(|(_, campaign)| !campaign.is_empty()).count()).unwrap_or(u64::MAX)
    }

    /// Where rows hold a partial of this partition that is not its latest.
    pub(super) fn wanted(&self, partition: u32) -> Wanted {
        let mut wanted = Wanted::new();
        for (name, held) in self.held(partition) {
            let latest = self.partials.get(&(name.clone(), partition.to_string()));
            if latest.is_none_or(|latest| latest.latest.offset != held.offset) {
                wanted.entry(held.offset).or_default().insert(name.clone());
            }
        }
        wanted
    }

    /// Campaigns with the partial of a partition that their row holds.
    fn held(&self, partition: u32) -> impl Iterator<Item = (&Name, &CampaignPartial)> {
        let source = partition.to_string();
        self.rows.iter().filter_map(move |(name, row)| {
            let held = row.sources.iter().find(|held| held.source == source)?;
            Some((name, held.partial.as_ref()?))
        })
    }

    /// The first partial of a partition, in its topic or inside a campaign's row, that is not the recount at its offset.
    pub(super) fn partials(&self, of: &Partition<'_>, tallies: &Tallies) -> Option<Difference> {
        let source = of.number.to_string();
        let published = self.partials.keys().filter(|(_, from)| *from == source).map(|(name, _)| name);
        let names: BTreeSet<&Name> = published.chain(tallies.committed.keys()).collect();
        let nothing = (CampaignPartial::default(), Tally::default());
        let latest = names.into_iter().find_map(|name| {
            let held = self.partials.get(&(name.clone(), source.clone()));
            let latest = held.map_or(&nothing.0, |held| &held.latest);
            let recounted = tallies.committed.get(name).unwrap_or(&nothing.1);
            let beyond = latest.offset > of.committed;
            differs("campaign-partials", name, &source, latest, recounted, beyond)
        });
        latest.or_else(|| {
            self.held(of.number).find_map(|(name, held)| {
                let topic = self.partials.get(&(name.clone(), source.clone()));
                if topic.is_some_and(|topic| topic.latest == *held) {
                    return None;
                }
                let recounted = tallies.at.get(&(held.offset, name.clone())).unwrap_or(&nothing.1);
                differs("campaign-stats", name, &source, held, recounted, held.offset > of.committed)
            })
        })
    }

    /// The first campaign's row that does not hold what its fold has taken, or is not what its sources say.
    pub(super) fn rows(&self) -> Option<Difference> {
        let names: BTreeSet<&Name> =
            self.partials.keys().map(|(name, _)| name).chain(self.definitions.keys()).chain(self.rows.keys()).collect();
        let nothing = CampaignStats::default();
        names.into_iter().find_map(|name| {
            let row = self.rows.get(name).unwrap_or(&nothing);
            self.untaken(name, row).or_else(|| summary(name, row))
        })
    }

    /// A source whose latest partial below the committed offset is not in the row.
    fn untaken(&self, name: &Name, row: &CampaignStats) -> Option<Difference> {
        let source = |source: &str| {
            let held = row.sources.iter().find(|held| held.source == source);
            held.and_then(|held| held.partial.as_ref())
        };
        let of = self.partials.range((name.clone(), String::new())..).take_while(|((other, _), _)| other == name);
        for ((_, from), held) in of {
            let Some(taken) = &held.taken else { continue };
            if source(from).map(|held| (held.generation, held.offset)) != Some((taken.generation, taken.offset)) {
                let what = format!("source {from} at {:?}", source(from).map(|held| held.offset));
                return Some(difference(name, what, format!("taken at {}", taken.offset)));
            }
        }
        let defined = self.definitions.get(name)?;
        let held = source(DEFINITION);
        let holds = held.is_some_and(|held| precedence(held) >= precedence(defined));
        (!holds).then(|| difference(name, format!("{held:?}"), format!("{defined:?}")))
    }
}

fn is_canonical(key: &[u8], partition: u32, partitions: u32) -> bool {
    let campaign = key::strings::<3>(key).map(|[organisation, campaign, _]| key::campaign(organisation, campaign));
    campaign.is_some_and(|campaign| key::partition(&campaign, partitions) == partition)
}

fn named(key: &[u8]) -> Result<Name> {
    let [organisation, id] =
        key::strings::<2>(key).context("a key is not canonical: something else wrote campaign-stats")?;
    Ok((organisation.to_owned(), id.to_owned()))
}

/// Of two definitions the greater holds: the later one, a tie by its bytes.
fn precedence(partial: &CampaignPartial) -> (i64, Vec<u8>) {
    let definition = match &partial.part {
        Some(Part::Definition(definition)) => definition.encode_to_vec(),
        _ => Vec::new(),
    };
    (partial.as_of_us, definition)
}

fn difference(name: &Name, published: String, recounted: String) -> Difference {
    Difference { topic: "campaign-stats", name: name.clone(), published, recounted, history: Vec::new() }
}

fn numbers(partial: &CampaignPartial) -> Counters {
    match &partial.part {
        Some(Part::Counters(held)) => counters::from_wire(held).unwrap_or_default(),
        _ => Counters::default(),
    }
}

/// A partial against the tally at its offset. `beyond`: it claims events that its fold has not committed.
fn differs(
    topic: &'static str,
    name: &Name,
    source: &str,
    partial: &CampaignPartial,
    tally: &Tally,
    beyond: bool,
) -> Option<Difference> {
    let published = numbers(partial);
    let recounted = bounded(tally.counters.clone(), &published);
    let (first, earliest) = (partial.first_sent_us, tally.first_sent.map_or(0, Time::micros));
    let first_is_right = first == earliest || (tally.first_sent_bounded && first > earliest);
    if published == recounted && first_is_right && !beyond {
        return None;
    }
    let at = |numbers: &Counters, first: i64| {
        format!("{} at offset {}, first send {}", figures(numbers), partial.offset, Time::from_micros(first).rfc3339())
    };
    let source_of = |what: String| format!("source {source}: {what}");
    Some(Difference {
        topic,
        name: name.clone(),
        published: source_of(at(&published, first)),
        recounted: source_of(at(&recounted, earliest)),
        history: Vec::new(),
    })
}

/// The counters that are not zero.
fn figures(numbers: &Counters) -> String {
    let wire = counters::to_wire(numbers).encode_to_vec();
    let Ok(serde_json::Value::Object(mut fields)) = contract::json::value("mailtally.campaign.v1.Counters", &wire)
    else {
        return String::new();
    };
    fields.retain(|_, value| *value != 0 && value.as_object().is_none_or(|map| !map.is_empty()));
    serde_json::Value::Object(fields).to_string()
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

/// A row that is not the sum of its sources, or whose name and date are not its definition's.
fn summary(name: &Name, row: &CampaignStats) -> Option<Difference> {
    let parts = || row.sources.iter().filter_map(|Source { partial, .. }| partial.as_ref());
    let mut sum = Counters::default();
    parts().for_each(|partial| sum.add(&numbers(partial)));
    let published = row.counters.as_ref().map_or_else(Counters::default, |held| {
        // A word that this version does not know is a difference, too.
        counters::from_wire(held).unwrap_or_default()
    });
    if published != sum {
        return Some(difference(name, figures(&published), format!("sum of its sources {}", figures(&sum))));
    }
    if row.sources.is_empty() {
        return None;
    }
    let first = parts().map(|partial| partial.first_sent_us).filter(|micros| *micros != 0).min();
    let first = first.map(|micros| contract::timestamp_of(Time::from_micros(micros)));
    let defined = parts().find_map(|partial| match &partial.part {
        Some(Part::Definition(definition)) => Some(definition.clone()),
        _ => None,
    });
    let defined = defined.unwrap_or_else(|| Definition { name: name.1.clone(), ..Definition::default() });
    let expected = Definition { time: defined.time.or(first), ..defined };
    let shown = Definition {
        name: row.name.clone(),
        time: row.created_at,
        class: row.class,
        automated: row.automated,
        sender: row.sender.clone(),
        subject: row.subject.clone(),
    };
    (shown != expected).then(|| difference(name, format!("{shown:?}"), format!("{expected:?}")))
}
