//! Resend's signature (Svix's), over id, time and body.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use domain::Time;
use providers::{Refusal, Request, Secret, provider};

const ID: &str = "msg_2Lh9KRb0pzN4LePd3XiA4v12Axj";
const STAMP: &str = "1735725600";
const BODY: &str = r#"{"type":"email.sent","created_at":"2025-01-01T10:00:00.000Z","data":{"to":["a@example.com"]}}"#;
/// Base64 of `the new secret of ours` and of `the old secret of ours`.
const NEW_SECRET: &str = "whsec_dGhlIG5ldyBzZWNyZXQgb2Ygb3Vycw==";
const OLD_SECRET: &str = "whsec_dGhlIG9sZCBzZWNyZXQgb2Ygb3Vycw==";
/// HMAC-SHA256 of `ID.STAMP.BODY` under each.
const NEW: &str = "69Hvgm6qA9PmU3KqwcVnbwMu2M8qVwFGTMq2REVtUxU=";
const OLD: &str = "6RSSHYpH8cbL0CdqFr4qEVZJYNKRqqYnsn47cxjGLy8=";
const NOW: Time = Time::from_micros(1_735_725_600_000_000);
const MINUTE: i64 = 60_000_000;

fn check_all(headers: &[(&str, &str)], body: &str, secrets: &[&str], now: Time) -> Result<(), Refusal> {
    let secrets: Vec<Secret> = secrets.iter().map(|words| words.parse().expect("a secret")).collect();
    let request = Request { url: "https://in.example/", headers, body: body.as_bytes() };
    let check = provider("resend").expect("known").check.expect("a check");
    check(&request, &secrets, now).map(|_| ())
}

fn check(signatures: &str, body: &str, secrets: &[&str], now: Time) -> Result<(), Refusal> {
    check_all(&[("svix-id", ID), ("svix-timestamp", STAMP), ("svix-signature", signatures)], body, secrets, now)
}

fn v1(signature: &str) -> String {
    format!("v1,{signature}")
}

#[test]
fn a_valid_signature_is_accepted() {
    assert_eq!(check(&v1(NEW), BODY, &[NEW_SECRET], NOW), Ok(()));
    let bare = NEW_SECRET.strip_prefix("whsec_").expect("a prefix");
    assert_eq!(check(&v1(NEW), BODY, &[bare], NOW), Ok(()));
    let signature = v1(NEW);
    let standard = [("Webhook-Id", ID), ("Webhook-Timestamp", STAMP), ("Webhook-Signature", signature.as_str())];
    assert_eq!(check_all(&standard, BODY, &[NEW_SECRET], NOW), Ok(()));
}

#[test]
fn a_published_vector_of_svix_is_accepted() {
    let headers = [
        ("svix-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("svix-timestamp", "1614265330"),
        ("svix-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ];
    let now = Time::from_micros(1_614_265_330_000_000);
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    assert_eq!(check_all(&headers, r#"{"test": 2432232314}"#, &[secret], now), Ok(()));
}

#[test]
fn a_wrong_key_is_refused() {
    assert_eq!(check(&v1(NEW), BODY, &[OLD_SECRET], NOW), Err(Refusal::WrongSignature));
    assert_eq!(check(&v1(NEW), BODY, &[], NOW), Err(Refusal::NoSecret));
    assert_eq!(check(&v1(NEW), BODY, &["whsec_no base64"], NOW), Err(Refusal::NoSecret));
}

#[test]
fn a_changed_or_re_serialised_body_is_refused() {
    for body in [BODY.replace("sent", "bounced"), BODY.replace("\":", "\": "), format!("{BODY}\n"), String::new()] {
        assert_eq!(check(&v1(NEW), &body, &[NEW_SECRET], NOW), Err(Refusal::WrongSignature), "{body}");
    }
}

#[test]
fn a_changed_header_is_refused() {
    let signature = v1(NEW);
    let with = |id: &str, stamp: &str, signatures: &str| {
        let headers = [("svix-id", id), ("svix-timestamp", stamp), ("svix-signature", signatures)];
        check_all(&headers, BODY, &[NEW_SECRET], NOW)
    };
    assert_eq!(with("msg_other", STAMP, &signature), Err(Refusal::WrongSignature));
    assert_eq!(with(ID, "1735725601", &signature), Err(Refusal::WrongSignature));
    assert_eq!(with(ID, STAMP, &v1(OLD)), Err(Refusal::WrongSignature));
    for (id, stamp, signatures) in [("", STAMP, signature.as_str()), (ID, "", &signature), (ID, STAMP, "")] {
        assert_eq!(with(id, stamp, signatures), Err(Refusal::Unsigned));
    }
    for (stamp, signatures) in [("soon", signature.as_str()), (STAMP, "v2,AAAA"), (STAMP, "v1,!"), (STAMP, NEW)] {
        assert_eq!(with(ID, stamp, signatures), Err(Refusal::Malformed), "{stamp} {signatures}");
    }
}

#[test]
fn either_of_two_secrets_and_any_of_several_signatures_is_good() {
    let rotated = [NEW_SECRET, OLD_SECRET];
    assert_eq!((check(&v1(NEW), BODY, &rotated, NOW), check(&v1(OLD), BODY, &rotated, NOW)), (Ok(()), Ok(())));
    let both = format!("v1a,AAAA v1,AAAA v1,{OLD} v1,{NEW}");
    assert_eq!(check(&both, BODY, &[NEW_SECRET], NOW), Ok(()));
}

#[test]
fn an_old_time_is_refused() {
    for minutes in [-4, 4] {
        assert_eq!(check(&v1(NEW), BODY, &[NEW_SECRET], NOW.plus_micros(minutes * MINUTE)), Ok(()));
    }
    for minutes in [-6, 6] {
        let now = NOW.plus_micros(minutes * MINUTE);
        assert_eq!(check(&v1(NEW), BODY, &[NEW_SECRET], now), Err(Refusal::OutOfTime));
    }
}
