//! Which route is answered by what. One line a route.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use metrics_exporter_prometheus::PrometheusHandle;
use processor::settings::Settings;
use service::config::Secret;
use service::health::Board;

use crate::command::{self, Commands, Running};
use crate::intake::{self, Appender, Room};
use crate::problem::Problem;
use crate::{access, observe};

/// What the routes need.
pub struct Edges {
    /// The installation.
    pub settings: Arc<Settings>,
    /// Where good events go; nothing where there is no intake.
    pub appender: Option<Appender>,
    /// Where every task is.
    pub board: Arc<Board>,
    /// What `/metrics` renders.
    pub metrics: PrometheusHandle,
    /// What clients of intake and metrics must show; nothing on loopback without a token.
    pub token: Option<Secret>,
    /// What executes commands.
    pub commands: Arc<dyn Commands>,
    /// What the command line must show; made anew by every run.
    pub command_token: Secret,
    /// Room for requests that are being read.
    pub room: Room,
    /// Room for commands.
    pub running: Running,
}

/// The routes for clients; with those for the command line, if they are to be reached here.
pub fn router(edges: Arc<Edges>, with_commands: bool) -> Router {
    let intake = Router::new().route("/v1/platform-events", post(intake::platform_events));
    let guarded = Router::new()
        .merge(if edges.appender.is_some() { intake } else { Router::new() })
        .route("/metrics", get(observe::metrics))
        .layer(from_fn_with_state(Arc::clone(&edges), access::client));
    let open = Router::new().route("/health/live", get(observe::live)).route("/health/ready", get(observe::ready));
    let commands = Router::new()
        .route("/v1/commands", post(command::run))
        .layer(from_fn_with_state(Arc::clone(&edges), access::command_line));
    let all = guarded.merge(open).merge(if with_commands { commands } else { Router::new() });
    all.fallback(|| async {
        Problem::new(StatusCode::NOT_FOUND, "no-such-route", "see proto/README.md for the routes")
    })
    .method_not_allowed_fallback(|| async {
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "no-such-method", "the Allow header names what is there")
    })
    .layer(from_fn(observe::count))
    .with_state(edges)
}
