//! Live numbers: a campaign's row whenever it has changed, as server-sent events. Nothing is told of other organisations, not even
//! that they are busy (I8).

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use futures_util::stream::{self, Stream, unfold};
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use utoipa::IntoParams;

use crate::answer::{Asking, Envelope};
use crate::guard::now;
use crate::problem::Problem;
use crate::query::{Ids, Read};
use crate::row::CampaignRow;

/// How long changes are gathered before they are told: a busy hour does not make a reader busy.
const PAUSE: Duration = Duration::from_millis(250);

#[derive(Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Only this campaign.
    campaign: Option<String>,
}

/// What to tell.
enum News {
    /// These campaigns changed.
    Changed(BTreeSet<String>),
    /// Some changes were missed: what is shown is to be asked for anew.
    Missed,
}

/// Campaigns as they change. Events: `campaign` with its row as `data` (an envelope as in other answers), once at the beginning where
/// one campaign is asked for; `missed` when changes were lost on the way and lists are to be read anew.
#[utoipa::path(
    get, path = "/v1/orgs/{org}/events", tag = "campaigns", operation_id = "events",
    params(("org" = String, Path, description = "The organisation."), Wanted),
    responses((status = 200, description = "A stream that stays open.", body = Envelope<CampaignRow>,
        content_type = "text/event-stream")),
)]
pub(crate) async fn stream(
    asking: Asking,
    Ids(_): Ids<String>,
    Read(wanted): Read<Wanted>,
) -> Result<Response, Problem> {
    let changes = asking.rest.view.touched();
    let organisation = asking.viewer.organisation.clone();
    let asking = Arc::new(asking);
    let open = Arc::clone(&asking);
    // A session that ended hears nothing more.
    let may_hear = move || open.rest.access.viewer(&open.headers, now()).is_some();
    let only = wanted.campaign;
    let first = only.iter().map(|only| News::Changed([only.clone()].into())).collect::<Vec<_>>();
    let told = stream::iter(first).chain(news(changes, organisation, only, may_hear));
    let made = told.then(move |news| {
        let asking = Arc::clone(&asking);
        // Reads wait for the disk.
        async move { tokio::task::spawn_blocking(move || events(&asking, news)).await.unwrap_or_default() }
    });
    let events = made.flat_map(|events| stream::iter(events).map(Ok::<_, Infallible>));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response())
}

/// What changed of an organisation, and of only one campaign where it is given, until `may_hear` says no.
fn news(
    changes: Receiver<(String, String)>,
    organisation: String,
    only: Option<String>,
    may_hear: impl Fn() -> bool + Send + 'static,
) -> impl Stream<Item = News> + Send {
    let told = unfold((changes, organisation, only, may_hear), |(mut changes, organisation, only, may_hear)| async {
        let news = gathered(&mut changes, &organisation, only.as_deref()).await?;
        may_hear().then_some((news, (changes, organisation, only, may_hear)))
    });
    told.boxed()
}

/// Waits for a change, then gathers those that follow at once; `None` when there is no view any more.
async fn gathered(changes: &mut Receiver<(String, String)>, organisation: &str, only: Option<&str>) -> Option<News> {
    let is_ours = |(of, campaign): &(String, String)| {
        of == organisation && !campaign.is_empty() && only.is_none_or(|only| only == campaign)
    };
    let mut changed = BTreeSet::new();
    while changed.is_empty() {
        match changes.recv().await {
            Ok(change) if is_ours(&change) => drop(changed.insert(change.1)),
            // Of nobody is of everybody: whether the rows are all there are has changed.
            Ok((of, _)) if of.is_empty() => return Some(News::Missed),
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return Some(News::Missed),
            Err(RecvError::Closed) => return None,
        }
    }
    tokio::time::sleep(PAUSE).await;
    loop {
        match changes.try_recv() {
            Ok(change) if is_ours(&change) => drop(changed.insert(change.1)),
            Ok(_) => {}
            Err(TryRecvError::Lagged(_)) => return Some(News::Missed),
            Err(TryRecvError::Empty | TryRecvError::Closed) => return Some(News::Changed(changed)),
        }
    }
}

/// The events of some news. Each row is read when its turn to be sent has come.
fn events(asking: &Asking, news: News) -> Vec<Event> {
    let News::Changed(changed) = news else { return vec![Event::default().event("missed").data("")] };
    let of = |id: String| {
        let said = asking.now(|asked| {
            let row =
                asked.rows.campaign(&asked.organisation, &id)?.map(|found| CampaignRow::of(&found)).transpose()?;
            row.map(|row| Ok(Envelope::new(asked.as_of()?, row))).transpose()
        });
        let event = said.ok().flatten().and_then(|said| Event::default().event("campaign").json_data(said).ok());
        // What is gone or cannot be read now is for its reader to ask for.
        event.unwrap_or_else(|| Event::default().event("missed").data(""))
    };
    changed.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use futures_util::FutureExt as _;
    use tokio::sync::broadcast::channel;

    use super::*;

    fn names(news: Option<News>) -> Vec<String> {
        match news {
            Some(News::Changed(changed)) => changed.into_iter().collect(),
            Some(News::Missed) => vec!["missed".to_owned()],
            None => Vec::new(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn changes_are_gathered_of_one_organisation_until_it_logs_out() {
        let (say, changes) = channel(8);
        let open = Arc::new(AtomicBool::new(true));
        let is_open = Arc::clone(&open);
        let mut told = news(changes, "acme".to_owned(), None, move || is_open.load(Ordering::SeqCst));
        let changed = |of: &str, campaign: &str| say.send((of.to_owned(), campaign.to_owned())).is_ok();
        assert!(changed("acme2", "x") && changed("acme", ""));
        assert!(told.next().now_or_never().is_none(), "another's change, and one of no campaign, are not told");
        assert!(changed("acme", "b") && changed("acme2", "x") && changed("acme", "a") && changed("acme", "b"));
        assert_eq!(names(told.next().await), ["a", "b"]);
        assert!((0..20).all(|_| changed("acme2", "x")));
        assert_eq!(names(told.next().await), ["missed"]);
        open.store(false, Ordering::SeqCst);
        assert!(changed("acme", "a"));
        assert!(told.next().await.is_none(), "it logged out");
    }
}
