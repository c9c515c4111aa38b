//! Mandrill's signature: HMAC-SHA1 over the public URL and the form's sorted fields. It covers no time: repeats are found as
//! duplicates of their events.

use domain::Time;
use hmac::{Hmac, Mac as _};
use sha1::Sha1;

use crate::check::{Accepted, Refusal, Request, Secret, base64, keys};
use crate::form::{self, Field};

const HEADER: &str = "X-Mandrill-Signature";
/// Signs the empty batch that Mandrill posts while a webhook is set up, before it has a key.
const SET_UP_KEY: &str = "test-webhook";

/// Checks the header against the URL as Mandrill was told it and every field of the form.
pub(crate) fn check(request: &Request<'_>, secrets: &[Secret], _: Time) -> Result<Accepted, Refusal> {
    let mut keys = keys(secrets)?;
    let given = base64(request.header(HEADER).ok_or(Refusal::Unsigned)?)?;
    let mut fields = form::fields(request.body).ok_or(Refusal::Malformed)?;
    fields.sort_by(|(one, _), (other, _)| one.cmp(other));
    let good = |key: &str| {
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key.as_bytes()) else { return false };
        mac.update(request.url.as_bytes());
        for (name, value) in &fields {
            mac.update(name);
            mac.update(value);
        }
        mac.verify_slice(&given).is_ok()
    };
    if is_empty(&fields) {
        keys.push(SET_UP_KEY);
    }
    let good = keys.into_iter().filter(|key| good(key)).count();
    if good > 0 { Ok(Accepted::default()) } else { Err(Refusal::WrongSignature) }
}

/// Whether the batch holds nothing.
fn is_empty(fields: &[Field<'_>]) -> bool {
    matches!(fields, [(name, value)] if **name == *super::FIELD.as_bytes() && value.trim_ascii() == b"[]")
}
