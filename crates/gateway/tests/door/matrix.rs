//! Signatures of every provider through HTTP: what is good, and everything that is not.

use gateway::rule;
use providers::sign::Posting;

use crate::client::post;
use crate::site::{Plan, Site, Which, delivery, open};

/// Providers that show credentials and sign nothing.
const UNSIGNED: [&str; 4] = ["brevo", "mailjet", "postmark", "sparkpost"];
/// Providers whose signature holds a time.
const TIMED: [&str; 4] = ["amazon_ses", "mailgun", "resend", "sendgrid"];
/// Providers that sign the bytes of the body, not its values.
const BYTES: [&str; 6] = ["mailersend", "mailtrap", "postal", "resend", "sendgrid", "unisender_go"];
const DAYS: i64 = 86_400;

fn names() -> impl Iterator<Item = &'static str> {
    providers::ALL.iter().map(|provider| provider.name)
}

/// Posts, and sees that it is kept or refused as expected, by the provider's own rule and in the words of every refusal.
async fn expect(site: &Site, provider: &str, posting: &Posting, good: bool, what: &str) {
    let before = site.logged().len();
    let answer = post(site.at, provider, posting).await;
    let (status, words) =
        if good { (200, "kept\n") } else { (rule(provider).expect("known").refused.as_u16(), "refused\n") };
    assert_eq!((answer.status, answer.body.as_str()), (status, words), "{provider}: {what}");
    assert_eq!(site.logged().len() - before, usize::from(good), "{provider}: {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn valid_rotated_and_wrong_keys() {
    let site = open(Plan::default()).await;
    for provider in names() {
        expect(&site, provider, &delivery(provider, Which::Old, "n-1", 0), true, "valid").await;
        let rotated = delivery(provider, Which::New, "n-2", 0);
        expect(&site, provider, &rotated, !matches!(provider, "amazon_ses" | "postal"), "signed with the new secret")
            .await;
        expect(&site, provider, &delivery(provider, Which::Foreign, "n-3", 0), false, "wrong key").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_bodies() {
    let site = open(Plan::default()).await;
    for provider in names() {
        let posting = delivery(provider, Which::Old, "n-1", 0);
        expect(&site, provider, &posting, true, "valid").await;
        let text = String::from_utf8(posting.body.clone()).expect("text");
        let changed = Posting { body: text.replace("ada", "eve").into_bytes(), ..posting };
        assert_ne!(text.as_bytes(), changed.body);
        // Mailgun's signature does not cover the event: there the token was used for another one.
        expect(&site, provider, &changed, UNSIGNED.contains(&provider), "changed body").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_were_read_and_written_again() {
    let site = open(Plan::default()).await;
    for provider in names().filter(|provider| *provider != "mandrill") {
        let posting = delivery(provider, Which::Old, "n-1", 0);
        let value: serde_json::Value = serde_json::from_slice(&posting.body).expect("JSON");
        let written = Posting { body: serde_json::to_vec_pretty(&value).expect("writes"), ..posting };
        expect(&site, provider, &written, !BYTES.contains(&provider), "re-serialised").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_and_missing_headers() {
    let site = open(Plan::default()).await;
    let says_who = |name: &str| !name.eq_ignore_ascii_case("content-type") && !name.starts_with("x-amz-");
    for provider in names() {
        let posting = delivery(provider, Which::Old, "n-1", 0);
        let shown: Vec<usize> = (0..posting.headers.len()).filter(|at| says_who(&posting.headers[*at].0)).collect();
        let in_body = matches!(provider, "amazon_ses" | "mailgun" | "unisender_go");
        assert_eq!(shown.is_empty(), in_body, "{provider}");
        for at in shown {
            let mut changed = posting.clone();
            changed.headers[at].1.insert(1, '0');
            // Postal shows two signatures, of which the newer one is looked at where it is there.
            let postal_older = provider == "postal" && changed.headers[at].0 == "X-Postal-Signature";
            expect(&site, provider, &changed, postal_older, &changed.headers[at].0).await;
        }
        let mut bare = posting.clone();
        bare.headers.retain(|(name, _)| !says_who(name));
        expect(&site, provider, &bare, in_body, "without its headers").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_signatures_and_replays() {
    let site = open(Plan::default()).await;
    for provider in names() {
        let old = delivery(provider, Which::Old, "n-1", 3 * DAYS);
        expect(&site, provider, &old, !TIMED.contains(&provider), "three days old").await;
        // A retry is the same request again: it is kept again, and counted once by the folds.
        let posting = delivery(provider, Which::Old, "n-2", 0);
        expect(&site, provider, &posting, true, "first").await;
        expect(&site, provider, &posting, true, "again").await;
    }
    let (one, other) = (delivery("mailgun", Which::Old, "t-1", 0), delivery("mailgun", Which::Old, "t-2", 0));
    expect(&site, "mailgun", &one, true, "a token").await;
    let signature = |posting: &Posting| -> serde_json::Value {
        serde_json::from_slice::<serde_json::Value>(&posting.body).expect("JSON")["signature"].clone()
    };
    let mut replayed: serde_json::Value = serde_json::from_slice(&other.body).expect("JSON");
    replayed["signature"] = signature(&one);
    let replayed = Posting { body: replayed.to_string().into_bytes(), ..other };
    expect(&site, "mailgun", &replayed, false, "a token that stood for another event").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_account_is_refused_as_a_wrong_key_is() {
    let site = open(Plan::default()).await;
    for provider in names() {
        let posting = delivery(provider, Which::Foreign, "n-1", 0);
        let wrong = post(site.at, provider, &posting).await;
        let path = format!("/v1/webhooks/{provider}/nobody");
        let unknown = crate::client::ask(site.at, "POST", &path, &posting.headers, &posting.body).await;
        assert_eq!((unknown.status, unknown.body), (wrong.status, wrong.body), "{provider}");
    }
    assert!(site.logged().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_what_was_posted_without_the_credentials() {
    let site = open(Plan::default()).await;
    for provider in names() {
        let posting = delivery(provider, Which::Old, "n-1", 0);
        post(site.at, provider, &posting).await;
        let kept = site.logged().into_iter().find(|kept| kept.provider == provider).expect("kept");
        assert_eq!((kept.account.as_str(), &kept.body[..]), ("main", &posting.body[..]), "{provider}");
        for (name, value) in &posting.headers {
            let found = kept.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
            let is_secret = name == "Authorization";
            assert_eq!(found.map(|header| &header.value), (!is_secret).then_some(value), "{provider}: {name}");
        }
    }
}
