//! Which route is answered by what and who may ask: one line a route, and no route without a rule.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use dashboard::{Access, Role};
use tokio::sync::Semaphore;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;
use view::View;

use crate::{campaign, campaigns, clients, events, guard, messages, openapi, parts, recipients, states, suppressions};

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Everybody.
    Anyone,
    /// Who has this role or a higher one in the organisation of the path.
    From(Role),
}

/// What the routes need.
pub struct Rest {
    /// The rows.
    pub view: Arc<View>,
    /// Who may look.
    pub access: Arc<Access>,
    /// Turns for answers that read much: exports and numbers of a past instant.
    pub long: Arc<Semaphore>,
}

/// A route: its rule, and what answers with its description.
type Line = (Rule, fn() -> UtoipaMethodRouter<Arc<Rest>>);

const VIEWER: Rule = Rule::From(Role::Viewer);
const SENDER: Rule = Rule::From(Role::Sender);

/// All routes.
pub const ROUTES: [Line; 19] = [
    (Rule::Anyone, || routes!(openapi::show)),
    (VIEWER, || routes!(campaigns::list)),
    (VIEWER, || routes!(campaign::one)),
    (VIEWER, || routes!(campaign::series)),
    (VIEWER, || routes!(parts::links)),
    (VIEWER, || routes!(parts::providers)),
    (VIEWER, || routes!(parts::domains)),
    (VIEWER, || routes!(recipients::list)),
    (VIEWER, || routes!(messages::one)),
    (VIEWER, || routes!(messages::body)),
    (VIEWER, || routes!(clients::list)),
    (VIEWER, || routes!(clients::one)),
    (VIEWER, || routes!(clients::emails)),
    (VIEWER, || routes!(clients::unsubscribed)),
    (VIEWER, || routes!(states::of_client)),
    (VIEWER, || routes!(states::of_clients)),
    (SENDER, || routes!(states::send_check)),
    (VIEWER, || routes!(suppressions::list)),
    (VIEWER, || routes!(events::stream)),
];

/// The API.
pub fn router(rest: Arc<Rest>) -> Router {
    let route = |router: OpenApiRouter<Arc<Rest>>, (rule, make): Line| {
        let (schemas, paths, method) = make();
        let guard = from_fn_with_state((Arc::clone(&rest), rule), guard::guard);
        router.routes((schemas, paths, method.layer(guard)))
    };
    let (routes, _) = ROUTES.into_iter().fold(OpenApiRouter::new(), route).split_for_parts();
    routes.with_state(rest)
}

/// What describes it.
pub fn document() -> OpenApi {
    openapi::finished(ROUTES.into_iter().map(|(rule, make)| (rule, make())))
}
