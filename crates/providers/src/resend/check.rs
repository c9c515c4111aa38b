//! Svix's signature, which Resend uses: HMAC-SHA256 over id, time and body, several in one header while a secret is replaced.

use domain::Time;

use crate::check::{Accepted, Refusal, Request, Secret, base64, hmac_sha256, in_time, keys};
use crate::when;

/// How far the signed time may be from now, in microseconds: what Svix's own libraries allow. Retries are signed anew.
const TOLERANCE_MICROS: i64 = 5 * 60 * 1_000_000;
/// Signatures that are looked at; Svix sends one for each secret.
const SIGNATURES_MAX: usize = 10;
/// How a secret begins that is base64.
const PREFIX: &str = "whsec_";

/// Checks the headers `svix-id`, `svix-timestamp` and `svix-signature` against the body.
pub(crate) fn check(request: &Request<'_>, secrets: &[Secret], now: Time) -> Result<Accepted, Refusal> {
    let keys = keys(secrets)?;
    let header = |name: &str| {
        let named = |start: &str| request.header(&format!("{start}-{name}"));
        named("svix").or_else(|| named("webhook")).ok_or(Refusal::Unsigned)
    };
    let (id, stamp, signatures) = (header("id")?, header("timestamp")?, header("signature")?);
    let signed_at = when::unix(stamp).ok_or(Refusal::Malformed)?;
    let given: Vec<Vec<u8>> = signatures
        .split_ascii_whitespace()
        .filter_map(|signature| base64(signature.strip_prefix("v1,")?).ok())
        .take(SIGNATURES_MAX)
        .collect();
    if given.is_empty() {
        return Err(Refusal::Malformed);
    }
    let parts: [&[u8]; 5] = [id.as_bytes(), b".", stamp.as_bytes(), b".", request.body];
    let mut good = 0;
    for key in keys {
        let key = base64(key.strip_prefix(PREFIX).unwrap_or(key)).map_err(|_| Refusal::NoSecret)?;
        good += given.iter().filter(|given| hmac_sha256(&key, &parts, given)).count();
    }
    if good == 0 {
        return Err(Refusal::WrongSignature);
    }
    in_time(signed_at, now, TOLERANCE_MICROS, TOLERANCE_MICROS).map(|()| Accepted::default())
}
