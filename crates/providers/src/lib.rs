//! Delivery providers' webhook bodies, read as events: one outcome for each fact and recipient. Owns the providers' formats and what
//! their words mean, and how a request shows that it is theirs; knows no topic, no store and no clock.
//!
//! A body is read to its end whatever it holds: what cannot be used stands as [`Outcome::Rejected`] between the others, so
//! that each part of it has exactly one outcome. No bytes make a decoder panic.

mod agent;
mod amazon_ses;
mod brevo;
mod check;
mod fact;
mod form;
mod identity;
mod json;
mod mailersend;
mod mailgun;
mod mailjet;
mod mailtrap;
mod mandrill;
mod mapping;
mod metadata;
mod outcome;
mod output;
mod part;
mod postal;
mod postmark;
mod replays;
mod resend;
mod rsa_signature;
mod scrub;
mod sendgrid;
pub mod sign;
mod signed_body;
mod smtp;
pub mod sns;
mod sparkpost;
mod unisender_go;
mod url;
mod when;

pub use check::{Accepted, Check, Refusal, Request, Secret, Token};
pub use mapping::{Mapping, Place};
pub use outcome::{Note, Outcome, Reject, Reported};
pub use output::to_json;
pub use replays::Replays;
pub use scrub::scrub;
pub use url::link_template;

/// Version of these decoders: of equal event ids the highest version wins. Raised with every change of what they read.
pub const DECODER_VERSION: u32 = 4;

/// A delivery provider whose webhooks are understood.
#[derive(Clone, Copy, Debug)]
pub struct Provider {
    /// Its name, as configuration, topics and pages spell it.
    pub name: &'static str,
    /// Reads a request's body: outcomes in the order of the body. An error is about the body as a whole, and then nothing of it
    /// has an outcome.
    pub decode: Decode,
    /// Whether a request is the provider's; none where that takes more than the request and secrets (Amazon SNS: a certificate).
    pub check: Option<Check>,
    /// The header that carries the event's id, where the body has none.
    event_id_header: Option<&'static str>,
}

/// Reads a request's body.
pub type Decode = fn(&[u8], &Mapping) -> Result<Vec<Outcome>, Reject>;

impl Provider {
    const fn checked(self, check: Check) -> Self {
        Self { check: Some(check), ..self }
    }

    const fn identified_by(self, header: &'static str) -> Self {
        Self { event_id_header: Some(header), ..self }
    }

    const fn of(name: &'static str, decode: Decode) -> Self {
        Self { name, decode, check: None, event_id_header: None }
    }

    /// Reads a request's body with the headers that came with it, which may carry the event's id.
    ///
    /// # Errors
    /// What is wrong with the body as a whole.
    pub fn read(&self, headers: &[(&str, &str)], body: &[u8], mapping: &Mapping) -> Result<Vec<Outcome>, Reject> {
        let mut outcomes = (self.decode)(body, mapping)?;
        let request = Request { url: "", headers, body };
        if let Some(id) = self.event_id_header.and_then(|name| request.header(name)) {
            outcomes.iter_mut().enumerate().for_each(|(place, outcome)| outcome.identify(id, place));
        }
        Ok(outcomes)
    }
}

/// The providers, one line each.
pub const ALL: &[Provider] = &[
    Provider::of("amazon_ses", amazon_ses::decode).identified_by(amazon_ses::EVENT_ID_HEADER),
    Provider::of("brevo", brevo::decode).checked(brevo::check),
    Provider::of("mailersend", mailersend::decode).checked(mailersend::check),
    Provider::of("mailgun", mailgun::decode).checked(mailgun::check),
    Provider::of("mailjet", mailjet::decode).checked(mailjet::check),
    Provider::of("mailtrap", mailtrap::decode).checked(mailtrap::check),
    Provider::of("mandrill", mandrill::decode).checked(mandrill::check),
    Provider::of("postal", postal::decode).checked(postal::check),
    Provider::of("postmark", postmark::decode).checked(postmark::check),
    Provider::of("resend", resend::decode).checked(resend::check).identified_by(resend::EVENT_ID_HEADER),
    Provider::of("sendgrid", sendgrid::decode).checked(sendgrid::check),
    Provider::of("sparkpost", sparkpost::decode).checked(sparkpost::check),
    Provider::of("unisender_go", unisender_go::decode).checked(unisender_go::check),
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
