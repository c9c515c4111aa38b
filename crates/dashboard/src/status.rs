//! Statuses and reasons: the word, and for each bad outcome in one sentence what it means and what client or office can do.

use contract::event;
use contract::proto::message::v1::{MessageState, Outcome, Status as WireStatus};
use domain::contact::Cause;
use domain::contact::state::{EmailState, LiftedBy};
use domain::{Status, Time};

use crate::locale::Locale;
use crate::reason::{self, Both, bounce, drop};
use crate::text::{Language, Word};

/// The word of a status.
pub(crate) const fn word(status: Status) -> Word {
    match status {
        Status::Sent => Word::Sent,
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

/// The status of a row.
pub(crate) fn of(row: &MessageState) -> Status {
    match row.status() {
        WireStatus::Delivered => Status::Delivered,
        WireStatus::Open => Status::Open,
        WireStatus::Click => Status::Click,
        WireStatus::Bounce => Status::Bounce,
        WireStatus::Dropped => Status::Dropped,
        WireStatus::Spam => Status::Spam,
        WireStatus::Unsubscribed => Status::Unsubscribed,
        WireStatus::Withheld => Status::Withheld,
        WireStatus::Sent | WireStatus::Unspecified => Status::Sent,
    }
}

/// Name of a status in style sheets.
pub(crate) const fn class(status: Status) -> &'static str {
    match status {
        Status::Sent => "sent",
        Status::Delivered => "delivered",
        Status::Open => "open",
        Status::Click => "click",
        Status::Bounce => "bounce",
        Status::Dropped => "dropped",
        Status::Spam => "spam",
        Status::Unsubscribed => "unsubscribed",
        Status::Withheld => "withheld",
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
    if row.status() == WireStatus::Spam {
        return Some(said(SPAM, locale));
    }
    match row.outcome() {
        Outcome::Bounced => event::bounce_from_wire(row.bounce).ok().map(|class| said(bounce(class).1, locale)),
        Outcome::Dropped => event::drop_from_wire(row.drop).ok().map(|reason| said(drop(reason).1, locale)),
        _ => None,
    }
}

pub(crate) const fn said(both: Both, locale: &Locale) -> &'static str {
    match locale.language {
        Language::English => both.0,
        Language::French => both.1,
    }
}

const SPAM: Both = (
    "The client reported this mail as spam, so their provider is asked for no more. Only the client can ask for mail again.",
    "Le client a signalé ce courriel comme pourriel ; plus rien ne lui est envoyé. Lui seul peut redemander des courriels.",
);

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
