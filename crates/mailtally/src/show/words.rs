//! Reasons and statuses in plain words.

use contract::proto::message::v1::Status;
use domain::{BounceClass, DropReason, WithheldReason};

/// Why a mail was not tried, as part of a sentence.
pub(super) fn drop(reason: DropReason) -> &'static str {
    match reason {
        DropReason::PriorBounce => "the address bounced before",
        DropReason::Unsubscribed => "unsubscribed at the provider",
        DropReason::PriorSpam => "reported an earlier mail as spam",
        DropReason::InvalidAddress => "the address is not one",
        DropReason::DomainFlagged => "the address's domain is flagged by the provider",
        DropReason::ContentSpam => "the content looks like spam",
        DropReason::ContentVirus => "the content holds a virus",
        DropReason::Quota => "the provider's quota is used up",
        DropReason::PolicyList => "refused by the provider's list policy",
        DropReason::SenderError => "the sender's request was wrong",
        DropReason::Rendering => "the template could not be filled",
        DropReason::Duplicate => "the address got another copy",
        DropReason::Suppressed => "on the provider's suppression list",
        DropReason::Other => "the provider gave another reason",
    }
}

/// Why the platform did not send, as part of a sentence.
pub(super) fn withheld(reason: WithheldReason) -> &'static str {
    match reason {
        WithheldReason::Inactive => "inactive for more than two years",
        WithheldReason::ClientUnsubscribed => "the client is unsubscribed",
        WithheldReason::AddressUnsubscribed => "the address is unsubscribed",
        WithheldReason::Invalid => "the address is not one",
        WithheldReason::Bounced => "the address bounced before",
        WithheldReason::Spam => "reported an earlier mail as spam",
        WithheldReason::DomainFlagged => "the address's domain is flagged by the provider",
        WithheldReason::NoAddress => "no address",
        WithheldReason::OverLimit => "over the limit of one request",
        WithheldReason::Other => "another reason of the platform",
    }
}

/// What a bounce means for the one who reads it.
pub(super) fn bounce(class: BounceClass) -> &'static str {
    match class {
        BounceClass::Hard => "the address does not work",
        BounceClass::Soft => "given up after several tries",
        BounceClass::Block => "blocked by the recipient's mail provider",
        BounceClass::Undetermined => "refused without a reason",
    }
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
        let bounces: BTreeSet<&str> = BounceClass::ALL.into_iter().map(bounce).collect();
        assert_eq!(bounces.len(), BounceClass::ALL.len());
    }
}
