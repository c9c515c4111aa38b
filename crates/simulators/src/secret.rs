//! What each simulator signs with, and the account that takes it. The keys were made for tests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _};
use rsa::pkcs8::DecodePrivateKey as _;

/// The topic that posts as Amazon SNS.
pub const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:ses";
const RSA: &str = include_str!("../../providers/tests/keys/one.pem");
const CERTIFICATE: &str = include_str!("../../providers/tests/keys/one.crt");

/// A secret as the provider has it, and as the account's file has it.
#[derive(Clone, Debug)]
pub struct Pair {
    /// What signs.
    pub signs: String,
    /// What checks; of Amazon SNS the certificate.
    pub checks: String,
}

/// The secret of this provider; nothing only if a key cannot be written.
pub fn pair(provider: &str) -> Option<Pair> {
    let same = |words: &str| Pair { signs: words.to_owned(), checks: words.to_owned() };
    Some(match provider {
        "amazon_ses" => Pair { signs: RSA.to_owned(), checks: CERTIFICATE.to_owned() },
        "postal" => {
            let public = rsa::RsaPrivateKey::from_pkcs8_pem(RSA).ok()?.to_public_key();
            let public = rsa::pkcs8::EncodePublicKey::to_public_key_der(&public).ok()?;
            Pair { signs: RSA.to_owned(), checks: STANDARD.encode(public.as_bytes()) }
        }
        "sendgrid" => {
            let key = p256::SecretKey::from_slice(&[7; 32]).ok()?;
            let signs = key.to_pkcs8_pem(p256::pkcs8::LineEnding::LF).ok()?.to_string();
            Pair { signs, checks: STANDARD.encode(key.public_key().to_public_key_der().ok()?.as_bytes()) }
        }
        "resend" => same("whsec_c2VjcmV0IG9mIGEgc2ltdWxhdG9y"),
        "brevo" | "mailjet" | "postmark" | "sparkpost" => same("basic:simulator:password"),
        _ => same("secret of a simulator"),
    })
}

/// The `[[account]]` that takes what this provider's simulator posts for these organisations; its secret stands in that file.
pub fn account(provider: &str, name: &str, organisations: &[&str], secret_file: &str) -> String {
    let check = match provider {
        "amazon_ses" => format!("topics = [{TOPIC:?}]\ncertificate_file = {secret_file:?}\n"),
        _ => format!("secrets = [\"file:{secret_file}\"]\n"),
    };
    let url = url(provider, name);
    let head = format!("[[account]]\nprovider = {provider:?}\nname = {name:?}\norganisations = {organisations:?}\n");
    format!("{head}url = {url:?}\n{check}")
}

/// What the provider was told to post to, whatever stands before the front door: Mandrill signs it.
pub fn url(provider: &str, name: &str) -> String {
    format!("https://in.example/v1/webhooks/{provider}/{name}")
}
