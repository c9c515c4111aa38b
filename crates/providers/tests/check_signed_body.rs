//! Who may post for the providers that sign the raw body: MailerSend and Mailtrap.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use domain::Time;
use hmac::{Hmac, Mac as _};
use providers::{Accepted, Refusal, Request, Secret, provider};
use sha2::Sha256;

/// The providers with their header, in a case that is not ours.
const PROVIDERS: [(&str, &str); 2] = [("mailersend", "Signature"), ("mailtrap", "Mailtrap-Signature")];
const BODY: &[u8] = br#"{"type": "activity.sent", "data": {}}"#;

fn signed(key: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any key");
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn check(body: &[u8], signature: Option<&str>, secrets: &[&str]) -> Result<Accepted, Refusal> {
    let secrets: Vec<Secret> = secrets.iter().map(|words| words.parse().expect("a secret")).collect();
    let verdicts = PROVIDERS.map(|(name, header)| {
        let headers: Vec<(&str, &str)> = signature.iter().map(|value| (header, *value)).collect();
        let request = Request { url: "https://in.example/", headers: &headers, body };
        provider(name).expect("known").check.expect("a check")(&request, &secrets, Time::from_micros(0))
    });
    assert_eq!(verdicts[0], verdicts[1]);
    verdicts.into_iter().next().expect("one")
}

#[test]
fn a_vector_of_rfc_4231_is_accepted() {
    let signature = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(check(b"what do ya want for nothing?", Some(signature), &["Jefe"]), Ok(Accepted::default()));
}

#[test]
fn a_valid_signature_is_accepted_in_either_case() {
    let signature = signed("k1", BODY);
    assert_eq!(check(BODY, Some(&signature), &["k1"]), Ok(Accepted::default()));
    assert!(check(BODY, Some(&format!(" {} ", signature.to_uppercase())), &["key:k1"]).is_ok());
}

#[test]
fn a_wrong_key_is_refused() {
    assert_eq!(check(BODY, Some(&signed("k2", BODY)), &["k1"]), Err(Refusal::WrongSignature));
}

#[test]
fn a_changed_body_is_refused() {
    let signature = signed("k1", BODY);
    let changed = [BODY, b"\n"].concat();
    assert_eq!(check(&changed, Some(&signature), &["k1"]), Err(Refusal::WrongSignature));
    assert_eq!(check(b"", Some(&signature), &["k1"]), Err(Refusal::WrongSignature));
}

#[test]
fn a_body_that_was_written_again_is_refused() {
    let again = serde_json::from_slice::<serde_json::Value>(BODY).expect("JSON").to_string();
    assert_ne!(again.as_bytes(), BODY);
    assert_eq!(check(again.as_bytes(), Some(&signed("k1", BODY)), &["k1"]), Err(Refusal::WrongSignature));
}

#[test]
fn a_changed_header_is_refused() {
    let signature = signed("k1", BODY);
    let cut = signature.get(..62).expect("long");
    assert_eq!(check(BODY, Some(cut), &["k1"]), Err(Refusal::WrongSignature));
    assert_eq!(check(BODY, Some(&format!("{signature}00")), &["k1"]), Err(Refusal::WrongSignature));
    assert_eq!(check(BODY, Some(&format!("sha256={signature}")), &["k1"]), Err(Refusal::Malformed));
    assert_eq!(check(BODY, Some("00"), &["k1"]), Err(Refusal::WrongSignature));
    assert_eq!(check(BODY, None, &["k1"]), Err(Refusal::Unsigned));
    assert_eq!(check(BODY, Some(" "), &["k1"]), Err(Refusal::Unsigned));
}

#[test]
fn either_of_two_keys_is_good_while_one_replaces_the_other() {
    for key in ["old", "new"] {
        assert!(check(BODY, Some(&signed(key, BODY)), &["new", "old"]).is_ok(), "{key}");
    }
    assert_eq!(check(BODY, Some(&signed("old", BODY)), &["new"]), Err(Refusal::WrongSignature));
}

#[test]
fn an_account_without_a_key_accepts_nothing() {
    let secrets = [Secret::Basic("ada:pw".to_owned())];
    let headers = [("Signature", signed("", BODY))].map(|(name, value)| (name, value));
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let request = Request { url: "", headers: &headers, body: BODY };
    let check = provider("mailersend").expect("known").check.expect("a check");
    assert_eq!(check(&request, &secrets, Time::from_micros(0)), Err(Refusal::NoSecret));
    assert_eq!(check(&request, &[], Time::from_micros(0)), Err(Refusal::NoSecret));
}

#[test]
fn mailtrap_without_a_key_goes_by_credentials() {
    let check = provider("mailtrap").expect("known").check.expect("a check");
    let secrets = [Secret::Basic("Aladdin:open sesame".to_owned())];
    let at = |headers: &[(&str, &str)], secrets: &[Secret]| {
        check(&Request { url: "", headers, body: BODY }, secrets, Time::from_micros(0))
    };
    let basic = ("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    assert!(at(&[basic], &secrets).is_ok());
    assert_eq!(at(&[], &secrets), Err(Refusal::Unsigned));
    let both = [Secret::Key("k1".to_owned()), Secret::Basic("Aladdin:open sesame".to_owned())];
    assert_eq!(at(&[basic], &both), Err(Refusal::Unsigned), "a key asks for a signature");
}
