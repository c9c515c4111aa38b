//! Statuses and reasons: the word, and for each bad outcome in one sentence what it means and what client or office can do.

use contract::proto::message::v1::MessageState;
use domain::contact::Cause;
use domain::contact::state::{EmailState, LiftedBy};
use domain::{Status, Time};

use crate::locale::Locale;
use crate::reason::{self, Both};
use crate::text::{Language, Word};

/// The word of one message's status.
pub(crate) const fn word(status: Status) -> Word {
    match status {
        Status::Sent => Word::IsSent,
        Status::Delivered => Word::IsDelivered,
        Status::Open => Word::IsOpen,
        Status::Click => Word::IsClick,
        Status::Bounce => Word::IsBounce,
        Status::Dropped => Word::IsDropped,
        Status::Spam => Word::IsSpam,
        Status::Unsubscribed => Word::IsUnsubscribed,
        Status::Withheld => Word::IsNotSent,
    }
}

/// The word of all messages of a status, where Sent would be the sum of them all.
pub(crate) const fn part(status: Status) -> Word {
    match status {
        Status::Sent => Word::NoReportYet,
        Status::Delivered => Word::Delivered,
        Status::Open => Word::Open,
        Status::Click => Word::Click,
        Status::Bounce => Word::Bounce,
        Status::Dropped => Word::Dropped,
        Status::Spam => Word::Spam,
        Status::Unsubscribed => Word::Unsubscribed,
        Status::Withheld => Word::NotSent,
    }
}

/// Why a row shows what it shows; empty where the status says all.
pub(crate) fn reason(row: &MessageState, as_of: Time, locale: &Locale) -> String {
    let (why, copy) = (said(reason::of_row(row, as_of), locale), said(reason::COPY, locale));
    match (row.copy, why.is_empty()) {
        (true, true) => copy.to_owned(),
        (true, false) => format!("{copy} ; {why}"),
        (false, _) => why.to_owned(),
    }
}

/// What a bad outcome means and what can be done.
pub(crate) fn remedy(row: &MessageState, locale: &Locale) -> Option<&'static str> {
    reason::remedy_of_row(row).map(|remedy| said(remedy, locale))
}

pub(crate) const fn said(both: Both, locale: &Locale) -> &'static str {
    match locale.language {
        Language::English => both.0,
        Language::French => both.1,
    }
}

/// What a suppression rests on.
pub(crate) const fn cause(cause: Cause) -> Both {
    match cause {
        Cause::Bounce => ("a hard bounce", "un rebond définitif"),
        Cause::Complaint => ("a report as spam", "un signalement comme pourriel"),
        Cause::Invalid => ("an address that is not one", "une adresse qui n'en est pas une"),
        Cause::Domain => ("a domain that the provider has flagged", "un domaine marqué par le fournisseur"),
    }
}

/// What ends an Email State.
pub(crate) const fn lifted(by: LiftedBy) -> Both {
    let french = match by {
        LiftedBy::Reactivation => {
            "une autre adresse, ou celle-ci marquée comme rétablie une fois retirée de la liste du fournisseur"
        }
        LiftedBy::Consent => "la demande du destinataire lui-même, puis l'adresse marquée comme rétablie",
        LiftedBy::Resubscribe => "un réabonnement par le client",
        LiftedBy::Transaction => "la prochaine transaction du client",
        LiftedBy::Address => "une adresse dans le dossier du client",
    };
    (by.words(), french)
}

/// An Email State: its sign and its words.
pub(crate) const fn state(state: EmailState) -> (&'static str, Both) {
    match state {
        EmailState::Spam => ("⚑", ("Spam", "Pourriel")),
        EmailState::Invalid => ("⊘", ("Invalid", "Invalide")),
        EmailState::Undeliverable => ("✕", ("Undeliverable", "Non livrable")),
        EmailState::Unsubscribed => ("⊖", ("Unsubscribed", "Désabonné")),
        EmailState::Inactive => ("◷", ("Inactive", "Inactif")),
        EmailState::NoAddress => ("∅", ("No address", "Aucune adresse")),
        EmailState::Ok => ("✓", ("OK", "OK")),
    }
}
