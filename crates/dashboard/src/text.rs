//! Every word of the pages, in each language beside the other. A word that is missing in one does not compile.

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    French,
}

impl Language {
    pub(crate) const ALL: [Self; 2] = [Self::English, Self::French];

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.word() == word.to_ascii_lowercase())
    }

    /// Its tag (BCP 47).
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }

    /// Its own name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::French => "Français",
        }
    }
}

/// Months in English and French.
pub(crate) const MONTHS: [(&str, &str); 12] = [
    ("January", "janvier"),
    ("February", "février"),
    ("March", "mars"),
    ("April", "avril"),
    ("May", "mai"),
    ("June", "juin"),
    ("July", "juillet"),
    ("August", "août"),
    ("September", "septembre"),
    ("October", "octobre"),
    ("November", "novembre"),
    ("December", "décembre"),
];

macro_rules! words {
    ($($word:ident: $english:literal, $french:literal;)+) => {
        /// A word or sentence of the pages.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Word {
            $($word),+
        }

        impl Word {
            pub(crate) const fn text(self, language: Language) -> &'static str {
                match (self, language) {
                    $(
                        (Self::$word, Language::English) => $english,
                        (Self::$word, Language::French) => $french,
                    )+
                }
            }
        }
    };
}

words! {
    Communications: "Communications", "Communications";
    SkipToContent: "Skip to the content", "Aller au contenu";
    Login: "Log in", "Se connecter";
    Logout: "Log out", "Se déconnecter";
    Token: "Access token", "Jeton d'accès";
    TokenHint: "Whoever runs Mailtally makes one with: mailtally grant", "La personne qui gère Mailtally en crée un avec : mailtally grant";
    TokenUnknown: "This token is not known: it was mistyped, or taken away.", "Ce jeton est inconnu : il est mal saisi, ou a été retiré.";
    NotFound: "There is nothing here", "Il n'y a rien ici";
    BadAddress: "This address has a mistake", "Cette adresse contient une erreur";
    Forbidden: "This is not for your role", "Votre rôle ne le permet pas";
    Unavailable: "The numbers cannot be read just now", "Les chiffres ne peuvent pas être lus pour l'instant";
    StandsStill: "These numbers stand still: they are true for the time below, and news does not reach them. Tell whoever runs Mailtally.", "Ces chiffres sont figés : ils valent pour l'heure indiquée en bas et ne reçoivent plus de nouvelles. Prévenez la personne qui gère Mailtally.";
    BackToCampaigns: "All communications", "Toutes les communications";
    Search: "Search", "Rechercher";
    SearchHint: "Name, subject or sender", "Nom, objet ou expéditeur";
    AllClasses: "All kinds", "Tous les types";
    Mass: "Mass mail", "Envoi de masse";
    Transactional: "Transactional", "Transactionnel";
    Automated: "automated", "automatisé";
    NoCampaigns: "No communication meets this.", "Aucune communication ne correspond.";
    Name: "Name", "Nom";
    DateCreated: "Date created", "Date de création";
    Sent: "Sent", "Envoyés";
    Open: "Open", "Ouverts";
    OpenRate: "Open rate", "Taux d'ouverture";
    Unsubscribed: "Unsubscribed", "Désabonnés";
    BlockedSpam: "Blocked / Spam", "Bloqués / Pourriel";
    Delivered: "Delivered", "Livrés";
    Click: "Click", "Clics";
    Bounce: "Bounce", "Rebonds";
    Blocked: "Blocked", "Bloqués";
    Dropped: "Dropped", "Abandonnés";
    Spam: "Spam", "Pourriel";
    Pending: "Pending", "En attente";
    NotSent: "Not sent", "Non envoyés";
    Copies: "Copies", "Copies";
    NextPage: "Next page", "Page suivante";
    FirstPage: "First page", "Première page";
    Sender: "Sender", "Expéditeur";
    Subject: "Subject", "Objet";
    ByPrivacyProxy: "by privacy proxy", "par un proxy de confidentialité";
    OfWhichBlocked: "of which blocked", "dont bloqués";
    OfSent: "of sent", "des envoyés";
    OfDelivered: "of delivered", "des livrés";
    EveryMailDropped: "Every mail of it was dropped:", "Tous ses courriels ont été abandonnés :";
    HowCounted: "How it is counted", "Comment c'est compté";
    CountedSent: "Every mail handed to the provider, dropped ones too; copies and mails not sent are left out.", "Chaque courriel remis au fournisseur, abandonnés compris ; sans les copies ni les non envoyés.";
    CountedDelivered: "Mails that the receiving server has accepted and not given back, each once.", "Courriels que le serveur destinataire a acceptés sans les rejeter ensuite, une fois chacun.";
    CountedOpen: "Delivered mails that a person opened or clicked, each once. Opens by privacy proxies are counted apart.", "Courriels livrés qu'une personne a ouverts ou cliqués, une fois chacun. Les ouvertures par des proxys sont comptées à part.";
    CountedClick: "Delivered mails in which a person followed a link, each once.", "Courriels livrés dont une personne a suivi un lien, une fois chacun.";
    CountedBounce: "Mails that the receiving server refused for good.", "Courriels que le serveur destinataire a refusés définitivement.";
    CountedDropped: "Mails that the provider did not try to deliver.", "Courriels que le fournisseur n'a pas tenté de livrer.";
    CountedSpam: "Mails that the recipient reported as spam.", "Courriels que le destinataire a signalés comme pourriel.";
    CountedUnsubscribed: "Mails from which the recipient unsubscribed, as long as that holds.", "Courriels à partir desquels le destinataire s'est désabonné, tant que cela vaut.";
    CountedNotSent: "Clients to whom the platform sent nothing, by reason; outside Sent.", "Clients à qui la plateforme n'a rien envoyé, par motif ; hors Envoyés.";
    TheSums: "These sums hold at every moment:", "Ces sommes valent à tout moment :";
    Agrees: "The sum over the messages listed here is what was published: no difference.", "La somme des messages listés ici est celle qui est publiée : aucun écart.";
    Disagrees: "The sum over the messages differs from what was published at the same position: tell whoever runs Mailtally (mailtally reconcile).", "La somme des messages diffère de celle publiée à la même position : prévenez la personne qui gère Mailtally (mailtally reconcile).";
    CatchingUp: "Events are coming in: the published sum is a moment behind the messages.", "Des événements arrivent : la somme publiée suit les messages d'un instant.";
    ByStatus: "Messages by status", "Messages par statut";
    ByReason: "By reason", "Par motif";
    Recipients: "Recipients", "Destinataires";
    Client: "Client", "Client";
    AddressUsed: "Address used", "Adresse utilisée";
    Status: "Status", "Statut";
    Reason: "Reason", "Motif";
    StatusSince: "Status since", "Statut depuis";
    FileChanged: "Client file changed", "Dossier client modifié";
    NoRecipients: "Nobody is in this list.", "Personne ne figure dans cette liste.";
    ACopy: "a copy to the organisation, counted in no number", "une copie à l'organisation, comptée nulle part";
    Inferred: "no delivery report; what the client did proves it", "aucun rapport de livraison ; les actes du client la prouvent";
    NoReportYet: "no report yet", "pas encore de rapport";
    OnItsWay: "on its way", "en route";
    NotKept: "not kept, or erased", "non conservée, ou effacée";
    Message: "Message", "Message";
    Timeline: "What happened", "Ce qui s'est passé";
    Happened: "Happened", "Survenu";
    Arrived: "Arrived", "Reçu";
    From: "from", "de";
    NotCounted: "not counted: another version of it holds, or it was taken back", "non compté : une autre version vaut, ou il a été retiré";
    MoreThanKept: "More happened than is kept: totals say at least.", "Il s'en est passé davantage que ce qui est conservé : les totaux sont des minimums.";
    WhatToDo: "What it means and what to do", "Ce que cela signifie et que faire";
    Campaign: "Communication", "Communication";
    ClientFileMail: "from the client's file", "depuis le dossier du client";
    Emails: "Emails", "Courriels";
    EmailState: "Email State", "État courriel";
    NoMails: "No mail to this client is known.", "Aucun courriel à ce client n'est connu.";
    ShowBody: "Show the mail", "Afficher le courriel";
    BodyTitle: "The mail as it was sent; images, links and scripts are switched off", "Le courriel tel qu'envoyé ; images, liens et scripts désactivés";
    BodyNotGiven: "The mail's content was not given, or is erased.", "Le contenu du courriel n'a pas été fourni, ou est effacé.";
    Since: "since", "depuis";
    BecauseOfMessage: "because of this message", "à cause de ce message";
    LiftedBy: "Lifted by", "Levé par";
    AsOf: "Reflects the events up to", "Reflète les événements jusqu'à";
    LastEvent: "last event", "dernier événement";
    Language: "Language", "Langue";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_known_by_its_tag() {
        for language in Language::ALL {
            assert_eq!(Language::parse(&language.word().to_uppercase()), Some(language));
        }
        assert_eq!(Language::parse("de"), None);
    }
}
