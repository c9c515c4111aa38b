//! Whether an Amazon SNS message is what it says: its signature, its topic, and where its certificate may come from. Pure as every check:
//! whoever has a network fetches the certificate from [`Envelope::certificate_url`] and hands it in.

mod certificate;
mod link;

use domain::Time;

use crate::check::{self, Accepted, Refusal, Request, Secret};
use crate::json::{self, Json};
use crate::rsa_signature::{Digest, is_signed};
use crate::when;

pub use certificate::Certificate;

/// A message older than this is refused: SNS tries for an hour at most, and every try carries the first one's time.
const BEHIND_MICROS: i64 = 24 * 3_600 * 1_000_000;
/// How far a clock of SNS may be ahead of ours.
const AHEAD_MICROS: i64 = 15 * 60 * 1_000_000;

/// What an SNS message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An event.
    Notification,
    /// SNS asks whether this address wants the topic: yes is a GET of [`Envelope::confirmation_url`].
    SubscriptionConfirmation,
    /// SNS says that the topic was unsubscribed from.
    UnsubscribeConfirmation,
}

/// An SNS message as it came over HTTP. With raw delivery there is none: then only credentials in the endpoint's URL say who posts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    kind: Kind,
    topic: String,
    time: Time,
    digest: Digest,
    signature: Vec<u8>,
    certificate_url: String,
    subscribe_url: Option<String>,
    signed: String,
}

/// Fields that are signed of an event, in their order; `Subject` where there is one.
const OF_EVENT: [&str; 6] = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
/// Fields that are signed of the others.
const OF_CONFIRMATION: [&str; 7] = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];

/// Amazon's host of a topic's region; for what is signed for tests.
pub(crate) fn host_of(topic: &str) -> Option<String> {
    let region = topic.strip_prefix("arn:aws:sns:")?.split(':').next()?;
    Some(format!("sns.{region}.amazonaws.com"))
}

/// Where the certificate of a topic's region would stand; for what is signed for tests.
pub(crate) fn certificate_url_of(topic: &str) -> Option<String> {
    let url = format!("https://{}/SimpleNotificationService-0.pem", host_of(topic)?);
    link::is_certificate(&url).then_some(url)
}

