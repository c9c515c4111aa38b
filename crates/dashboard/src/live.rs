//! Told to a page while it is open: the view has changed. The page then fetches itself anew, so that what it shows is always
//! what the server made of one moment.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;

use crate::router::Dashboard;

/// The shortest time between two of them: a busy hour does not make a browser busy.
const PAUSE: Duration = Duration::from_millis(250);

pub(crate) async fn events(
    State(dashboard): State<Arc<Dashboard>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let changes = dashboard.view.changes();
    let told = unfold((changes, true), |(mut changes, is_first)| async move {
        if !is_first {
            changes.changed().await.ok()?;
            tokio::time::sleep(PAUSE).await;
        }
        let version = *changes.borrow_and_update();
        Some((Ok(Event::default().event("version").data(version.to_string())), (changes, false)))
    });
    Sse::new(told).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}
