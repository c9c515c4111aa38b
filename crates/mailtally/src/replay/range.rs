//! From where to where: times of receipt or offsets, and the offsets of each partition that they come to.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use anyhow::{Result, bail};
use chrono::{DateTime, NaiveDate};
use contract::topic::Topic;
use domain::Time;
use engine::Offset;
use serde::{Deserialize, Serialize};

use crate::system::System;

/// One end of a range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Point {
    /// A time of receipt, in milliseconds since the Unix epoch.
    Time(i64),
    /// An offset of every partition.
    Offset(Offset),
    /// An offset of one partition, the only one that is meant.
    Of(u32, Offset),
}

impl FromStr for Point {
    type Err = String;

    fn from_str(words: &str) -> Result<Self, Self::Err> {
        if let Ok(offset) = words.parse() {
            return Ok(Self::Offset(offset));
        }
        if let Some((partition, offset)) = words.split_once('@')
            && let (Ok(partition), Ok(offset)) = (partition.parse(), offset.parse())
        {
            return Ok(Self::Of(partition, offset));
        }
        let day = || Some(words.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis());
        let time = DateTime::parse_from_rfc3339(words).ok().map(|time| time.timestamp_millis()).or_else(day);
        time.map(Self::Time).ok_or_else(|| {
            "is neither a time (2026-11-01T08:00:00Z or 2026-11-01) nor an offset (17, or 2@17 of partition 2)"
                .to_owned()
        })
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(ms) => f.write_str(&Time::from_micros(ms.saturating_mul(1_000)).rfc3339()),
            Self::Offset(offset) => write!(f, "{offset}"),
            Self::Of(partition, offset) => write!(f, "{partition}@{offset}"),
        }
    }
}

impl Point {
    /// Whether this is a later time than the given one.
    pub(super) fn is_after(&self, time_ms: i64) -> bool {
        matches!(self, Self::Time(ms) if *ms > time_ms)
    }

    /// The same, or no time at all.
    pub(super) fn is_after_or_no_time(&self, time_ms: i64) -> bool {
        !matches!(self, Self::Time(_)) || self.is_after(time_ms)
    }

    /// The offset that it means in a partition: `otherwise` for a time, nothing when another partition is meant.
    fn offset(&self, partition: u32, otherwise: Offset) -> Option<Offset> {
        match self {
            Self::Time(_) => Some(otherwise),
            Self::Offset(offset) => Some(*offset),
            Self::Of(of, offset) => (*of == partition).then_some(*offset),
        }
    }
}

/// The offsets of each partition that are kept, decoded, and meant as far as offsets say.
pub(super) fn ranges(at: &System, from: &Point, to: Option<&Point>) -> Result<Vec<(u32, Range<Offset>)>> {
    check(at, from, to)?;
    let mut ranges = Vec::new();
    for partition in 0..at.settings.partitions {
        let bounds = at.readable(&at.partition(Topic::Webhooks, partition))?;
        // What is not decoded yet will be, by the decoder that runs.
        let decoded = at.committed(Topic::Webhooks, partition)?.min(bounds.high_watermark);
        let end = to.map_or(Some(decoded), |to| to.offset(partition, decoded));
        if let (Some(start), Some(end)) = (from.offset(partition, bounds.start), end)
            && start.max(bounds.start) < end.min(decoded)
        {
            ranges.push((partition, start.max(bounds.start)..end.min(decoded)));
        }
    }
    Ok(ranges)
}

/// Refuses what means nothing whatever is kept.
fn check(at: &System, from: &Point, to: Option<&Point>) -> Result<()> {
    for point in [Some(from), to].into_iter().flatten() {
        if let Point::Of(partition, _) = point
            && *partition >= at.settings.partitions
        {
            bail!("{point}: there are partitions 0 to {}", at.settings.partitions.saturating_sub(1));
        }
    }
    let is_empty = match (from, to) {
        (Point::Time(from), Some(Point::Time(to))) => from >= to,
        (Point::Offset(from), Some(Point::Offset(to))) => from >= to,
        (Point::Of(one, from), Some(Point::Of(other, to))) => one != other || from >= to,
        _ => false,
    };
    match to {
        Some(to) if is_empty => {
            bail!("nothing lies between --from {from} and --to {to}: --to is the first that is left out")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_days_offsets_and_offsets_of_a_partition_are_told_apart() {
        let read = |words: &str| words.parse::<Point>();
        assert_eq!(read("17"), Ok(Point::Offset(17)));
        assert_eq!(read("2@17"), Ok(Point::Of(2, 17)));
        assert_eq!(read("2026-11-01"), Ok(Point::Time(1_793_491_200_000)));
        assert_eq!(read("2026-11-01T01:00:00+01:00"), Ok(Point::Time(1_793_491_200_000)));
        for wrong in ["", "yesterday", "2@", "-1", "2026-13-01", "2026-11-01T00:00:00"] {
            assert!(read(wrong).is_err_and(|why| why.contains("neither a time")), "{wrong}");
        }
        assert_eq!(read("2026-11-01").map(|point| point.to_string()).as_deref(), Ok("2026-11-01T00:00:00Z"));
    }
}