/// Whether a request was delivered raw, without an envelope.
pub fn is_raw(request: &Request<'_>) -> bool {
    request.header("x-amz-sns-rawdelivery").is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// The check of a raw delivery: by the credentials in the URL that the topic posts to, as nothing is signed.
///
/// # Errors
/// Why the request is not the topic's.
pub fn check_raw(request: &Request<'_>, secrets: &[Secret], now: Time) -> Result<Accepted, Refusal> {
    check::credentials(request, secrets, now)
}

impl Envelope {
    /// Reads a body, which must be one envelope and nothing else.
    ///
    /// # Errors
    /// [`Refusal::Unsigned`] when it has no signature, [`Refusal::Malformed`] when it is no envelope.
    pub fn of(body: &[u8]) -> Result<Self, Refusal> {
        let json = json::read(body.trim_ascii()).ok_or(Refusal::Malformed)?;
        let text = |name: &str| json.get(name).and_then(Json::text);
        let signature = text("Signature").ok_or(Refusal::Unsigned)?;
        let kind = match text("Type") {
            Some("Notification") => Kind::Notification,
            Some("SubscriptionConfirmation") => Kind::SubscriptionConfirmation,
            Some("UnsubscribeConfirmation") => Kind::UnsubscribeConfirmation,
            _ => return Err(Refusal::Malformed),
        };
        let owned = |name: &str| text(name).map(str::to_owned).ok_or(Refusal::Malformed);
        Ok(Self {
            kind,
            topic: owned("TopicArn")?,
            time: text("Timestamp").and_then(when::iso).ok_or(Refusal::Malformed)?,
            // SHA-1 unless the topic asks for more.
            digest: match json.words_of("SignatureVersion") {
                Some("1") => Digest::Sha1,
                Some("2") => Digest::Sha256,
                _ => return Err(Refusal::Malformed),
            },
            signature: check::base64(signature)?,
            certificate_url: owned("SigningCertURL")?,
            subscribe_url: text("SubscribeURL").map(str::to_owned),
            signed: signed(kind, &text)?,
        })
    }

    /// What it is for.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The topic's ARN. Anyone may have a topic: whether this one is the account's is for its configuration to say.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Where the certificate is to be fetched, over HTTPS, without following a redirect.
    ///
    /// # Errors
    /// [`Refusal::ForeignCertificate`] when that is no place of Amazon's: then nothing may be fetched.
    pub fn certificate_url(&self) -> Result<&str, Refusal> {
        if link::is_certificate(&self.certificate_url) {
            Ok(&self.certificate_url)
        } else {
            Err(Refusal::ForeignCertificate)
        }
    }

    /// The link that confirms a subscription, to be followed only when the operator asks for it and [`Envelope::check`] accepts.
    /// None of another message, or when the link leads elsewhere than to Amazon.
    pub fn confirmation_url(&self) -> Option<&str> {
        let url = self.subscribe_url.as_deref().filter(|_| self.kind == Kind::SubscriptionConfirmation)?;
        link::is_confirmation(url).then_some(url)
    }

    /// Decides whether the message is Amazon's, from one of these topics, and of our time. The certificate is the one that was
    /// fetched from [`Envelope::certificate_url`].
    ///
    /// # Errors
    /// Why it is not.
    pub fn check(&self, topics: &[&str], certificate: &Certificate, now: Time) -> Result<Accepted, Refusal> {
        if topics.is_empty() {
            return Err(Refusal::NoSecret);
        }
        if !topics.contains(&self.topic.as_str()) {
            return Err(Refusal::ForeignTopic);
        }
        self.certificate_url()?;
        let key = certificate.key(now)?;
        if !is_signed(key, self.digest, self.signed.as_bytes(), &self.signature) {
            return Err(Refusal::WrongSignature);
        }
        check::in_time(self.time, now, BEHIND_MICROS, AHEAD_MICROS)?;
        Ok(Accepted::default())
    }
}

/// The text that is signed: names and values, each on a line.
pub(crate) fn signed<'a>(kind: Kind, text: &impl Fn(&str) -> Option<&'a str>) -> Result<String, Refusal> {
    let names: &[&str] = if kind == Kind::Notification { &OF_EVENT } else { &OF_CONFIRMATION };
    let mut lines = String::new();
    for name in names {
        match text(name) {
            Some(value) => [name, "\n", value, "\n"].iter().for_each(|part| lines.push_str(part)),
            None if *name == "Subject" => {}
            None => return Err(Refusal::Malformed),
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_signed_in_the_order_of_bytes() {
        let fields = [
            ("Type", "Notification"),
            ("Message", "two\nlines"),
            ("MessageId", "m-1"),
            ("Subject", "S"),
            ("Timestamp", "2025-01-01T10:00:00.000Z"),
            ("TopicArn", "arn"),
            ("Token", "t"),
            ("SubscribeURL", "https://u"),
        ];
        let text = |name: &str| fields.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let event = signed(Kind::Notification, &text);
        let expected = "Message\ntwo\nlines\nMessageId\nm-1\nSubject\nS\nTimestamp\n2025-01-01T10:00:00.000Z\nTopicArn\narn\nType\nNotification\n";
        assert_eq!(event.as_deref(), Ok(expected));
        let plain = |name: &str| text(name).filter(|_| name != "Subject");
        assert_eq!(signed(Kind::Notification, &plain), Ok(expected.replace("Subject\nS\n", "")));
        let asked = signed(Kind::SubscriptionConfirmation, &text).unwrap();
        assert!(asked.contains("MessageId\nm-1\nSubscribeURL\nhttps://u\nTimestamp\n"), "{asked}");
        assert!(asked.contains("Z\nToken\nt\nTopicArn\n"), "{asked}");
        assert_eq!(signed(Kind::Notification, &|_| None), Err(Refusal::Malformed));
    }
}
