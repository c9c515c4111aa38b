//! The pages as a browser gets them: who may see what, nothing of another organisation, nothing that a name can inject.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use contract::Proto as _;
use contract::proto::campaign::v1::CampaignStats;
use contract::proto::platform::v1::{self as platform, Organisation};
use contract::proto::private::v1::{Mail, Person, Private, private::Row};
use contract::topic::Topic;
use dashboard::{Access, Dashboard, ROUTES, Role, Rule, Viewer, grant, router};
use domain::{Attribution, Event, EventId, Fact, Message, Rank, Time};
use engine::{Output, Record, TopicPartition};
use log::model::Model;
use log::{Cleanup, Log as _, TopicSpec};
use store::{Memory, Stores as _};
use tower::ServiceExt as _;
use view::{Follow, TOPICS, Tile, View};

/// What a mailer or a provider may send as a name.
const HOSTILE: [&str; 8] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'; alert(1); //",
    "</title><svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{7*7}}${7*7}",
    "\u{202e}gnp.exe\u{0}",
    "&lt;b&gt;&amp;",
];

struct Site {
    pages: Router,
    token: String,
    follow: Follow,
    _folder: tempfile::TempDir,
}

fn row(name: &str, kind: Fact) -> Vec<u8> {
    let mut message = Message::default();
    message.fold(&Event {
        organisation: "acme".into(),
        message: "m1".into(),
        id: EventId([1; 16]),
        time: Time::from_micros(1_777_680_000_000_000),
        decoder: 1,
        retracted: false,
        rank: Rank::Send,
        attribution: Attribution {
            campaign: Some("c/1 ?".into()),
            client: Some(name.into()),
            ..Attribution::default()
        },
        provider: String::new(),
        fact: kind,
        arrival: domain::Arrival::default(),
    });
    contract::message::to_wire(&message).encode_to_vec()
}

fn private(row: Row) -> Vec<u8> {
    Private { row: Some(row), ..Private::default() }.encode_to_vec()
}

/// An organisation with one campaign and one mail, everything named like this; its viewer logged in by a token.
fn site(name: &str, organisation: &str, role: Role) -> Site {
    let log = Model::new("model");
    for topic in TOPICS {
        let of = engine::Topic::new(&topic.name("t"));
        log.create_topic(&TopicSpec { name: of, partitions: 1, cleanup: Cleanup::Compact { tombstone_ms: 1 } })
            .unwrap();
    }
    let stats =
        CampaignStats { name: name.into(), subject: name.into(), sender: name.into(), ..CampaignStats::default() };
    let french = Organisation { name: name.into(), zone: "America/Toronto".into(), ..Organisation::default() };
    let bounced = Fact::Bounced { class: domain::BounceClass::Block, asynchronous: false, reason: name.into() };
    let records = [
        (Topic::CampaignStats, contract::key::campaign("acme", "c/1 ?"), stats.encode_to_vec()),
        (Topic::MessageStatus, contract::key::message("acme", "m1"), row(name, bounced)),
        (
            Topic::Private,
            contract::key::private("acme", name, ""),
            private(Row::Person(Person { name: name.into(), since: None })),
        ),
        (
            Topic::Private,
            contract::key::private("acme", name, "mail/m1"),
            private(Row::Mail(Mail { address: name.into(), subject: String::new() })),
        ),
        (Topic::Private, contract::key::private("acme", "", "organisation"), private(Row::Organisation(french))),
    ];
    let template = "<p>Dear {{name}}, <a href=\"https://track.test\">here</a></p><img src=\"https://pixel.test\">";
    let template = platform::Body { html: template.to_owned(), ..platform::Body::default() };
    let fields =
        platform::Body { fields: [("name".to_owned(), "Ada<b>".to_owned())].into(), ..platform::Body::default() };
    let bodies = [
        (Topic::Private, contract::key::private("acme", "", "campaign/c/1 ?"), private(Row::Body(template))),
        (Topic::Private, contract::key::private("acme", name, "body/m1"), private(Row::Body(fields))),
    ];
    for (topic, key, value) in records.into_iter().chain(bodies) {
        let to = TopicPartition { topic: engine::Topic::new(&topic.name("t")), partition: 0 };
        log.append(vec![Output {
            to,
            record: Record { key: Some(key), value: Some(value.into()), ..Record::default() },
        }])
        .unwrap();
    }
    let view = Arc::new(View::new(Memory::default().open("view").unwrap(), "model").unwrap());
    let follow =
        Follow { log: Arc::new(log), view: Arc::clone(&view), prefix: "t".into(), partitions: 1, now_ms: || 0 };
    while follow.catch_up(&AtomicBool::new(false)).expect("follows") {}
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    let viewer = Viewer { organisation: organisation.into(), role, name: name.replace('\0', "") };
    let token = grant(&tokens, &viewer).unwrap();
    let pages = router(Arc::new(Dashboard::new(view, Arc::new(Access::new(tokens)))));
    Site { pages, token, follow, _folder: folder }
}

