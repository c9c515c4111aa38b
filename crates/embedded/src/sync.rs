//! Durability and visibility, in the order of commits. One thread at a time syncs the write-ahead log for all that was written
//! before; then it publishes them, writes the tip, and lets those go who waited.

use std::collections::VecDeque;
use std::sync::{Arc, MutexGuard, PoisonError};

use log::Error;

use crate::catalogue::index;
use crate::core::{Core, Pending, Seen, exclusive, lock, shared};
use crate::database::Database;
use crate::tip::TipFile;

/// Failed ranges of commits that are remembered for those who have yet to wake.
const MAX_FAILURES: usize = 1024;

/// How far the log is durable.
pub(crate) struct Flow {
    /// Up to this commit everything is durable, visible or failed.
    resolved: u64,
    syncing: bool,
    /// First and last commit of what failed, and why.
    failures: VecDeque<(u64, u64, String)>,
    pub(crate) tip: TipFile,
}

impl Flow {
    pub(crate) fn new(resolved: u64, tip: TipFile) -> Self {
        Self { resolved, syncing: false, failures: VecDeque::new(), tip }
    }

    fn outcome(&self, commit: u64) -> Option<Result<(), String>> {
        let failure = self.failures.iter().find(|(first, last, _)| (*first..=*last).contains(&commit));
        match failure {
            Some((_, _, reason)) => Some(Err(reason.clone())),
            None => (commit <= self.resolved).then_some(Ok(())),
        }
    }
}

impl Core {
    /// Returns once a commit is durable and visible, or has failed for good.
    pub(crate) fn sync_to(&self, database: &Database, commit: u64) -> Result<(), String> {
        let mut flow = lock(&self.flow);
        loop {
            if let Some(outcome) = flow.outcome(commit) {
                return outcome;
            }
            if flow.syncing {
                flow = self.flowed.wait(flow).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            flow.syncing = true;
            drop(flow);
            flow = self.lead(database);
        }
    }

    /// Waits until nothing is between write and visibility.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be had.
    pub(crate) fn settle(&self) -> Result<(), Error> {
        self.with_writable(|database| {
            let commit = lock(&self.assigned).commit;
            // A failure belongs to whoever made the commit; either way it is settled.
            drop(self.sync_to(database, commit));
        })
        .map_err(Error::Unavailable)
    }

    fn lead(&self, database: &Database) -> MutexGuard<'_, Flow> {
        let upto = lock(&self.assigned).commit;
        let synced = database.sync();
        let mut flow = lock(&self.flow);
        flow.syncing = false;
        match synced {
            Ok(()) => self.publish(&mut flow, upto),
            Err(refused) => {
                let reason = self.broken_because(&refused);
                let mut assigned = lock(&self.assigned);
                assigned.broken = Some(reason.clone());
                assigned.pending.clear();
                let failed = (flow.resolved + 1, assigned.commit, reason);
                flow.resolved = assigned.commit;
                flow.failures.push_back(failed);
                if flow.failures.len() > MAX_FAILURES {
                    flow.failures.pop_front();
                }
            }
        }
        self.flowed.notify_all();
        flow
    }

    fn publish(&self, flow: &mut Flow, upto: u64) {
        let mut durable = Vec::new();
        let mut assigned = lock(&self.assigned);
        while assigned.pending.front().is_some_and(|pending| pending.commit <= upto) {
            durable.extend(assigned.pending.pop_front());
        }
        drop(assigned);
        self.show(durable, upto);
        // A tip that cannot be written stays the lower bound that it is.
        drop(flow.tip.write(&self.tip(&shared(&self.visible), false)));
        flow.resolved = flow.resolved.max(upto);
        self.announce(upto);
    }

    fn show(&self, durable: Vec<Pending>, upto: u64) {
        let mut topics = Vec::new();
        let mut visible = exclusive(&self.visible);
        visible.commit = visible.commit.max(upto);
        for pending in durable {
            for (ordinal, written, batches) in pending.written {
                if let Some(seen) = visible.partitions.get_mut(index(ordinal)) {
                    seen.written = written;
                }
                let mut tail = lock(&self.tail);
                batches.into_iter().for_each(|batch| tail.put(ordinal, batch));
            }
            visible.groups.extend(pending.groups);
            if let Some(row) = pending.topic {
                visible.partitions.extend(row.partitions().map(|_| Seen::default()));
                topics.push(row);
            }
        }
        drop(visible);
        if !topics.is_empty() {
            let mut catalogue = exclusive(&self.catalogue);
            topics.into_iter().for_each(|row| Arc::make_mut(&mut catalogue).add(row));
        }
    }
}
