//! Health and metrics: is the process alive, is every task live, what do the numbers say.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use service::health::Report;
use service::metric;

use crate::router::Edges;

/// 200 while the process turns over and its folding threads are there: restart it when this fails.
pub(crate) async fn live(State(edges): State<Arc<Edges>>) -> Response {
    match edges.board.failed() {
        None => (StatusCode::OK, Json(serde_json::json!({"live": true}))).into_response(),
        Some(why) => {
            let said = serde_json::json!({"live": false, "why": why});
            (StatusCode::SERVICE_UNAVAILABLE, Json(said)).into_response()
        }
    }
}

/// 200 when every task is live and the intake open; the state of each partition in any case.
pub(crate) async fn ready(State(edges): State<Arc<Edges>>) -> (StatusCode, Json<Report>) {
    let report = edges.board.report(crate::intake::now_ms());
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report))
}

/// Everything that is counted, as Prometheus reads it.
pub(crate) async fn metrics(State(edges): State<Arc<Edges>>) -> Response {
    edges.metrics.run_upkeep();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], edges.metrics.render()).into_response()
}

/// Counts requests by route and status; a path that is no route is counted as `other`.
pub(crate) async fn count(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let route = path.map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
    let begun = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_str().to_owned();
    metrics::counter!(metric::HTTP_REQUESTS, "route" => route.clone(), "status" => status).increment(1);
    metrics::histogram!(metric::HTTP_SECONDS, "route" => route).record(begun.elapsed());
    response
}
