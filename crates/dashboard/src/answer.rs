//! A page as an answer: made where it may wait for the disk, with headers that let nothing foreign in, and a tag of what it reflects.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, IF_NONE_MATCH, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use contract::proto::platform::v1::Organisation;
use maud::{Markup, html};
use sha2::{Digest as _, Sha256};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;
use view::{AsOf, Error, Snapshot, Standing, View};

use crate::access::Viewer;
use crate::layout;
use crate::locale::Locale;
use crate::router::Dashboard;
use crate::text::Word;

/// Nothing but our own style, script and frames; no form goes elsewhere; nobody frames us.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page.
pub(crate) struct Answer {
    status: StatusCode,
    page: Markup,
    tag: Option<String>,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, page: Markup) -> Self {
        Self { status, page, tag: None }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = (self.status, Html(self.page.into_string())).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        if let Some(tag) = self.tag.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
            headers.insert(ETAG, tag);
        }
        response
    }
}

/// What a page is made from: one moment of the view, for one viewer.
pub(crate) struct Asked<'a> {
    pub(crate) rows: Snapshot<'a>,
    /// What the rows are of, for what the recount in the background came to.
    pub(crate) view: &'a View,
    pub(crate) viewer: Viewer,
    /// What the viewer's organisation said of itself.
    pub(crate) said: Option<Organisation>,
    /// What was asked for: path and query.
    pub(crate) address: Uri,
    pub(crate) locale: Locale,
    pub(crate) as_of: AsOf,
    /// Whether the rows are all there are.
    pub(crate) standing: Standing,
}

impl Asked<'_> {
    pub(crate) fn organisation(&self) -> &str {
        &self.viewer.organisation
    }

    pub(crate) fn word(&self, word: Word) -> &'static str {
        self.locale.word(word)
    }
}

/// A page's title and what stands in it; `None`: there is no such thing, or it is somebody else's.
pub(crate) type Made = Result<Option<(String, Markup)>, Error>;

/// A request of somebody whom the guard let through.
pub(crate) struct Asking {
    pub(crate) dashboard: Arc<Dashboard>,
    pub(crate) viewer: Viewer,
    pub(crate) headers: HeaderMap,
    pub(crate) address: Uri,
}

impl FromRequestParts<Arc<Dashboard>> for Asking {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, dashboard: &Arc<Dashboard>) -> Result<Self, StatusCode> {
        // Without the guard before it a route answers nobody.
        let viewer = parts.extensions.get::<Viewer>().cloned().ok_or(StatusCode::FORBIDDEN)?;
        let (dashboard, headers) = (Arc::clone(dashboard), parts.headers.clone());
        Ok(Self { dashboard, viewer, headers, address: parts.uri.clone() })
    }
}

impl Asking {
    /// Makes a page on a thread that may wait for the disk. What the asker has already is not sent again.
    pub(crate) async fn page(self, make: impl FnOnce(&Asked<'_>) -> Made + Send + 'static) -> Response {
        self.answer(move |asked, headers| match make(asked) {
            Ok(Some((title, main))) => whole(layout::full(asked, &title, &main), headers),
            Ok(None) => absent(StatusCode::NOT_FOUND, &asked.locale, &asked.standing),
            Err(error) => failed(&error, &asked.locale),
        })
        .await
    }

    /// The same for what is no page of its own.
    pub(crate) async fn answer(
        self,
        make: impl FnOnce(&Asked<'_>, &HeaderMap) -> Response + Send + 'static,
    ) -> Response {
        waiting(move || {
            let view = &self.dashboard.view;
            let rows = view.snapshot();
            let said = rows.organisation(&self.viewer.organisation).unwrap_or_default();
            let locale = Locale::of(&self.headers, said.as_ref());
            let as_of = rows.as_of().unwrap_or_default();
            let (viewer, address, standing) = (self.viewer, self.address, view.standing());
            let asked = Asked { rows, view, viewer, said, address, locale, as_of, standing };
            make(&asked, &self.headers)
        })
        .await
    }
}

/// Makes an answer where the disk may be waited for: here, where another thread can take this one's other tasks over, which spares
/// two wakings of a thread for each page; else on a thread of its own.
async fn waiting(make: impl FnOnce() -> Response + Send + 'static) -> Response {
    /// Of those at once. More wait for threads of their own, of which there may be none left, and this one's tasks do not.
    static HERE: Semaphore = Semaphore::const_new(64);
    let turn = HERE.try_acquire();
    // One page's bug is not the end of its connection's other pages.
    let make = || std::panic::catch_unwind(AssertUnwindSafe(make));
    let made = match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread if turn.is_ok() => tokio::task::block_in_place(make),
        _ => tokio::task::spawn_blocking(make).await.unwrap_or_else(|error| Err(Box::new(error))),
    };
    made.unwrap_or_else(|_| {
        tracing::error!("a page could not be made");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    })
}

/// What the view says instead of an answer.
pub(crate) fn failed(error: &Error, locale: &Locale) -> Response {
    if matches!(error, Error::Cursor) {
        return refused(StatusCode::BAD_REQUEST, locale);
    }
    tracing::error!(%error, "the view does not answer");
    refused(StatusCode::SERVICE_UNAVAILABLE, locale)
}

/// The page, unless the asker has exactly this. The tag is of what the page says: a browser that kept another person's or another
/// organisation's page, or one made by an older build, never holds this one's tag (I8).
fn whole(page: Markup, headers: &HeaderMap) -> Response {
    let tag = format!("W/\"{}\"", contract::json::hex(&Sha256::digest(page.0.as_bytes())));
    if headers.get(IF_NONE_MATCH).is_some_and(|known| known == tag.as_str()) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    Answer { tag: Some(tag), ..Answer::new(StatusCode::OK, page) }.into_response()
}

/// Why there is no page, and where to go on. The same for what is not there and for what is another organisation's (I8).
pub(crate) fn refused(status: StatusCode, locale: &Locale) -> Response {
    absent(status, locale, &Standing::default())
}

/// The same where it may only not be there yet.
fn absent(status: StatusCode, locale: &Locale, standing: &Standing) -> Response {
    let what = match status {
        StatusCode::NOT_FOUND => Word::NotFound,
        StatusCode::BAD_REQUEST => Word::BadAddress,
        StatusCode::FORBIDDEN => Word::Forbidden,
        _ => Word::Unavailable,
    };
    let main = html! {
        (layout::standing(standing, locale))
        h1 { (locale.word(what)) }
        p { a href="/campaigns" { (locale.word(Word::BackToCampaigns)) } }
    };
    Answer::new(status, layout::bare(locale, locale.word(what), &main)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn statuses() -> [StatusCode; 2] {
        let bug = waiting(|| panic!("a bug")).await.status();
        [bug, waiting(|| StatusCode::OK.into_response()).await.status()]
    }

    #[tokio::test]
    async fn a_page_that_cannot_be_made_is_a_server_error_and_the_next_one_is_made() {
        assert_eq!(statuses().await, [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::OK]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn so_it_is_where_threads_take_tasks_over() {
        let made = tokio::spawn(statuses()).await;
        assert_eq!(made.ok(), Some([StatusCode::INTERNAL_SERVER_ERROR, StatusCode::OK]));
        let many = futures_util::future::join_all((0..200).map(|_| tokio::spawn(statuses()))).await;
        assert!(many.into_iter().all(|made| made.ok() == Some([StatusCode::INTERNAL_SERVER_ERROR, StatusCode::OK])));
    }
}
