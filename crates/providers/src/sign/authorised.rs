//! Providers that sign nothing and show credentials.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Posting, Signing, Unsignable};
use crate::check::Secret;

/// The body with what the secret shows.
pub(super) fn post(body: &[u8], with: &Signing<'_>) -> Result<Posting, Unsignable> {
    let posting = Posting::json(body);
    Ok(match with.secret {
        Secret::Basic(pair) => posting.with("Authorization", format!("Basic {}", STANDARD.encode(pair))),
        Secret::Bearer(token) => posting.with("Authorization", format!("Bearer {token}")),
        Secret::Header(name, value) => posting.with(name, value.as_str()),
        Secret::Key(_) => {
            return Err(Unsignable::WrongSecret("basic:USER:PASSWORD, bearer:TOKEN or header:NAME:VALUE"));
        }
    })
}
