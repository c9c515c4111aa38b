//! Mandrill's signature over the public URL and the form's sorted fields.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use domain::Time;
use providers::{Refusal, Request, Secret, provider};

const URL: &str = "https://user:word@in.example/v1/webhooks/mandrill/main?a=b";
const BODY: &str = "mandrill_events=%5B%7B%22event%22%3A%22open%22%7D%5D&extra=a+b";
/// HMAC-SHA1 of URL, then `extra`, `a b`, `mandrill_events` and its value, under `key-new-0123` and `key-old-4567`.
const NEW: &str = "Kq3CbPIyG6RG4c8h4gDgjOxxo3E=";
const OLD: &str = "NduMqvUYeFE5MGuazv9pSmXYHAM=";
/// The same of an empty batch under `test-webhook`.
const SET_UP: &str = "KmyHzSANcyabox6h9dcPwXyrdUA=";

fn check(url: &str, body: &str, signature: &str, keys: &[&str]) -> Result<(), Refusal> {
    let secrets: Vec<Secret> = keys.iter().map(|key| Secret::Key((*key).to_owned())).collect();
    let headers = [("Host", "in.example"), ("x-mandrill-signature", signature)];
    let request = Request { url, headers: &headers, body: body.as_bytes() };
    let check = provider("mandrill").expect("known").check.expect("a check");
    check(&request, &secrets, Time::from_micros(0)).map(|accepted| assert!(accepted.token.is_none()))
}

#[test]
fn a_valid_signature_is_accepted_whatever_the_order_and_coding_of_the_fields() {
    assert_eq!(check(URL, BODY, NEW, &["key-new-0123"]), Ok(()));
    let other = "extra=a%20b&mandrill_events=%5b%7b%22event%22%3a%22open%22%7d%5d";
    assert_eq!(check(URL, other, NEW, &["key-new-0123"]), Ok(()));
}

#[test]
fn a_wrong_key_is_refused() {
    assert_eq!(check(URL, BODY, NEW, &["key-old-4567"]), Err(Refusal::WrongSignature));
    assert_eq!(check(URL, BODY, NEW, &[]), Err(Refusal::NoSecret));
}

#[test]
fn the_exact_public_url_is_signed() {
    for url in [&format!("{URL}/"), "https://in.example/v1/webhooks/mandrill/main?a=b", &URL.replace("?a=b", "")] {
        assert_eq!(check(url, BODY, NEW, &["key-new-0123"]), Err(Refusal::WrongSignature), "{url}");
    }
}

#[test]
fn a_changed_or_re_serialised_body_is_refused() {
    for body in [
        BODY.replace("open", "spam"),
        BODY.replace("%3A%22", "%3A+%22"),
        BODY.replace("&extra=a+b", ""),
        format!("{BODY}&z=1"),
    ] {
        assert_eq!(check(URL, &body, NEW, &["key-new-0123"]), Err(Refusal::WrongSignature), "{body}");
    }
    assert_eq!(check(URL, "[]", NEW, &["key-new-0123"]), Err(Refusal::Malformed), "no form");
}

#[test]
fn a_changed_header_is_refused() {
    assert_eq!(check(URL, BODY, OLD, &["key-new-0123"]), Err(Refusal::WrongSignature));
    assert_eq!(check(URL, BODY, "", &["key-new-0123"]), Err(Refusal::Unsigned));
    assert_eq!(check(URL, BODY, "not base64!", &["key-new-0123"]), Err(Refusal::Malformed));
    assert_eq!(check(URL, BODY, "AAAA", &["key-new-0123"]), Err(Refusal::WrongSignature));
}

#[test]
fn either_of_two_keys_is_good_while_one_replaces_the_other() {
    let rotated = ["key-new-0123", "key-old-4567"];
    assert_eq!((check(URL, BODY, NEW, &rotated), check(URL, BODY, OLD, &rotated)), (Ok(()), Ok(())));
}

#[test]
fn the_set_up_probe_is_signed_with_a_key_of_its_own_and_holds_nothing() {
    let empty = "mandrill_events=%5B%5D";
    assert_eq!(check(URL, empty, SET_UP, &["key-new-0123"]), Ok(()));
    assert_eq!(check(URL, empty, NEW, &["key-new-0123"]), Err(Refusal::WrongSignature));
    let filled = "mandrill_events=%5B1%5D";
    assert_eq!(
        check(URL, filled, "0z8BLlReykY5OPuLaoS2S4hd4n4=", &["key-new-0123"]),
        Err(Refusal::WrongSignature),
        "anybody knows that key"
    );
}
