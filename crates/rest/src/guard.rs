//! Before every route: who asks, whether it is their organisation, whether the answer may be that old.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::{RawPathParams, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use view::Reached;

use crate::problem::Problem;
use crate::router::{Rest, Rule};

/// Request header: a `position` that the answer must have reached.
pub(crate) const AT_LEAST: &str = "mailtally-at-least";
/// How long an answer waits for it.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// Lets a request through to its route by the route's rule, with who asks.
pub(crate) async fn guard(
    State((rest, rule)): State<(Arc<Rest>, Rule)>,
    params: RawPathParams,
    mut request: Request,
    next: Next,
) -> Response {
    let Rule::From(role) = rule else { return next.run(request).await };
    let Some(viewer) = rest.access.viewer(request.headers(), now()) else {
        return Problem::unauthorized().into_response();
    };
    let organisation = params.iter().find(|(name, _)| *name == "org").map(|(_, value)| value);
    if organisation != Some(&viewer.organisation) {
        return Problem::not_found().into_response();
    }
    if viewer.role < role {
        return Problem::forbidden(role).into_response();
    }
    if let Err(problem) = reach(&rest, request.headers()).await {
        return problem.into_response();
    }
    request.extensions_mut().insert(viewer);
    next.run(request).await
}

async fn reach(rest: &Rest, headers: &HeaderMap) -> Result<(), Problem> {
    let Some(wanted) = headers.get(AT_LEAST) else { return Ok(()) };
    let wanted = wanted.to_str().unwrap_or("-").parse::<Reached>();
    let wanted = wanted.map_err(|error| Problem::bad(format!("{AT_LEAST}: {error}")))?;
    match tokio::time::timeout(WAIT_MAX, rest.view.wait_for(&wanted)).await {
        Ok(reached) => Ok(reached?),
        Err(_) => Err(Problem::later("not-yet", "this instance has not read the topics that far: ask again")),
    }
}

/// Seconds since the Unix epoch.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
