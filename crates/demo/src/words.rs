//! What things are called in the month: people, mailbox hosts, campaigns. All hosts are reserved for examples (RFC 2606).

/// First names.
pub(crate) const FIRST: [&str; 40] = [
    "Ada",
    "Amélie",
    "Anjali",
    "Arthur",
    "Béatrice",
    "Camille",
    "Carlos",
    "Chloé",
    "Daniel",
    "Denise",
    "Élise",
    "Emma",
    "Farid",
    "Félix",
    "Grace",
    "Hélène",
    "Hugo",
    "Ines",
    "Jacques",
    "Jasmine",
    "Karim",
    "Léa",
    "Liam",
    "Lucie",
    "Marc",
    "Margaret",
    "Mathieu",
    "Mei",
    "Nadia",
    "Noah",
    "Olivia",
    "Omar",
    "Pauline",
    "Quentin",
    "Rosa",
    "Samuel",
    "Sofia",
    "Thomas",
    "Victor",
    "Yasmine",
];

/// Last names.
pub(crate) const LAST: [&str; 48] = [
    "Ahmed",
    "Anderson",
    "Beaulieu",
    "Bélanger",
    "Bouchard",
    "Campbell",
    "Chan",
    "Cloutier",
    "Côté",
    "Davies",
    "Dubois",
    "Evans",
    "Fortin",
    "Gagnon",
    "Garcia",
    "Gauthier",
    "Girard",
    "Hall",
    "Hughes",
    "Ivanov",
    "Johnson",
    "Kaur",
    "Khan",
    "Lavoie",
    "Lefebvre",
    "Leroux",
    "Li",
    "Martin",
    "Moreau",
    "Morgan",
    "Murphy",
    "Nguyen",
    "Okafor",
    "Ouellet",
    "Patel",
    "Pelletier",
    "Roberts",
    "Roy",
    "Santos",
    "Singh",
    "Smith",
    "Taylor",
    "Thériault",
    "Tremblay",
    "Walker",
    "Williams",
    "Wong",
    "Young",
];

/// Hosts of mailboxes.
pub(crate) const HOSTS: [&str; 6] =
    ["example.com", "example.org", "example.net", "mail.example", "post.example", "inbox.example"];
/// A host that the provider has flagged.
pub(crate) const FLAGGED_HOST: &str = "oldmail.example";
/// A host that cannot be.
pub(crate) const INVALID_HOST: &str = "nowhere.invalid";

/// A campaign as its sender wrote it.
pub(crate) struct Title {
    /// The title that the sender gave.
    pub(crate) name: &'static str,
    /// The subject line.
    pub(crate) subject: &'static str,
    /// Transactional mail, sent by the platform itself.
    pub(crate) automated: bool,
}

const fn mass(name: &'static str, subject: &'static str) -> Title {
    Title { name, subject, automated: false }
}

const fn automated(name: &'static str, subject: &'static str) -> Title {
    Title { name, subject, automated: true }
}

/// The swimming club writes French.
pub(crate) const AQUATICS: [Title; 14] = [
    mass("Infolettre de mai", "Ce qui se passe au club en mai"),
    mass("Inscriptions d'été", "Les inscriptions d'été ouvrent lundi"),
    automated("Rappel de cours", "Votre cours de demain"),
    mass("Horaire du bassin", "Nouvel horaire du bassin de 25 m"),
    mass("Camp de jour", "Il reste des places au camp de jour"),
    mass("DERNIÈRE CHANCE!!! 50 %", "DERNIÈRE CHANCE!!! PROFITEZ DE 50 % AUJOURD'HUI"),
    automated("Reçu d'inscription", "Votre reçu"),
    mass("Bénévoles recherchés", "Deux heures de votre temps pour le gala"),
    mass("Compétition régionale", "Qui nage le 23 mai ?"),
    mass("Fermeture du bassin", "Le bassin est fermé le 18 mai"),
    mass("Sondage aux membres", "Cinq questions, deux minutes"),
    mass("Boutique du club", "Les nouveaux bonnets sont arrivés"),
    mass("Gala annuel", "Vos billets pour le gala"),
    mass("Assemblée générale", "Avis de convocation"),
];

/// The chess club.
pub(crate) const CHESS: [Title; 13] = [
    mass("Club night news", "What is on in May"),
    mass("Summer league", "Teams for the summer league"),
    automated("Lesson reminder", "Your lesson tomorrow"),
    mass("Simultaneous display", "Play a grandmaster on 16 May"),
    mass("Junior championship", "Entries close on Friday"),
    mass("Venue change", "We meet at the library from Tuesday"),
    automated("Membership renewal", "Your membership ends this month"),
    mass("Puzzle of the week", "White to move and win"),
    mass("Rapid tournament", "Seven rounds on Sunday"),
    mass("Volunteers wanted", "Can you keep a scoresheet?"),
    mass("Book sale", "Forty chess books look for a home"),
    mass("Rating list", "The June rating list"),
    mass("Annual dinner", "An evening without clocks"),
];

/// The city's football league.
pub(crate) const LEAGUE: [Title; 13] = [
    mass("Season opening", "Kick-off is this Saturday"),
    mass("Referee course", "Become a referee in two evenings"),
    automated("Game reminder", "Your game this weekend"),
    mass("Field closures", "Three fields closed after the rain"),
    mass("Summer camps", "Early prices end on Sunday"),
    mass("Coach newsletter", "Drills for May"),
    automated("Registration receipt", "Your receipt"),
    mass("Women's league", "A new league on Thursdays"),
    mass("Fair play award", "Vote for the fairest team"),
    mass("Jersey order", "Order jerseys by 20 May"),
    mass("Tournament draw", "The draw is out"),
    mass("Volunteers wanted", "Lines need painting"),
    mass("Parents' evening", "How we train the youngest"),
];

/// The mail to everybody.
pub(crate) const EVERYBODY: Title = mass("Annual report to all members", "Our year in numbers");

/// The address part of a name: lower case, no accents.
pub(crate) fn plain(name: &str) -> String {
    let without = |letter: char| match letter {
        'é' | 'è' | 'ê' | 'É' => 'e',
        'ô' => 'o',
        other => other.to_ascii_lowercase(),
    };
    name.chars().filter(|letter| letter.is_alphabetic()).map(without).collect()
}
