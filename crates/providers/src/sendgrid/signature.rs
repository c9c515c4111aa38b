//! SendGrid's signature: ECDSA on P-256 over the time in a header and the raw body, under a key pair of the webhook.

use domain::Time;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{DerSignature, VerifyingKey};
use p256::pkcs8::DecodePublicKey as _;

use crate::check::{self, Accepted, Refusal, Request, Secret};
use crate::when;

/// SendGrid tries for a day after the event; whether a later try is signed anew is not documented.
const BEHIND_MICROS: i64 = 48 * 3_600 * 1_000_000;
/// How far SendGrid's clock may be ahead of ours.
const AHEAD_MICROS: i64 = 3_600 * 1_000_000;

/// Whether a request is SendGrid's. The keys are public ones, as its settings show them: base64, or PEM.
pub(crate) fn check(request: &Request<'_>, secrets: &[Secret], now: Time) -> Result<Accepted, Refusal> {
    let keys = check::keys(secrets)?;
    let header = |name: &str| request.header(name).ok_or(Refusal::Unsigned);
    let given = check::base64(header("x-twilio-email-event-webhook-signature")?)?;
    let stamp = header("x-twilio-email-event-webhook-timestamp")?;
    let signed = when::unix(stamp).ok_or(Refusal::Malformed)?;
    let given = DerSignature::try_from(given.as_slice()).map_err(|_| Refusal::Malformed)?;
    let keys: Vec<VerifyingKey> = keys.into_iter().filter_map(public_key).collect();
    if keys.is_empty() {
        return Err(Refusal::NoSecret);
    }
    let message = [stamp.as_bytes(), request.body].concat();
    if !keys.iter().any(|key| key.verify(&message, &given).is_ok()) {
        return Err(Refusal::WrongSignature);
    }
    check::in_time(signed, now, BEHIND_MICROS, AHEAD_MICROS)?;
    Ok(Accepted::default())
}

fn public_key(words: &str) -> Option<VerifyingKey> {
    if words.contains("-----BEGIN") {
        return VerifyingKey::from_public_key_pem(words.trim()).ok();
    }
    VerifyingKey::from_public_key_der(&check::base64(words).ok()?).ok()
}
