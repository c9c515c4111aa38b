//! Language, numbers and dates as the reader has them: the language chosen on the page, else the organisation's, else the
//! browser's; times on the organisation's clock.

use std::str::FromStr as _;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use chrono::{Datelike as _, Timelike as _};
use chrono_tz::Tz;
use contract::proto::platform::v1::Organisation;
use domain::{Rate, Time};

use crate::access::cookie;
use crate::text::{Language, MONTHS, Word};

/// Cookie of the chosen language.
pub(crate) const COOKIE: &str = "mailtally-language";

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
    pub(crate) fn number(&self, number: u64) -> String {
        let separator = match self.language {
            Language::English => ',',
            Language::French => '\u{202f}',
        };
        let digits = number.to_string();
        let mut text = String::with_capacity(digits.len() * 4 / 3);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place) % 3 == 0 {
                text.push(separator);
            }
            text.push(digit);
        }
        text
    }

    /// `41.07%` or `41,07 %`; a dash where there is nothing to divide by.
    pub(crate) fn percent(&self, rate: Rate) -> String {
        let Some(parts) = rate.ten_thousandths() else { return "–".to_owned() };
        match self.language {
            Language::English => format!("{}.{:02}%", parts / 100, parts % 100),
            Language::French => format!("{},{:02}\u{202f}%", parts / 100, parts % 100),
        }
    }

    /// Day and time on the organisation's clock.
    pub(crate) fn time(&self, time: Time) -> String {
        let Some(local) = time.utc().map(|utc| utc.with_timezone(&self.zone)) else { return String::new() };
        let months = MONTHS.get(usize::try_from(local.month0()).unwrap_or(0));
        let (day, year, hour, minute) = (local.day(), local.year(), local.hour(), local.minute());
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
            (english.number(1_234_567), french.number(1_234_567)),
            ("1,234,567".into(), "1\u{202f}234\u{202f}567".into())
        );
        assert_eq!(english.number(999), "999");
        let rate = Rate { name: "r", numerator: 4_107, denominator: 10_000, of: domain::rate::Denominator::Sent };
        assert_eq!((english.percent(rate), french.percent(rate)), ("41.07%".into(), "41,07\u{202f}%".into()));
        let time = Time::from_micros(1_777_680_000_000_000);
        assert_eq!(english.time(time), "1 May 2026, 20:00");
        assert_eq!(french.time(time), "1 mai 2026 à 20:00");
    }
}
