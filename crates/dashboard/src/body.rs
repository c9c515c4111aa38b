//! A mail's body as it was sent, or its template with the mail's fields, harmless: sanitised, without links, images and scripts, in a frame that may do nothing. So
//! neither a tracking pixel nor a tracked link of ours counts what the office looks at.

use std::collections::HashSet;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse as _, Response};
use maud::{PreEscaped, html};
use view::{Content, ContentParts, Standing};

use crate::answer::{Asked, Asking, failed};
use crate::locale::Locale;
use crate::text::Word;

/// Nothing is fetched, nothing runs, only the page that shows it may frame it.
const POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'";

pub(crate) async fn page(asking: Asking, Path((client, message)): Path<(String, String)>) -> Response {
    asking
        .answer(move |asked, _| match content(asked, &client, &message) {
            Ok(Content::AsSent(parts) | Content::Rendered(parts)) => sealed(harmless(&parts, &asked.locale)),
            Ok(Content::NotGiven) => sealed(html! { p { (asked.word(why_none(&asked.standing))) } }.into_string()),
            Err(error) => failed(&error, &asked.locale),
        })
        .await
}

/// Nobody is told that a mail is erased which is only not read yet.
const fn why_none(standing: &Standing) -> Word {
    if standing.lacks.is_some() { Word::BodyNotReadYet } else { Word::BodyNotGiven }
}

/// The body of a mail to this client; a message of somebody else has none here.
fn content(asked: &Asked<'_>, client: &str, message: &str) -> Result<Content, view::Error> {
    let recipient = asked.rows.recipient(asked.organisation(), message)?;
    if recipient.is_none_or(|recipient| recipient.row.client != client) {
        return Ok(Content::NotGiven);
    }
    asked.rows.content(asked.organisation(), message)
}

fn sealed(page: String) -> Response {
    let headers: [(HeaderName, &str); 4] = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "private, no-store"),
    ];
    (headers, page).into_response()
}

/// The body without anything that runs, fetches or leads away.
fn harmless(body: &ContentParts, locale: &Locale) -> String {
    let mut cleaner = ammonia::Builder::default();
    cleaner.rm_tags(["img"]).link_rel(None).url_schemes(HashSet::new());
    let page = html! {
        @if body.html.is_empty() { pre { (body.text) } } @else { (PreEscaped(cleaner.clean(&body.html).to_string())) }
        @for attachment in &body.attachments { p { "📎 " (attachment.name) " (" (locale.number(attachment.size)) " B)" } }
    };
    page.into_string()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

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
            let shown = harmless(&ContentParts { html: html.to_owned(), ..ContentParts::default() }, &locale);
            for forbidden in ["script", "onclick", "onload", "src=", "href=", "url(", "action=", "http-equiv", ".test"]
            {
                assert!(!shown.contains(forbidden), "{forbidden} in {shown}");
            }
        }
        let text = harmless(&ContentParts { text: "<b>1 < 2</b>".to_owned(), ..ContentParts::default() }, &locale);
        assert_eq!(text, "<pre>&lt;b&gt;1 &lt; 2&lt;/b&gt;</pre>");
    }
}
