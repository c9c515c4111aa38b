//! The dashboard of a live `run`: the view beside the folds' stores, the thread that follows the topics, the pages and the read API.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;

use anyhow::{Context as _, Result};
use dashboard::{Access, Dashboard};
use log::Cleanup;
use rest::Rest;
use store::Stores;
use view::{Error, Follow, TOPICS, View};

use crate::system::{System, now_ms};

/// Name of the view's store.
const STORE: &str = "view";
/// Where the hashes of granted tokens are, in the data directory.
pub(crate) const TOKENS: &str = "tokens";

/// Opens the view, making it anew from the topics where it is of no use, and starts to follow.
pub(super) fn start(system: &System, stop: &Arc<AtomicBool>) -> Result<(Arc<Dashboard>, JoinHandle<()>)> {
    let stores = system.stores.as_ref().context("this process was opened to ask, not to fold")?;
    let follow = open(system, stores.as_ref())?;
    let view = Arc::clone(&follow.view);
    let thread = follow.start(stop).context("start the view's thread")?;
    let access = Arc::new(Access::new(system.root.join(TOKENS)));
    Ok((Arc::new(Dashboard::new(view, access)), thread))
}

/// Pages and read API, over one view and one set of tokens.
pub(super) fn router(dashboard: &Arc<Dashboard>) -> axum::Router {
    let Dashboard { view, access, long } = dashboard.as_ref();
    let rest = Rest { view: Arc::clone(view), access: Arc::clone(access), long: Arc::clone(long) };
    dashboard::router(Arc::clone(dashboard)).merge(rest::router(Arc::new(rest)))
}

/// Nothing is in the view that is not in the topics: one that is damaged or foreign, or that cannot have seen every deletion, is put
/// aside and made anew.
fn open(system: &System, stores: &dyn Stores) -> Result<Follow> {
    let why = match opened(system, stores) {
        Ok(follow) if follow.view.is_stale(now_ms(), tombstones(system)?)? => {
            "it is older than the topics' tombstones".to_owned()
        }
        Ok(follow) if follow.is_behind()? => "the topics no longer have what it lacks".to_owned(),
        Err(error @ (Error::Foreign { .. } | Error::Store(store::Error::Damaged { .. }))) => error.to_string(),
        opened => return Ok(opened?),
    };
    tracing::warn!(why, "the view is put aside and made anew from the topics");
    stores.quarantine(STORE)?;
    Ok(opened(system, stores)?)
}

fn opened(system: &System, stores: &dyn Stores) -> Result<Follow, Error> {
    let view = Arc::new(View::new(stores.open(STORE)?, &system.log.id().0)?);
    let (prefix, partitions) = (system.settings.prefix.clone(), system.settings.partitions);
    Ok(Follow { log: Arc::clone(&system.log), view, prefix, partitions, now_ms })
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
