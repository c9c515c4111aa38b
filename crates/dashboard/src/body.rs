//! A mail's body as it was sent, harmless: sanitised, without links, images and scripts, in a frame that may do nothing. So
//! neither a tracking pixel nor a tracked link of ours counts what the office looks at.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use contract::proto::platform::v1::Body;
use maud::{PreEscaped, html};

use crate::locale::Locale;
use crate::login::Asker;
use crate::router::Dashboard;
use crate::text::Word;

/// Nothing is fetched, nothing runs, only the page that shows it may frame it.
const POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'";

pub(crate) async fn page(
    State(dashboard): State<Arc<Dashboard>>,
    Extension(viewer): Asker,
    Path((client, message)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let made = tokio::task::spawn_blocking(move || {
        let rows = dashboard.view.snapshot();
        let said = rows.organisation(&viewer.organisation).unwrap_or_default();
        let body = rows.body(&viewer.organisation, &client, &message);
        (Locale::of(&headers, said.as_ref()), body)
    });
    let Ok((locale, Ok(body))) = made.await else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let shown =
        body.as_ref().map_or_else(|| locale.word(Word::BodyNotGiven).to_owned(), |body| harmless(body, &locale));
    let headers: [(HeaderName, &str); 4] = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "private, no-store"),
    ];
    (headers, shown).into_response()
}

/// The body without anything that runs, fetches or leads away.
fn harmless(body: &Body, locale: &Locale) -> String {
    let shown = if body.html.is_empty() {
        html! { pre { (body.text) } }
    } else {
        let cleaner = |tag: &str| {
            let mut cleaner = ammonia::Builder::default();
            cleaner.rm_tags([tag, "img"]).link_rel(None).url_schemes(std::collections::HashSet::new());
            cleaner
        };
        html! { (PreEscaped(cleaner("map").clean(&body.html).to_string())) }
    };
    let attachments = html! {
        @for attachment in &body.attachments { p { "📎 " (attachment.name) " (" (locale.number(attachment.size)) " B)" } }
    };
    let page = if body.html.is_empty() && body.text.is_empty() {
        html! { p { (locale.word(Word::BodyNotGiven)) } }
    } else {
        shown
    };
    html! { (page) (attachments) }.into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_body_runs_fetches_or_leads_away() {
        let hostile = [
            r#"<p onclick="x()">Hello</p><script>alert(1)</script>"#,
            r#"<img src="https://pixel.test/o.gif"><a href="https://track.test/c">here</a>"#,
            r#"<iframe src="https://a.test"></iframe><svg onload=x()></svg><a href="javascript:x()">y</a>"#,
            r#"<div style="background:url(https://a.test/b)">z</div><link rel=stylesheet href=//a.test><meta http-equiv=refresh content="0;url=//a.test">"#,
            r#"<form action="https://a.test"><button formaction="//b.test">q</button></form><base href="//a.test/">"#,
        ];
        let locale = Locale::of(&HeaderMap::new(), None);
        for html in hostile {
            let shown = harmless(&Body { html: html.to_owned(), ..Body::default() }, &locale);
            for forbidden in ["script", "onclick", "onload", "src=", "href=", "url(", "action=", "http-equiv", ".test"]
            {
                assert!(!shown.contains(forbidden), "{forbidden} in {shown}");
            }
        }
        let text = harmless(&Body { text: "<b>1 < 2</b>".to_owned(), ..Body::default() }, &locale);
        assert_eq!(text, "<pre>&lt;b&gt;1 &lt; 2&lt;/b&gt;</pre>");
    }
}
