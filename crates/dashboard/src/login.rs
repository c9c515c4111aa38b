//! Logging in and out, and the guard before every page.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Form;
use axum::extract::{Query, Request, State};
use axum::http::header::{HOST, LOCATION, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use maud::html;
use serde::Deserialize;

use crate::access::{COOKIE_NAME, SESSION_SECONDS};
use crate::answer::{self, Answer};
use crate::layout;
use crate::locale::{self, Locale};
use crate::router::{Dashboard, Rule};
use crate::text::{Language, Word};

/// Sent by browsers: where a request comes from.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

#[derive(Deserialize)]
pub(crate) struct Shown {
    #[serde(default)]
    token: String,
}

/// Lets a request through to its page by the page's rule, with who asks; everybody else is shown the login.
pub(crate) async fn guard(
    State((dashboard, rule)): State<(Arc<Dashboard>, Rule)>,
    mut request: Request,
    next: Next,
) -> Response {
    if request.method() == Method::POST && !is_own(request.headers()) {
        return answer::refused(StatusCode::FORBIDDEN, &reader(request.headers()));
    }
    if let Some(language) = request.uri().query().and_then(chosen) {
        return speaking(language, request.uri());
    }
    let Rule::From(role) = rule else { return next.run(request).await };
    let viewer = dashboard.access.viewer(request.headers(), now());
    match viewer {
        Some(viewer) if viewer.role >= role => {
            request.extensions_mut().insert(viewer);
            next.run(request).await
        }
        Some(_) => answer::refused(StatusCode::FORBIDDEN, &reader(request.headers())),
        None => to("/login"),
    }
}

/// The form; a link with a token logs in at once.
pub(crate) async fn form(
    State(dashboard): State<Arc<Dashboard>>,
    Query(shown): Query<Shown>,
    headers: HeaderMap,
) -> Response {
    if shown.token.is_empty() { show(&headers, false) } else { enter(&dashboard, &headers, &shown.token) }
}

pub(crate) async fn submit(
    State(dashboard): State<Arc<Dashboard>>,
    headers: HeaderMap,
    Form(shown): Form<Shown>,
) -> Response {
    enter(&dashboard, &headers, shown.token.trim())
}

pub(crate) async fn logout(State(dashboard): State<Arc<Dashboard>>, headers: HeaderMap) -> Response {
    dashboard.access.logout(&headers);
    with_cookie(to("/login"), "", 0, &headers)
}

fn enter(dashboard: &Dashboard, headers: &HeaderMap, token: &str) -> Response {
    match dashboard.access.login(token, now()) {
        Some(session) => with_cookie(to("/campaigns"), &session, SESSION_SECONDS, headers),
        None => show(headers, true),
    }
}

fn show(headers: &HeaderMap, refused: bool) -> Response {
    let locale = reader(headers);
    let word = |word: Word| locale.word(word);
    let main = html! {
        section.login {
            h1 { (word(Word::Login)) }
            @if refused { p.alert role="alert" { (word(Word::TokenUnknown)) } }
            form method="post" action="/login" {
                label for="token" { (word(Word::Token)) }
                input #token type="password" name="token" required autocomplete="current-password" autofocus;
                button { (word(Word::Login)) }
            }
            p.hint { (word(Word::TokenHint)) }
        }
    };
    let status = if refused { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
    Answer::new(status, layout::bare(&locale, word(Word::Login), &main)).into_response()
}

fn reader(headers: &HeaderMap) -> Locale {
    Locale::of(headers, None)
}

/// The language that a page's link asks for.
fn chosen(query: &str) -> Option<Language> {
    query.split('&').find_map(|pair| Language::parse(pair.strip_prefix("lang=")?))
}

/// The same page again in another language, which the browser remembers for a year.
fn speaking(language: Language, address: &Uri) -> Response {
    let kept = address.query().unwrap_or_default().split('&').filter(|pair| !pair.starts_with("lang="));
    let kept = kept.collect::<Vec<_>>().join("&");
    // Two slashes would lead to another host.
    let path = format!("/{}", address.path().trim_start_matches('/'));
    let path = if kept.is_empty() { path } else { format!("{path}?{kept}") };
    let cookie = format!("{}={}; Path=/; SameSite=Lax; Max-Age=31536000", locale::COOKIE, language.word());
    let headers = [(LOCATION, HeaderValue::from_str(&path)), (SET_COOKIE, HeaderValue::from_str(&cookie))];
    let mut response = StatusCode::SEE_OTHER.into_response();
    headers.into_iter().for_each(|(name, value)| {
        value.into_iter().for_each(|value| drop(response.headers_mut().insert(name.clone(), value)));
    });
    response
}

/// Whether a form was sent by one of our own pages: browsers say so, and what is no browser has no cookie to misuse.
fn is_own(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    match (text(SITE), text(ORIGIN), text(HOST)) {
        (Some(site), ..) => matches!(site, "same-origin" | "none"),
        (None, Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, from)| from == host),
        (None, ..) => true,
    }
}

fn to(path: &'static str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, HeaderValue::from_static(path))]).into_response()
}

fn with_cookie(mut response: Response, session: &str, seconds: i64, headers: &HeaderMap) -> Response {
    let forwarded = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    let secure = if forwarded { "; Secure" } else { "" };
    let cookie = format!("{COOKIE_NAME}={session}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

/// Seconds since the Unix epoch.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
