//! What `sign` makes is what the checks accept, and what the decoders read: every provider, there and back.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{Fact, Time};
use providers::sign::{About, Posting, Signing, Unsignable, delivered, sign};
use providers::sns::{Certificate, Envelope};
use providers::{ALL, Accepted, Mapping, Outcome, Place, Refusal, Request, Secret, provider};

const NOW: i64 = 1_735_725_605_000_000;
const URL: &str = "https://ada:pw@in.example/v1/webhooks/x/main?y=1";
const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:ses";

fn about() -> About<'static> {
    About {
        custom: vec![("mailtally_message", "m-1"), ("mailtally_campaign", "spring")],
        recipient: "ada@example.com",
        at: Time::from_micros(1_735_725_600_000_000),
        message_id: "pm-1",
        nonce: "0123456789abcdef",
    }
}

/// What signs at a provider, and what its check is given.
fn secrets(name: &str) -> (Secret, Secret) {
    let key = |words: &str| Secret::Key(words.to_owned());
    match name {
        "amazon_ses" => (key(include_str!("keys/one.pem")), key("")),
        "postal" => (key(include_str!("keys/one.pem")), key(&rsa_public())),
        "sendgrid" => (key(include_str!("keys/curve.pem")), key(&curve_public())),
        "resend" => (key("whsec_c2VjcmV0IGtleSBvZiBhIHRlc3Q="), key("whsec_c2VjcmV0IGtleSBvZiBhIHRlc3Q=")),
        "brevo" | "mailjet" | "postmark" | "sparkpost" => {
            (Secret::Basic("ada:p:w".to_owned()), Secret::Basic("ada:p:w".to_owned()))
        }
        _ => (key("k1"), key("k1")),
    }
}

fn rsa_public() -> String {
    use rsa::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _};
    let key = rsa::RsaPrivateKey::from_pkcs8_pem(include_str!("keys/one.pem")).expect("a key");
    STANDARD.encode(key.to_public_key().to_public_key_der().expect("encodes").as_bytes())
}

fn curve_public() -> String {
    use p256::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _};
    let key = p256::ecdsa::SigningKey::from_pkcs8_pem(include_str!("keys/curve.pem")).expect("a key");
    STANDARD.encode(key.verifying_key().to_public_key_der().expect("encodes").as_bytes())
}

fn signed(name: &str, secret: &Secret) -> Result<Posting, Unsignable> {
    let with = Signing { secret, url: URL, topic: TOPIC, now: Time::from_micros(NOW), nonce: "0123456789abcdef" };
    sign(name, &delivered(name, &about()).expect("a sample"), &with)
}

fn verdict(name: &str, posting: &Posting, secret: Secret) -> Result<Accepted, Refusal> {
    let headers: Vec<(&str, &str)> =
        posting.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let now = Time::from_micros(NOW + 1_000_000);
    match provider(name).expect("known").check {
        Some(check) => check(&Request { url: URL, headers: &headers, body: &posting.body }, &[secret], now),
        None => {
            let certificate = Certificate::read(include_bytes!("keys/one.crt")).expect("a certificate");
            Envelope::of(&posting.body)?.check(&[TOPIC], &certificate, now)
        }
    }
}

#[test]
fn every_provider_accepts_what_is_signed_for_it_and_nothing_else() {
    for provider in ALL {
        let (private, public) = secrets(provider.name);
        let posting = signed(provider.name, &private).expect("signs");
        assert!(verdict(provider.name, &posting, public.clone()).is_ok(), "{}", provider.name);
        assert!(posting.headers.iter().any(|(name, _)| name == "Content-Type"), "{}", provider.name);
        let mut forged = posting.clone();
        forged.headers.iter_mut().for_each(|(_, value)| *value = value.replace(['1', 'a', 'Q'], "b"));
        forged.body = String::from_utf8(forged.body)
            .expect("text")
            .replace("ada", "eve")
            .replace("\": \"0", "\": \"1")
            .into_bytes();
        let refused = verdict(provider.name, &forged, public);
        assert!(
            refused.is_err() || provider.name == "mailgun",
            "{}: its signature does not cover the event",
            provider.name
        );
    }
}

#[test]
fn every_sample_is_read_as_a_delivery_of_ours() {
    for provider in ALL {
        let (private, _) = secrets(provider.name);
        let posting = signed(provider.name, &private).expect("signs");
        let headers: Vec<(&str, &str)> =
            posting.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mapping = match provider.name {
            "mailersend" | "postal" => {
                Mapping { message: Place::Category("mailtally_message:".to_owned()), ..Mapping::default() }
            }
            _ => Mapping::default(),
        };
        let outcomes = provider.read(&headers, &posting.body, &mapping).expect("a body");
        let [Outcome::Event(said)] = &outcomes[..] else { panic!("{}: {outcomes:?}", provider.name) };
        assert_eq!(said.fact, Fact::Delivered, "{}", provider.name);
        assert_eq!(said.message.as_deref(), Some("m-1"), "{}", provider.name);
        assert_eq!(said.recipient.as_deref(), Some("ada@example.com"), "{}", provider.name);
        assert_eq!(said.time.map(Time::rfc3339).as_deref(), Some("2025-01-01T10:00:00Z"), "{}", provider.name);
        assert!(said.provider_message_id.is_some(), "{}", provider.name);
    }
}

#[test]
fn a_secret_that_does_not_fit_says_what_does() {
    let (key, basic) = (Secret::Key("k1".to_owned()), Secret::Basic("a:b".to_owned()));
    for (name, secret) in
        [("postmark", &key), ("mailersend", &basic), ("postal", &key), ("sendgrid", &key), ("resend", &basic)]
    {
        assert!(matches!(signed(name, secret), Err(Unsignable::WrongSecret(_))), "{name}");
    }
    let with = Signing { secret: &key, url: "", topic: "", now: Time::from_micros(NOW), nonce: "" };
    assert_eq!(sign("nobody", b"{}", &with), Err(Unsignable::UnknownProvider));
    assert_eq!(sign("mailgun", b"[]", &with), Err(Unsignable::WrongBody("an object")));
    assert!(delivered("nobody", &about()).is_none());
}

#[test]
fn raw_delivery_is_made_of_credentials() {
    let posting = signed("amazon_ses", &Secret::Basic("a:b".to_owned())).expect("signs");
    assert!(posting.headers.contains(&("x-amz-sns-rawdelivery".to_owned(), "true".to_owned())));
    assert!(posting.body.starts_with(b"{\"eventType\""));
}

#[test]
fn a_body_without_auth_gets_one() {
    let key = Secret::Key("k1".to_owned());
    let with = Signing { secret: &key, url: "", topic: "", now: Time::from_micros(NOW), nonce: "" };
    for body in [&b"{}"[..], b"{\"a\": 1}", b" {\"a\": {\"auth\": \"x\"}} ", b"{\"b\":[],\"auth\": null}"] {
        let posting = sign("unisender_go", body, &with).expect("signs");
        assert!(verdict("unisender_go", &posting, key.clone()).is_ok(), "{}", String::from_utf8_lossy(&posting.body));
    }
}
