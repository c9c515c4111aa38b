//! A membership whose worker's waits are on the board: until the group has spoken, and while partitions are handed over.

use std::sync::Arc;
use std::time::Duration;

use log::{Error, Membership, Rebalance};
use service::health::Board;

use crate::system::now_ms;

/// A membership that is watched.
pub(super) struct Waiting {
    member: Box<dyn Membership>,
    name: String,
    board: Arc<Board>,
}

impl Waiting {
    /// Watches the membership of the worker `name`.
    pub(super) fn new(member: Box<dyn Membership>, name: &str, board: Arc<Board>) -> Self {
        Self { member, name: name.to_owned(), board }
    }
}

impl Membership for Waiting {
    fn poll(&mut self, timeout: Duration) -> Result<Option<Rebalance>, Error> {
        let rebalance = self.member.poll(timeout)?;
        if let Some(decided) = &rebalance {
            self.board.rebalancing(&self.name, true);
            let (what, partitions) = match decided {
                Rebalance::Assigned(partitions) => ("assigned", partitions),
                Rebalance::Revoked(partitions) => ("revoked", partitions),
                Rebalance::Lost(partitions) => ("lost", partitions),
            };
            tracing::info!(worker = self.name, what, partitions = partitions.len(), "the group has decided");
        }
        Ok(rebalance)
    }

    fn complete(&mut self, rebalance: Rebalance) -> Result<(), Error> {
        // Who has lost its partitions waits for others.
        let waits = matches!(rebalance, Rebalance::Lost(_));
        match &rebalance {
            Rebalance::Assigned(partitions) => self.board.given(partitions, now_ms()),
            Rebalance::Revoked(partitions) | Rebalance::Lost(partitions) => self.board.taken(partitions),
        }
        let done = self.member.complete(rebalance);
        self.board.rebalancing(&self.name, waits);
        done
    }

    fn revoke_within(&self) -> Duration {
        self.member.revoke_within()
    }
}
