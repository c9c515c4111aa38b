//! Language, numbers and dates as the reader has them: the language chosen on the page, else the organisation's, else the
//! browser's; times on the organisation's clock.

use std::fmt::{Display, Formatter};
use std::str::FromStr as _;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use chrono::{Datelike as _, NaiveDate, NaiveDateTime, TimeDelta, TimeZone as _, Timelike as _};
use chrono_tz::Tz;
use contract::proto::platform::v1::Organisation;
use domain::{Rate, Time};

use crate::access::cookie;
use crate::text::{Language, MONTHS, Word};

/// Cookie of the chosen language.
pub(crate) const COOKIE: &str = "mailtally-language";

/// A number as it is written: digits by threes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number {
    number: u64,
    separator: char,
}

impl Display for Number {
    fn fmt(&self, out: &mut Formatter<'_>) -> std::fmt::Result {
        if self.number < 1_000 {
            return write!(out, "{}", self.number);
        }
        Self { number: self.number / 1_000, ..*self }.fmt(out)?;
        write!(out, "{}{:03}", self.separator, self.number % 1_000)
    }
}

/// How one reader reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Locale {
    pub(crate) language: Language,
    zone: Tz,
}

impl Locale {
    pub(crate) fn of(headers: &HeaderMap, organisation: Option<&Organisation>) -> Self {
        let chosen = cookie(headers, COOKIE).and_then(Language::parse);
        let said = organisation.and_then(|known| Language::parse(&known.language));
        let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let accepted = accepted.and_then(|list| list.split(',').find_map(|one| Language::parse(one.trim().get(..2)?)));
        let zone = organisation.and_then(|known| Tz::from_str(&known.zone).ok()).unwrap_or(chrono_tz::UTC);
        Self { language: chosen.or(said).or(accepted).unwrap_or(Language::English), zone }
    }

