//! What is looked at every second: lag and commit age, the disk, bytes of the log; and when it cannot go on.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Result;
use engine::TopicPartition;
use service::health::Board;
use service::metric;
use view::View;

use super::identity::Identity;
use super::letters::Letters;
use super::metered::Metered;
use super::unmatched::Unmatched;
use super::upkeep::pause;
use crate::space;
use crate::system::{Medium, Standing, System, now_ms};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// How long the log may take no commit before the process ends, in milliseconds: whoever watches it sees the reason.
const REFUSING_MAX_MS: i64 = 5_000;

/// Looks.
pub(super) struct Watch {
    system: Arc<System>,
    board: Arc<Board>,
    log: Arc<Metered>,
    headroom_bytes: u64,
    unmatched: Unmatched,
    letters: Letters,
    identity: Identity,
    blind: bool,
    /// The view, in a process that has one.
    pub(super) view: Option<Arc<View>>,
    /// Whether this process folds nothing, so that the state of the folds is for others to tell.
    pub(super) only_disk: bool,
}

impl Watch {
    /// Watches this system.
    pub(super) fn new(system: Arc<System>, board: Arc<Board>, log: Arc<Metered>, headroom_bytes: u64) -> Self {
        let (unmatched, letters, identity) = (Unmatched::default(), Letters::default(), Identity::default());
        Self {
            system,
            board,
            log,
            headroom_bytes,
            unmatched,
            letters,
            identity,
            blind: false,
            view: None,
            only_disk: false,
        }
    }

    /// Starts the thread; it ends soon after `stop`.
    pub(super) fn start(mut self, stop: &Arc<AtomicBool>) -> Result<JoinHandle<()>> {
        let stop = Arc::clone(stop);
        let work = move || {
            while !stop.load(Ordering::Acquire) {
                self.look();
                pause(EVERY, &stop);
            }
        };
        Ok(std::thread::Builder::new().name("watch".to_owned()).spawn(work)?)
    }

    fn look(&mut self) {
        if self.only_disk {
            self.disk(&self.system.root);
            return gauge(metrics::gauge!(metric::PROCESS_BYTES), space::resident());
        }
        self.board.measure(now_ms());
        match self.lag() {
            Ok(()) => self.blind = false,
            // Said once, not every second.
            Err(error) if !std::mem::replace(&mut self.blind, true) => tracing::warn!(%error, "lag is not known"),
            Err(_) => {}
        }
        self.topics();
        match self.unmatched.look(self.system.log.as_ref(), &self.system.settings) {
            Ok(waiting) => gauge(metrics::gauge!(metric::UNMATCHED), u64::try_from(waiting).unwrap_or(u64::MAX)),
            Err(error) => tracing::warn!(%error, "what waits for its send is not known"),
        }
        match self.letters.look(self.system.log.as_ref(), &self.system.settings) {
            Ok((kept, left_ms)) => metric::letters(kept, left_ms),
            Err(error) => tracing::warn!(%error, "how long dead letters stay is not known"),
        }
        if let Some(view) = &self.view {
            metrics::counter!(metric::DROPS_LIFTED).absolute(view.lifted_drops());
            self.board.view().into_iter().for_each(|report| metric::view(&report));
        }
        gauge(metrics::gauge!(metric::TASKS), u64::try_from(self.system.tasks().count()).unwrap_or(u64::MAX));
        for (intake, open) in self.system.settings.breakers.open() {
            let open = u64::try_from(open).unwrap_or(u64::MAX);
            gauge(metrics::gauge!(metric::BREAKERS_OPEN, "fold" => format!("decode-{intake}")), open);
        }
        self.disk(&self.system.root);
        if let Medium::Embedded(log) = &self.system.medium {
            for topic in log.space() {
                gauge(metrics::gauge!(metric::LOG_BYTES, "topic" => topic.topic.name().to_owned()), topic.bytes);
            }
            gauge(metrics::gauge!(metric::LOG_DISK_BYTES), log.bytes_on_disk());
        }
        gauge(metrics::gauge!(metric::STATE_DISK_BYTES), space::below(&self.system.root.join("state")));
        if let Some(stores) = &self.system.stores {
            let size = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
            // The embedded log and the stores share both.
            for (part, bytes) in [("cache", size(stores.cache_bytes())), ("memtables", size(stores.memtable_bytes()))] {
                gauge(metrics::gauge!(metric::ROCKSDB_BYTES, "part" => part), bytes);
            }
        }
        gauge(metrics::gauge!(metric::PROCESS_BYTES), space::resident());
        let refusing = self.log.refusing().filter(|(for_ms, _)| *for_ms >= REFUSING_MAX_MS);
        let why = refusing.map(|(for_ms, why)| {
            let seconds = for_ms / 1_000;
            format!("the log has taken no commit for {seconds} s: {why}; nothing that was acknowledged is lost")
        });
        match (&self.system.medium, why) {
            (Medium::Embedded(_), None) => {}
            (Medium::Embedded(_), Some(why)) => self.board.fail(&why),
            // Brokers come back without this process's help.
            (Medium::Kafka(..), why) => self.board.refused(why),
        }
    }

    /// Whether the brokers' topics are still those that this process began with.
    fn topics(&mut self) {
        if !matches!(self.system.medium, Medium::Kafka(..)) {
            return;
        }
        match self.identity.look(self.system.log.as_ref()) {
            Ok(why) => why.into_iter().for_each(|why| self.board.fail(&why)),
            Err(error) => tracing::debug!(%error, "whether the topics are the same is not known"),
        }
    }

    fn lag(&self) -> Result<()> {
        for task in self.system.tasks().filter(|task| self.board.knows(*task)) {
            let Some(fold) = self.system.topology.fold(task) else { continue };
            let input = TopicPartition { topic: fold.input.clone(), partition: task.partition };
            let Standing { next, lag, stable_lag } = self.system.standing(fold, &input)?;
            let ends = (next.saturating_add(lag), next.saturating_add(stable_lag));
            self.board.compare_stable(task, next, ends, now_ms());
        }
        Ok(())
    }

    /// Below its headroom the intake takes nothing: folding and upkeep need the rest.
    fn disk(&self, root: &Path) {
        let Some(free) = space::free(root) else { return };
        gauge(metrics::gauge!(metric::DISK_FREE_BYTES), free);
        gauge(metrics::gauge!(metric::DISK_HEADROOM_BYTES), self.headroom_bytes);
        let full = free < self.headroom_bytes;
        let why = format!(
            "the disk has {free} bytes free, less than disk_headroom_bytes = {}: free some, folding goes on",
            self.headroom_bytes
        );
        if full && self.board.closed().is_none() {
            tracing::error!(free, headroom = self.headroom_bytes, "the disk is nearly full: the intake is closed");
        }
        self.board.close(full.then_some(why));
    }
}

fn gauge(gauge: metrics::Gauge, value: u64) {
    #[expect(clippy::cast_precision_loss, reason = "gauges are floats; bytes stay below 2^53")]
    gauge.set(value as f64);
}
