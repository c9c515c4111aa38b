//! Postal's signature: RSA of the raw body under the installation's key, with SHA-256 in a header of its own since version 3.

use domain::Time;
use rsa::RsaPublicKey;
use rsa::pkcs8::DecodePublicKey as _;

use crate::check::{self, Accepted, Refusal, Request, Secret};
use crate::rsa_signature::{Digest, is_signed};

/// Whether a request is Postal's. The keys are public ones, as `postal default-dkim-record` shows them: the record, the
/// base64 behind its `p=`, or PEM. There is no time in the signature: a request that is posted again is the same events again.
pub(crate) fn check(request: &Request<'_>, secrets: &[Secret], _: Time) -> Result<Accepted, Refusal> {
    let keys = check::keys(secrets)?;
    let stronger = request.header("x-postal-signature-256");
    let given = stronger.or_else(|| request.header("x-postal-signature")).ok_or(Refusal::Unsigned)?;
    let given = check::base64(given)?;
    let keys: Vec<RsaPublicKey> = keys.into_iter().filter_map(public_key).collect();
    if keys.is_empty() {
        return Err(Refusal::NoSecret);
    }
    let digest = if stronger.is_some() { Digest::Sha256 } else { Digest::Sha1 };
    if keys.iter().any(|key| is_signed(key, digest, request.body, &given)) {
        Ok(Accepted::default())
    } else {
        Err(Refusal::WrongSignature)
    }
}

/// The key in these words, if there is one.
fn public_key(words: &str) -> Option<RsaPublicKey> {
    if words.contains("-----BEGIN") {
        return RsaPublicKey::from_public_key_pem(words.trim()).ok();
    }
    let record = words.split(';').find_map(|part| part.trim().strip_prefix("p=")).unwrap_or(words);
    let base64: String = record.chars().filter(|character| !character.is_whitespace()).collect();
    let der = check::base64(&base64).ok()?;
    RsaPublicKey::from_public_key_der(&der).ok()
}
