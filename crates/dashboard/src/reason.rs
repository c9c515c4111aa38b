//! Why a mail was refused, dropped or withheld, in plain words of each language, and what client or office can do. The command
//! line says the same in English.

use contract::event;
use contract::proto::message::v1::{MessageState, Outcome, Status};
use domain::{BounceClass, DropReason, Time, WithheldReason};

/// A message without an outcome after this many microseconds is shown as not reported yet: 72 hours.
const SILENT_MICROS: i64 = 72 * 3_600_000_000;

/// The same in English and in French.
pub type Both = (&'static str, &'static str);

/// What is said of a copy.
pub const COPY: Both =
    ("a copy to the organisation, counted in no number", "une copie à l'organisation, comptée nulle part");

/// Why a row shows what it shows, at the time that rows reflect; empty where the status says all.
pub fn of_row(row: &MessageState, as_of: Time) -> Both {
    let why = match row.outcome() {
        Outcome::Bounced => event::bounce_from_wire(row.bounce).map(|class| bounce(class).0),
        Outcome::Dropped => event::drop_from_wire(row.drop).map(|reason| drop(reason).0),
        Outcome::Withheld => event::withheld_from_wire(row.withheld).map(withheld),
        Outcome::Pending => Ok(pending(row, as_of)),
        _ if row.delivered_inferred => Ok((
            "no delivery report; what the client did proves it",
            "aucun rapport de livraison ; les actes du client la prouvent",
        )),
        _ => Ok(("", "")),
    };
    why.unwrap_or_default()
}

/// What a bad outcome means and what client or office can do; `None` where nothing is bad.
pub fn remedy_of_row(row: &MessageState) -> Option<Both> {
    if row.status() == Status::Spam {
        return Some(SPAM);
    }
    match row.outcome() {
        Outcome::Bounced => event::bounce_from_wire(row.bounce).ok().map(|class| bounce(class).1),
        Outcome::Dropped => event::drop_from_wire(row.drop).ok().map(|reason| drop(reason).1),
        _ => None,
    }
}

const SPAM: Both = (
    "The client reported this mail as spam, so their provider is asked for no more. Only the client can ask for mail again.",
    "Le client a signalé ce courriel comme pourriel ; plus rien ne lui est envoyé. Lui seul peut redemander des courriels.",
);

fn pending(row: &MessageState, as_of: Time) -> Both {
    let since = row.status_since.map_or(as_of, |at| contract::time_of(&at));
    if since.plus_micros(SILENT_MICROS) < as_of {
        ("no report yet", "pas encore de rapport")
    } else {
        ("on its way", "en route")
    }
}

/// A bounce in a few words, and what can be done.
pub const fn bounce(class: BounceClass) -> (Both, Both) {
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
pub const fn drop(reason: DropReason) -> (Both, Both) {
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
pub const fn withheld(reason: WithheldReason) -> Both {
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
