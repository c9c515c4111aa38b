//! Providers that sign with a private key of their own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::{DerSignature, SigningKey as CurveKey};
use p256::pkcs8::DecodePrivateKey as _;
use rsa::RsaPrivateKey;
use rsa::pkcs1v15::SigningKey;
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding as _, Signer as _};
use serde_json::{Map, Value};
use sha1::Sha1;

use super::in_header::hex;
use super::{Posting, Signing, Unsignable, authorised, key, seconds};
use crate::sns;

const RSA: Unsignable = Unsignable::WrongSecret("an RSA private key in PEM (PKCS #8)");
const TOPIC: Unsignable = Unsignable::WrongBody("a topic: arn:aws:sns:REGION:ACCOUNT:NAME");
const CURVE: Unsignable = Unsignable::WrongSecret("a P-256 private key in PEM (PKCS #8)");

fn rsa_key(with: &Signing<'_>) -> Result<RsaPrivateKey, Unsignable> {
    RsaPrivateKey::from_pkcs8_pem(key(with)?).map_err(|_| RSA)
}

/// Both of its headers.
pub(super) fn postal(body: &[u8], with: &Signing<'_>) -> Result<Posting, Unsignable> {
    let key = rsa_key(with)?;
    let older = SigningKey::<Sha1>::new(key.clone()).sign(body).to_vec();
    let newer = SigningKey::<Sha256>::new(key).sign(body).to_vec();
    let posting = Posting::json(body).with("X-Postal-Signature", STANDARD.encode(older));
    Ok(posting.with("X-Postal-Signature-256", STANDARD.encode(newer)))
}

/// Time and body.
pub(super) fn sendgrid(body: &[u8], with: &Signing<'_>) -> Result<Posting, Unsignable> {
    let key = CurveKey::from_pkcs8_pem(key(with)?).map_err(|_| CURVE)?;
    let at = seconds(with.now);
    let signature: DerSignature = key.sign(&[at.as_bytes(), body].concat());
    let posting =
        Posting::json(body).with("X-Twilio-Email-Event-Webhook-Signature", STANDARD.encode(signature.as_bytes()));
    Ok(posting.with("X-Twilio-Email-Event-Webhook-Timestamp", at))
}

/// The event in an envelope of its topic, or raw where the secret is no key.
pub(super) fn amazon_ses(body: &[u8], with: &Signing<'_>) -> Result<Posting, Unsignable> {
    if with.secret.key().is_none() {
        return Ok(authorised::post(body, with)?.with("x-amz-sns-rawdelivery", "true"));
    }
    let message = std::str::from_utf8(body).map_err(|_| Unsignable::WrongBody("text"))?;
    enveloped(sns::Kind::Notification, "Notification", message, Vec::new(), with)
}

/// What Amazon SNS posts when an address is subscribed to a topic, or unsubscribed from it, in its own words; the link leads to Amazon
/// and says yes, or subscribes again. With raw delivery, too, it is signed and in an envelope.
pub(super) fn confirmation(kind: sns::Kind, with: &Signing<'_>) -> Result<Posting, Unsignable> {
    let topic = with.topic;
    let (name, words) = match kind {
        sns::Kind::UnsubscribeConfirmation => (
            "UnsubscribeConfirmation",
            format!(
                "You have chosen to deactivate subscription {topic}:{}.\nTo cancel this operation and restore the subscription, visit the SubscribeURL included in this message.",
                with.nonce
            ),
        ),
        _ => (
            "SubscriptionConfirmation",
            format!(
                "You have chosen to subscribe to the topic {topic}.\nTo confirm the subscription, visit the SubscribeURL included in this message."
            ),
        ),
    };
    let host = sns::host_of(topic).ok_or(TOPIC)?;
    let token = hex(with.nonce.as_bytes());
    let url = format!("https://{host}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}");
    enveloped(kind, name, &words, vec![("Token", token), ("SubscribeURL", url)], with)
}

/// A message of a topic with what else it has, signed by SHA-1 as topics are unless they ask for more.
fn enveloped(
    kind: sns::Kind,
    name: &str,
    message: &str,
    more: Vec<(&str, String)>,
    with: &Signing<'_>,
) -> Result<Posting, Unsignable> {
    let key = rsa_key(with)?;
    let fields = [
        ("Type", name.to_owned()),
        ("MessageId", with.nonce.to_owned()),
        ("TopicArn", with.topic.to_owned()),
        ("Message", message.to_owned()),
        ("Timestamp", with.now.rfc3339()),
        ("SignatureVersion", "1".to_owned()),
        ("SigningCertURL", sns::certificate_url_of(with.topic).ok_or(TOPIC)?),
    ];
    let mut envelope: Map<String, Value> =
        fields.into_iter().chain(more).map(|(name, value)| (name.to_owned(), value.into())).collect();
    let text = |name: &str| envelope.get(name).and_then(Value::as_str);
    let signed = sns::signed(kind, &text).map_err(|_| Unsignable::WrongBody("an event"))?;
    let signature = SigningKey::<Sha1>::new(key).sign(signed.as_bytes()).to_vec();
    envelope.insert("Signature".to_owned(), STANDARD.encode(signature).into());
    let posting = Posting { headers: Vec::new(), body: Value::Object(envelope).to_string().into_bytes() };
    let posting = posting.with("Content-Type", "text/plain; charset=UTF-8").with("x-amz-sns-message-type", name);
    Ok(posting.with("x-amz-sns-message-id", with.nonce).with("x-amz-sns-topic-arn", with.topic))
}
