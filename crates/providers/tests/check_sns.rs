//! Who may post as Amazon SNS: the signature, the topic, the time, and where a certificate may come from. The certificate was made for
//! these tests and is valid from 2025 to 2035.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Time;
use providers::sns::{Certificate, Envelope, Kind, check_raw, is_raw};
use providers::{Accepted, Refusal, Request, Secret};
use rsa::RsaPrivateKey;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding as _, Signer as _};
use serde_json::{Value, json};
use sha1::Sha1;

const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:ses";
const URL: &str = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem";
const CONFIRM: &str =
    "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:x&Token=2336";
/// 2025-06-01T10:00:05Z, five seconds after the messages.
const NOW: i64 = 1_748_772_005_000_000;

fn private(pem: &str) -> RsaPrivateKey {
    RsaPrivateKey::from_pkcs8_pem(pem).expect("a key")
}

/// A message with these fields over the common ones, signed with the key as its version says; null takes a field away.
fn signed_with(pem: &str, fields: &Value) -> String {
    let mut message = json!({
        "Type": "Notification", "MessageId": "m-1", "TopicArn": TOPIC, "Message": "{\"eventType\": \"Send\"}\n\u{e4}",
        "Timestamp": "2025-06-01T10:00:00.000Z", "SignatureVersion": "1", "SigningCertURL": URL,
    });
    let message = message.as_object_mut().expect("an object");
    for (name, value) in fields.as_object().expect("fields") {
        message.insert(name.clone(), value.clone());
    }
    message.retain(|_, value| !value.is_null());
    let order = match message.get("Type").and_then(Value::as_str) {
        Some("Notification") => "Message MessageId Subject Timestamp TopicArn Type",
        _ => "Message MessageId SubscribeURL Timestamp Token TopicArn Type",
    };
    let line = |name: &str| Some(format!("{name}\n{}\n", message.get(name)?.as_str()?));
    let lines: String = order.split(' ').filter_map(line).collect();
    let signature = match message.get("SignatureVersion").and_then(Value::as_str) {
        Some("2") => SigningKey::<Sha256>::new(private(pem)).sign(lines.as_bytes()).to_vec(),
        _ => SigningKey::<Sha1>::new(private(pem)).sign(lines.as_bytes()).to_vec(),
    };
    message.insert("Signature".to_owned(), json!(STANDARD.encode(signature)));
    serde_json::to_string_pretty(message).expect("writes")
}

fn signed(fields: &Value) -> String {
    signed_with(include_str!("keys/one.pem"), fields)
}

fn certificate() -> Certificate {
    Certificate::read(include_bytes!("keys/one.crt")).expect("a certificate")
}

fn check_at(body: &str, topics: &[&str], now: i64) -> Result<Accepted, Refusal> {
    Envelope::of(body.as_bytes())?.check(topics, &certificate(), Time::from_micros(now))
}

fn check(body: &str) -> Result<Accepted, Refusal> {
    check_at(body, &[TOPIC], NOW)
}

#[test]
fn both_versions_of_the_signature_are_good() {
    for version in ["1", "2"] {
        for subject in [json!(null), json!("Amazon SES Email Event Notification")] {
            let body = signed(&json!({"SignatureVersion": version, "Subject": subject}));
            assert_eq!(check(&body), Ok(Accepted::default()), "{body}");
        }
    }
}

#[test]
fn confirmations_sign_other_fields() {
    for (kind, expected) in [
        ("SubscriptionConfirmation", Kind::SubscriptionConfirmation),
        ("UnsubscribeConfirmation", Kind::UnsubscribeConfirmation),
    ] {
        let body = signed(&json!({"Type": kind, "Token": "2336", "SubscribeURL": CONFIRM}));
        assert_eq!(check(&body), Ok(Accepted::default()), "{kind}");
        let envelope = Envelope::of(body.as_bytes()).expect("an envelope");
        assert_eq!(envelope.kind(), expected);
        assert_eq!(envelope.confirmation_url().is_some(), kind == "SubscriptionConfirmation");
        assert_eq!(check(&body.replace("2336", "2337")), Err(Refusal::WrongSignature));
    }
}

#[test]
fn a_body_that_was_written_again_is_still_good_and_says_the_same() {
    let body = signed(&json!({}));
    let again = serde_json::from_str::<Value>(&body).expect("JSON").to_string();
    assert_ne!(body, again);
    assert!(check(&again).is_ok(), "the fields are signed, not the bytes");
}

