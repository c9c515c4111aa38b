//! SendGrid's signature: ECDSA on P-256 over the time in a header and the raw body, under a key pair of the webhook. It is verified by
//! `ring`, which takes a fraction of the time that `p256` takes; `p256` reads key and signature.

use domain::Time;
use p256::PublicKey;
use p256::ecdsa::DerSignature;
use p256::elliptic_curve::sec1::ToEncodedPoint as _;
use p256::pkcs8::DecodePublicKey as _;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

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
    DerSignature::try_from(given.as_slice()).map_err(|_| Refusal::Malformed)?;
    let keys: Vec<PublicKey> = keys.into_iter().filter_map(public_key).collect();
    if keys.is_empty() {
        return Err(Refusal::NoSecret);
    }
    let message = [stamp.as_bytes(), request.body].concat();
    if !keys.iter().any(|key| is_signed(key, &message, &given)) {
        return Err(Refusal::WrongSignature);
    }
    check::in_time(signed, now, BEHIND_MICROS, AHEAD_MICROS)?;
    Ok(Accepted::default())
}

fn is_signed(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let point = key.to_encoded_point(false);
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature).is_ok()
}

fn public_key(words: &str) -> Option<PublicKey> {
    if words.contains("-----BEGIN") {
        return PublicKey::from_public_key_pem(words.trim()).ok();
    }
    PublicKey::from_public_key_der(&check::base64(words).ok()?).ok()
}
