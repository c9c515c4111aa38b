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

use super::{Posting, Signing, Unsignable, authorised, key, seconds};
use crate::sns;

const RSA: Unsignable = Unsignable::WrongSecret("an RSA private key in PEM (PKCS #8)");
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
    let key = rsa_key(with)?;
    let message = std::str::from_utf8(body).map_err(|_| Unsignable::WrongBody("text"))?;
    let url =
        sns::certificate_url_of(with.topic).ok_or(Unsignable::WrongBody("a topic: arn:aws:sns:REGION:ACCOUNT:NAME"))?;
    let fields = [
        ("Type", "Notification".to_owned()),
        ("MessageId", with.nonce.to_owned()),
        ("TopicArn", with.topic.to_owned()),
        ("Message", message.to_owned()),
        ("Timestamp", with.now.rfc3339()),
        ("SignatureVersion", "1".to_owned()),
        ("SigningCertURL", url),
    ];
    let mut envelope: Map<String, Value> =
        fields.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let text = |name: &str| envelope.get(name).and_then(Value::as_str);
    let signed = sns::signed(sns::Kind::Notification, &text).map_err(|_| Unsignable::WrongBody("an event"))?;
    let signature = SigningKey::<Sha1>::new(key).sign(signed.as_bytes()).to_vec();
    envelope.insert("Signature".to_owned(), STANDARD.encode(signature).into());
    let posting = Posting { headers: Vec::new(), body: Value::Object(envelope).to_string().into_bytes() };
    Ok(posting.with("Content-Type", "text/plain; charset=UTF-8").with("x-amz-sns-message-type", "Notification"))
}
