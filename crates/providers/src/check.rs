//! Whether a request really comes from its provider: what the providers' checks share. A check is pure: the request as it came, the
//! account's secrets and the time go in; nothing is fetched, and all comparisons take the same time whatever they find.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Time;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// A request as it came, as far as a check looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The public URL exactly as the provider was told it, query and user information included: Mandrill signs it.
    pub url: &'a str,
    /// The headers with their values, in their order; names in any case.
    pub headers: &'a [(&'a str, &'a str)],
    /// The raw body, byte for byte.
    pub body: &'a [u8],
}

/// What only the provider and we know. An account has one, or two while it changes from one to the other; either is good.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// A signing key; of SendGrid, which signs with a key of its own, the public key that its settings show.
    Key(String),
    /// `user:password` of basic authentication.
    Basic(String),
    /// A bearer token.
    Bearer(String),
    /// A header with its value, as it is given at providers that send headers of our choice.
    Header(String, String),
}

/// A request that is the provider's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// A token that stands for this request alone, where the signature does not cover the body: to be shown to
    /// [`crate::Replays`] before the request is kept.
    pub token: Option<Token>,
}

/// A token that is good for one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its words, at most 256 bytes.
    pub words: String,
    /// A hash of what the request says under it.
    pub subject: [u8; 32],
}

/// Why a request is not taken for the provider's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Refusal {
    /// The account has no secret of the kind that this provider's check needs.
    #[error("the account has no secret that this check can use")]
    NoSecret,
    /// The request carries no signature or credentials.
    #[error("the request carries no signature or credentials")]
    Unsigned,
    /// The signature, its time or its token cannot be read.
    #[error("the signature, its time or its token cannot be read")]
    Malformed,
    /// The signature is of another body, another time or another key.
    #[error("the signature is of another body, another time or another key")]
    WrongSignature,
    /// The credentials are not the account's.
    #[error("the credentials are not the account's")]
    WrongCredentials,
    /// The time that was signed is too far from now.
    #[error("the time that was signed is too far from now")]
    OutOfTime,
    /// The token was used for another event before.
    #[error("the token was used for another event before")]
    Replayed,
    /// The signed topic is not one of the account's.
    #[error("the signed topic is not one of the account's")]
    ForeignTopic,
    /// The certificate is not in Amazon's place for it, cannot be read, or is not valid now.
    #[error("the certificate is not in Amazon's place for it, cannot be read, or is not valid now")]
    ForeignCertificate,
}

impl Refusal {
    /// The refusal as a word: a metric's label.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoSecret => "no_secret",
            Self::Unsigned => "unsigned",
            Self::Malformed => "malformed",
            Self::WrongSignature => "wrong_signature",
            Self::WrongCredentials => "wrong_credentials",
            Self::OutOfTime => "out_of_time",
            Self::Replayed => "replayed",
            Self::ForeignTopic => "foreign_topic",
            Self::ForeignCertificate => "foreign_certificate",
        }
    }
}

/// Decides whether a request is the provider's. With two secrets either may have been used.
pub type Check = fn(&Request<'_>, &[Secret], Time) -> Result<Accepted, Refusal>;

impl<'a> Request<'a> {
    /// The value of the first header of this name, trimmed; nothing if it is empty.
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        let named = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Key(_) => "Key(..)",
            Self::Basic(_) => "Basic(..)",
            Self::Bearer(_) => "Bearer(..)",
            Self::Header(..) => "Header(..)",
        })
    }
}

impl std::str::FromStr for Secret {
    type Err = &'static str;

    /// As configuration writes it: `basic:USER:PASSWORD`, `bearer:TOKEN`, `header:NAME:VALUE`, `key:KEY`, or a bare key.
    fn from_str(words: &str) -> Result<Self, Self::Err> {
        let words = words.trim();
        let secret = match words.split_once(':') {
            Some(("basic", pair)) if pair.contains(':') => Self::Basic(pair.to_owned()),
            Some(("basic", _)) => return Err("basic: needs a user and a password: write basic:USER:PASSWORD"),
            Some(("bearer", token)) => Self::Bearer(token.trim().to_owned()),
            Some(("header", pair)) => match pair.split_once(':') {
                Some((name, value)) => Self::Header(name.trim().to_owned(), value.trim().to_owned()),
                None => return Err("header: needs a name and a value: write header:NAME:VALUE"),
            },
            Some(("key", key)) => Self::Key(key.trim().to_owned()),
            _ => Self::Key(words.to_owned()),
        };
        if secret.is_empty() { Err("is empty: write the secret as the provider shows it") } else { Ok(secret) }
    }
}

impl Secret {
    fn is_empty(&self) -> bool {
        match self {
            Self::Key(words) | Self::Bearer(words) => words.is_empty(),
            Self::Basic(pair) => pair == ":",
            Self::Header(name, value) => name.is_empty() || value.is_empty(),
        }
    }

