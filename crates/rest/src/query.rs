//! What a request says beside its path: read strictly, so that a misspelt filter is an error and never an answer to another
//! question.

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{FromRequest, FromRequestParts, Json, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use domain::Time;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use view::PAGE_ROWS_MAX;

use crate::problem::Problem;

/// Rows of a page of which nobody said how long it is to be.
const ROWS: usize = 50;

/// The query.
pub(crate) struct Read<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Read<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(read)) => Ok(Self(read)),
            Err(error) => Err(Problem::bad(format!("{error}: GET /v1/openapi.json lists the parameters"))),
        }
    }
}

/// The ids in the path, the organisation first.
pub(crate) struct Ids<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Ids<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read: Result<Path<T>, PathRejection> = Path::from_request_parts(parts, state).await;
        read.map(|Path(ids)| Self(ids)).map_err(|error| Problem::bad(format!("path: {error}")))
    }
}

/// The body, of JSON.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let read: Result<Json<T>, JsonRejection> = Json::from_request(request, state).await;
        read.map(|Json(body)| Self(body)).map_err(|error| {
            let kind = match error.status() {
                StatusCode::UNSUPPORTED_MEDIA_TYPE => "no-json",
                StatusCode::PAYLOAD_TOO_LARGE => "too-large",
                _ => "bad-body",
            };
            Problem::new(error.status(), kind, error.body_text())
        })
    }
}

/// Which part of a list.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Part {
    /// `next` of the part before.
    pub(crate) after: Option<String>,
    /// Rows at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: Option<String>,
}

/// At which instant.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Then {
    /// As of this instant by event time, known what is known now. Numbers of a campaign are counted from all of its messages.
    #[param(format = DateTime)]
    as_of: Option<String>,
}

impl Then {
    /// The instant; `None` for now.
    pub(crate) fn at(&self) -> Result<Option<Time>, Problem> {
        instant("as_of", self.as_of.as_deref())
    }
}

/// How much of what has no order to go on in.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Most {
    /// Rows at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: Option<String>,
}

/// How many rows a `limit` asks for.
pub(crate) fn rows(limit: Option<&str>) -> Result<usize, Problem> {
    let Some(text) = limit else { return Ok(ROWS) };
    let rows = text.parse().ok().filter(|rows| (1..=PAGE_ROWS_MAX).contains(rows));
    rows.ok_or_else(|| Problem::bad(format!("limit: a number from 1 to {PAGE_ROWS_MAX}")))
}

/// The instant of a parameter, RFC 3339.
pub(crate) fn instant(name: &str, text: Option<&str>) -> Result<Option<Time>, Problem> {
    let Some(text) = text else { return Ok(None) };
    // A plus that was not encoded arrives as a space.
    let parsed = chrono::DateTime::parse_from_rfc3339(&text.replace(' ', "+"));
    let time = parsed.map(|time| Time::from_micros(time.timestamp_micros()));
    time.map(Some)
        .map_err(|_| Problem::bad(format!("{name}: an instant as 2026-05-03T09:00:00Z or with an offset (RFC 3339)")))
}

/// The word of a parameter; `None` when it was not given.
pub(crate) fn word<T: Copy>(
    name: &str,
    text: Option<&str>,
    all: &[T],
    word: impl Fn(T) -> &'static str,
) -> Result<Option<T>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let found = all.iter().copied().find(|known| word(*known) == text);
    let words = || all.iter().map(|known| word(*known)).collect::<Vec<_>>().join(", ");
    found.map(Some).ok_or_else(|| Problem::bad(format!("{name}: one of {}", words())))
}

/// The schema of a parameter that is one of these words.
pub(crate) fn words(words: impl IntoIterator<Item = &'static str>) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words))
}
