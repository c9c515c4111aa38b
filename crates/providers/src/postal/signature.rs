//! Postal's signature: RSA of the raw body under the installation's key, with SHA-256 in a header of its own since version 3.

use domain::Time;
use rsa::RsaPublicKey;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::DecodePublicKey as _;

use rsa::sha2::Sha256;
use rsa::signature::Verifier as _;
use sha1::Sha1;

use crate::check::{self, Accepted, Refusal, Request, Secret};

/// Whether a request is Postal's. The keys are public ones, as `postal default-dkim-record` shows them: the record, the
/// base64 behind its `p=`, or PEM. There is no time in the signature: a request that is posted again is the same events again.
pub(crate) fn check(request: &Request<'_>, secrets: &[Secret], _: Time) -> Result<Accepted, Refusal> {
    let keys = check::keys(secrets)?;
    let stronger = request.header("x-postal-signature-256");
    let given = stronger.or_else(|| request.header("x-postal-signature")).ok_or(Refusal::Unsigned)?;
    let given = Signature::try_from(check::base64(given)?.as_slice()).map_err(|_| Refusal::Malformed)?;
    let keys: Vec<RsaPublicKey> = keys.into_iter().filter_map(public_key).collect();
    if keys.is_empty() {
        return Err(Refusal::NoSecret);
    }
    let good = |key: RsaPublicKey| match stronger {
        Some(_) => VerifyingKey::<Sha256>::new(key).verify(request.body, &given).is_ok(),
        None => VerifyingKey::<Sha1>::new(key).verify(request.body, &given).is_ok(),
    };
    if keys.into_iter().any(good) { Ok(Accepted::default()) } else { Err(Refusal::WrongSignature) }
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
