//! Statuses and reasons: the word, and for each bad outcome in one sentence what it means and what client or office can do.

use contract::event;
use contract::proto::message::v1::{MessageState, Outcome, Status as WireStatus};
use domain::contact::state::{EmailState, LiftedBy};
use domain::{BounceClass, DropReason, Status, Time, WithheldReason};

use crate::locale::Locale;
use crate::text::{Language, Word};

/// A message without an outcome after this many microseconds is shown as not reported yet: 72 hours.
const SILENT_MICROS: i64 = 72 * 3_600_000_000;

/// A sentence in each language.
type Both = (&'static str, &'static str);

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
    let why = match row.outcome() {
        Outcome::Bounced => event::bounce_from_wire(row.bounce).map(|class| said(bounce(class).0, locale)),
        Outcome::Dropped => event::drop_from_wire(row.drop).map(|reason| said(drop(reason).0, locale)),
        Outcome::Withheld => event::withheld_from_wire(row.withheld).map(|reason| said(withheld(reason), locale)),
        Outcome::Pending => Ok(pending(row, as_of, locale)),
        _ if row.delivered_inferred => Ok(locale.word(Word::Inferred)),
        _ => Ok(""),
    };
    let why = why.unwrap_or_default();
    match (row.copy, why.is_empty()) {
        (true, true) => locale.word(Word::ACopy).to_owned(),
        (true, false) => format!("{} ; {why}", locale.word(Word::ACopy)),
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

fn pending(row: &MessageState, as_of: Time, locale: &Locale) -> &'static str {
    let since = row.status_since.map_or(as_of, |at| contract::time_of(&at));
    locale.word(if since.plus_micros(SILENT_MICROS) < as_of { Word::NoReportYet } else { Word::OnItsWay })
}

const SPAM: Both = (
    "The client reported this mail as spam, so their provider is asked for no more. Only the client can ask for mail again.",
    "Le client a signalé ce courriel comme pourriel ; plus rien ne lui est envoyé. Lui seul peut redemander des courriels.",
);

/// A bounce in a few words, and what can be done.
pub(crate) const fn bounce(class: BounceClass) -> (Both, Both) {
    match class {
        BounceClass::Hard => (
            ("the address does not work", "l'adresse ne fonctionne pas"),
            (
                "The address does not exist or takes no mail any more: ask the client for another one.",
                "L'adresse n'existe pas ou n'accepte plus de courriel : demandez-en une autre au client.",
            ),
        ),
        BounceClass::Soft => (
            ("given up after several tries", "abandonné après plusieurs essais"),
            (
                "The mailbox was full or its server away for too long: the next mail is tried again.",
                "La boîte était pleine ou son serveur absent trop longtemps : le prochain courriel sera tenté.",
            ),
        ),
        BounceClass::Block => (
            ("blocked by the recipient's mail provider", "bloqué par le fournisseur du destinataire"),
            (
                "The client's mail provider blocked it. The client can look in the spam folder, add the sender to the approved \
                 senders, or ask the provider to let it through.",
                "Le fournisseur du client l'a bloqué. Le client peut regarder dans ses pourriels, approuver l'expéditeur ou \
                 demander à son fournisseur de le laisser passer.",
            ),
        ),
        BounceClass::Undetermined => (
            ("refused without a reason", "refusé sans motif"),
            (
                "The receiving server gave no reason that can be read: the next mail is tried again.",
                "Le serveur destinataire n'a donné aucun motif lisible : le prochain courriel sera tenté.",
            ),
        ),
    }
}

/// A drop in a few words, and what can be done.
pub(crate) const fn drop(reason: DropReason) -> (Both, Both) {
    const ADDRESS: Both = (
        "Ask the client for a working address, or mark this one as working again once it is off the provider's list.",
        "Demandez une adresse valide au client, ou marquez celle-ci comme rétablie une fois retirée de la liste du fournisseur.",
    );
    const OFFICE: Both = (
        "Nothing is wrong with the client: whoever wrote or sent the mail has to change it and send it again.",
        "Le client n'y est pour rien : l'auteur ou l'expéditeur doit corriger le courriel et le renvoyer.",
    );
    const CLIENT: Both = (
        "Only the client can change this, by asking for mail again.",
        "Seul le client peut changer cela, en redemandant des courriels.",
    );
    match reason {
        DropReason::PriorBounce => (("the address bounced before", "l'adresse a déjà rebondi"), ADDRESS),
        DropReason::Unsubscribed => (("unsubscribed at the provider", "désabonné chez le fournisseur"), CLIENT),
        DropReason::PriorSpam => {
            (("reported an earlier mail as spam", "a signalé un courriel antérieur comme pourriel"), CLIENT)
        }
        DropReason::InvalidAddress => (("the address is not one", "ce n'est pas une adresse"), ADDRESS),
        DropReason::DomainFlagged => {
            (("the address's domain is flagged by the provider", "le domaine est marqué par le fournisseur"), ADDRESS)
        }
        DropReason::ContentSpam => (("the content looks like spam", "le contenu ressemble à du pourriel"), OFFICE),
        DropReason::ContentVirus => (("the content holds a virus", "le contenu contient un virus"), OFFICE),
        DropReason::Quota => (("the provider's quota is used up", "le quota du fournisseur est épuisé"), OFFICE),
        DropReason::PolicyList => {
            (("refused by the provider's list policy", "refusé par la politique du fournisseur"), OFFICE)
        }
        DropReason::SenderError => {
            (("the sender's request was wrong", "la demande de l'expéditeur était erronée"), OFFICE)
        }
        DropReason::Rendering => (("the template could not be filled", "le modèle n'a pas pu être rempli"), OFFICE),
        DropReason::Duplicate => (("the address got another copy", "l'adresse a reçu une autre copie"), OFFICE),
        DropReason::Suppressed => {
            (("on the provider's suppression list", "sur la liste de suppression du fournisseur"), ADDRESS)
        }
        DropReason::Other => (("the provider gave another reason", "le fournisseur a donné un autre motif"), OFFICE),
    }
}

/// Why the platform did not send.
pub(crate) const fn withheld(reason: WithheldReason) -> Both {
    match reason {
        WithheldReason::Inactive => ("inactive for more than two years", "inactif depuis plus de deux ans"),
        WithheldReason::ClientUnsubscribed => ("the client is unsubscribed", "le client est désabonné"),
        WithheldReason::AddressUnsubscribed => ("the address is unsubscribed", "l'adresse est désabonnée"),
        WithheldReason::Invalid => ("the address is not one", "ce n'est pas une adresse"),
        WithheldReason::Bounced => ("the address bounced before", "l'adresse a déjà rebondi"),
        WithheldReason::Spam => ("reported an earlier mail as spam", "a signalé un courriel antérieur comme pourriel"),
        WithheldReason::DomainFlagged => {
            ("the address's domain is flagged by the provider", "le domaine est marqué par le fournisseur")
        }
        WithheldReason::NoAddress => ("no address", "aucune adresse"),
        WithheldReason::OverLimit => ("over the limit of one request", "au-delà de la limite d'un envoi"),
        WithheldReason::Other => ("another reason of the platform", "un autre motif de la plateforme"),
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
