//! The dashboard of a live `run`: the view beside the folds' stores, the thread that follows the topics, and the pages.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;

use anyhow::{Context as _, Result};
use contract::topic::{Cleanup, Topic};
use dashboard::{Access, Dashboard};
use store::{Store, Stores};
use view::{Follow, TOPICS, View};

use crate::system::{System, now_ms};

/// Name of the view's store.
const STORE: &str = "view";
/// Where the hashes of granted tokens are, in the data directory.
pub(crate) const TOKENS: &str = "tokens";
/// Share of a tombstone's time that is not relied on, since clocks differ: a seventh.
const MARGIN: i64 = 7;

/// Opens the view, making it anew from the topics where it is of no use, and starts to follow.
pub(super) fn start(system: &System, stop: &Arc<AtomicBool>) -> Result<(Arc<Dashboard>, JoinHandle<()>)> {
    let stores = system.stores.as_ref().context("this process was opened to ask, not to fold")?;
    let view = Arc::new(open(stores.as_ref(), &system.log.id().0)?);
    let follow = Follow {
        log: Arc::clone(&system.log),
        view: Arc::clone(&view),
        prefix: system.settings.prefix.clone(),
        partitions: system.settings.partitions,
        now_ms,
    };
    let thread = follow.start(stop).context("start the view's thread")?;
    Ok((Arc::new(Dashboard { view, access: Access::new(system.root.join(TOKENS)) }), thread))
}

/// Nothing is in the view that is not in the topics: one that is damaged, foreign, or older than the tombstones is put aside.
fn open(stores: &dyn Stores, log: &str) -> Result<View> {
    let opened = stores.open(STORE).map_err(view::Error::from).and_then(|store| {
        if is_outdated(store.as_ref())? {
            drop(store);
            stores.quarantine(STORE)?;
            return View::new(stores.open(STORE)?, log);
        }
        View::new(store, log)
    });
    match opened {
        Err(error @ (view::Error::Foreign { .. } | view::Error::Store(store::Error::Damaged { .. }))) => {
            tracing::warn!(%error, "the view is put aside and made anew from the topics");
            stores.quarantine(STORE)?;
            Ok(View::new(stores.open(STORE)?, log)?)
        }
        opened => Ok(opened?),
    }
}

/// Whether deletions that it has not seen may be gone from the topics.
fn is_outdated(store: &dyn Store) -> Result<bool, store::Error> {
    let stays = |topic: &Topic| match topic.cleanup() {
        Cleanup::Compact(tombstone_ms) => Some(tombstone_ms),
        Cleanup::Delete(retention_ms) => retention_ms,
    };
    let shortest = TOPICS.iter().filter_map(stays).min().unwrap_or(i64::MAX);
    let written = store.position()?.map(|position| position.written_ms);
    Ok(written.is_some_and(|written| now_ms().saturating_sub(written) > shortest - shortest / MARGIN))
}
