//! Providers that sign with a shared key and put the signature into a header.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Hmac;
use sha1::Sha1;
use sha2::Sha256;

use super::{Posting, Signing, Unsignable, authorised, key, seconds};

pub(super) fn mailersend(body: &[u8], with: &Signing<'_>) -> Result<Posting, Unsignable> {
    Ok(Posting::json(body).with("Signature", hex(&sha256(key(with)?.as_bytes(), &[body]))))
}

/// With a key by its signature, without by the credentials in the URL.
pub(super) fn mailtrap(body: &[u8], with: &Signing<'_>) -> Result<Posting, Unsignable> {
    match key(with) {
        Ok(key) => Ok(Posting::json(body).with("Mailtrap-Signature", hex(&sha256(key.as_bytes(), &[body])))),
        Err(_) => authorised::post(body, with),
    }
}

/// The events as a form's one field, signed with the URL before it.
pub(super) fn mandrill(body: &[u8], with: &Signing<'_>) -> Result<Posting, Unsignable> {
    const FIELD: &[u8] = b"mandrill_events";
    let key = key(with)?;
    let signature = hmac_of::<Hmac<Sha1>>(key.as_bytes(), &[with.url.as_bytes(), FIELD, body]);
    let form = [FIELD, b"=", encoded(body).as_bytes()].concat();
    let posting = Posting { headers: Vec::new(), body: form };
    Ok(posting
        .with("Content-Type", "application/x-www-form-urlencoded")
        .with("X-Mandrill-Signature", STANDARD.encode(signature)))
}

/// As Svix signs: id, time and body, under the key behind `whsec_`.
pub(super) fn resend(body: &[u8], with: &Signing<'_>) -> Result<Posting, Unsignable> {
    let words = key(with)?;
    let key = STANDARD.decode(words.strip_prefix("whsec_").unwrap_or(words));
    let key = key.map_err(|_| Unsignable::WrongSecret("whsec_ and base64"))?;
    let (id, at) = (format!("msg_{}", with.nonce), seconds(with.now));
    let signature = sha256(&key, &[id.as_bytes(), b".", at.as_bytes(), b".", body]);
    let posting = Posting::json(body).with("svix-id", id).with("svix-timestamp", at);
    Ok(posting.with("svix-signature", format!("v1,{}", STANDARD.encode(signature))))
}

pub(super) fn sha256(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    hmac_of::<Hmac<Sha256>>(key, parts)
}

/// An HMAC takes a key of any length.
fn hmac_of<M: hmac::digest::KeyInit + hmac::Mac>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let Ok(mut mac) = <M as hmac::Mac>::new_from_slice(key) else { return Vec::new() };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As a form's value is written: all but letters and digits as percent and two digits.
fn encoded(bytes: &[u8]) -> String {
    let one = |byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(*byte).to_string(),
        b' ' => "+".to_owned(),
        _ => format!("%{byte:02X}"),
    };
    bytes.iter().map(one).collect()
}
