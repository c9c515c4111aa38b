//! Requests as the providers post them, signed: for operators who try their set-up out, and for simulators. The other side of
//! [`crate::check`]; what a check refuses, nothing here makes.

mod authorised;
mod in_body;
mod in_header;
mod key_pair;
mod sample;

use domain::Time;

use crate::check::Secret;

pub use sample::{About, delivered};

/// What a request is made with.
#[derive(Clone, Copy, Debug)]
pub struct Signing<'a> {
    /// As the account has it; where the provider has a key pair (SendGrid, Postal, Amazon SNS), the private key in PEM (PKCS #8).
    pub secret: &'a Secret,
    /// The public URL that the provider was told: Mandrill signs it.
    pub url: &'a str,
    /// The topic that Amazon SNS publishes for.
    pub topic: &'a str,
    /// When it is signed.
    pub now: Time,
    /// Words that no other request has: Mailgun's token, Resend's and Amazon SNS's ids.
    pub nonce: &'a str,
}

/// A request to be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte as it was signed.
    pub body: Vec<u8>,
}

/// Why a request cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsignable {
    /// The provider is none of [`crate::ALL`].
    #[error("the provider is not known")]
    UnknownProvider,
    /// The secret is of a kind that this provider does not sign with.
    #[error("the provider does not sign with such a secret: it takes {0}")]
    WrongSecret(&'static str),
    /// The body is not of the shape that the provider signs.
    #[error("the body is not what the provider posts: it takes {0}")]
    WrongBody(&'static str),
}

/// Makes what Amazon SNS posts when an address is subscribed to a topic or unsubscribed from it.
///
/// # Errors
/// Why it cannot be made.
pub fn confirmation(kind: crate::sns::Kind, with: &Signing<'_>) -> Result<Posting, Unsignable> {
    key_pair::confirmation(kind, with)
}

type Signer = fn(&[u8], &Signing<'_>) -> Result<Posting, Unsignable>;

/// Who signs how, one line each.
const SIGNERS: [(&str, Signer); 13] = [
    ("amazon_ses", key_pair::amazon_ses),
    ("brevo", authorised::post),
    ("mailersend", in_header::mailersend),
    ("mailgun", in_body::mailgun),
    ("mailjet", authorised::post),
    ("mailtrap", in_header::mailtrap),
    ("mandrill", in_header::mandrill),
    ("postal", key_pair::postal),
    ("postmark", authorised::post),
    ("resend", in_header::resend),
    ("sendgrid", key_pair::sendgrid),
    ("sparkpost", authorised::post),
    ("unisender_go", in_body::unisender_go),
];

/// Makes the request that this provider would post with this body (of Amazon SES the event, of Mandrill the events).
///
/// # Errors
/// Why it cannot be made.
pub fn sign(provider: &str, body: &[u8], with: &Signing<'_>) -> Result<Posting, Unsignable> {
    let signer = SIGNERS.iter().find(|(name, _)| *name == provider).ok_or(Unsignable::UnknownProvider)?;
    signer.1(body, with)
}

impl Posting {
    /// JSON, nothing signed yet.
    fn json(body: &[u8]) -> Self {
        Self { headers: Vec::new(), body: body.to_vec() }.with("Content-Type", "application/json")
    }

    fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// The key of a provider that signs with one.
fn key<'a>(with: &Signing<'a>) -> Result<&'a str, Unsignable> {
    with.secret.key().ok_or(Unsignable::WrongSecret("a key"))
}

/// Whole seconds since 1970, as signatures carry them.
fn seconds(now: Time) -> String {
    now.micros().div_euclid(1_000_000).to_string()
}
