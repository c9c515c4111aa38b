//! Bounds of what outsiders write: ids, words and times. Each refusal names the field and the remedy.

use domain::Time;

use crate::reject::Reject;

/// Longest id of a message, campaign, client or account, in bytes.
pub(crate) const ID_BYTES_MAX: usize = 200;
/// Longest name, subject or word, in bytes.
pub(crate) const WORDS_BYTES_MAX: usize = 1_000;
/// Longest address, in bytes (RFC 5321: 64 + 1 + 255).
pub(crate) const ADDRESS_BYTES_MAX: usize = 320;

/// A required id: 1 to [`ID_BYTES_MAX`] bytes without control characters.
///
/// # Errors
/// `missing_field` or `bad_id`.
pub(crate) fn id<'a>(field: &'static str, value: &'a str) -> Result<&'a str, Reject> {
    if value.is_empty() {
        return Err(Reject::field("missing_field", field, "is required: give the id that the platform uses"));
    }
    optional_id(field, value)
}

/// An id that may be empty.
///
/// # Errors
/// `bad_id`.
pub(crate) fn optional_id<'a>(field: &'static str, value: &'a str) -> Result<&'a str, Reject> {
    if value.len() > ID_BYTES_MAX {
        return Err(Reject::field("bad_id", field, format!("{} bytes, at most {ID_BYTES_MAX} are taken", value.len())));
    }
    if value.chars().any(char::is_control) {
        return Err(Reject::field("bad_id", field, "holds a control character: take it out"));
    }
    Ok(value)
}

/// An organisation's id.
///
/// # Errors
/// `missing_field` or `bad_id`.
pub(crate) fn organisation(value: &str) -> Result<&str, Reject> {
    const MAX: usize = contract::key::ORGANISATION_BYTES_MAX;
    if value.len() > MAX {
        return Err(Reject::field("bad_id", "organisation", format!("{} bytes, at most {MAX} are taken", value.len())));
    }
    id("organisation", value)
}

/// An address: something, an `@`, something; no white space or control characters.
///
/// # Errors
/// `missing_field` or `bad_address`. The address is not repeated in the detail: it is personal.
pub(crate) fn address<'a>(field: &'static str, value: &'a str) -> Result<&'a str, Reject> {
    let value = value.trim();
    if value.is_empty() {
        return Err(Reject::field("missing_field", field, "is required: give the address used"));
    }
    let shaped = value.rsplit_once('@').is_some_and(|(local, host)| !local.is_empty() && !host.is_empty());
    if !shaped || value.len() > ADDRESS_BYTES_MAX || value.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Reject::field("bad_address", field, "is not an address: write it as name@host"));
    }
    Ok(value)
}

/// Words for people, cut to [`WORDS_BYTES_MAX`] bytes.
pub(crate) fn words(value: &str) -> String {
    let mut end = WORDS_BYTES_MAX.min(value.len());
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    value.get(..end).unwrap_or_default().to_owned()
}

/// Words without addresses: every word that holds an `@`, plain or percent-encoded, is taken out.
pub(crate) fn scrubbed(words: &str) -> String {
    let is_address = |word: &str| word.contains('@') || word.to_ascii_lowercase().contains("%40");
    let kept = words.split_whitespace().map(|word| if is_address(word) { "[address]" } else { word });
    kept.collect::<Vec<_>>().join(" ")
}

/// One of a closed set of words.
///
/// # Errors
/// `unknown_word`, listing the words.
pub(crate) fn one_of<T: Copy>(field: &'static str, value: &str, words: &[(&str, T)]) -> Result<T, Reject> {
    words.iter().find(|(word, _)| *word == value).map(|(_, meaning)| *meaning).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).filter(|word| !word.is_empty()).collect();
        let given: String = value.chars().filter(|c| !c.is_control()).take(40).collect();
        Reject::field("unknown_word", field, format!("\"{given}\" is not one of: {}", known.join(", ")))
    })
}

/// A time that can be true: not before 2000 and at most a day after its receipt.
///
/// # Errors
/// `missing_field` or `bad_time`.
pub(crate) fn time(given: Option<&prost_types::Timestamp>, received: Time) -> Result<Time, Reject> {
    let given =
        given.ok_or_else(|| Reject::field("missing_field", "time", "is required: when it happened, RFC 3339"))?;
    believable("time", contract::time_of(given), received)
}

/// Refuses a time that cannot be true.
///
/// # Errors
/// `bad_time`.
pub(crate) fn believable(field: &'static str, time: Time, received: Time) -> Result<Time, Reject> {
    if time < Time::EARLIEST {
        let detail = format!("{} is before 2000: check its unit, seconds or milliseconds", time.rfc3339());
        return Err(Reject::field("bad_time", field, detail));
    }
    if time > received.plus_micros(Time::AHEAD_MAX_MICROS) {
        let detail = format!("{} is more than a day after its receipt: check clock and unit", time.rfc3339());
        return Err(Reject::field("bad_time", field, detail));
    }
    Ok(time)
}
