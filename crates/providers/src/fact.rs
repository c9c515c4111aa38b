//! Facts as most providers state them, from a provider's words.

use domain::{BounceClass, Drop, DropReason, Fact, Scope};

use crate::part::clean;

/// A refusal that came while the mail was handed over.
pub(crate) fn bounced(class: BounceClass, words: Option<&str>) -> Fact {
    Fact::Bounced { class, asynchronous: false, reason: clean(words) }
}

/// A refusal that was reported after the mail had been taken.
pub(crate) fn bounced_later(class: BounceClass, words: Option<&str>) -> Fact {
    Fact::Bounced { class, asynchronous: true, reason: clean(words) }
}

/// A mail that nobody tried to deliver.
pub(crate) fn dropped(reason: DropReason, words: Option<&str>) -> Fact {
    Fact::Dropped(Drop { reason, scope: scope(reason), text: clean(words) })
}

/// Why a mail was not sent, by the first of these parts, in small letters, that is in a provider's words in any case.
pub(crate) fn reason_in(words: Option<&str>, known: &[(&str, DropReason)]) -> Option<DropReason> {
    let words = words?.to_lowercase();
    known.iter().find(|(part, _)| words.contains(part)).map(|(_, reason)| *reason)
}

/// What the cause of a drop is attached to, where the provider says no more than the reason.
const fn scope(reason: DropReason) -> Scope {
    match reason {
        DropReason::PriorBounce
        | DropReason::Unsubscribed
        | DropReason::PriorSpam
        | DropReason::InvalidAddress
        | DropReason::Suppressed => Scope::Address,
        DropReason::DomainFlagged => Scope::Domain,
        DropReason::Quota => Scope::Account,
        DropReason::PolicyList => Scope::Campaign,
        _ => Scope::Message,
    }
}

/// A delivery that failed for now.
pub(crate) fn deferred(words: Option<&str>) -> Fact {
    Fact::Deferred { reason: clean(words) }
}

/// An unsubscribe at the provider.
pub(crate) fn unsubscribed(scope: Scope) -> Fact {
    Fact::Unsubscribed { scope, from_register: false }
}

/// An unsubscribe at the provider that was lifted.
pub(crate) fn resubscribed(scope: Scope) -> Fact {
    Fact::Resubscribed { scope, from_register: false }
}
