//! Told to a page while it is open: something of its organisation has changed. The page then fetches itself anew, so that what it
//! shows is always what the server made of one moment. Nothing is told of other organisations, not even that they are busy (I8).

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::answer::Asking;
use crate::login::now;

/// The shortest time between two of them: a busy hour does not make a browser busy.
const PAUSE: Duration = Duration::from_millis(250);

/// An organisation and a campaign of it that changed.
type Named = (String, String);

pub(crate) async fn events(asking: Asking) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let changes = asking.dashboard.view.touched();
    let organisation = asking.viewer.organisation.clone();
    // A session that ended hears nothing more.
    let may_hear = move || asking.dashboard.access.viewer(&asking.headers, now()).is_some();
    let told = news(changes, organisation, may_hear);
    let event = unfold(Box::pin(told), |mut told| async move {
        let number = futures_util::StreamExt::next(&mut told).await?;
        Some((Ok(Event::default().event("version").data(number.to_string())), told))
    });
    Sse::new(event).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

/// 0 at once, then the next number whenever something of the organisation has changed, until `may_hear` says no.
fn news(changes: Receiver<Named>, organisation: String, may_hear: impl Fn() -> bool) -> impl Stream<Item = u64> {
    unfold((changes, 0, may_hear), move |(mut changes, number, may_hear)| {
        let organisation = organisation.clone();
        async move {
            if number > 0 {
                change(&mut changes, &organisation).await?;
                tokio::time::sleep(PAUSE).await;
            }
            may_hear().then_some((number, (changes, number + 1, may_hear)))
        }
    })
}

/// The next change of an organisation; `None` when there is no view any more.
async fn change(changes: &mut Receiver<Named>, organisation: &str) -> Option<()> {
    loop {
        match changes.recv().await {
            // Of nobody is of everybody.
            Ok((of, _)) if of != organisation && !of.is_empty() => {}
            // Some were missed: one may have been ours.
            Ok(_) | Err(RecvError::Lagged(_)) => return Some(()),
            Err(RecvError::Closed) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use futures_util::{FutureExt as _, StreamExt as _};
    use tokio::sync::broadcast::channel;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_organisation_hears_of_its_own_and_of_nobody_elses_until_it_logs_out() {
        let (say, changes) = channel(8);
        let open = Arc::new(AtomicBool::new(true));
        let is_open = Arc::clone(&open);
        let mut told = Box::pin(news(changes, "acme".to_owned(), move || is_open.load(Ordering::SeqCst)));
        let changed = |organisation: &str| say.send((organisation.to_owned(), "c".to_owned())).is_ok();
        assert_eq!(told.next().await, Some(0));
        assert!(changed("acme2"));
        assert_eq!(told.next().now_or_never(), None, "another's change is nobody's business");
        assert!(changed("acme"));
        assert_eq!(told.next().await, Some(1));
        assert!(changed(""));
        assert_eq!(told.next().await, Some(2), "what concerns everybody");
        open.store(false, Ordering::SeqCst);
        assert!(changed("acme"));
        assert_eq!(told.next().await, None, "it logged out");
    }
}
