//! Which page is where and who may see it: one line a route, and no route without a rule.

use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodRouter, get, post};
use tokio::sync::Semaphore;
use view::View;

use crate::access::{Access, Role};
use crate::{
    asset, body, campaign, campaigns, client, clients, live, login, message, recipients, send_check, suppressions,
};

/// Who may see a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Everybody.
    Anyone,
    /// Who is logged in with this role or a higher one.
    From(Role),
}

/// What the pages need.
pub struct Dashboard {
    /// The rows.
    pub view: Arc<View>,
    /// Who may look.
    pub access: Arc<Access>,
    /// Turns for answers that read much.
    pub long: Arc<Semaphore>,
}

impl Dashboard {
    /// The pages over a view.
    pub fn new(view: Arc<View>, access: Arc<Access>) -> Self {
        /// Of the machine's share, whatever many ask at once.
        const LONG_AT_ONCE: usize = 2;
        Self { view, access, long: Arc::new(Semaphore::new(LONG_AT_ONCE)) }
    }
}

/// A route: path, rule, and what answers.
type Line = (&'static str, Rule, fn() -> MethodRouter<Arc<Dashboard>>);

const VIEWER: Rule = Rule::From(Role::Viewer);
const SENDER: Rule = Rule::From(Role::Sender);

/// All routes.
pub const ROUTES: [Line; 17] = [
    ("/", VIEWER, || get(campaigns::home)),
    ("/login", Rule::Anyone, || get(login::form).post(login::submit)),
    ("/logout", Rule::Anyone, || post(login::logout)),
    ("/campaigns", VIEWER, || get(campaigns::page)),
    ("/campaigns/{campaign}", VIEWER, || get(campaign::page)),
    ("/campaigns/{campaign}/{tile}", VIEWER, || get(recipients::page)),
    ("/messages/{message}", VIEWER, || get(message::page)),
    ("/clients", VIEWER, || get(clients::page)),
    ("/unsubscribed", VIEWER, || get(clients::unsubscribed)),
    ("/suppressions", VIEWER, || get(suppressions::page)),
    ("/send-check", SENDER, || get(send_check::form).post(send_check::check)),
    ("/clients/{client}", VIEWER, || get(client::page)),
    ("/clients/{client}/mails/{message}/body", VIEWER, || get(body::page)),
    ("/live", VIEWER, || get(live::events)),
    ("/assets/style.css", Rule::Anyone, || get(asset::style)),
    ("/assets/icon.svg", Rule::Anyone, || get(asset::icon)),
    ("/assets/live.js", Rule::Anyone, || get(asset::script)),
];

/// The pages.
pub fn router(dashboard: Arc<Dashboard>) -> Router {
    let route = |router: Router<Arc<Dashboard>>, (path, rule, make): Line| {
        let guard = axum::middleware::from_fn_with_state((Arc::clone(&dashboard), rule), login::guard);
        router.route(path, make().layer(guard))
    };
    ROUTES.into_iter().fold(Router::new(), route).with_state(dashboard)
}
