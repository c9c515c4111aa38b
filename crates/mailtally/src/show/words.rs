//! Reasons and statuses in plain words.

use contract::proto::message::v1::Status;
use dashboard::reason;
use domain::{DropReason, WithheldReason};

/// Why a mail was not tried, as part of a sentence.
pub(super) const fn drop(reason: DropReason) -> &'static str {
    reason::drop(reason).0.0
}

/// Why the platform did not send, as part of a sentence.
pub(super) const fn withheld(reason: WithheldReason) -> &'static str {
    reason::withheld(reason).0
}

/// A status as the row shows it.
pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Sent => "Sent",
        Status::Delivered => "Delivered",
        Status::Open => "Open",
        Status::Click => "Click",
        Status::Bounce => "Bounce",
        Status::Dropped => "Dropped",
        Status::Spam => "Spam",
        Status::Unsubscribed => "Unsubscribed",
        Status::Withheld => "Not sent",
        Status::Unspecified => "-",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_reason_has_words_of_its_own() {
        let drops: BTreeSet<&str> = DropReason::ALL.into_iter().map(drop).collect();
        assert_eq!(drops.len(), DropReason::ALL.len());
        let withheld: BTreeSet<&str> = WithheldReason::ALL.into_iter().map(super::withheld).collect();
        assert_eq!(withheld.len(), WithheldReason::ALL.len());
    }
}
