//! The month around its campaigns: organisations introduce themselves and their clients, people buy and log in, change
//! their minds in their accounts, write and erase.

use contract::proto::platform::v1::{
    Address, Body, Client as Person, Erase, Interaction, Organisation as Settings, Preference, Send, Transaction,
    platform_event::Event as Kind,
};

use crate::campaign::{mail, report, send};
use crate::mail::Deed;
use crate::post::Post;
use crate::random::{place, word};
use crate::world::{CLIENTS, Client, Organisation, special};
use crate::{DAY, MONTH};

/// Mails written from clients' own files, of each organisation.
const FROM_FILES: u64 = 5;

/// Where a client asks to be erased.
const ERASES: &str = "chess-club";

/// Says who the organisation is and whom it knows.
pub(crate) fn introduce(organisation: &'static Organisation, limit: u64, clients: &[Client], post: &mut Post) {
    let settings = Settings {
        name: organisation.name.to_owned(),
        zone: organisation.zone.to_owned(),
        language: organisation.language.to_owned(),
        send_limit: u32::try_from(limit).unwrap_or(u32::MAX),
        inactivity_months: 24,
        contact: organisation.contact.to_owned(),
    };
    post.say(organisation, MONTH, Kind::Settings(settings));
    for (place, client) in (1..).zip(clients) {
        let at = MONTH + 60 + post.random.below(3_600);
        let id = client.id.clone();
        let since = MONTH - post.random.between(30, 2_500) * DAY;
        let person = Person {
            client: id.clone(),
            name: client.name.clone(),
            since: Some(contract::timestamp_of(crate::time(since))),
        };
        post.say(organisation, at, Kind::Client(person));
        // Whom only the mail to everybody reaches, the platform has given by name only.
        if place >= CLIENTS {
            continue;
        }
        for address in &client.addresses {
            let address =
                Address { client: id.clone(), address: address.text.clone(), removed: false, ..Address::default() };
            post.say(organisation, at, Kind::Address(address));
        }
        if let Some(seen) = client.seen {
            // History: long past when it is imported.
            past(organisation, seen, &id, post);
        }
    }
}

fn past(organisation: &'static Organisation, seen: u64, client: &str, post: &mut Post) {
    let client = client.to_owned();
    let said = if seen % 2 == 0 {
        Kind::Transaction(Transaction { client, kind: "payment".to_owned() })
    } else {
        Kind::Interaction(Interaction { client, kind: "login".to_owned() })
    };
    post.say_late(organisation, seen, MONTH + 7_200, said);
}

/// What people do besides their mail. Before the campaigns, which have to know.
pub(crate) fn live(organisation: &'static Organisation, clients: &mut [Client], post: &mut Post) {
    for (n, client) in (0..CLIENTS).zip(clients.iter_mut()).skip(1) {
        let id = client.id.clone();
        if n == special::ERASED && organisation.id == ERASES {
            continue;
        }
        if n == special::CAME_BACK || (n != special::INACTIVE && post.random.chance(220)) {
            let at = MONTH + if n == special::CAME_BACK { 14 * DAY } else { post.random.below(27 * DAY) };
            client.bought = Some(at);
            let kind = word(&["payment", "registration"], at).to_owned();
            post.say(organisation, at, Kind::Transaction(Transaction { client: id.clone(), kind }));
        } else if !matches!(n, special::INACTIVE) && client.seen.is_some_and(|seen| MONTH - seen < 700 * DAY) {
            let at = MONTH + post.random.below(27 * DAY);
            post.say(organisation, at, Kind::Interaction(Interaction { client: id.clone(), kind: "login".to_owned() }));
        }
        let leaves = n == special::UNDECIDED || (n > special::COUNT && post.random.chance(12));
        if leaves {
            let at = MONTH + if n == special::UNDECIDED { 4 * DAY } else { post.random.below(20 * DAY) };
            preference(organisation, client, at, false, post);
            if n == special::UNDECIDED || post.random.chance(400) {
                preference(organisation, client, at + 6 * DAY, true, post);
            }
        }
    }
    by_the_staff(organisation, clients, post);
}

/// A client changes their mind in their account, without any mail.
fn preference(organisation: &'static Organisation, client: &mut Client, at: u64, subscribed: bool, post: &mut Post) {
    client.unsubscribe(at, !subscribed);
    let said = Preference { client: client.id.clone(), subscribed, ..Preference::default() };
    post.say(organisation, at, Kind::Preference(said));
}

/// The staff takes one address off, and erases a client who asked for it.
fn by_the_staff(organisation: &'static Organisation, clients: &mut [Client], post: &mut Post) {
    let at = MONTH + 2 * DAY;
    if let Some(address) =
        clients.get_mut(place(special::STAFF_UNSUBSCRIBED)).and_then(|client| client.addresses.first_mut())
    {
        address.unsubscribe(at, true);
        let said = Preference { address: address.text.clone(), ..Preference::default() };
        post.say(organisation, at, Kind::Preference(said));
    }
    let asked = organisation.id == ERASES;
    if let Some(client) = clients.get_mut(place(special::ERASED)).filter(|_| asked) {
        let at = MONTH + 26 * DAY;
        client.erased = Some(at);
        post.say(organisation, at, Kind::Erase(Erase { client: client.id.clone() }));
    }
}

/// Mails written from one client's file: of the organisation, in no campaign.
pub(crate) fn from_files(organisation: &'static Organisation, clients: &[Client], post: &mut Post) {
    for n in 0..FROM_FILES {
        let at = MONTH + (3 + 4 * n) * DAY + organisation.opens * 3_600 + post.random.below(20_000);
        let Some(client) = clients.get(place(special::COUNT + 3 + 11 * n)) else { continue };
        let Some(address) = client.addresses.first().filter(|_| client.cause(0, false, at).is_none()) else { continue };
        let subject = word(&["Your question", "Votre question", "About Saturday"], n);
        let mut mail = mail(organisation, "", &client.id, &address.text, subject, at, post);
        mail.id = format!("file-{}-{n}", client.id);
        let said = Send { origin: "client_file".to_owned(), ..send(&mail, true) };
        post.say(organisation, at, Kind::Send(said));
        let body = Body {
            message: mail.id.clone(),
            client: client.id.clone(),
            text: format!("{},\n\nthank you for your message.\n", client.name),
            ..Body::default()
        };
        post.say(organisation, at, Kind::Body(body));
        report(&mail, at + 3, &Deed::Delivered, post);
        report(&mail, at + 4_000, &Deed::Open, post);
    }
}
