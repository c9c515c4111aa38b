//! An answer: made off the async threads from one moment of the view, with what it reflects, and a tag of what it says.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use dashboard::Viewer;
use domain::Time;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::sync::OwnedSemaphorePermit;
use utoipa::ToSchema;
use view::{Snapshot, Standing, View};

use crate::guard::now;
use crate::problem::Problem;
use crate::router::Rest;

/// Response header: the `position` of the answer, one that says "not modified" too.
pub(crate) const POSITION: HeaderName = HeaderName::from_static("mailtally-position");

/// What an answer reflects.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AsOf {
    /// The latest event time that a fold of the installation had seen; null before the first event.
    #[schema(format = DateTime)]
    event_time: Option<String>,
    /// How far the topics were read, opaque. Sent as the header `Mailtally-At-Least`, to any instance, it makes an answer wait
    /// until it is no older than this one.
    position: String,
    /// False when nobody follows the topics any more: this is what was known.
    live: bool,
    /// False while it is not read yet what was published before this instance began to read, as after a lost disk: numbers are too
    /// low and rows are lacking. Ask again, or another instance.
    complete: bool,
}

/// An answer with what it reflects.
#[derive(Serialize, ToSchema)]
pub(crate) struct Envelope<T> {
    /// The moment.
    as_of: AsOf,
    /// What was asked for.
    data: T,
}

impl<T> Envelope<T> {
    pub(crate) fn new(as_of: AsOf, data: T) -> Self {
        Self { as_of, data }
    }
}

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// Its rows. There may be fewer than asked for although there are more.
    pub(crate) rows: Vec<T>,
    /// `after` of the next part; null at the end.
    pub(crate) next: Option<String>,
}

/// What an answer is made from: one moment of the view, for one viewer.
pub(crate) struct Asked<'a> {
    pub(crate) rows: Snapshot<'a>,
    pub(crate) view: &'a View,
    pub(crate) organisation: String,
    /// Now, as inactivity is judged by.
    pub(crate) now: Time,
}

impl Asked<'_> {
    pub(crate) fn as_of(&self) -> Result<AsOf, Problem> {
        let time = self.rows.as_of()?.time;
        let event_time = (time != Time::default()).then(|| time.rfc3339());
        let position = self.rows.reached()?.to_string();
        let Standing { lacks, halted } = self.view.standing();
        Ok(AsOf { event_time, position, live: halted.is_none(), complete: lacks.is_none() })
    }
}

/// A request of somebody whom the guard let through.
pub(crate) struct Asking {
    pub(crate) rest: Arc<Rest>,
    pub(crate) viewer: Viewer,
    pub(crate) headers: HeaderMap,
}

impl FromRequestParts<Arc<Rest>> for Asking {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, rest: &Arc<Rest>) -> Result<Self, Problem> {
        // Without the guard before it a route answers nobody.
        let viewer = parts.extensions.get::<Viewer>().cloned().ok_or_else(Problem::unauthorized)?;
        let mut headers = parts.headers.clone();
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            // "Not modified" is an answer to who asks for something, not to who sends something (RFC 9110, 13.1.2).
            headers.remove(IF_NONE_MATCH);
        }
        Ok(Self { rest: Arc::clone(rest), viewer, headers })
    }
}

impl Asking {
    /// Answers with what `make` makes, on a thread that may wait for the disk. What the asker has already is not sent again.
    pub(crate) async fn answer<T: Serialize>(
        self,
        make: impl FnOnce(&Asked<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Response {
        self.made(move |asked, headers| {
            let data = make(asked)?;
            whole(asked.as_of()?, &data, headers)
        })
        .await
    }

    /// What `make` makes of this moment. Waits for the disk.
    pub(crate) fn now<T>(&self, make: impl FnOnce(&Asked<'_>) -> Result<T, Problem>) -> Result<T, Problem> {
        let (view, organisation) = (&*self.rest.view, self.viewer.organisation.clone());
        let now = Time::from_micros(now().saturating_mul(1_000_000));
        make(&Asked { rows: view.snapshot(), view, organisation, now })
    }

    /// A turn for an answer that reads much.
    pub(crate) fn turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let turn = Arc::clone(&self.rest.long).try_acquire_owned();
        turn.map_err(|_| Problem::later("busy", "other long answers are being made: try again in a while"))
    }

    /// The same for what is no JSON.
    pub(crate) async fn made(
        self,
        make: impl FnOnce(&Asked<'_>, &HeaderMap) -> Result<Response, Problem> + Send + 'static,
    ) -> Response {
        let made = tokio::task::spawn_blocking(move || self.now(|asked| make(asked, &self.headers)));
        match made.await {
            Ok(made) => made.unwrap_or_else(IntoResponse::into_response),
            Err(error) => {
                tracing::error!(%error, "an answer could not be made");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// The answer, unless the asker has exactly this. The tag is of what was asked for and not of the moment: of two answers with the
/// same tag the later one says that nothing changed.
fn whole<T: Serialize>(as_of: AsOf, data: &T, headers: &HeaderMap) -> Result<Response, Problem> {
    let unwritten = |error: serde_json::Error| {
        tracing::error!(%error, "an answer is no JSON");
        Problem::later("unavailable", "the answer could not be written; the log of the process says why")
    };
    let tag = tag(&serde_json::to_vec(data).map_err(unwritten)?);
    let mut response = if has(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let body = serde_json::to_vec(&Envelope::new(as_of.clone(), data)).map_err(unwritten)?;
        ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
    };
    finish(response.headers_mut(), Some(&tag), &as_of);
    Ok(response)
}

/// Whether the asker has the answer of this tag.
fn has(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    known.flat_map(|line| line.split(',')).map(str::trim).any(|known| known == tag || known == "*")
}

/// The tag of bytes. Weak: the moment beside them may be another.
pub(crate) fn tag(bytes: &[u8]) -> String {
    format!("W/\"{}\"", contract::json::hex(&Sha256::digest(bytes)))
}

/// Headers of every answer.
pub(crate) fn finish(headers: &mut HeaderMap, tag: Option<&str>, as_of: &AsOf) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let told = [(ETAG, tag), (POSITION, Some(as_of.position.as_str()))];
    for (name, value) in told {
        if let Some(Ok(value)) = value.map(HeaderValue::from_str) {
            headers.insert(name, value);
        }
    }
}
