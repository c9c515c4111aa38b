//! Unisender Go's signature: the MD5 of the raw body, in which the API key stands where the body has `auth`.

use std::ops::Range;

use domain::Time;
use md5::{Digest as _, Md5};

use crate::check::{self, Accepted, Refusal, Request, Secret};
use crate::json::{self, Json};

/// Digits of an MD5 in hexadecimal.
const DIGITS: usize = 32;

/// Whether a request is Unisender's. There is no time in the signature: a request that is posted again is the same events again.
///
/// Whoever has seen a signed body can append to it and sign the longer one without the key, as MD5 goes; what is appended
/// begins with a byte that no JSON has between values. So a body counts only as one object and nothing behind it.
pub(crate) fn check(request: &Request<'_>, secrets: &[Secret], _: Time) -> Result<Accepted, Refusal> {
    let keys = check::keys(secrets)?;
    let place = json::place(request.body, "auth").ok_or(Refusal::Unsigned)?;
    let whole = matches!(json::read(request.body), Some(Json::Object(_)));
    let parts = whole.then(|| around(request.body, place)).flatten().ok_or(Refusal::Malformed)?;
    let good = keys.iter().fold(false, |good, key| good | check::same(&signed(&parts, key), &parts.given));
    if good { Ok(Accepted::default()) } else { Err(Refusal::WrongSignature) }
}

/// A body around its signature.
struct Parts<'a> {
    before: &'a [u8],
    given: Vec<u8>,
    after: &'a [u8],
}

/// The parts, if a signature stands in quotes at this place.
fn around(body: &[u8], place: Range<usize>) -> Option<Parts<'_>> {
    let given = body.get(place.clone())?.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let hexadecimal = given.len() == DIGITS && given.iter().all(u8::is_ascii_hexdigit);
    let (before, after) = (body.get(..=place.start)?, body.get(place.end.checked_sub(1)?..)?);
    hexadecimal.then(|| Parts { before, given: given.to_ascii_lowercase(), after })
}

fn signed(parts: &Parts<'_>, key: &str) -> Vec<u8> {
    let digest = Md5::new().chain_update(parts.before).chain_update(key).chain_update(parts.after).finalize();
    digest.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}