    /// The key, if it is one.
    pub(crate) fn key(&self) -> Option<&str> {
        if let Self::Key(key) = self { Some(key) } else { None }
    }
}

/// The keys among the secrets.
pub(crate) fn keys(secrets: &[Secret]) -> Result<Vec<&str>, Refusal> {
    let keys: Vec<&str> = secrets.iter().filter_map(Secret::key).collect();
    if keys.is_empty() { Err(Refusal::NoSecret) } else { Ok(keys) }
}

/// The check of providers that sign nothing: basic authentication, a bearer token, or a header of our choice.
pub(crate) fn credentials(request: &Request<'_>, secrets: &[Secret], _: Time) -> Result<Accepted, Refusal> {
    let mut usable = false;
    let mut shown = false;
    let mut good = false;
    for secret in secrets {
        let (given, expected) = match secret {
            Secret::Basic(pair) => (basic(request), pair.as_bytes()),
            Secret::Bearer(token) => {
                (scheme(request, "bearer").map(|token| token.as_bytes().to_vec()), token.as_bytes())
            }
            Secret::Header(name, value) => {
                (request.header(name).map(|value| value.as_bytes().to_vec()), value.as_bytes())
            }
            Secret::Key(_) => continue,
        };
        usable = true;
        shown |= given.is_some();
        good |= same(&given.unwrap_or_default(), expected);
    }
    match (usable, shown, good) {
        (false, ..) => Err(Refusal::NoSecret),
        (_, false, _) => Err(Refusal::Unsigned),
        (_, _, false) => Err(Refusal::WrongCredentials),
        (_, _, true) => Ok(Accepted::default()),
    }
}

/// What follows this scheme in the `Authorization` header.
fn scheme<'a>(request: &Request<'a>, wanted: &str) -> Option<&'a str> {
    let (scheme, rest) = request.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case(wanted).then(|| rest.trim())
}

fn basic(request: &Request<'_>) -> Option<Vec<u8>> {
    STANDARD.decode(scheme(request, "basic")?).ok()
}

/// Whether two texts are the same, in a time that does not depend on where, or in what length, they differ.
pub(crate) fn same(given: &[u8], expected: &[u8]) -> bool {
    let equal = Sha256::digest(given).ct_eq(&Sha256::digest(expected));
    !expected.is_empty() && bool::from(equal)
}

/// Whether the HMAC-SHA256 of these parts under this key is that.
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]], given: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return false };
    parts.iter().for_each(|part| mac.update(part));
    mac.verify_slice(given).is_ok()
}

/// Whether a signed time lies within these bounds of now: behind it and ahead of it, in microseconds.
pub(crate) fn in_time(signed: Time, now: Time, behind: i64, ahead: i64) -> Result<(), Refusal> {
    let age = now.micros().saturating_sub(signed.micros());
    if age <= behind && age >= -ahead { Ok(()) } else { Err(Refusal::OutOfTime) }
}

/// Base64, as most providers write signatures.
pub(crate) fn base64(words: &str) -> Result<Vec<u8>, Refusal> {
    STANDARD.decode(words.trim()).map_err(|_| Refusal::Malformed)
}

/// Hexadecimal digits in either case.
pub(crate) fn hex(words: &str) -> Result<Vec<u8>, Refusal> {
    let digits = words.trim().as_bytes();
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return Err(Refusal::Malformed);
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    pairs.map(byte).collect::<Option<Vec<u8>>>().ok_or(Refusal::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_written_by_their_kind() {
        let read = str::parse::<Secret>;
        assert_eq!(read("basic:ada:a:b"), Ok(Secret::Basic("ada:a:b".to_owned())));
        assert_eq!(read("bearer: t"), Ok(Secret::Bearer("t".to_owned())));
        assert_eq!(read("header:X-Secret: v"), Ok(Secret::Header("X-Secret".to_owned(), "v".to_owned())));
        assert_eq!(read("whsec_abc="), Ok(Secret::Key("whsec_abc=".to_owned())));
        assert_eq!(read("key:basic:x"), Ok(Secret::Key("basic:x".to_owned())));
        for bad in ["", "basic:ada", "basic::", "header:X", "header:X:", "bearer:", "key: "] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert_eq!(format!("{:?}", Secret::Bearer("hidden".to_owned())), "Bearer(..)");
    }

    #[test]
    fn nothing_is_never_the_same_as_something() {
        assert!(same(b"a", b"a") && !same(b"a", b"b") && !same(b"", b"") && !same(b"", b"a"));
    }

    #[test]
    fn hexadecimal_digits_come_in_pairs() {
        assert_eq!(hex("00fFa1"), Ok(vec![0, 255, 161]));
        assert_eq!((hex("0"), hex("0g"), hex("")), (Err(Refusal::Malformed), Err(Refusal::Malformed), Ok(Vec::new())));
    }
}
