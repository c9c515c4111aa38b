//! The receipt of an erasure: what is gone, what runs out when, what remains.

use crate::Time;

/// How long records with personal data outlive an erasure, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The intakes and the dead letters: records are deleted after this time.
    pub intake_ms: i64,
    /// The private topic: the bytes under a tombstone are gone after this time (`max.compaction.lag.ms`).
    pub compaction_lag_ms: i64,
}

/// What a client who asked for erasure can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// When the erasure was carried out.
    pub carried_out: Time,
    /// The erasure's marker: facts that are not later are refused for good.
    pub erased_at: Time,
    /// By then no byte of names, addresses and content is left in the private topic.
    pub private_until: Time,
    /// By then the intakes and the dead letters as they were at the erasure have run out.
    pub intake_until: Time,
}

impl Receipt {
    /// The receipt of an erasure that is asked for as of `erased_at` and was carried out at `carried_out`.
    pub fn new(erased_at: Time, carried_out: Time, retention: Retention) -> Self {
        let after = |ms: i64| carried_out.plus_micros(ms.saturating_mul(1_000));
        Self {
            carried_out,
            erased_at,
            private_until: after(retention.compaction_lag_ms),
            intake_until: after(retention.intake_ms),
        }
    }

    /// Whether everything personal has run out.
    pub fn is_complete(&self, at: Time) -> bool {
        at >= self.private_until.max(self.intake_until)
    }

    /// As sentences for people. Names nobody.
    pub fn text(&self) -> String {
        format!(
            "Name, addresses and content of this client can no longer be read since {}. The bytes leave the private topic \
             by {}, and the intake and dead-letter records of before by {}; backups keep them as long as you keep those. \
             Facts up to {} are refused if they come again. What remains is pseudonymous: events, counters and registers \
             under the client's id and under hashes of its addresses, so that a suppressed or unsubscribed address stays so.",
            self.carried_out.rfc3339(),
            self.private_until.rfc3339(),
            self.intake_until.rfc3339(),
            self.erased_at.rfc3339(),
        )
    }
}
