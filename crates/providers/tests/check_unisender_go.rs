//! Who may post as Unisender Go: the MD5 of the body with the key in the place of the signature.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use domain::Time;
use md5::{Digest as _, Md5};
use providers::{Accepted, Refusal, Request, Secret, provider};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A body with `AUTH` in it, signed.
fn signed(key: &str, body: &str) -> String {
    body.replace("AUTH", &hex(&Md5::digest(body.replace("AUTH", key))))
}

fn check(body: &[u8], secrets: &[&str]) -> Result<Accepted, Refusal> {
    let secrets: Vec<Secret> = secrets.iter().map(|words| words.parse().expect("a secret")).collect();
    let check = provider("unisender_go").expect("known").check.expect("a check");
    check(&Request { url: "https://in.example/", headers: &[], body }, &secrets, Time::from_micros(0))
}

const BODY: &str = r#"{"auth":"AUTH","events_by_user":[{"user_id":1,"events":[]}]}"#;

#[test]
fn a_valid_signature_is_accepted_however_the_body_is_written() {
    let written = [
        BODY,
        "{ \"events_by_user\": [],\n\t\"auth\" : \"AUTH\" }\n",
        r#"{"note":"Метаданные \u041c","auth":"AUTH"}"#,
        r#"{"inner":{"auth":"x"},"auth":"AUTH","list":["auth"]}"#,
        r#"{"a\u0075th":"AUTH"}"#,
    ];
    for body in written {
        assert_eq!(check(signed("k1", body).as_bytes(), &["k1"]), Ok(Accepted::default()), "{body}");
    }
    let upper = signed("k1", BODY);
    let digest = upper.get(9..41).expect("a digest").to_owned();
    assert!(check(upper.replace(&digest, &digest.to_uppercase()).as_bytes(), &["k1"]).is_ok());
}

#[test]
fn a_wrong_key_is_refused() {
    assert_eq!(check(signed("k2", BODY).as_bytes(), &["k1"]), Err(Refusal::WrongSignature));
    assert_eq!(check(signed("k1", BODY).as_bytes(), &[]), Err(Refusal::NoSecret));
}

#[test]
fn a_changed_or_rewritten_body_is_refused() {
    let good = signed("k1", BODY);
    let rewritten = serde_json::from_str::<serde_json::Value>(&good).expect("JSON");
    let rewritten = serde_json::to_string_pretty(&rewritten).expect("writes");
    for changed in
        [good.replace("\"user_id\":1", "\"user_id\":2"), rewritten, format!("{good}\n"), good.replace("auth", "autb")]
    {
        assert!(check(changed.as_bytes(), &["k1"]).is_err(), "{changed}");
    }
}

#[test]
fn a_changed_signature_is_refused() {
    let zeros = "0".repeat(32);
    assert_eq!(check(BODY.replace("AUTH", &zeros).as_bytes(), &["k1"]), Err(Refusal::WrongSignature));
    for bad in ["", " ", ":", "{", "\\\"", "00", &"0".repeat(33), &"g".repeat(32)] {
        assert_eq!(check(BODY.replace("AUTH", bad).as_bytes(), &["k1"]), Err(Refusal::Malformed), "{bad}");
    }
    for bad in ["0", "null", "[]", "{}", "true"] {
        let body = format!("{{\"auth\": {bad}, \"events_by_user\": []}}");
        assert_eq!(check(body.as_bytes(), &["k1"]), Err(Refusal::Malformed), "{bad}");
    }
    for none in ["", "[]", "{}", "{\"events_by_user\": []}", "auth", "{\"inner\": {\"auth\": \"x\"}}"] {
        assert_eq!(check(none.as_bytes(), &["k1"]), Err(Refusal::Unsigned), "{none}");
    }
}

/// Whoever knows a signed body can sign it with a tail of their own, without the key: MD5 goes on from its digest. The tail begins
/// with the padding of the first message.
#[test]
fn a_body_that_was_extended_is_refused() {
    let key = "k1";
    let mut tail = vec![0x80];
    let length = BODY.replace("AUTH", key).len();
    tail.resize(1 + (119 - length % 64) % 64, 0);
    tail.extend((u64::try_from(length).expect("small") * 8).to_le_bytes());
    tail.extend(br#"{"event_name":"transactional_email_status","status":"spam","email":"ada@example.com"}"#);
    let whole = [BODY.replace("AUTH", key).into_bytes(), tail.clone()].concat();
    let forged = [BODY.replace("AUTH", &hex(&Md5::digest(&whole))).into_bytes(), tail].concat();
    assert_eq!(check(&forged, &[key]), Err(Refusal::Malformed));
    assert_eq!(check(format!("{0}{0}", signed(key, BODY)).as_bytes(), &[key]), Err(Refusal::Malformed));
}

#[test]
fn either_of_two_keys_is_good_while_one_replaces_the_other() {
    for key in ["old", "new"] {
        assert!(check(signed(key, BODY).as_bytes(), &["new", "old"]).is_ok(), "{key}");
    }
}
