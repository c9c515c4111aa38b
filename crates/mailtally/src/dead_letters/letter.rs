//! A dead letter and how it is chosen. That it was redriven is a record of its own in the same topic, without a value: it
//! names the letter, and outlives it.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use contract::header;
use contract::topic::Topic;
use engine::{Offset, Record, Stored};
use serde::{Deserialize, Serialize};

use crate::scan::Steps;
use crate::system::System;

/// Where a letter stands: partition and offset, written `2@17`.
pub(super) type Id = (u32, Offset);

/// One dead letter.
pub(super) struct Letter {
    pub(super) id: Id,
    pub(super) record: Record,
}

/// Which letters are meant; all of them when nothing is said.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub(super) struct Filter {
    /// Of this organisation, as far as the letter could be read.
    #[arg(long)]
    pub(super) organisation: Option<String>,
    /// Of this reason, e.g. bad_time.
    #[arg(long)]
    pub(super) reason: Option<String>,
    /// From this topic, e.g. webhooks.
    #[arg(long)]
    pub(super) source: Option<String>,
}

impl Filter {
    pub(super) fn is_empty(&self) -> bool {
        self.organisation.is_none() && self.reason.is_none() && self.source.is_none()
    }

    pub(super) fn takes(&self, letter: &Letter, at: &System) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
        is(&self.organisation, &letter.header(header::ORGANISATION))
            && is(&self.reason, &letter.header(header::REASON))
            && is(&self.source, letter.source(at))
    }
}

impl Letter {
    /// A header's text; empty when it is not there.
    pub(super) fn header(&self, name: &str) -> String {
        self.record.headers.get(name).map_or_else(String::new, |value| String::from_utf8_lossy(value).into_owned())
    }

    /// Topic, partition and offset that it came from.
    pub(super) fn origin(&self, at: &System) -> Option<(Topic, u32, Offset)> {
        position(&self.header(header::ORIGIN), at)
    }

    /// Short name of the topic that it came from.
    pub(super) fn source(&self, at: &System) -> &'static str {
        self.origin(at).map_or("unknown", |(topic, ..)| topic.short())
    }
}

/// `topic/partition@offset`, as origins are written.
fn position(text: &str, at: &System) -> Option<(Topic, u32, Offset)> {
    let (topic, place) = text.split_once('/')?;
    let (partition, offset) = place.split_once('@')?;
    Some((Topic::parse(topic, &at.settings.prefix)?, partition.parse().ok()?, offset.parse().ok()?))
}

/// An id as it is written.
pub(super) fn shown((partition, offset): Id) -> String {
    format!("{partition}@{offset}")
}

/// An id as it was written.
pub(super) fn id(text: &str) -> Result<Id> {
    let read = || {
        let (partition, offset) = text.split_once('@')?;
        Some((partition.parse().ok()?, offset.parse().ok()?))
    };
    read().with_context(|| format!("{text} is no letter's id: take one from `dead-letters list --each`, e.g. 2@17"))
}

/// Every letter from these offsets of each partition on, oldest first within a partition.
pub(super) fn each(at: &System, from: &[Offset], steps: &mut Steps<'_>, take: &mut dyn FnMut(Letter)) -> Result<()> {
    records(at, from, steps, &mut |id, stored| {
        if stored.record.headers.get(header::REDRIVEN).is_none() {
            take(Letter { id, record: stored.record });
        }
    })
}

/// The letters that were redriven.
pub(super) fn redriven(at: &System, steps: &mut Steps<'_>) -> Result<BTreeSet<Id>> {
    let mut redriven = BTreeSet::new();
    records(at, &[], steps, &mut |_, stored| redriven.extend(redriven_by(&stored.record)))?;
    Ok(redriven)
}

/// The letter that this record says was redriven.
pub(super) fn redriven_by(record: &Record) -> Option<Id> {
    id(&String::from_utf8_lossy(record.headers.get(header::REDRIVEN)?)).ok()
}

fn records(at: &System, from: &[Offset], steps: &mut Steps<'_>, take: &mut dyn FnMut(Id, Stored)) -> Result<()> {
    for partition in 0..at.settings.partitions {
        let source = at.partition(Topic::DeadLetters, partition);
        let end = at.log.bounds(&source)?.high_watermark;
        let start = usize::try_from(partition).ok().and_then(|place| from.get(place)).copied().unwrap_or(0);
        at.scan(&source, start..end, steps, |stored| {
            take((partition, stored.offset), stored);
            Ok(())
        })?;
    }
    Ok(())
}

/// Offsets of all dead letters, for progress.
pub(super) fn length(at: &System) -> Result<u64> {
    (0..at.settings.partitions).map(|partition| at.length(&at.partition(Topic::DeadLetters, partition))).sum()
}