#[test]
fn a_wrong_key_is_refused() {
    let body = signed_with(include_str!("keys/other.pem"), &json!({}));
    assert_eq!(check(&body), Err(Refusal::WrongSignature));
}

#[test]
fn a_changed_field_is_refused() {
    let body = signed(&json!({"Subject": "S"}));
    for (from, to) in [("Send", "Open"), ("m-1", "m-2"), ("10:00:00", "10:00:01"), ("\"S\"", "\"T\"")] {
        assert_eq!(check(&body.replace(from, to)), Err(Refusal::WrongSignature), "{from}");
    }
    assert_eq!(
        check(&body.replace("\"SignatureVersion\": \"1\"", "\"SignatureVersion\": \"2\"")),
        Err(Refusal::WrongSignature)
    );
}

#[test]
fn what_is_no_envelope_is_refused() {
    let body = signed(&json!({}));
    assert_eq!(check(&format!("{body}{body}")), Err(Refusal::Malformed), "one envelope and nothing else");
    assert_eq!(check(&format!("[{body}]")), Err(Refusal::Unsigned));
    assert_eq!(check("{\"eventType\": \"Send\"}"), Err(Refusal::Unsigned));
    assert_eq!(check("event=Send"), Err(Refusal::Malformed));
    for field in ["Message", "MessageId", "TopicArn", "Timestamp", "SigningCertURL", "SignatureVersion", "Type"] {
        let mut lacking = serde_json::from_str::<Value>(&body).expect("JSON");
        lacking.as_object_mut().expect("an object").remove(field);
        assert_eq!(check(&lacking.to_string()), Err(Refusal::Malformed), "{field}");
    }
    assert_eq!(check(&signed(&json!({"SignatureVersion": "3"}))), Err(Refusal::Malformed));
    assert_eq!(check(&body.replace("\"Signature\": \"", "\"Signature\": \"!")), Err(Refusal::Malformed));
    assert_eq!(check(&body.replace("\"Signature\": \"", "\"Signature\": \"AAAA")), Err(Refusal::WrongSignature));
}

#[test]
fn of_a_field_given_twice_the_same_one_is_checked_and_read() {
    let body = signed(&json!({}));
    let before = body.replacen('{', "{\"Message\": \"{}\",", 1);
    assert!(check(&before).is_ok(), "the last holds, for the decoder too");
    let behind = body.trim_end().strip_suffix('}').expect("an object").to_owned() + ",\"Message\": \"{}\"}";
    assert_eq!(check(&behind), Err(Refusal::WrongSignature));
}

#[test]
fn a_topic_of_somebody_else_is_refused_although_amazon_signed_it() {
    let body = signed(&json!({"TopicArn": "arn:aws:sns:eu-west-1:666666666666:ses"}));
    assert_eq!(check(&body), Err(Refusal::ForeignTopic));
    assert_eq!(check_at(&signed(&json!({})), &[], NOW), Err(Refusal::NoSecret));
    assert!(check_at(&signed(&json!({})), &["arn:aws:sns:eu-west-1:123456789012:old", TOPIC], NOW).is_ok());
    assert_eq!(check_at(&signed(&json!({})), &[&TOPIC.to_uppercase()], NOW), Err(Refusal::ForeignTopic));
}

#[test]
fn an_old_timestamp_is_refused() {
    let body = signed(&json!({}));
    let hour = 3_600_000_000;
    assert!(check_at(&body, &[TOPIC], NOW + 23 * hour).is_ok());
    assert_eq!(check_at(&body, &[TOPIC], NOW + 25 * hour), Err(Refusal::OutOfTime));
    assert_eq!(check_at(&body, &[TOPIC], NOW - hour), Err(Refusal::OutOfTime));
}

