//! Instants as integers. Knows the calendar only through `chrono`; never reads a clock.

use chrono::{DateTime, SecondsFormat, Utc};

/// An instant: microseconds since 1970-01-01T00:00:00Z. Integers only, so that state is the same bytes everywhere (I9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// The earliest event time that is believed: 2000-01-01T00:00:00Z. What claims to be older is a unit error.
    pub const EARLIEST: Self = Self(946_684_800_000_000);
    /// Later than everything.
    pub const LATEST: Self = Self(i64::MAX);
    /// How far ahead of its receipt an event may claim to be, in microseconds: one day, for clocks that are off.
    pub const AHEAD_MAX_MICROS: i64 = 86_400_000_000;

    /// An instant from microseconds since the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// This instant moved by `micros`, saturating.
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// The calendar's view of this instant; `None` beyond the years chrono can name.
    pub fn utc(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_micros(self.0)
    }

    /// RFC 3339 in UTC with as many fraction digits as it has (0, 3 or 6).
    ///
    /// ```
    /// # use domain::Time;
    /// assert_eq!(Time::from_micros(1_500_000).rfc3339(), "1970-01-01T00:00:01.500Z");
    /// ```
    pub fn rfc3339(self) -> String {
        let format = match self.0.rem_euclid(1_000_000) {
            0 => SecondsFormat::Secs,
            rest if rest % 1_000 == 0 => SecondsFormat::Millis,
            _ => SecondsFormat::Micros,
        };
        self.utc().map_or_else(|| format!("{}us", self.0), |time| time.to_rfc3339_opts(format, true))
    }
}
