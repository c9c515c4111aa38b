//! Providers' times as instants: Unix seconds or milliseconds by decimals, ISO 8601 with any fraction and zone.

use chrono::{NaiveDate, NaiveTime};
use domain::Time;

use crate::json::Json;
use crate::outcome::Reject;

/// Values above this are milliseconds: as seconds they would lie beyond the year 5138.
const SECONDS_MAX: i128 = 100_000_000_000;
const MICROS: i128 = 1_000_000;

/// A Unix time in seconds, or above 1e11 in milliseconds, with or without fraction and exponent. Beyond microseconds it is cut.
pub(crate) fn unix(words: &str) -> Option<Time> {
    let (mantissa, exponent) = match words.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (words, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let plain = !whole.is_empty() && digits.len() <= 30 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let value: i128 = plain.then(|| digits.parse().ok()).flatten()?;
    let scale = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let micros = shifted(value, scale.checked_add(6)?)?;
    let micros = if micros > SECONDS_MAX * MICROS { micros / 1_000 } else { micros };
    i64::try_from(micros).ok().map(Time::from_micros)
}

/// The time in this field, in any of the shapes; none when the field says nothing.
///
/// # Errors
/// `bad_time` when it says something that is no time.
pub(crate) fn optional(json: &Json<'_>, field: &str) -> Result<Option<Time>, Reject> {
    let Some(words) = json.words_of(field) else { return Ok(None) };
    let time = unix(words).or_else(|| iso(words));
    time.map(Some).ok_or_else(|| Reject::new("bad_time", format!("\"{field}\" is neither a Unix time nor ISO 8601")))
}

/// The words of a time that an event gives itself, in any of the shapes, and the time. An event without one is dated by whoever
/// received it.
///
/// # Errors
/// `bad_time` when they are no time.
pub(crate) fn stamped(words: Option<&str>) -> Result<(&str, Option<Time>), Reject> {
    let Some(words) = words else { return Ok(("", None)) };
    let time = unix(words).or_else(|| iso(words));
    let unread = || Reject::new("bad_time", "the event's time is neither a Unix time nor ISO 8601");
    time.map(|time| (words, Some(time))).ok_or_else(unread)
}

fn shifted(value: i128, places: i32) -> Option<i128> {
    let power = 10_i128.checked_pow(places.unsigned_abs());
    if places >= 0 { value.checked_mul(power?) } else { Some(power.map_or(0, |power| value / power)) }
}

/// ISO 8601 date and time: `T` or a blank between them, any number of fraction digits (cut to microseconds), `Z`, an offset with or
/// without colon and blank before it, or no zone (UTC).
pub(crate) fn iso(words: &str) -> Option<Time> {
    let words = words.trim();
    let date = NaiveDate::parse_from_str(words.get(..10)?, "%Y-%m-%d").ok()?;
    let rest = words.get(10..)?.strip_prefix(['T', 't', ' '])?;
    let clock = NaiveTime::parse_from_str(rest.get(..8)?, "%H:%M:%S").ok()?;
    let rest = rest.get(8..)?;
    let (micros, zone) = match rest.strip_prefix(['.', ',']) {
        Some(rest) => fraction(rest)?,
        None => (0, rest),
    };
    let seconds = date.and_time(clock).and_utc().timestamp();
    let seconds = seconds.checked_sub(offset(zone.trim())?)?;
    seconds.checked_mul(1_000_000)?.checked_add(micros).map(Time::from_micros)
}

/// Microseconds of the digits after the point, and what follows them.
fn fraction(rest: &str) -> Option<(i64, &str)> {
    let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, zone) = rest.split_at_checked(end)?;
    let six: String = digits.chars().chain("000000".chars()).take(6).collect();
    (end > 0).then(|| six.parse().ok().map(|micros| (micros, zone))).flatten()
}

/// Seconds east of UTC.
fn offset(zone: &str) -> Option<i64> {
    if zone.is_empty() || zone.eq_ignore_ascii_case("z") || zone.eq_ignore_ascii_case("utc") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits: String = zone.strip_prefix(['+', '-'])?.chars().filter(|character| *character != ':').collect();
    digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = digits.get(2..).filter(|minutes| !minutes.is_empty()).unwrap_or("0").parse().ok()?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unix_times_are_seconds_or_milliseconds_without_rounding() {
        let micros = |words: &str| unix(words).map(Time::micros);
        assert_eq!(micros("1513299569"), Some(1_513_299_569_000_000));
        assert_eq!(micros("1513299569.123456789"), Some(1_513_299_569_123_456));
        assert_eq!(micros("1513299569.1"), Some(1_513_299_569_100_000));
        assert_eq!(micros("1591726752372"), Some(1_591_726_752_372_000));
        assert_eq!(micros("1.513299569E9"), Some(1_513_299_569_000_000));
        for bad in ["", "-1", "1e400", ".5", "12:00", "1.2.3", "999999999999999999999999999999", "0x10"] {
            assert_eq!(micros(bad), None, "{bad}");
        }
    }

    #[test]
    fn iso_times_have_any_fraction_and_any_zone() {
        let text = |words: &str| iso(words).map(Time::rfc3339);
        assert_eq!(text("2016-10-19T23:21:04.133Z").as_deref(), Some("2016-10-19T23:21:04.133Z"));
        assert_eq!(text("2024-02-29T12:00:00.1234567+02:00").as_deref(), Some("2024-02-29T10:00:00.123456Z"));
        assert_eq!(text("2018-10-08T14:05:45 +0000").as_deref(), Some("2018-10-08T14:05:45Z"));
        assert_eq!(text("2018-10-08 14:05:45").as_deref(), Some("2018-10-08T14:05:45Z"));
        assert_eq!(text("2018-10-08T14:05:45-0330").as_deref(), Some("2018-10-08T17:35:45Z"));
        for bad in [
            "",
            "2018-13-08T14:05:45Z",
            "2018-10-08",
            "2018-10-08T14:05:45.Z",
            "2018-10-08T14:05:45+99",
            "é018-10-08T14:05:45",
        ] {
            assert_eq!(text(bad), None, "{bad}");
        }
    }
}
