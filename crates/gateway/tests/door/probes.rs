//! What providers ask while a webhook is set up: answered, and nothing is kept.

use providers::sign::{Signing, sign};

use crate::client::{ask, path, post};
use crate::site::{Plan, Which, now, open, secret};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_whether_anybody_is_here_is_answered() {
    let site = open(Plan::default()).await;
    for provider in providers::ALL {
        for (method, body) in [("HEAD", ""), ("GET", ""), ("POST", ""), ("POST", " \r\n")] {
            let answer = ask(site.at, method, &path(provider.name), &[], body.as_bytes()).await;
            assert_eq!(answer.status, 200, "{method} {}", provider.name);
        }
    }
    assert_eq!(ask(site.at, "POST", "/v1/webhooks/nobody/main", &[], b"{}").await.status, 404);
    assert_eq!(ask(site.at, "DELETE", &path("mailgun"), &[], b"").await.status, 405);
    assert_eq!(ask(site.at, "GET", "/metrics", &[], b"").await.status, 404, "nothing else is at this door");
    assert!(site.logged().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn mandrill_posts_an_empty_batch_under_a_key_of_its_own() {
    let site = open(Plan::default()).await;
    let (url, test) = (format!("https://in.example{}", path("mandrill")), "test-webhook".parse().expect("a secret"));
    let with = Signing { secret: &test, url: &url, topic: "", now: now(), nonce: "" };
    let posting = sign("mandrill", b"[]", &with).expect("signs");
    assert_eq!(post(site.at, "mandrill", &posting).await.status, 200);
    let posting = sign("mandrill", b"[{\"event\": \"open\"}]", &with).expect("signs");
    assert_eq!(post(site.at, "mandrill", &posting).await.status, 401, "that key signs nothing else");
}

#[tokio::test(flavor = "multi_thread")]
async fn sparkpost_posts_an_empty_batch_with_its_credentials() {
    let site = open(Plan::default()).await;
    let (secret, _) = secret("sparkpost", Which::Old);
    let with = Signing { secret: &secret, url: "", topic: "", now: now(), nonce: "" };
    let posting = sign("sparkpost", b"[{\"msys\":{}}]", &with).expect("signs");
    assert_eq!(post(site.at, "sparkpost", &posting).await.status, 200);
}
