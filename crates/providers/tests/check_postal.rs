//! Who may post as Postal: RSA of the raw body, under keys made for these tests.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Time;
use providers::{Accepted, Refusal, Request, Secret, provider};
use rsa::RsaPrivateKey;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _, LineEnding};
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding as _, Signer as _};
use sha1::Sha1;

const BODY: &[u8] = br#"{"event": "MessageSent", "uuid": "u"}"#;
const SHA1: &str = "X-Postal-Signature";
const SHA256: &str = "X-Postal-Signature-256";

fn private(name: &str) -> RsaPrivateKey {
    let pem = match name {
        "one" => include_str!("keys/one.pem"),
        _ => include_str!("keys/other.pem"),
    };
    RsaPrivateKey::from_pkcs8_pem(pem).expect("a key")
}

/// A public key as the base64 of a DKIM record has it.
fn public(name: &str) -> String {
    STANDARD.encode(private(name).to_public_key().to_public_key_der().expect("encodes").as_bytes())
}

fn signed(name: &str, header: &'static str, body: &[u8]) -> (&'static str, String) {
    let signature = match header {
        SHA1 => SigningKey::<Sha1>::new(private(name)).sign(body).to_vec(),
        _ => SigningKey::<Sha256>::new(private(name)).sign(body).to_vec(),
    };
    (header, STANDARD.encode(signature))
}

fn check(body: &[u8], headers: &[(&'static str, String)], secrets: &[String]) -> Result<Accepted, Refusal> {
    let secrets: Vec<Secret> = secrets.iter().map(|words| words.parse().expect("a secret")).collect();
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let check = provider("postal").expect("known").check.expect("a check");
    check(&Request { url: "https://in.example/", headers: &headers, body }, &secrets, Time::from_micros(0))
}

#[test]
fn both_signatures_are_good() {
    for header in [SHA1, SHA256] {
        assert_eq!(check(BODY, &[signed("one", header, BODY)], &[public("one")]), Ok(Accepted::default()), "{header}");
    }
    assert!(check(BODY, &[signed("one", SHA1, BODY), signed("one", SHA256, BODY)], &[public("one")]).is_ok());
}

#[test]
fn a_key_is_written_in_any_form() {
    let pem = private("one").to_public_key().to_public_key_pem(LineEnding::LF).expect("encodes");
    let record = format!("v=DKIM1; t=s; h=sha256; p={};", public("one"));
    for key in [pem, record, format!("p={}", public("one")), public("one").replace('A', "A\n ")] {
        assert!(check(BODY, &[signed("one", SHA1, BODY)], std::slice::from_ref(&key)).is_ok(), "{key}");
    }
    for key in ["no key", "v=DKIM1; p=", "AAAA"] {
        assert_eq!(check(BODY, &[signed("one", SHA1, BODY)], &[key.to_owned()]), Err(Refusal::NoSecret), "{key}");
    }
    assert_eq!(check(BODY, &[signed("one", SHA1, BODY)], &[]), Err(Refusal::NoSecret));
}

#[test]
fn a_wrong_key_is_refused() {
    for header in [SHA1, SHA256] {
        let refused = check(BODY, &[signed("other", header, BODY)], &[public("one")]);
        assert_eq!(refused, Err(Refusal::WrongSignature), "{header}");
    }
}

#[test]
fn a_changed_or_rewritten_body_is_refused() {
    let rewritten = serde_json::from_slice::<serde_json::Value>(BODY).expect("JSON").to_string();
    for body in [rewritten.as_bytes(), b"", &[BODY, b"\n"].concat()] {
        let refused = check(body, &[signed("one", SHA256, BODY)], &[public("one")]);
        assert_eq!(refused, Err(Refusal::WrongSignature));
    }
}

#[test]
fn a_changed_header_is_refused() {
    let (header, good) = signed("one", SHA1, BODY);
    let flipped = format!("{}{}", if good.starts_with('A') { 'B' } else { 'A' }, good.get(1..).expect("long"));
    assert_eq!(check(BODY, &[(header, flipped)], &[public("one")]), Err(Refusal::WrongSignature));
    assert_eq!(check(BODY, &[(header, "aW52YWxpZA==".to_owned())], &[public("one")]), Err(Refusal::WrongSignature));
    assert_eq!(check(BODY, &[(header, "garbage".to_owned())], &[public("one")]), Err(Refusal::Malformed));
    assert_eq!(check(BODY, &[(header, String::new())], &[public("one")]), Err(Refusal::Unsigned));
    assert_eq!(check(BODY, &[], &[public("one")]), Err(Refusal::Unsigned));
}

#[test]
fn the_stronger_signature_decides_where_both_are() {
    let weak = signed("one", SHA1, BODY);
    let strong = signed("other", SHA256, BODY);
    assert_eq!(check(BODY, &[weak.clone(), strong], &[public("one")]), Err(Refusal::WrongSignature));
    let swapped = (SHA256, weak.1);
    assert_eq!(check(BODY, &[swapped], &[public("one")]), Err(Refusal::WrongSignature));
}

#[test]
fn either_of_two_keys_is_good_while_one_replaces_the_other() {
    for name in ["one", "other"] {
        assert!(check(BODY, &[signed(name, SHA256, BODY)], &[public("one"), public("other")]).is_ok(), "{name}");
    }
}
