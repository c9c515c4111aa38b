//! Providers that put their signature into the body.

use md5::{Digest as _, Md5};

use super::in_header::{hex, sha256};
use super::{Posting, Signing, Unsignable, key, seconds};
use crate::json;

/// The event, or a body that holds it as `event-data`, beside a signature of time and token.
pub(super) fn mailgun(body: &[u8], with: &Signing<'_>) -> Result<Posting, Unsignable> {
    let event = json::field(body, "event-data").unwrap_or(body.trim_ascii());
    if !event.starts_with(b"{") {
        return Err(Unsignable::WrongBody("an object"));
    }
    let (at, token) = (seconds(with.now), with.nonce);
    let signature = hex(&sha256(key(with)?.as_bytes(), &[at.as_bytes(), token.as_bytes()]));
    let signature = serde_json::json!({"timestamp": at, "token": token, "signature": signature}).to_string();
    Ok(Posting::json(&[b"{\"signature\": ", signature.as_bytes(), b", \"event-data\": ", event, b"}"].concat()))
}

/// The body with `auth`: the MD5 of itself with the key in that place.
pub(super) fn unisender_go(body: &[u8], with: &Signing<'_>) -> Result<Posting, Unsignable> {
    let key = key(with)?;
    let (before, after) = around(body).ok_or(Unsignable::WrongBody("an object"))?;
    let digest = Md5::new().chain_update(&before).chain_update(key).chain_update(&after).finalize();
    Ok(Posting::json(&[before.as_slice(), hex(&digest).as_bytes(), after.as_slice()].concat()))
}

/// What stands before and behind the value of `auth`, which is put in front where the body has none.
fn around(body: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    if let Some(place) = json::place(body, "auth") {
        let behind = [b"\"", body.get(place.end..)?].concat();
        return Some(([body.get(..place.start)?, b"\""].concat(), behind));
    }
    let rest = body.trim_ascii().strip_prefix(b"{")?.trim_ascii_start();
    let comma: &[u8] = if rest.starts_with(b"}") { b"\"" } else { b"\", " };
    Some((b"{\"auth\": \"".to_vec(), [comma, rest].concat()))
}