    pub(crate) fn word(&self, word: Word) -> &'static str {
        word.text(self.language)
    }

    /// `12,345` or `12 345`.
    pub(crate) const fn number(&self, number: u64) -> Number {
        let separator = match self.language {
            Language::English => ',',
            Language::French => '\u{202f}',
        };
        Number { number, separator }
    }

    /// `41.07%` or `41,07 %`; a dash where there is nothing to divide by.
    pub(crate) fn percent(&self, rate: Rate) -> String {
        let Some(parts) = rate.ten_thousandths() else { return "–".to_owned() };
        match self.language {
            Language::English => format!("{}.{:02}%", parts / 100, parts % 100),
            Language::French => format!("{},{:02}\u{202f}%", parts / 100, parts % 100),
        }
    }

    /// What stands between a word and what it is of.
    pub(crate) const fn colon(&self) -> &'static str {
        match self.language {
            Language::English => ": ",
            Language::French => "\u{a0}: ",
        }
    }

    /// The day of a month as it is written: the first has a word of its own in French.
    fn ordinal(&self, day: u32) -> String {
        if day == 1 && self.language == Language::French { "1er".to_owned() } else { day.to_string() }
    }

    /// Day and time on the organisation's clock.
    pub(crate) fn time(&self, time: Time) -> String {
        let Some(local) = time.utc().map(|utc| utc.with_timezone(&self.zone)) else { return String::new() };
        let months = MONTHS.get(usize::try_from(local.month0()).unwrap_or(0));
        let (day, year, hour, minute) = (self.ordinal(local.day()), local.year(), local.hour(), local.minute());
        match (self.language, months) {
            (Language::English, Some((month, _))) => format!("{day} {month} {year}, {hour:02}:{minute:02}"),
            (Language::French, Some((_, month))) => format!("{day} {month} {year} à {hour:02}:{minute:02}"),
            _ => String::new(),
        }
    }

    /// Time of day with seconds.
    pub(crate) fn clock(&self, time: Time) -> String {
        let local = time.utc().map(|utc| utc.with_timezone(&self.zone));
        local.map_or_else(String::new, |local| local.format("%H:%M:%S").to_string())
    }

    /// Day and month.
    pub(crate) fn day(&self, time: Time) -> String {
        let Some(local) = time.utc().map(|utc| utc.with_timezone(&self.zone)) else { return String::new() };
        let months = MONTHS.get(usize::try_from(local.month0()).unwrap_or(0)).copied().unwrap_or_default();
        let month = if self.language == Language::English { months.0 } else { months.1 };
        format!("{} {month}", self.ordinal(local.day()))
    }

    /// Day, month, hour and minute.
    pub(crate) fn hour(&self, time: Time) -> String {
        let clock = time.utc().map(|utc| utc.with_timezone(&self.zone).format("%H:%M").to_string());
        format!("{} {}", self.day(time), clock.unwrap_or_default())
    }

    /// When a day written as `2026-05-03` begins on the organisation's clock; `None` for what is no date.
    pub(crate) fn day_begins(&self, text: &str) -> Option<Time> {
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        self.instant_of(day.and_hms_opt(0, 0, 0)?)
    }

    /// When that day ends: the next one begins.
    pub(crate) fn day_ends(&self, text: &str) -> Option<Time> {
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        self.instant_of(day.succ_opt()?.and_hms_opt(0, 0, 0)?)
    }

    /// An instant written as `2026-05-03T09:00` on the organisation's clock, or the last of a day; `None` for what is neither.
    pub(crate) fn instant(&self, text: &str) -> Option<Time> {
        let formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"];
        let wall = formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
        wall.and_then(|wall| self.instant_of(wall)).or_else(|| Some(self.day_ends(text)?.plus_micros(-1)))
    }

    /// When the day after that of an instant begins.
    pub(crate) fn next_day(&self, time: Time) -> Option<Time> {
        let day = time.utc()?.with_timezone(&self.zone).date_naive();
        self.instant_of(day.succ_opt()?.and_hms_opt(0, 0, 0)?)
    }

    /// What a field for date and time is filled with.
    pub(crate) fn field(&self, time: Time) -> String {
        let local = time.utc().map(|utc| utc.with_timezone(&self.zone));
        local.map_or_else(String::new, |local| local.format("%Y-%m-%dT%H:%M").to_string())
    }

    /// The first instant of that wall time; where the clock skips it, what comes after the skip.
    fn instant_of(&self, wall: NaiveDateTime) -> Option<Time> {
        let quarters = (0..=12).filter_map(|quarter| wall.checked_add_signed(TimeDelta::minutes(15 * quarter)));
        let first = quarters.filter_map(|wall| self.zone.from_local_datetime(&wall).earliest()).next()?;
        (first.year() >= 1970).then(|| Time::from_micros(first.timestamp_micros()))
    }

    /// The zone's name.
    pub(crate) fn zone(&self) -> &'static str {
        self.zone.name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_dates_are_those_of_the_language() {
        let locale = |language| Locale { language, zone: chrono_tz::America::Toronto };
        let (english, french) = (locale(Language::English), locale(Language::French));
        assert_eq!(
            (english.number(1_234_567).to_string(), french.number(1_002_003).to_string()),
            ("1,234,567".into(), "1\u{202f}002\u{202f}003".into())
        );
        assert_eq!([0, 999, 1_000].map(|number| english.number(number).to_string()), ["0", "999", "1,000"]);
        let rate = Rate { name: "r", numerator: 4_107, denominator: 10_000, of: domain::rate::Denominator::Sent };
        assert_eq!((english.percent(rate), french.percent(rate)), ("41.07%".into(), "41,07\u{202f}%".into()));
        let time = Time::from_micros(1_777_680_000_000_000);
        assert_eq!(english.time(time), "1 May 2026, 20:00");
        assert_eq!(french.time(time), "1er mai 2026 à 20:00");
        assert_eq!((english.hour(time), french.day(time)), ("1 May 20:00".into(), "1er mai".into()));
    }

    #[test]
    fn a_date_is_read_on_the_organisations_clock_and_alone_means_its_end() {
        let locale = Locale { language: Language::English, zone: chrono_tz::America::Toronto };
        let of = |text: &str| locale.instant(text).map(Time::rfc3339);
        assert_eq!(of("2026-05-03T09:00").as_deref(), Some("2026-05-03T13:00:00Z"));
        assert_eq!(of("2026-05-03").as_deref(), Some("2026-05-04T03:59:59.999999Z"));
        assert_eq!(locale.field(locale.instant("2026-05-03T09:00").unwrap()), "2026-05-03T09:00");
        // Clocks skip 02:30 on that day, and have 01:30 twice on the other.
        assert_eq!(of("2026-03-08T02:30").as_deref(), Some("2026-03-08T07:00:00Z"));
        assert_eq!(of("2026-11-01T01:30").as_deref(), Some("2026-11-01T05:30:00Z"));
        for garbage in
            ["", "yesterday", "2026-13-01", "2026-02-30", "1066-10-14", "999999-01-01T00:00", "2026-05-03T25:00"]
        {
            assert_eq!(of(garbage), None, "{garbage}");
        }
        assert_eq!(locale.day_begins("2026-05-03").map(Time::rfc3339).as_deref(), Some("2026-05-03T04:00:00Z"));
    }
}
