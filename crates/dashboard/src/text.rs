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
    CatchingUpView: "These numbers are not whole yet: what was sent before is still being read. Done so far:", "Ces chiffres ne sont pas encore complets : ce qui a été envoyé auparavant est en cours de lecture. Déjà lu :";
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
    ClientId: "Id", "Identifiant";
    Addresses: "Addresses", "Adresses";
    AddressUsed: "Address used", "Adresse utilisée";
    Status: "Status", "Statut";
    Reason: "Reason", "Motif";
    StatusSince: "Status since", "Statut depuis";
    FileChanged: "Client file changed", "Dossier client modifié";
    NoRecipients: "Nobody is in this list.", "Personne ne figure dans cette liste.";
    NotKept: "not kept, or erased", "non conservée, ou effacée";
    Message: "Message", "Message";
    Messages: "Messages", "Messages";
    Timeline: "What happened", "Ce qui s'est passé";
    Happened: "Happened", "Survenu";
    Arrived: "Arrived", "Reçu";
    From: "from", "de";
    ThePlatform: "the platform", "la plateforme";
    IsSent: "Sent", "Envoyé";
    IsDelivered: "Delivered", "Livré";
    IsOpen: "Open", "Ouvert";
    IsClick: "Click", "Cliqué";
    IsBounce: "Bounce", "Rebond";
    IsDropped: "Dropped", "Abandonné";
    IsSpam: "Spam", "Pourriel";
    IsUnsubscribed: "Unsubscribed", "Désabonné";
    IsNotSent: "Not sent", "Non envoyé";
    NoReportYet: "no report yet", "pas encore de rapport";
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
    BodyNotReadYet: "The mail's content is not read yet: open it again in a moment.", "Le contenu du courriel n'est pas encore lu : rouvrez-le dans un instant.";
    Since: "since", "depuis";
    BecauseOfMessage: "because of this message", "à cause de ce message";
    LiftedBy: "Lifted by", "Levé par";
    AsOf: "Reflects the events up to", "Reflète les événements jusqu'à";
    LastEvent: "last event", "dernier événement";
    Clients: "Clients", "Clients";
    Suppressions: "Suppressions", "Suppressions";
    SendCheck: "Send check", "Vérifier un envoi";
    Pages: "Pages of this list", "Pages de cette liste";
    Menu: "Main menu", "Menu principal";
    SortedBy: "Sort by", "Trier par";
    MoreFilters: "More filters", "Plus de filtres";
    CreatedFrom: "Created from", "Créés du";
    CreatedUntil: "Created until", "Créés jusqu'au";
    AnySender: "Sender, exactly", "Expéditeur exact";
    Kind: "Kind", "Type";
    Trouble: "Status", "État";
    AnyTrouble: "All", "Tous";
    OnlyTroubled: "With mails dropped, blocked or reported as spam", "Avec courriels abandonnés, bloqués ou signalés comme pourriel";
    ClearFilters: "Clear", "Effacer";
    BadDate: "This is not a date that is understood: write it as 2026-05-03.", "Cette date n'est pas comprise : écrivez-la ainsi : 2026-05-03.";
    BadInstant: "This is not a date and time that is understood, so what is shown is of now: write it as 2026-05-03T09:00.", "Cette date et heure ne sont pas comprises ; ce qui suit vaut donc pour maintenant : écrivez ainsi : 2026-05-03T09:00.";
    WithoutMail: "without a mail", "sans courriel";
    UnsubscribedWithoutMail: "Unsubscribed without a mail", "Désabonnés sans courriel";
    UnsubscribedWithoutMailText: "These clients unsubscribed in their account, not from a mail, so they are in no communication's number.", "Ces clients se sont désabonnés dans leur compte, non depuis un courriel ; ils ne figurent donc dans le chiffre d'aucune communication.";
    Denominator: "Divided by", "Divisé par";
    OfOpened: "of opened", "des ouverts";
    TotalOpens: "opens in total", "ouvertures en tout";
    TotalClicks: "clicks in total", "clics en tout";
    AtLeast: "at least", "au moins";
    RecountedFrom: "Recounted from", "Recompté à partir de";
    EventsOf: "events of", "événements de";
    MessagesAt: "messages at", "messages à";
    Difference: "difference", "écart";
    RecountComing: "A recount of this communication is on its way.", "Un recomptage de cette communication est en route.";
    RecountOlder: "Events came in since; the next recount is on its way.", "Des événements sont arrivés depuis ; le prochain recomptage est en route.";
    WhatIsCompared: "What is compared", "Ce qui est comparé";
    WhatIsComparedText: "In the background, at a tenth of one processor, the facts that are kept of each message are read anew and added up. The sums are compared with the numbers above, the length of every list with its tile, and the numbers with the published row of this communication. It does not read the providers' events again: mailtally reconcile does.", "En arrière-plan, avec un dixième d'un processeur, les faits conservés de chaque message sont relus et additionnés. Les sommes sont comparées aux chiffres ci-dessus, la longueur de chaque liste à sa tuile, et les chiffres à la ligne publiée de cette communication. Les événements des fournisseurs ne sont pas relus : mailtally reconcile le fait.";
    AllRecounted: "communications were recounted one after the other from", "communications ont été recomptées l'une après l'autre à partir de";
    EventsLastAt: "events, the last at", "événements, la dernière à";
    PassedOver: "changed too fast to be recounted this time", "ont changé trop vite pour être recomptées cette fois";
    ShareOfSent: "Share of Sent", "Part des envoyés";
    StatusChart: "Messages by status", "Messages par statut";
    OverTime: "Opens and clicks over time", "Ouvertures et clics dans le temps";
    OverTimeText: "Messages by the hour or day in which a person first opened or clicked them; a column adds up to its tile.", "Messages selon l'heure ou le jour où une personne les a ouverts ou cliqués pour la première fois ; chaque colonne a pour somme sa tuile.";
    NothingOpened: "Nobody has opened it yet.", "Personne ne l'a encore ouvert.";
    ByHour: "By hour", "Par heure";
    ByDay: "By day", "Par jour";
    AsTable: "The same as a table", "La même chose en tableau";
    Period: "Period", "Période";
    LatestShown: "Only the latest part is shown.", "Seule la partie la plus récente est affichée.";
    Links: "Links", "Liens";
    Link: "Link", "Lien";
    NoLinks: "Nobody has followed a link yet.", "Personne n'a encore suivi de lien.";
    MessagesClicked: "Messages", "Messages";
    ClicksByPersons: "Clicks", "Clics";
    ClicksByMachines: "By machines", "Par des machines";
    CountedLinks: "Without what differs from recipient to recipient, shown as “…”. Messages: those of the Click tile in which a person followed it, so one message may count for several links. Clicks: each time; of each message the first ones are kept.", "Sans ce qui diffère d'un destinataire à l'autre, montré par « … ». Messages : ceux de la tuile Clics dont une personne l'a suivi ; un message peut compter pour plusieurs liens. Clics : chaque fois ; les premiers de chaque message sont conservés.";
    MoreThanShown: "There are more than are shown.", "Il y en a plus qu'affichés.";
    Providers: "Delivery providers", "Fournisseurs d'envoi";
    Provider: "Provider", "Fournisseur";
    NoProviderYet: "none spoke of it yet", "aucun n'en a encore parlé";
    Domains: "Mailbox domains", "Domaines de messagerie";
    Domain: "Domain", "Domaine";
    NoDomain: "address not kept", "adresse non conservée";
    CountedParts: "Rates are of the Sent of the same line; the lines add up to the tiles.", "Les taux se rapportent aux envoyés de la même ligne ; les lignes ont pour somme les tuiles.";
    SearchRecipients: "Client, address, or id of client or message", "Client, adresse, ou identifiant de client ou de message";
    FoundOf: "found; searched among", "trouvés ; cherchés parmi";
    Number: "Number", "Nombre";
    Rates: "Rates", "Taux";
    PastNumbers: "Every message as it was then. Lists show what is so now, so no number here leads to one.", "Chaque message tel qu'il était alors. Les listes montrent l'état actuel : aucun nombre ici n'y mène.";
    AsFile: "Download as CSV", "Télécharger en CSV";
    SearchGoesOn: "Not all were looked at: go on to the next page.", "Tous n'ont pas été examinés : passez à la page suivante.";
    ShowAll: "Show all", "Tout afficher";
    SearchClients: "Name or address", "Nom ou adresse";
    NoClients: "No client meets this.", "Aucun client ne correspond.";
    ClientsText: "Clients whom the platform named, by name, each with everything that holds of mail to them now.", "Les clients que la plateforme a nommés, par nom, chacun avec tout ce qui vaut pour ses courriels maintenant.";
    SuppressionsText: "Addresses and clients from which mail is withheld, since when and because of which mail. Who is inactive is a matter of the clock and stands with the client.", "Adresses et clients à qui des courriels ne sont pas envoyés, depuis quand et à cause de quel courriel. L'inactivité dépend de l'horloge et figure chez le client.";
    NoSuppressions: "Mail is withheld from nobody.", "Aucun courriel n'est retenu.";
    Whom: "Whom", "Qui";
    WhatHolds: "What holds", "Ce qui vaut";
    AnAddress: "an address that no mail here names", "une adresse qu'aucun courriel ne nomme ici";
    AddressOfAccount: "an address of a client who unsubscribed in their account: see the client's own line", "une adresse d'un client qui s'est désabonné dans son compte : voir la ligne du client";
    OfTheAddress: "the address", "l'adresse";
    OfTheClient: "the client, in their account", "le client, dans son compte";
    OfTheList: "list", "liste";
    TheMail: "the mail", "le courriel";
    Revealed: "flagged at the provider before; a drop revealed it", "déjà marquée chez le fournisseur ; un abandon l'a révélé";
    Why: "Why it was not sent", "Pourquoi il n'est pas parti";
    WhyChain: "The mail was refused because of", "Le courriel a été refusé à cause de";
    CausedBy: "caused by", "causé par";
    EndProvider: "Flagged earlier by the delivery provider, not by one of your mails.", "Marqué auparavant par le fournisseur d'envoi, non par l'un de vos courriels.";
    EndProvidersList: "Lifted here, but still on the provider's list: remove it there.", "Levé ici, mais encore sur la liste du fournisseur : retirez-le là-bas.";
    EndItself: "The reason lies in the mail, the communication or the account itself, not in an earlier mail.", "Le motif tient au courriel, à la communication ou au compte lui-même, non à un courriel antérieur.";
    AsItWas: "As it was on", "Tel que c'était le";
    AtDate: "Show as it was on", "Montrer tel que c'était le";
    AtDateHint: "By the time at which things happened, known what is known now; a date alone means its end. Clock of", "Selon l'heure à laquelle les choses sont arrivées, avec ce qui est connu maintenant ; une date seule vaut pour sa fin. Horloge de";
    ShowThen: "Show", "Afficher";
    BackToNow: "Back to now", "Revenir à maintenant";
    NotYetThen: "At that time nothing had happened to it yet.", "À ce moment, rien ne lui était encore arrivé.";
    NobodyThen: "At that time nothing of this client was known.", "À ce moment, rien de ce client n'était connu.";
    OnlyNow: "This page shows what is so now. A past date can be given on a communication, a message, a client and the send check.", "Cette page montre ce qui vaut maintenant. Une date passée peut être donnée sur une communication, un message, un client et la vérification d'envoi.";
    SendCheckText: "Before a send: to whom it may go, and for each of the others why not. One client a line or separated by commas: id, address or full name.", "Avant un envoi : à qui il peut partir, et pour les autres pourquoi non. Un client par ligne ou séparés par des virgules : identifiant, adresse ou nom complet.";
    CheckClients: "Clients", "Clients";
    AtMost: "Clients in one send at most:", "Clients par envoi au plus :";
    CheckList: "List that the mail is of, if any", "Liste dont relève le courriel, s'il y en a une";
    CheckAt: "When it is to be sent; empty: now", "Moment de l'envoi ; vide : maintenant";
    Check: "Check", "Vérifier";
    MayGo: "may be sent", "peuvent partir";
    Withheld: "are withheld", "sont retenus";
    Verdict: "Verdict", "Verdict";
    Send: "Send", "Envoyer";
    Withhold: "Withhold", "Retenir";
    NoActivity: "no activity on record", "aucune activité connue";
    UnknownClient: "not known here: no client has this id, and not exactly one this name or address", "inconnu ici : aucun client n'a cet identifiant, et pas exactement un ce nom ou cette adresse";
    TooManyClients: "Too many clients in one send: split it, or have the organisation's limit raised.", "Trop de clients en un envoi : divisez-le, ou faites relever la limite de l'organisation.";
    ChecksOfClients: "clients given; at most", "clients donnés ; au plus";
    NobodyGiven: "Give at least one client.", "Donnez au moins un client.";
    Language: "Language:", "Langue :";
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
