//! The recount of one partition of the messages fold, some messages at a time so that memory is bounded: their rows against
//! their events, and campaigns' tallies at every offset at which something was published.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hasher as _};

use anyhow::Result;
use bytes::Bytes;
use contract::key;
use contract::proto::event::v1::Event as WireEvent;
use contract::topic::Topic;
use domain::Event;
use engine::{Offset, Stored};
use oracle::{Recount, Tally};

use super::campaigns::Published;
use super::view::View;
use super::{Difference, Name, Report, messages};
use crate::scan::Steps;

/// Offsets of events recounted at once, on average: about 200 MB of memory.
const SLICE_OFFSETS: u64 = 500_000;
/// Messages that the history of a campaign's number names.
const MEMBERS_MAX: usize = 100;

/// One partition at a vector of positions.
pub(super) struct Partition<'a> {
    view: &'a View<'a>,
    pub(super) number: u32,
    /// Where the messages fold stands: its rows reflect the events below.
    pub(super) committed: Offset,
    slices: u64,
}

/// Campaigns' tallies over one partition's messages.
#[derive(Default)]
pub(super) struct Tallies {
    /// At the committed offset.
    pub(super) committed: BTreeMap<Name, Tally>,
    /// At offsets below, where they were asked for.
    pub(super) at: BTreeMap<(Offset, Name), Tally>,
}

/// Offsets at which campaigns' tallies are wanted.
pub(super) type Wanted = BTreeMap<Offset, BTreeSet<Name>>;

impl<'a> Partition<'a> {
    pub(super) fn new(view: &'a View<'a>, number: u32) -> Self {
        let committed = view.committed(Topic::Events, number);
        Self { view, number, committed, slices: committed.div_ceil(SLICE_OFFSETS).max(1) }
    }

    /// Offsets that the recount reads.
    pub(super) fn work(&self) -> Result<u64> {
        Ok(self
            .slices
            .saturating_mul(self.committed.saturating_add(self.view.length(Topic::MessageStatus, self.number)?)))
    }

    /// The first difference of a row or a partial of this partition.
    pub(super) fn recount(
        &self,
        published: &Published,
        report: &mut Report,
        steps: &mut Steps<'_>,
    ) -> Result<Option<Difference>> {
        let wanted = published.wanted(self.number);
        let mut tallies = Tallies::default();
        for slice in 0..self.slices {
            let rows = self.view.newest((Topic::MessageStatus, self.number), steps, |key| self.is_in(key, slice))?;
            let mut recount = self.tally(slice, &wanted, &mut tallies, steps)?;
            report.events += recount.events();
            report.messages += u64::try_from(rows.len())?;
            let found = compare(&recount, &rows)?;
            if found.is_some() {
                return Ok(found);
            }
            add(&mut tallies.committed, recount.tallies());
        }
        let Some(mut found) = published.partials(self, &tallies) else { return Ok(None) };
        found.history = self.members(&found.name, steps)?;
        Ok(Some(found))
    }

    fn is_in(&self, key: &[u8], slice: u64) -> bool {
        let mut hash = DefaultHasher::new();
        hash.write(key);
        hash.finish().checked_rem(self.slices) == Some(slice)
    }

    /// Takes the events of a slice, and the tallies that are wanted on the way.
    fn tally(&self, slice: u64, wanted: &Wanted, to: &mut Tallies, steps: &mut Steps<'_>) -> Result<Recount> {
        let mut recount = Recount::default();
        let mut wanted = wanted.iter().peekable();
        let mut note = |recount: &mut Recount, below: Offset| {
            while let Some((offset, names)) = wanted.next_if(|(offset, _)| **offset <= below) {
                let tallies = recount.tallies();
                let there = names.iter().filter_map(|name| Some((name, tallies.get(name)?)));
                there.for_each(|(name, tally)| to.at.entry((*offset, name.clone())).or_default().add(tally));
            }
        };
        self.view.scan((Topic::Events, self.number), 0..self.committed, steps, |stored| {
            note(&mut recount, stored.offset);
            let is_in = self.is_in(stored.record.key.as_deref().unwrap_or_default(), slice);
            if let Some(event) = is_in.then(|| self.event(&stored)).flatten() {
                recount.take(event);
            }
            Ok(())
        })?;
        note(&mut recount, self.committed);
        Ok(recount)
    }

    /// The event of a record; `None` for what the fold dead-letters: it counts nowhere.
    fn event(&self, stored: &Stored) -> Option<Event> {
        let key = stored.record.key.as_deref().unwrap_or_default();
        let [organisation, id] = key::strings::<2>(key)?;
        if key::partition(key, self.view.settings().partitions) != self.number {
            return None;
        }
        let wire: WireEvent = contract::decode("Event", stored.record.value.as_deref().unwrap_or_default()).ok()?;
        contract::event::from_wire(organisation, id, wire).ok()
    }

    /// The messages of this partition behind a campaign's number.
    pub(super) fn members(&self, campaign: &Name, steps: &mut Steps<'_>) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        for slice in 0..self.slices {
            let recount = self.tally(slice, &Wanted::new(), &mut Tallies::default(), steps)?;
            let of = |((organisation, _), share): &(&Name, oracle::Share)| {
                *organisation == campaign.0 && share.campaign == campaign.1
            };
            for (name, _) in recount.shares().filter(of) {
                if lines.len() == MEMBERS_MAX {
                    lines.push("and more".to_owned());
                    return Ok(lines);
                }
                let status = recount.verdict(name).map(|verdict| format!("{:?}", verdict.status));
                lines.push(format!("message {}: {}", name.1, status.unwrap_or_default()));
            }
        }
        Ok(lines)
    }
}

fn compare(recount: &Recount, rows: &BTreeMap<Bytes, Stored>) -> Result<Option<Difference>> {
    let mut names: BTreeSet<Name> = recount.messages().cloned().collect();
    let mut values: BTreeMap<Name, &Bytes> = BTreeMap::new();
    for (key, stored) in rows {
        let Some([organisation, id]) = key::strings::<2>(key) else { continue };
        let name = (organisation.to_owned(), id.to_owned());
        names.insert(name.clone());
        values.extend(stored.record.value.as_ref().map(|value| (name, value)));
    }
    for name in &names {
        let found = messages::compare(recount, name, values.get(name).copied())?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn add(to: &mut BTreeMap<Name, Tally>, tallies: &BTreeMap<Name, Tally>) {
    tallies.iter().for_each(|(name, tally)| to.entry(name.clone()).or_default().add(tally));
}
