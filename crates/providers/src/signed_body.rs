//! The check of providers that sign the raw body, and nothing else, with HMAC-SHA256, in hexadecimal digits: MailerSend and Mailtrap.

use crate::check::{self, Accepted, Refusal, Request, Secret};

/// Whether the signature in this header is the body's under one of the keys. There is no time in it: a request may be posted
/// again for ever, and is then the same events again.
pub(crate) fn check(request: &Request<'_>, secrets: &[Secret], header: &str) -> Result<Accepted, Refusal> {
    let keys = check::keys(secrets)?;
    let given = check::hex(request.header(header).ok_or(Refusal::Unsigned)?)?;
    let good = keys.iter().fold(false, |good, key| good | check::hmac_sha256(key.as_bytes(), &[request.body], &given));
    if good { Ok(Accepted::default()) } else { Err(Refusal::WrongSignature) }
}
