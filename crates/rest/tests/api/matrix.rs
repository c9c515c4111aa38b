//! Every route by every role of every organisation, walked from the router's own table and document.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use dashboard::Role;
use rest::{ROUTES, Rule};

use crate::site::{ENCODED, Site};

/// Every route as method, path and rule; `{campaign}` and the like are of `acme`.
fn routes() -> Vec<(&'static str, String, Rule)> {
    let mut routes = Vec::new();
    for (rule, make) in ROUTES {
        let (_, paths, _) = make();
        for (path, item) in paths.paths {
            let method = if item.post.is_some() { "POST" } else { "GET" };
            routes.push((method, path, rule));
        }
    }
    assert_eq!(routes.len(), ROUTES.len());
    routes
}

fn filled(path: &str, organisation: &str, tail: &str) -> String {
    let ids = [("{org}", organisation), ("{campaign}", ENCODED), ("{tile}", "sent"), ("{message}", "m1")];
    let filled = ids.iter().fold(path.to_owned(), |path, (name, id)| path.replace(name, id));
    filled.replace("{client}", "Ada1") + tail
}

fn asked(method: &str, path: &str, token: Option<&str>) -> Request<Body> {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let request = match token {
        Some(token) => request.header("authorization", format!("Bearer {token}")),
        None => request,
    };
    request.body(if method == "POST" { Body::from(r#"{"clients":["Ada1"]}"#) } else { Body::empty() }).unwrap()
}

/// The stream of events stays open: only whether it begins is looked at.
fn is_stream(path: &str) -> bool {
    path.ends_with("/events")
}

#[tokio::test]
async fn every_route_answers_its_roles_and_nobody_else() {
    let site = Site::of("Ada");
    for (method, path, rule) in routes() {
        let own = filled(&path, "acme", "");
        let (status, headers, body) = site.ask(asked(method, &own, None)).await;
        let Rule::From(needed) = rule else {
            assert_eq!(status, StatusCode::OK, "{path}");
            continue;
        };
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
        assert!(headers.contains_key("www-authenticate") && body.contains("Bearer"), "{path}: {body}");
        let (status, ..) = site.ask(asked(method, &own, Some("never-granted"))).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
        for role in [Role::Viewer, Role::Sender, Role::Admin] {
            let token = site.token("acme", role);
            if role >= needed && is_stream(&path) {
                continue;
            }
            let expected = if role >= needed { StatusCode::OK } else { StatusCode::FORBIDDEN };
            let (status, _, body) = site.ask(asked(method, &own, Some(&token))).await;
            assert_eq!(status, expected, "{path} as {role:?}: {body}");
            let foreign = site.token("other", role);
            let (status, _, there) = site.ask(asked(method, &own, Some(&foreign))).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path} as {role:?} of another organisation");
            let nowhere = filled(&path, "never-was", "");
            let (_, _, nothing) = site.ask(asked(method, &nowhere, Some(&foreign))).await;
            assert_eq!(there, nothing, "{path}: nothing tells one from the other");
        }
    }
}

#[tokio::test]
async fn what_another_organisation_has_is_in_no_answer_of_ones_own() {
    let site = Site::of("Ada");
    let token = site.token("other", Role::Admin);
    for (method, path, rule) in routes() {
        if rule == Rule::Anyone || is_stream(&path) {
            continue;
        }
        let own = filled(&path, "other", "");
        let (status, _, body) = site.ask(asked(method, &own, Some(&token))).await;
        let names_one = path.contains("{campaign}") || path.contains("{message}") || path.contains("{client}");
        let expected = if names_one { StatusCode::NOT_FOUND } else { StatusCode::OK };
        assert_eq!(status, expected, "{path}: {body}");
        // What was asked for is repeated, and nothing is said of it.
        let is_silent =
            !body.contains(r#""name":"Ada"#) && !body.contains(r#""known":true"#) && !body.contains("c/1 ?");
        assert!(is_silent, "{path}: {body}");
    }
}

#[tokio::test]
async fn garbage_is_a_clear_problem_and_never_a_server_error() {
    let site = Site::of("Ada");
    let token = site.token("acme", Role::Admin);
    let long = "a".repeat(5_000);
    let garbage =
        ["%00", "-1", "99999999999999999999", "..%2F..", "zz", "%F0%9F%92%A5", "0", long.as_str(), "%FF", "%"];
    let names =
        ["after", "limit", "sort", "class", "from", "as_of", "zone", "by", "status", "reason", "format", "unknown"];
    for (method, path, _) in routes() {
        if is_stream(&path) {
            continue;
        }
        for value in garbage {
            for name in names {
                let asking = asked(method, &filled(&path, "acme", &format!("?{name}={value}")), Some(&token));
                let (status, _, body) = site.ask(asking).await;
                assert!(!status.is_server_error(), "{path}?{name}={value}: {status} {body}");
            }
            let bad = path.replace("{campaign}", value).replace("{message}", value).replace("{client}", value);
            let (status, _, body) = site.ask(asked(method, &filled(&bad, "acme", ""), Some(&token))).await;
            assert!(!status.is_server_error(), "{bad}: {status} {body}");
        }
    }
}

#[tokio::test]
async fn a_misspelt_parameter_is_named_and_what_it_may_be() {
    let site = Site::of("Ada");
    for (tail, words) in [
        ("?sorted=name", "unknown field `sorted`"),
        ("?sort=nmae", "sort: one of created, name, sent"),
        ("?limit=0", "limit: a number from 1 to 200"),
        ("?limit=201", "limit: a number from 1 to 200"),
        ("?from=yesterday", "from: an instant as 2026-05-03T09:00:00Z"),
        ("?class=spam", "class: one of mass, transactional"),
        ("?after=zz", "after: the cursor is not of this list"),
        (
            &format!("/{ENCODED}/series?zone=Toronto"),
            "zone: Toronto is not an IANA time zone: write it as America/Toronto",
        ),
        (&format!("/{ENCODED}/recipients/sent?reason=quota"), "one of q, reason"),
        (&format!("/{ENCODED}/recipients/dropped?reason=qota"), "one of q, reason"),
    ] {
        let (status, headers, body) = site.get(&format!("/v1/orgs/acme/campaigns{tail}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{tail}: {body}");
        assert_eq!(headers["content-type"], "application/problem+json");
        assert!(body.contains(words), "{tail}: {body}");
    }
}
