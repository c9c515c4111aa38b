//! Amazon SNS: whose topic, whose certificate, and what is never fetched.

use std::sync::atomic::Ordering;

use providers::sign::Posting;

use crate::client::post;
use crate::site::{CERTIFICATE, Plan, TOPIC, Which, delivery, open};

const PLACE: &str = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem";

/// Where certificates do not come from.
const ATTACKS: [&str; 22] = [
    "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
    "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0.pem",
    "https://ada:pw@sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
    "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0.pem",
    "https://evil.example/sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
    "https://evil.example#sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
    "https://evil.example?sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
    "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0.pem",
    "https://sns.eu-west-1.amazonaws.com:443/SimpleNotificationService-0.pem",
    "https://sns.s3-eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
    "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0.pem",
    "https://sns.eu-west-1.s3.amazonaws.com/SimpleNotificationService-0.pem",
    "https://s3.amazonaws.com/sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
    "https://sns.eu-west-1.amazonaws.com/redirect?to=https://evil.example/SimpleNotificationService-0.pem",
    "https://sns.eu-west-1.amazonaws.com/../SimpleNotificationService-0.pem",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem?x=.pem",
    "https://169.254.169.254/SimpleNotificationService-0.pem",
    "https://127.0.0.1/SimpleNotificationService-0.pem",
    "https://[::1]/SimpleNotificationService-0.pem",
    "file:///etc/SimpleNotificationService-0.pem",
    "https://sns.eu-west-1.amazonaws.com\\@evil.example/SimpleNotificationService-0.pem",
    "https://\u{455}ns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
];

/// The address of the certificate is not signed: anybody can write another.
fn with_place(posting: &Posting, place: &str) -> Posting {
    let mut body: serde_json::Value = serde_json::from_slice(&posting.body).expect("JSON");
    assert_eq!(body["SigningCertURL"], PLACE);
    body["SigningCertURL"] = place.into();
    Posting { body: body.to_string().into_bytes(), ..posting.clone() }
}

fn fetching() -> Plan {
    Plan { certificate: false, fetched: Ok(CERTIFICATE.to_vec()), ..Plan::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_attack_on_the_certificates_place_makes_a_request() {
    let site = open(fetching()).await;
    let posting = delivery("amazon_ses", Which::Old, "n-1", 0);
    for place in ATTACKS {
        let answer = post(site.at, "amazon_ses", &with_place(&posting, place)).await;
        assert_eq!((answer.status, answer.body.as_str()), (503, "refused\n"), "{place}");
    }
    assert_eq!((site.fetches.load(Ordering::SeqCst), site.logged().len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_topic_makes_no_request_though_its_signature_is_amazon_s() {
    let site = open(fetching()).await;
    let posting = delivery("amazon_ses", Which::Old, "n-1", 0);
    let text = String::from_utf8(posting.body.clone()).expect("text");
    let foreign = Posting { body: text.replace(TOPIC, "arn:aws:sns:eu-west-1:666:ses").into_bytes(), ..posting };
    assert_eq!(post(site.at, "amazon_ses", &foreign).await.status, 503);
    assert_eq!((site.fetches.load(Ordering::SeqCst), site.logged().len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_fetched_once() {
    let site = open(fetching()).await;
    for nonce in ["n-1", "n-2", "n-3"] {
        assert_eq!(post(site.at, "amazon_ses", &delivery("amazon_ses", Which::Old, nonce, 0)).await.status, 200);
    }
    assert_eq!((site.fetches.load(Ordering::SeqCst), site.logged().len()), (1, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_certificate_a_message_is_to_come_again_and_fetches_are_few() {
    let site = open(Plan { certificate: false, ..Plan::default() }).await;
    let posting = delivery("amazon_ses", Which::Old, "n-1", 0);
    for number in 0..30 {
        let place = format!("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-{number}.pem");
        let answer = post(site.at, "amazon_ses", &with_place(&posting, &place)).await;
        assert_eq!((answer.status, answer.body.as_str()), (503, "come again\n"));
    }
    assert_eq!((site.fetches.load(Ordering::SeqCst), site.logged().len()), (10, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_delivery_shows_credentials() {
    use base64::Engine as _;
    let site = open(Plan::default()).await;
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let body = br#"{"eventType": "Send", "mail": {}, "send": {}}"#.to_vec();
    for (pair, status) in [("ada:raw", 200), ("ada:wrong", 503)] {
        let shown = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
        let headers = vec![header("x-amz-sns-rawdelivery", "true"), header("authorization", &shown)];
        assert_eq!(post(site.at, "amazon_ses", &Posting { headers, body: body.clone() }).await.status, status);
    }
}
