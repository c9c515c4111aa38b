//! Delivery providers' webhook bodies, read as events: one outcome for each fact and recipient. Owns the providers' formats and what
//! their words mean; knows no topic, no store, no clock, and checks no signature.
//!
//! A body is read to its end whatever it holds: what cannot be used stands as [`Outcome::Rejected`] between the others, so
//! that each part of it has exactly one outcome. No bytes make a decoder panic.

mod agent;
mod amazon_ses;
mod identity;
mod json;
mod mapping;
mod outcome;
mod output;
mod part;
mod scrub;
mod sendgrid;
mod url;
mod when;

pub use mapping::{Mapping, Place};
pub use outcome::{Outcome, Reject, Reported};
pub use output::to_json;
pub use scrub::scrub;
pub use url::link_template;

/// Version of these decoders: of equal event ids the highest version wins. Raised with every change of what they read.
pub const DECODER_VERSION: u32 = 2;

/// A delivery provider whose webhooks are understood.
#[derive(Clone, Copy, Debug)]
pub struct Provider {
    /// Its name, as configuration, topics and pages spell it.
    pub name: &'static str,
    /// Reads a request's body: outcomes in the order of the body. An error is about the body as a whole, and then nothing of it
    /// has an outcome.
    pub decode: fn(&[u8], &Mapping) -> Result<Vec<Outcome>, Reject>,
}

/// The providers, one line each.
pub const ALL: &[Provider] = &[
    Provider { name: "amazon_ses", decode: amazon_ses::decode },
    Provider { name: "sendgrid", decode: sendgrid::decode },
];

/// The provider of this name.
///
/// ```
/// # use providers::{Mapping, provider};
/// let body = br#"[{"event": "delivered", "email": "ada@example.com", "timestamp": 1735689600, "sg_message_id": "abc.recvd-1"}]"#;
/// let sendgrid = provider("sendgrid").ok_or("known")?;
/// assert_eq!((sendgrid.decode)(body, &Mapping::default()).map_err(|why| why.detail)?.len(), 1);
/// # Ok::<(), String>(())
/// ```
pub fn provider(name: &str) -> Option<&'static Provider> {
    ALL.iter().find(|provider| provider.name == name)
}
