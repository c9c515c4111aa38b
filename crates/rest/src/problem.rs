//! What is answered instead: RFC 9457, with the remedy in `detail`. The same for what is not there and for what is another
//! organisation's (I8).

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use view::Error;

/// Why there is no answer, and what to do.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    kind: &'static str,
    detail: String,
    header: Option<(HeaderName, &'static str)>,
}

/// A problem as it is written.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Written<'a> {
    /// `urn:mailtally:problem:` and the kind: what programs tell problems apart by.
    #[serde(rename = "type")]
    #[schema(example = "urn:mailtally:problem:not-found")]
    kind: String,
    /// The kind in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What is wrong with this request and what would be right.
    detail: &'a str,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into(), header: None }
    }

    /// The request is at fault; `detail` names the parameter and what it may be.
    pub(crate) fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-parameter", detail)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "this organisation has no such thing, or the token is of another one",
        )
    }

    pub(crate) fn unauthorized() -> Self {
        let detail = "show a granted token as `Authorization: Bearer <token>`, or log in on the dashboard";
        Self::new(StatusCode::UNAUTHORIZED, "no-token", detail).with(WWW_AUTHENTICATE, "Bearer")
    }

    pub(crate) fn forbidden(role: dashboard::Role) -> Self {
        let detail = format!("this needs the role {} or a higher one", role.word());
        Self::new(StatusCode::FORBIDDEN, "role", detail)
    }

    /// To be tried again in a while.
    pub(crate) fn later(kind: &'static str, detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, kind, detail).with(RETRY_AFTER, "2")
    }

    fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Cursor => Self::bad(format!("after: {error}")),
            Error::Zone(_) => Self::bad(format!("zone: {error}")),
            Error::TooMany { .. } | Error::OverLimit(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "too-many-clients", error.to_string())
            }
            error => {
                tracing::error!(%error, "the view does not answer");
                Self::later("unavailable", "the rows cannot be read now; the log of the process says why")
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, detail) = (self.status.as_u16(), self.detail.as_str());
        let kind = format!("urn:mailtally:problem:{}", self.kind);
        let written = Written { kind, title: self.kind.replace('-', " "), status, detail };
        let body = serde_json::to_string(&written).unwrap_or_default();
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static("application/problem+json")),
            (CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
        ];
        let mut response = (self.status, headers, body).into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