impl Site {
    async fn ask(&self, request: Request<Body>) -> (StatusCode, axum::http::HeaderMap, String) {
        let answer = self.pages.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        (parts.status, parts.headers, String::from_utf8_lossy(&body).into_owned())
    }

    /// What the send check says to a filled form.
    async fn check(&self, form: &str) -> (StatusCode, axum::http::HeaderMap, String) {
        let request = Request::post("/send-check")
            .header("authorization", format!("Bearer {}", self.token))
            .header("accept-language", "en")
            .header("content-type", "application/x-www-form-urlencoded");
        self.ask(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    async fn get(&self, path: &str, language: &str) -> (StatusCode, axum::http::HeaderMap, String) {
        let request = Request::get(path)
            .header("authorization", format!("Bearer {}", self.token))
            .header("accept-language", language)
            .body(Body::empty());
        self.ask(request.unwrap()).await
    }
}

/// How many of the paths are lists of an organisation.
const LISTS: usize = 5;

/// Every page of the one campaign, message and client; the lists first.
fn paths(name: &str) -> Vec<String> {
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let (campaign, client) = (encode("c/1 ?"), encode(name));
    let mut paths: Vec<String> =
        ["/campaigns", "/clients", "/suppressions", "/unsubscribed", "/send-check"].map(str::to_owned).into();
    paths.extend([
        format!("/campaigns/{campaign}"),
        "/messages/m1".to_owned(),
        "/messages/m1?at=2026-05-03".to_owned(),
    ]);
    paths.push(format!("/clients/{client}"));
    paths.extend(Tile::ALL.iter().map(|tile| format!("/campaigns/{campaign}/{}", tile.word())));
    paths
}

#[tokio::test]
async fn a_name_injects_nothing_on_any_page_and_every_page_has_its_policy() {
    for name in HOSTILE {
        let site = site(name, "acme", Role::Sender);
        for path in paths(name) {
            for language in ["en", "fr"] {
                let (status, headers, page) = site.get(&path, language).await;
                assert_eq!(status, StatusCode::OK, "{path} of {name}");
                let policy = headers.get("content-security-policy").expect("a policy").to_str().unwrap();
                assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
                assert!(page.contains(&format!("<html lang=\"{language}\">")), "{path} in {language}");
                for tag in ["<script>", "<img", "<svg o", "javascript:alert(1)\""] {
                    assert!(!page.contains(tag), "{tag} on {path} of {name}: {page}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_body_is_harmless_whatever_fields_fill_its_template_and_only_its_clients() {
    let site = site("Ada<script>alert(1)</script>", "acme", Role::Viewer);
    let client = "/clients/Ada%3Cscript%3Ealert%281%29%3C%2Fscript%3E/mails/m1/body";
    let (status, headers, body) = site.get(client, "en").await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "<p>Dear Ada&lt;b&gt;, <a>here</a></p>"));
    assert!(
        headers.get("content-security-policy").unwrap().to_str().unwrap().starts_with("sandbox; default-src 'none'")
    );
    let (_, _, other) = site.get("/clients/somebody/mails/m1/body", "en").await;
    assert!(other.contains("was not given"), "{other}");
}

#[tokio::test]
async fn numbers_that_are_not_whole_yet_say_so_and_nothing_is_called_gone() {
    let site = site("Ada", "acme", Role::Viewer);
    site.follow.begin();
    for path in paths("Ada").iter().filter(|path| !path.contains("send-check")) {
        let (status, _, page) = site.get(path, "en").await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(page.contains("These numbers are not whole yet"), "{path}");
    }
    let (status, _, page) = site.get("/campaigns/never-was", "fr").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(page.contains("Ces chiffres ne sont pas encore complets"), "{page}");
    let (_, _, mail) = site.get("/clients/somebody/mails/m1/body", "en").await;
    assert!(mail.contains("not read yet") && !mail.contains("erased"), "{mail}");
    site.follow.catch_up(&AtomicBool::new(false)).expect("follows");
    let (_, _, page) = site.get("/campaigns", "en").await;
    assert!(page.contains("id=\"standing\"") && !page.contains("not whole yet"), "{page}");
}

#[tokio::test]
async fn a_tile_is_the_length_of_its_list_and_a_bad_outcome_says_what_to_do() {
    let site = site("Ada", "acme", Role::Viewer);
    let (_, _, detail) = site.get("/campaigns/c%2F1%20%3F", "en").await;
    assert!(detail.contains("Sent 1 = ") && detail.contains("of which blocked 1"), "{detail}");
    let (_, _, list) = site.get("/campaigns/c%2F1%20%3F/bounce", "en").await;
    assert_eq!(list.matches("href=\"/messages/m1\"").count(), 1, "{list}");
    let (_, _, message) = site.get("/messages/m1", "fr").await;
    assert!(message.contains("regarder dans ses pourriels"), "{message}");
}

#[tokio::test]
async fn a_campaign_of_a_past_date_has_its_numbers_and_no_link_to_lists_of_now() {
    let site = site("Ada", "acme", Role::Viewer);
    for (at, shown) in [("2026-04-30", "Sent 0 = "), ("2026-05-01T20:00", "Sent 1 = ")] {
        let (status, _, page) = site.get(&format!("/campaigns/c%2F1%20%3F?at={at}"), "en").await;
        assert!(status == StatusCode::OK && page.contains(shown) && page.contains("as it was then"), "{at}: {page}");
        assert!(!page.contains("/c%2F1%20%3F/sent"), "{at}: {page}");
    }
    let (_, _, page) = site.get("/campaigns/c%2F1%20%3F?at=yesterday", "en").await;
    assert!(page.contains("role=\"alert\"") && page.contains("/c%2F1%20%3F/sent"), "{page}");
}

#[tokio::test]
async fn another_organisations_rows_are_as_if_they_were_not_there() {
    let site = site("Ada", "other", Role::Admin);
    for path in paths("Ada").iter().skip(LISTS) {
        let (status, _, page) = site.get(path, "en").await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        let (_, _, nothing) = site.get("/messages/never-was", "en").await;
        assert_eq!(page, nothing, "nothing tells one from the other");
    }
    for path in &paths("Ada")[..LISTS] {
        let (status, _, list) = site.get(path, "en").await;
        assert!(status == StatusCode::OK && !list.contains("Ada</a>"), "{path}: {list}");
    }
    let (_, _, checked) = site.check("clients=Ada").await;
    assert!(checked.contains("not known here") && !checked.contains("href=\"/clients/Ada\""), "{checked}");
}

#[tokio::test]
async fn no_route_is_open_without_a_rule_that_says_so() {
    let site = site("Ada", "acme", Role::Viewer);
    for (path, rule, _) in ROUTES {
        let path = path
            .replace("{campaign}", "c")
            .replace("{tile}", "sent")
            .replace("{message}", "m1")
            .replace("{client}", "a");
        let method = if path == "/logout" { "POST" } else { "GET" };
        let asked = Request::builder().method(method).uri(&path).body(Body::empty()).unwrap();
        let (status, headers, _) = site.ask(asked).await;
        match rule {
            Rule::Anyone => assert!(status.is_success() || status.is_redirection(), "{path}: {status}"),
            Rule::From(_) => {
                assert_eq!(
                    (status, headers.get("location").unwrap().to_str().unwrap()),
                    (StatusCode::SEE_OTHER, "/login"),
                    "{path}"
                );
            }
        }
    }
}

#[tokio::test]
async fn garbage_in_an_address_is_a_clear_page_and_no_server_error() {
    let site = site("Ada", "acme", Role::Viewer);
    let long = "a".repeat(5_000);
    for garbage in ["%00", "-1", "99999999999999999999", "..%2F..", "zz", "%F0%9F%92%A5", "0", long.as_str(), "%FF"] {
        for path in [
            format!("/campaigns?after={garbage}"),
            format!("/campaigns?q={garbage}&class={garbage}"),
            format!("/campaigns/{garbage}"),
            format!("/campaigns/c%2F1%20%3F/{garbage}"),
            format!("/campaigns/c%2F1%20%3F/sent?after={garbage}"),
            format!("/messages/{garbage}"),
            format!("/clients/{garbage}?after={garbage}"),
            format!("/clients/{garbage}/mails/{garbage}/body"),
            format!("/login?token={garbage}"),
        ] {
            let (status, ..) = site.get(&path, "en").await;
            assert!(!status.is_server_error(), "{path}: {status}");
        }
    }
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let site = site("Ada", "acme", Role::Viewer);
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.test")] {
        let request =
            Request::post("/logout").header("host", "mail.test").header(name, value).body(Body::empty()).unwrap();
        assert_eq!(site.ask(request).await.0, StatusCode::FORBIDDEN, "{name}");
    }
    let own = Request::post("/logout").header("host", "mail.test").header("origin", "https://mail.test");
    assert_eq!(site.ask(own.body(Body::empty()).unwrap()).await.0, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_link_changes_the_language_without_a_script() {
    let site = site("Ada", "acme", Role::Viewer);
    for (asked, shown) in [
        ("/campaigns/c%2F1%20%3F?lang=fr", "/campaigns/c%2F1%20%3F"),
        ("/campaigns?q=a%26b&lang=fr&sort=sent", "/campaigns?q=a%26b&sort=sent"),
        ("//evil.test/?lang=fr", "/evil.test/"),
    ] {
        let (status, headers, _) = site.get(asked, "en").await;
        let location = headers.get("location").map(|location| location.to_str().unwrap());
        // What is no page of ours leads nowhere.
        assert!(
            status == StatusCode::NOT_FOUND || (status, location) == (StatusCode::SEE_OTHER, Some(shown)),
            "{asked}"
        );
    }
    let (_, _, page) = site.get("/campaigns?q=a%26b&sort=sent", "en").await;
    assert!(page.contains("href=\"?q=a%26b&amp;sort=sent&amp;lang=fr\""), "{page}");
    let (_, headers, _) = site.get("/campaigns?lang=fr", "en").await;
    let cookie = headers.get("set-cookie").unwrap().to_str().unwrap().split(';').next().unwrap().to_owned();
    let asked =
        Request::get("/campaigns").header("authorization", format!("Bearer {}", site.token)).header("cookie", cookie);
    let (_, _, page) = site.ask(asked.body(Body::empty()).unwrap()).await;
    assert!(page.contains("<html lang=\"fr\">") && page.contains("Taux d'ouverture"), "{page}");
}

#[tokio::test]
async fn what_a_browser_has_already_is_not_sent_again() {
    let site = site("Ada", "acme", Role::Viewer);
    let (_, headers, _) = site.get("/campaigns", "en").await;
    let tag = headers.get("etag").expect("a tag").clone();
    let again = Request::get("/campaigns")
        .header("authorization", format!("Bearer {}", site.token))
        .header("if-none-match", tag);
    let (status, _, body) = site.ask(again.body(Body::empty()).unwrap()).await;
    assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""));
}

#[tokio::test]
async fn a_page_that_a_browser_kept_of_somebody_else_is_not_confirmed() {
    let (own, other) = (site("Ada", "acme", Role::Viewer), site("Ada", "other", Role::Viewer));
    for path in ["/campaigns", "/campaigns/c%2F1%20%3F", "/messages/m1"] {
        let (status, headers, _) = own.get(path, "en").await;
        assert_eq!(status, StatusCode::OK, "{path}");
        let kept = Request::get(path)
            .header("authorization", format!("Bearer {}", other.token))
            .header("accept-language", "en")
            .header("if-none-match", headers.get("etag").expect("a tag"));
        let (status, ..) = other.ask(kept.body(Body::empty()).unwrap()).await;
        assert_ne!(status, StatusCode::NOT_MODIFIED, "{path}: the browser would show the other organisation's page");
    }
}

#[tokio::test]
async fn a_list_is_searched_sorted_and_filtered_by_its_address() {
    let site = site("Ada", "acme", Role::Viewer);
    let row = "href=\"/campaigns/c%2F1%20%3F\"";
    for sort in ["created", "name", "sent", "opened", "open-rate", "unsubscribed", "blocked-spam"] {
        let (_, _, page) = site.get(&format!("/campaigns?sort={sort}&q=ada"), "en").await;
        assert!(page.contains(row), "{sort}: {page}");
        assert_eq!(page.matches("aria-sort").count(), 1, "{sort}");
        assert!(page.contains("sort=opened") && page.contains("q=ada"), "a heading keeps the search: {page}");
    }
    for (query, is_there) in [
        ("status=troubled", true),
        ("sender=ada", true),
        ("sender=bea", false),
        ("q=nothing", false),
        ("class=transactional", false),
        ("until=1970-01-01", true),
        ("from=2026-01-01", false),
    ] {
        let (_, _, page) = site.get(&format!("/campaigns?{query}"), "en").await;
        assert_eq!(page.contains(row), is_there, "{query}");
    }
    let (_, _, page) = site.get("/campaigns?from=yesterday", "en").await;
    assert!(page.contains("write it as 2026-05-03"), "{page}");
    assert!(!page.contains("value=\"yesterday\""), "a browser complains of a date that is none: {page}");
}

#[tokio::test]
async fn recipients_are_found_by_name_and_address_and_a_status_leads_to_its_rows() {
    let site = site("Ada", "acme", Role::Viewer);
    let rows = async |query: &str| {
        let (_, _, page) = site.get(&format!("/campaigns/c%2F1%20%3F/sent?{query}"), "en").await;
        page.matches("href=\"/messages/m1\"").count()
    };
    for (query, found) in [("q=ada", 1), ("q=m1", 1), ("q=zoe", 0), ("status=bounce", 1), ("status=open", 0)] {
        assert_eq!(rows(query).await, found, "{query}");
    }
    let (_, _, detail) = site.get("/campaigns/c%2F1%20%3F", "en").await;
    assert!(detail.contains("href=\"/campaigns/c%2F1%20%3F/sent?status=bounce\">1</a>"), "{detail}");
}

#[tokio::test]
async fn a_past_date_shows_what_was_so_and_garbage_is_said() {
    let site = site("Ada", "acme", Role::Viewer);
    // The mail bounced on the evening of 1 May in Toronto.
    let (_, _, before) = site.get("/messages/m1?at=2026-05-01T19:59", "en").await;
    assert!(before.contains("nothing had happened") && !before.contains("class=\"badge"), "{before}");
    let (_, _, after) = site.get("/messages/m1?at=2026-05-01", "en").await;
    assert!(after.contains("As it was on") && after.contains("class=\"badge bounce\""), "{after}");
    let (status, _, garbage) = site.get("/messages/m1?at=yesterday", "en").await;
    assert!(status == StatusCode::OK && garbage.contains("of now: write it as"), "{garbage}");
    let (_, _, client) = site.get("/clients/Ada?at=2026-04-01", "en").await;
    assert!(client.contains("nothing of this client was known"), "{client}");
}

#[tokio::test]
async fn a_send_check_is_bounded_and_for_senders() {
    let site = site("Ada", "acme", Role::Sender);
    let many: String = (0..151).map(|place| format!("k{place}%0A")).collect();
    let (_, _, page) = site.check(&format!("clients={many}")).await;
    assert!(page.contains("151 clients given; at most 150"), "{page}");
    let (_, _, page) = site.check("clients=+%0A").await;
    assert!(page.contains("at least one client"), "{page}");
    let (status, _, page) = site.check("clients=nobody&at=garbage&class=x").await;
    assert!(status == StatusCode::OK && page.contains("not known here"), "{page}");
    assert!(!page.contains("value=\"garbage\""), "a browser complains of a time that is none: {page}");
    let viewer = self::site("Ada", "acme", Role::Viewer);
    assert_eq!(viewer.check("clients=Ada").await.0, StatusCode::FORBIDDEN);
    let (_, _, page) = viewer.get("/campaigns", "en").await;
    assert!(!page.contains("/send-check"), "{page}");
}

#[tokio::test]
async fn files_are_kept_under_the_name_of_their_content_only() {
    let site = site("Ada", "acme", Role::Viewer);
    let (_, _, page) = site.get("/campaigns", "en").await;
    let named = page.split('"').find(|part| part.starts_with("/assets/style.css?v=")).expect("a style").to_owned();
    for (path, kept) in [(named.as_str(), "public, max-age=31536000, immutable"), ("/assets/style.css", "no-cache")] {
        let (status, headers, _) = site.get(path, "en").await;
        assert_eq!((status, headers.get("cache-control").unwrap().to_str().unwrap()), (StatusCode::OK, kept));
        let again = Request::get(path).header("if-none-match", headers.get("etag").unwrap()).body(Body::empty());
        assert_eq!(site.ask(again.unwrap()).await.0, StatusCode::NOT_MODIFIED, "{path}");
    }
}
