//! Membership of a consumer group: which input partitions are this worker's. Knows no implementation.

use std::time::Duration;

use engine::TopicPartition;

use crate::Error;

/// What the group decided about this member. It is answered with [`Membership::complete`], once for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rebalance {
    /// These are this member's from now on, besides those that it has.
    Assigned(Vec<TopicPartition>),
    /// These go to another member, which waits until this is answered: commit or abort what is open of them first.
    Revoked(Vec<TopicPartition>),
    /// These are another member's already: nothing of them can be committed any more.
    Lost(Vec<TopicPartition>),
}

/// A member of a group. While it is one, transactions of the producer of the same name carry its generation, so that the group
/// refuses what a member commits that it has removed (KIP-447).
pub trait Membership: Send {
    /// What the group decided since; waits at most `timeout` for it. A member that does not poll within
    /// [`Membership::revoke_within`] is taken for dead.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the group cannot go on without somebody's help (no right to it, fenced by another instance
    /// of the same name).
    fn poll(&mut self, timeout: Duration) -> Result<Option<Rebalance>, Error>;

    /// The rebalance is carried out: what was assigned is taken, what was revoked or lost has nothing open any more.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    fn complete(&mut self, rebalance: Rebalance) -> Result<(), Error>;

    /// How long a revoke may take in all before the group goes on without this member.
    fn revoke_within(&self) -> Duration;
}