#[test]
fn a_certificate_is_good_while_it_is_valid() {
    let body = |at: &str| signed(&json!({"Timestamp": at}));
    let day = 86_400_000_000;
    assert_eq!(
        check_at(&body("2024-06-01T10:00:00.000Z"), &[TOPIC], NOW - 366 * day),
        Err(Refusal::ForeignCertificate)
    );
    assert_eq!(
        check_at(&body("2036-06-01T10:00:00.000Z"), &[TOPIC], NOW + 4_018 * day),
        Err(Refusal::ForeignCertificate)
    );
    assert_eq!(certificate().until().rfc3339(), "2035-01-01T00:00:00Z");
    for pem in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", include_str!("keys/one.pem")] {
        assert_eq!(Certificate::read(pem.as_bytes()), Err(Refusal::ForeignCertificate));
    }
    let chain =
        [include_str!("keys/one.crt"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"].concat();
    assert_eq!(Certificate::read(chain.as_bytes()), Ok(certificate()));
}

/// Beginnings of links that do not lead to SNS.
const FOREIGN: [&str; 20] = [
    "http://sns.eu-west-1.amazonaws.com",
    "HTTPS://sns.eu-west-1.amazonaws.com",
    " https://sns.eu-west-1.amazonaws.com",
    "https://sns.eu-west-1.amazonaws.com:443",
    "https://sns.eu-west-1.amazonaws.com:8443",
    "https://user@sns.eu-west-1.amazonaws.com",
    "https://sns.eu-west-1.amazonaws.com@evil.example",
    "https://sns.eu-west-1.amazonaws.com%40evil.example",
    "https://evil.example",
    "https://sns.eu-west-1.amazonaws.com.evil.example",
    "https://sns.evil.example/.amazonaws.com",
    "https://sns.evil.example#.amazonaws.com",
    "https://sns.evil.example?.amazonaws.com",
    "https://sns.evil.example\\.amazonaws.com",
    "https://sns.a.b.amazonaws.com",
    "https://sns..amazonaws.com",
    "https://sns.amazonaws.com",
    "https://s3.eu-west-1.amazonaws.com",
    "https://169.254.169.254",
    "https://sns.169.254.169.254",
];

#[test]
fn a_certificate_comes_from_amazons_place_only() {
    let hosts = FOREIGN.iter().map(|host| format!("{host}/SimpleNotificationService-ab.pem"));
    let paths = [
        "/bucket/SimpleNotificationService-ab.pem",
        "/SimpleNotificationService-../ab.pem",
        "/SimpleNotificationService-.pem",
        "/SimpleNotificationService-ab.pem?x=1",
        "/SimpleNotificationService-ab.pem#x",
        "/?url=https://evil.example/SimpleNotificationService-ab.pem",
        "",
    ];
    for url in hosts.chain(paths.map(|path| format!("https://sns.eu-west-1.amazonaws.com{path}"))) {
        let body = signed(&json!({"SigningCertURL": url}));
        let envelope = Envelope::of(body.as_bytes()).expect("an envelope");
        assert_eq!(envelope.certificate_url(), Err(Refusal::ForeignCertificate), "{url}");
        assert_eq!(check(&body), Err(Refusal::ForeignCertificate), "{url}");
    }
    for url in [URL, "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-ab.pem"] {
        assert!(check(&signed(&json!({"SigningCertURL": url}))).is_ok(), "{url}");
    }
}

#[test]
fn a_subscription_is_confirmed_at_amazon_only() {
    let link = |url: &str| {
        let body = signed(&json!({"Type": "SubscriptionConfirmation", "Token": "t", "SubscribeURL": url}));
        Envelope::of(body.as_bytes()).expect("an envelope").confirmation_url().map(str::to_owned)
    };
    assert_eq!(link(CONFIRM).as_deref(), Some(CONFIRM));
    for host in FOREIGN {
        assert_eq!(link(&format!("{host}/?Action=ConfirmSubscription&Token=t")), None, "{host}");
    }
    for path in [
        "?Action=Publish&Token=t",
        "?Action=ConfirmSubscription",
        "?Action=ConfirmSubscription&Token=t#x",
        "?Action=ConfirmSubscription&Token=t x",
        "x?Action=ConfirmSubscription&Token=t",
    ] {
        assert_eq!(link(&format!("https://sns.eu-west-1.amazonaws.com/{path}")), None, "{path}");
    }
}

#[test]
fn raw_delivery_goes_by_credentials() {
    let secrets = [Secret::Basic("Aladdin:open sesame".to_owned())];
    let at = |headers: &[(&str, &str)]| {
        check_raw(&Request { url: "", headers, body: b"{}" }, &secrets, Time::from_micros(NOW))
    };
    assert_eq!(at(&[("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")]), Ok(Accepted::default()));
    assert_eq!(at(&[("x-amz-sns-rawdelivery", "true")]), Err(Refusal::Unsigned));
}

#[test]
fn raw_delivery_says_so_in_a_header() {
    let raw = |headers: &[(&str, &str)]| is_raw(&Request { url: "", headers, body: b"{}" });
    assert!(raw(&[("X-Amz-Sns-RawDelivery", "true")]));
    assert!(!raw(&[("x-amz-sns-rawdelivery", "false")]) && !raw(&[]));
}
