//! Mailgun's signature, which covers time and token but not the event.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use domain::Time;
use providers::{Refusal, Replays, Request, Secret, Token, provider};

const STAMP: &str = "1735725600";
const TOKEN: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a697887";
/// HMAC-SHA256 of time and token under `key-new-0123`, and under `key-old-4567`.
const NEW: &str = "73aed927aa44dba32dfc685c8a2ece8ee0ee22ed18e8ebebecd88405b30a5a5b";
const OLD: &str = "c67e1061365f978d151d1e827cff22ff3f1555effb290c8d0fd837d9195b2516";
const NOW: Time = Time::from_micros(1_735_725_660_000_000);
const HOUR: i64 = 3_600_000_000;

fn body(stamp: &str, token: &str, signature: &str, event: &str) -> String {
    format!(
        r#"{{"signature": {{"timestamp": "{stamp}", "token": "{token}", "signature": "{signature}"}}, "event-data": {{"event": "{event}", "id": "e1", "timestamp": 1735725600.5, "recipient": "ada@example.com"}}}}"#
    )
}

fn check(body: &str, keys: &[&str], now: Time) -> Result<Token, Refusal> {
    let secrets: Vec<Secret> = keys.iter().map(|key| Secret::Key((*key).to_owned())).collect();
    let request = Request { url: "https://in.example/", headers: &[], body: body.as_bytes() };
    let check = provider("mailgun").expect("known").check.expect("a check");
    check(&request, &secrets, now).map(|accepted| accepted.token.expect("a token"))
}

fn good() -> String {
    body(STAMP, TOKEN, NEW, "delivered")
}

#[test]
fn a_valid_signature_is_accepted() {
    assert_eq!(check(&good(), &["key-new-0123"], NOW).map(|token| token.words), Ok(TOKEN.to_owned()));
    let upper = body(STAMP, TOKEN, &NEW.to_uppercase(), "delivered");
    assert!(check(&upper, &["key-new-0123"], NOW).is_ok());
}

#[test]
fn a_wrong_key_is_refused() {
    assert_eq!(check(&good(), &["key-old-4567"], NOW), Err(Refusal::WrongSignature));
    assert_eq!(check(&good(), &[], NOW), Err(Refusal::NoSecret));
}

#[test]
fn a_changed_time_token_or_signature_is_refused() {
    let wrong = [
        body("1735725601", TOKEN, NEW, "delivered"),
        body(STAMP, "1f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a697887", NEW, "delivered"),
        body(STAMP, TOKEN, OLD, "delivered"),
        body(STAMP, TOKEN, "", "delivered"),
        body(STAMP, TOKEN, "00", "delivered"),
    ];
    for body in wrong {
        assert!(
            matches!(check(&body, &["key-new-0123"], NOW), Err(Refusal::WrongSignature | Refusal::Unsigned)),
            "{body}"
        );
    }
    assert_eq!(check(&body(STAMP, TOKEN, "zz", "delivered"), &["key-new-0123"], NOW), Err(Refusal::Malformed));
}

#[test]
fn a_body_without_a_signature_is_refused() {
    assert_eq!(check(r#"{"event-data": {"event": "delivered"}}"#, &["k"], NOW), Err(Refusal::Unsigned));
    assert_eq!(check("", &["k"], NOW), Err(Refusal::Malformed));
    assert_eq!(check("{", &["k"], NOW), Err(Refusal::Malformed));
}

#[test]
fn either_of_two_keys_is_good_while_one_replaces_the_other() {
    let rotated = ["key-new-0123", "key-old-4567"];
    assert!(check(&good(), &rotated, NOW).is_ok());
    assert!(check(&body(STAMP, TOKEN, OLD, "delivered"), &rotated, NOW).is_ok());
}

#[test]
fn an_event_of_a_subaccount_is_signed_by_its_parent_too() {
    let body = format!(
        r#"{{"signature": {{"timestamp": "{STAMP}", "token": "{TOKEN}", "signature": "{OLD}", "parent-signature": "{NEW}"}}, "event-data": {{"event": "delivered"}}}}"#
    );
    assert!(check(&body, &["key-new-0123"], NOW).is_ok());
}

#[test]
fn an_old_time_is_refused_and_the_last_retry_is_not() {
    assert!(check(&good(), &["key-new-0123"], NOW.plus_micros(8 * HOUR)).is_ok());
    assert_eq!(check(&good(), &["key-new-0123"], NOW.plus_micros(13 * HOUR)), Err(Refusal::OutOfTime));
    assert_eq!(check(&good(), &["key-new-0123"], NOW.plus_micros(-2 * HOUR)), Err(Refusal::OutOfTime));
}

#[test]
fn a_re_serialised_retry_is_the_same_and_a_replayed_token_is_refused() {
    let mut seen = Replays::default();
    let token = |body: &str| check(body, &["key-new-0123"], NOW).expect("good");
    assert_eq!(seen.admit(&token(&good()), NOW), Ok(()));
    let spaced = good().replace(": ", " :  ");
    assert_eq!(seen.admit(&token(&spaced), NOW), Ok(()), "the same event, written otherwise");
    let forged = body(STAMP, TOKEN, NEW, "complained");
    assert_eq!(seen.admit(&token(&forged), NOW), Err(Refusal::Replayed), "the signature does not cover the event");
}

#[test]
fn forms_of_old_carry_the_signature_among_their_fields() {
    let form = format!("event=opened&recipient=a%40example.com&timestamp={STAMP}&token={TOKEN}&signature={NEW}");
    assert!(check(&form, &["key-new-0123"], NOW).is_ok());
    assert_eq!(check(&form.replace("token=0", "token=1"), &["key-new-0123"], NOW), Err(Refusal::WrongSignature));
}
