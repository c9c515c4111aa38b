//! Who may post for the providers that sign nothing: basic authentication, a bearer token, or a header of our choice.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use domain::Time;
use providers::{Accepted, Refusal, Request, Secret, provider};

/// The providers that are checked so.
const PROVIDERS: [&str; 3] = ["brevo", "postmark", "sparkpost"];

/// `Aladdin:open sesame`, as RFC 7617 writes it.
const BASIC: (&str, &str) = ("authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");

fn check(headers: &[(&str, &str)], secrets: &[&str]) -> Result<Accepted, Refusal> {
    let secrets: Vec<Secret> = secrets.iter().map(|words| words.parse().expect("a secret")).collect();
    let request = Request { url: "https://in.example/", headers, body: b"{}" };
    let verdicts = PROVIDERS.map(|name| {
        let check = provider(name).expect("known").check.expect("a check");
        check(&request, &secrets, Time::from_micros(0))
    });
    assert!(verdicts.windows(2).all(|two| two.first() == two.last()), "{verdicts:?}");
    verdicts.into_iter().next().expect("one")
}

#[test]
fn good_credentials_are_accepted() {
    assert_eq!(check(&[BASIC], &["basic:Aladdin:open sesame"]), Ok(Accepted::default()));
    assert!(check(&[("Authorization", "basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")], &["basic:Aladdin:open sesame"]).is_ok());
    assert!(check(&[("Authorization", "Bearer t0ken")], &["bearer:t0ken"]).is_ok());
    assert!(check(&[("X-Hook-Secret", "v1")], &["header:x-hook-secret:v1"]).is_ok());
}

#[test]
fn wrong_credentials_are_refused() {
    for wrong in ["basic:Aladdin:open sesam", "basic:aladdin:open sesame", "basic:Aladdin:", "basic:x:y"] {
        assert_eq!(check(&[BASIC], &[wrong]), Err(Refusal::WrongCredentials), "{wrong}");
    }
    assert_eq!(check(&[("Authorization", "Bearer t0ke")], &["bearer:t0ken"]), Err(Refusal::WrongCredentials));
    assert_eq!(check(&[("X-Hook-Secret", "v2")], &["header:X-Hook-Secret:v1"]), Err(Refusal::WrongCredentials));
}

#[test]
fn a_changed_header_is_refused() {
    assert_eq!(check(&[("Authorization", "Digest QQ==")], &["basic:A:b"]), Err(Refusal::Unsigned));
    assert_eq!(check(&[("Authorization", "Basic !")], &["basic:A:b"]), Err(Refusal::Unsigned));
    assert_eq!(check(&[("Authorization", "Basic")], &["basic:A:b"]), Err(Refusal::Unsigned));
    assert_eq!(check(&[("X-Other", "v1")], &["header:X-Hook-Secret:v1"]), Err(Refusal::Unsigned));
}

#[test]
fn no_credentials_are_refused() {
    assert_eq!(check(&[], &["basic:A:b"]), Err(Refusal::Unsigned));
    assert_eq!(check(&[("Authorization", "")], &["bearer:t"]), Err(Refusal::Unsigned));
}

#[test]
fn either_of_two_secrets_is_good_while_one_replaces_the_other() {
    let rotated = ["basic:new:password", "basic:Aladdin:open sesame"];
    assert!(check(&[BASIC], &rotated).is_ok());
    assert!(check(&[("Authorization", "Basic bmV3OnBhc3N3b3Jk")], &rotated).is_ok());
    assert_eq!(check(&[BASIC], &["basic:new:password"]), Err(Refusal::WrongCredentials));
    assert!(check(&[("Authorization", "Bearer t")], &["basic:new:password", "bearer:t"]).is_ok(), "of two kinds");
}

#[test]
fn an_account_without_a_secret_takes_nothing() {
    assert_eq!(check(&[BASIC], &[]), Err(Refusal::NoSecret));
    assert_eq!(check(&[BASIC], &["key:signs-nothing-here"]), Err(Refusal::NoSecret));
}
