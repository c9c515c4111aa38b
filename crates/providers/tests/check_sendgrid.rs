//! Who may post as SendGrid: ECDSA over time and raw body, under a key made for these tests.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Time;
use p256::ecdsa::SigningKey;
use p256::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _, LineEnding};
use providers::sign::{Signing, sign};
use providers::{Accepted, Refusal, Request, Secret, provider};

const BODY: &[u8] = b"[{\"event\": \"delivered\", \"email\": \"ada@example.com\", \"timestamp\": 1735725600}]\r\n";
const NOW: i64 = 1_735_725_605_000_000;

fn private() -> SigningKey {
    SigningKey::from_pkcs8_pem(include_str!("keys/curve.pem")).expect("a key")
}

fn public(key: &SigningKey) -> String {
    STANDARD.encode(key.verifying_key().to_public_key_der().expect("encodes").as_bytes())
}

fn headers() -> Vec<(String, String)> {
    let secret = Secret::Key(include_str!("keys/curve.pem").to_owned());
    let with = Signing { secret: &secret, url: "", topic: "", now: Time::from_micros(NOW), nonce: "" };
    sign("sendgrid", BODY, &with).expect("signs").headers
}

fn check_at(body: &[u8], headers: &[(String, String)], keys: &[String], now: i64) -> Result<Accepted, Refusal> {
    let secrets: Vec<Secret> = keys.iter().map(|key| key.parse().expect("a secret")).collect();
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let check = provider("sendgrid").expect("known").check.expect("a check");
    check(&Request { url: "", headers: &headers, body }, &secrets, Time::from_micros(now))
}

fn check(body: &[u8], headers: &[(String, String)]) -> Result<Accepted, Refusal> {
    check_at(body, headers, &[public(&private())], NOW)
}

/// The headers with this text in one of them changed.
fn changed(name: &str, change: impl Fn(&str) -> String) -> Vec<(String, String)> {
    let mut headers = headers();
    for (known, value) in &mut headers {
        if known.ends_with(name) {
            *value = change(value);
        }
    }
    headers
}

#[test]
fn a_valid_signature_is_accepted_with_the_line_break_behind_the_body() {
    assert_eq!(check(BODY, &headers()), Ok(Accepted::default()));
    assert_eq!(check(BODY.trim_ascii_end(), &headers()), Err(Refusal::WrongSignature));
}

#[test]
fn a_key_is_base64_or_pem() {
    let pem = private().verifying_key().to_public_key_pem(LineEnding::LF).expect("encodes");
    assert!(check_at(BODY, &headers(), &[pem], NOW).is_ok());
    assert_eq!(check_at(BODY, &headers(), &["no key".to_owned()], NOW), Err(Refusal::NoSecret));
    assert_eq!(check_at(BODY, &headers(), &[], NOW), Err(Refusal::NoSecret));
}

#[test]
fn a_wrong_key_is_refused_and_either_of_two_is_good() {
    let other = public(&SigningKey::from_slice(&[7; 32]).expect("a key"));
    assert_eq!(check_at(BODY, &headers(), std::slice::from_ref(&other), NOW), Err(Refusal::WrongSignature));
    assert!(check_at(BODY, &headers(), &[other, public(&private())], NOW).is_ok());
}

#[test]
fn a_changed_or_rewritten_body_is_refused() {
    let rewritten = serde_json::from_slice::<serde_json::Value>(BODY).expect("JSON").to_string();
    for body in [rewritten.as_bytes(), b"", &[BODY, b" "].concat()] {
        assert_eq!(check(body, &headers()), Err(Refusal::WrongSignature));
    }
}

#[test]
fn a_changed_header_is_refused() {
    let later = changed("Timestamp", |_| (NOW / 1_000_000 + 1).to_string());
    assert_eq!(check(BODY, &later), Err(Refusal::WrongSignature));
    assert_eq!(check(BODY, &changed("Timestamp", |_| "soon".to_owned())), Err(Refusal::Malformed));
    assert_eq!(check(BODY, &changed("Signature", |_| "AAAA".to_owned())), Err(Refusal::Malformed));
    assert_eq!(check(BODY, &changed("Signature", |value| format!("{value}A"))), Err(Refusal::Malformed));
    for name in ["Timestamp", "Signature"] {
        assert_eq!(check(BODY, &changed(name, |_| String::new())), Err(Refusal::Unsigned), "{name}");
    }
}

#[test]
fn an_old_timestamp_is_refused_once_no_retry_can_carry_it() {
    let hour = 3_600_000_000;
    let key = [public(&private())];
    assert!(check_at(BODY, &headers(), &key, NOW + 25 * hour).is_ok());
    assert_eq!(check_at(BODY, &headers(), &key, NOW + 49 * hour), Err(Refusal::OutOfTime));
    assert_eq!(check_at(BODY, &headers(), &key, NOW - 2 * hour), Err(Refusal::OutOfTime));
}
