//! What happened to a campaign's messages over time, by hour or day of a time zone. Reads quarters of an hour, never messages.

use chrono::{Datelike as _, NaiveDate, TimeDelta, TimeZone as _, Timelike as _};
use chrono_tz::Tz;
use domain::Time;

use crate::key;
use crate::place::{Error, Snapshot};
use crate::sums::{Sums, moment};

/// Quarters of an hour that one series is made of at most: with something in each, 200 days.
const QUARTERS_MAX: usize = 20_000;

/// How long a point of a series lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// An hour of the zone.
    Hour,
    /// A calendar day of the zone: 23 to 25 hours.
    Day,
}

impl Width {
    /// Its name in addresses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

/// What happened from an instant until the next. Messages are counted once, when it first happened to them, so that a
/// column adds up to the campaign's number; opens and clicks are events by persons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// Where it begins.
    pub start: Time,
    /// Messages, at the first that is known of them.
    pub sent: u64,
    /// Messages whose outcome is Delivered, at their first Delivered, or the engagement that proves it.
    pub delivered: u64,
    /// Messages of the Open tile, at their first open or click.
    pub opened: u64,
    /// Messages of the Click tile, at their first click.
    pub clicked: u64,
    /// Opens.
    pub opens: u64,
    /// Clicks.
    pub clicks: u64,
}

/// Points by time; those in which nothing happened are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series {
    /// The points.
    pub points: Vec<Point>,
    /// There is more than one series shows: go on from the last point's start.
    pub more: bool,
}

impl Snapshot<'_> {
    /// A campaign's series from `from` on (to the quarter of an hour), by the clock of an IANA time zone; empty is UTC.
    ///
    /// # Errors
    /// [`Error::Zone`], [`Error::Store`].
    pub fn series(
        &self,
        organisation: &str,
        campaign: &str,
        width: Width,
        zone: &str,
        from: Option<Time>,
    ) -> Result<Series, Error> {
        let zone: Tz = match zone {
            "" => Tz::UTC,
            zone => zone.parse().map_err(|_| Error::Zone(zone.to_owned()))?,
        };
        let prefix = key::moments(organisation, campaign);
        let after = from.and_then(|from| key::quarter(from).checked_sub(1));
        let after = after.map(|quarter| key::moment(organisation, campaign, quarter));
        let mut rows = self.scan(&prefix, after.as_deref(), QUARTERS_MAX + 1)?;
        let more = rows.len() > QUARTERS_MAX;
        rows.truncate(QUARTERS_MAX);
        let mut points: Vec<Point> = Vec::new();
        for (key, row) in rows {
            let quarter = key.get(prefix.len()..).map_or(0, crate::fold::number);
            let at = i64::try_from(quarter).unwrap_or(0).saturating_mul(key::QUARTER_MICROS);
            let start = begins(Time::from_micros(at), width, zone);
            if points.last().is_none_or(|last| last.start != start) {
                points.push(Point { start, ..Point::default() });
            }
            points.last_mut().into_iter().for_each(|point| point.add(&Sums::of_row(&row)));
        }
        Ok(Series { points, more })
    }
}

impl Point {
    fn add(&mut self, sums: &Sums) {
        self.sent += sums.at(moment::SENT);
        self.delivered += sums.at(moment::DELIVERED);
        self.opened += sums.at(moment::OPENED);
        self.clicked += sums.at(moment::CLICKED);
        self.opens += sums.at(moment::OPENS);
        self.clicks += sums.at(moment::CLICKS);
    }
}

/// When the hour or the day of an instant began.
fn begins(at: Time, width: Width, zone: Tz) -> Time {
    let Some(local) = at.utc().map(|utc| utc.with_timezone(&zone)) else { return at };
    let hour = at.plus_micros(-i64::from(local.minute() * 60 + local.second()) * 1_000_000);
    match width {
        Width::Hour => hour,
        Width::Day => midnight(local.date_naive(), zone).unwrap_or(hour),
    }
}

/// The first instant of a day: where the clock skips midnight, what comes after the skip.
fn midnight(day: NaiveDate, zone: Tz) -> Option<Time> {
    let wall = NaiveDate::from_ymd_opt(day.year(), day.month(), day.day())?.and_hms_opt(0, 0, 0)?;
    let quarters = (0..=12).filter_map(|quarter| wall.checked_add_signed(TimeDelta::minutes(15 * quarter)));
    let first = quarters.filter_map(|wall| zone.from_local_datetime(&wall).earliest()).next()?;
    Some(Time::from_micros(first.timestamp_micros()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        let parsed = chrono::DateTime::parse_from_rfc3339(text);
        Time::from_micros(parsed.map_or(0, |time| time.timestamp_micros()))
    }

    #[test]
    fn an_hour_and_a_day_are_those_of_the_zone() {
        let of = |text, width, zone| begins(at(text), width, zone).rfc3339();
        use chrono_tz::America::{Sao_Paulo, Toronto};
        use chrono_tz::Asia::Kathmandu;
        assert_eq!(of("2026-07-01T03:59:00Z", Width::Day, Toronto), "2026-06-30T04:00:00Z");
        assert_eq!(of("2026-07-01T03:59:00Z", Width::Hour, Kathmandu), "2026-07-01T03:15:00Z");
        // Clocks go back: the day has 25 hours, and the hour that comes twice is two.
        assert_eq!(of("2026-11-02T04:30:00Z", Width::Day, Toronto), "2026-11-01T04:00:00Z");
        assert_ne!(of("2026-11-01T05:30:00Z", Width::Hour, Toronto), of("2026-11-01T06:30:00Z", Width::Hour, Toronto));
        // There was no midnight on that day.
        assert_eq!(of("2018-11-04T12:00:00Z", Width::Day, Sao_Paulo), "2018-11-04T03:00:00Z");
    }
}
