//! The dashboard of a live `run`: the view beside the folds' stores, the thread that follows the topics, the pages and the read API.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;

use anyhow::{Context as _, Result};
use dashboard::{Access, Dashboard};
use log::Cleanup;
use rest::Rest;
use service::health::ViewReport;
use store::Stores;
use view::{Anew, Error, Follow, Keep, Share, Standing, TOPICS, View};

use crate::system::{System, now_ms};

/// Name of the view's store.
const STORE: &str = "view";
/// Where the hashes of granted tokens are, in the data directory.
pub(crate) const TOKENS: &str = "tokens";

/// Opens the view and starts to keep it; how the dashboard reads it, and the thread.
pub(super) fn start(system: &System, stop: &Arc<AtomicBool>) -> Result<(Arc<Dashboard>, JoinHandle<()>)> {
    let stores = system.stores.as_ref().context("this process was opened to ask, not to fold")?;
    let stores = Arc::new(stores.for_single_rows());
    let view = open(system, stores.as_ref())?;
    if view.is_stale(now_ms(), tombstones(system)?)? {
        tracing::warn!("the view is older than the topics' tombstones: it may have missed that something was erased");
        view.ask_anew();
    }
    let (prefix, partitions) = (system.settings.prefix.clone(), system.settings.partitions);
    let follow = Follow { log: Arc::clone(&system.log), view: Arc::clone(&view), prefix, partitions, now_ms };
    let keep = Keep { follow, stores, name: STORE };
    let thread = keep.start(stop).context("start the view's thread")?;
    // Nobody else sets it: a process has one view.
    system.view.set(Arc::clone(&view)).ok();
    let access = Arc::new(Access::new(system.root.join(TOKENS)));
    Ok((Arc::new(Dashboard::new(view, access)), thread))
}

/// Pages and read API, over one view and one set of tokens.
pub(super) fn router(dashboard: &Arc<Dashboard>) -> axum::Router {
    let Dashboard { view, access, long } = dashboard.as_ref();
    let rest = Rest { view: Arc::clone(view), access: Arc::clone(access), long: Arc::clone(long) };
    dashboard::router(Arc::clone(dashboard)).merge(rest::router(Arc::new(rest)))
}

/// Where the view is, for readiness and metrics.
pub(super) fn report(view: &View) -> ViewReport {
    let (anew_percent, failed) = match view.anew() {
        Anew::No | Anew::Asked => (None, None),
        Anew::Making(share) => (Some(share.percent()), None),
        Anew::Failed(why) => (None, Some(format!("another view could not be made: {why}"))),
    };
    let Standing { lacks, halted } = view.standing();
    let state = match (&halted, lacks) {
        (Some(_), _) => "stands_still",
        (None, Some(_)) => "catching_up",
        (None, None) => "live",
    };
    ViewReport { state, why: failed.or(halted), percent: lacks.map(Share::percent), anew_percent }
}

/// Nothing is in the view that is not in the topics: one that cannot be read, or that is of another log or form, is put aside, and
/// the topics are read from their beginning.
fn open(system: &System, stores: &dyn Stores) -> Result<Arc<View>> {
    let opened = || Ok(Arc::new(View::new(stores.open(STORE)?, &system.log.id().0)?));
    match opened() {
        Err(error @ (Error::Foreign { .. } | Error::Store(store::Error::Damaged { .. }))) => {
            tracing::warn!(%error, "the view is put aside and made anew from the topics");
            stores.quarantine(STORE)?;
            Ok(opened()?)
        }
        opened => Ok(opened?),
    }
}

/// How long the view's topics keep tombstones, the shortest; `None` for ever.
fn tombstones(system: &System) -> Result<Option<i64>> {
    let names = TOPICS.map(|topic| system.settings.topic(topic));
    let stays = |cleanup| match cleanup {
        Cleanup::Compact { tombstone_ms } => Some(tombstone_ms),
        Cleanup::Delete { retention_ms } => retention_ms,
    };
    let topics = system.log.topics()?;
    Ok(topics
        .iter()
        .filter(|topic| names.contains(&topic.spec.name))
        .filter_map(|topic| stays(topic.spec.cleanup))
        .min())
}
