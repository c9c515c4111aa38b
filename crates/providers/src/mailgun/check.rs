//! Mailgun's signature: HMAC-SHA256 over time and token, which does not cover the event. So a token must not stand for two events.

use domain::Time;
use sha2::{Digest as _, Sha256};

use super::data;
use crate::check::{Accepted, Refusal, Request, Secret, Token, hex, hmac_sha256, in_time, keys};
use crate::form;
use crate::json::{self, Json};
use crate::when;

/// How old a signature may be, in microseconds: retries go on for 8 hours.
const BEHIND_MICROS: i64 = 12 * 3_600 * 1_000_000;
/// How far ahead of our clock it may be.
const AHEAD_MICROS: i64 = 3_600 * 1_000_000;
/// Bytes of a token; Mailgun's have 50.
const TOKEN_BYTES_MAX: usize = 256;

/// Checks the signature that the body carries. The token that comes back is to be shown to [`crate::Replays`].
pub(crate) fn check(request: &Request<'_>, secrets: &[Secret], now: Time) -> Result<Accepted, Refusal> {
    let keys = keys(secrets)?;
    let form = form::object(request.body);
    let is_form = form.is_some();
    let json = if is_form { form } else { json::read(request.body.trim_ascii()) };
    let json = json.ok_or(Refusal::Malformed)?;
    let signed = json.get("signature").filter(|signed| matches!(signed, Json::Object(_))).unwrap_or(&json);
    let found = |name: &str| if is_form { form::last(signed, name) } else { signed.words_of(name) };
    let words = |name: &str| found(name).ok_or(Refusal::Unsigned);
    let (stamp, token) = (words("timestamp")?, words("token")?);
    let mut given = vec![hex(words("signature")?)?];
    // An account's own event is signed with its parent's key as well.
    if let Some(parent) = signed.words_of("parent-signature") {
        given.push(hex(parent)?);
    }
    let good = |key: &&str| {
        given.iter().filter(|given| hmac_sha256(key.as_bytes(), &[stamp.as_bytes(), token.as_bytes()], given)).count()
    };
    if keys.iter().map(good).sum::<usize>() == 0 {
        return Err(Refusal::WrongSignature);
    }
    in_time(when::unix(stamp).ok_or(Refusal::Malformed)?, now, BEHIND_MICROS, AHEAD_MICROS)?;
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Refusal::Malformed);
    }
    Ok(Accepted { token: Some(Token { words: token.to_owned(), subject: subject(data(&json)) }) })
}

/// What makes the event this event. A retry says the same, however it is written.
fn subject(data: &Json<'_>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for path in [
        &["event"] as &[&str],
        &["id"],
        &["timestamp"],
        &["recipient"],
        &["message", "headers", "message-id"],
        &["url"],
    ] {
        let words = data.at(path).and_then(Json::words).unwrap_or_default();
        hash.update(u64::try_from(words.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(words.as_bytes());
    }
    hash.finalize().into()
}
