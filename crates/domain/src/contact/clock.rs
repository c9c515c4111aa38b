//! The clock of inactivity: an organisation's calendar period after the latest interaction, computed from stored times when
//! it is asked for. Once it has run out only a transaction lifts it.

use chrono::{Months, NaiveDateTime, TimeZone as _};
use chrono_tz::Tz;

use super::{Contact, ContactFact};
use crate::Time;

/// Shortest period of inactivity in calendar months: interactions are kept closely enough for this one.
pub const MONTHS_MIN: u32 = 3;
/// Longest period of inactivity in calendar months: a hundred years.
pub const MONTHS_MAX: u32 = 1_200;
/// The period of an organisation that names none: two years.
const MONTHS_DEFAULT: u32 = 24;

/// Bounds of what a calendar with zones can reckon, in microseconds since the Unix epoch.
const YEAR_1_MICROS: i64 = -62_135_596_800_000_000;
const YEAR_9999_MICROS: i64 = 253_402_300_799_000_000;

/// What an organisation means by inactive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    zone: Tz,
    months: u32,
}

/// Why an organisation's settings make no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// No such time zone.
    #[error("is not an IANA time zone: write it as America/Toronto")]
    Zone,
    /// A period beyond its bounds.
    #[error("{0} months: give {MONTHS_MIN} to {MONTHS_MAX}, or 0 for {MONTHS_DEFAULT}")]
    Months(u32),
}

impl Default for Policy {
    /// Two years, in UTC.
    fn default() -> Self {
        Self { zone: Tz::UTC, months: MONTHS_DEFAULT }
    }
}

impl Policy {
    /// The policy of an organisation's settings: an IANA time zone, empty for UTC, and calendar months, 0 for two years.
    ///
    /// # Errors
    /// [`PolicyError`], which names the remedy.
    pub fn new(zone: &str, months: u32) -> Result<Self, PolicyError> {
        let zone = if zone.is_empty() { Tz::UTC } else { zone.parse().map_err(|_| PolicyError::Zone)? };
        match months {
            0 => Ok(Self { zone, months: MONTHS_DEFAULT }),
            MONTHS_MIN..=MONTHS_MAX => Ok(Self { zone, months }),
            _ => Err(PolicyError::Months(months)),
        }
    }

    /// The last instant that is not more than the period after `time`: the same wall-clock time in the organisation's
    /// zone, on the last day of the month where that day is missing. Of times beyond the years 1 to 9999 that of the nearest.
    pub fn ends(&self, time: Time) -> Time {
        let time = Time::from_micros(time.micros().clamp(YEAR_1_MICROS, YEAR_9999_MICROS));
        let local = time.utc().map(|utc| utc.with_timezone(&self.zone).naive_local());
        let later = local.and_then(|local| local.checked_add_months(Months::new(self.months)));
        later.map_or(Time::from_micros(i64::MAX), |later| self.instant(later))
    }

    /// The instant of a wall-clock time: the later of two; of one that the clock skips, what it would have been without the skip.
    fn instant(&self, local: NaiveDateTime) -> Time {
        let in_gap = || {
            let before = local - chrono::TimeDelta::hours(3);
            let offset = self.zone.from_local_datetime(&before).latest()?.naive_utc() - before;
            Some(local + offset)
        };
        let utc = self.zone.from_local_datetime(&local).latest().map(|at| at.naive_utc()).or_else(in_gap);
        Time::from_micros(utc.map_or(i64::MAX, |utc| utc.and_utc().timestamp_micros()))
    }
}

/// How a client's clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// No interaction on record: not withheld.
    NoRecord,
    /// Within the period.
    Active {
        /// The latest interaction.
        last: Time,
    },
    /// The period ran out, and no transaction came since.
    Inactive {
        /// When it had run out.
        since: Time,
        /// The latest interaction, maybe later than `since`: a login does not lift an inactivity.
        last: Time,
    },
}

impl Contact {
    /// How the clock stands at an instant, in the eyes of an organisation.
    pub fn activity(&self, policy: &Policy, at: Time) -> Activity {
        let interactions = || self.interactions().filter(move |(time, _)| *time <= at);
        let transacted = interactions().filter(|(_, transaction)| *transaction).map(|(time, _)| time).max();
        let mut chain = interactions().map(|(time, _)| time).filter(|time| Some(*time) >= transacted);
        let Some(mut last) = chain.next() else { return Activity::NoRecord };
        let mut run_out = None;
        for next in chain {
            let end = policy.ends(last);
            run_out = run_out.or((next > end).then_some(end));
            last = next;
        }
        let end = policy.ends(last);
        match run_out.or((at > end).then_some(end)) {
            Some(since) => Activity::Inactive { since, last },
            None => Activity::Active { last },
        }
    }

    /// The latest interaction, and the latest transaction.
    pub fn last_interactions(&self) -> (Option<Time>, Option<Time>) {
        let transacted = self.interactions().filter(|(_, transaction)| *transaction);
        (self.interactions().map(|(time, _)| time).max(), transacted.map(|(time, _)| time).max())
    }

    /// Interactions since the erasure, by time, and whether each is a transaction.
    fn interactions(&self) -> impl Iterator<Item = (Time, bool)> {
        self.live().filter_map(|entry| match entry.fact {
            ContactFact::Interacted { transaction } => Some((entry.time, transaction)),
            _ => None,
        })
    }
}
