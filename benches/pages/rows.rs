//! The published topics of one organisation, as the folds publish them: campaigns, their messages with what became of each, clients
//! with names and addresses. A pure function of a seed, appended in batches.

use anyhow::Result;
use benches::plan::{Random, steps};
use benches::workload::BEGIN_US;
use bytes::Bytes;
use contract::proto::campaign::v1::CampaignStats;
use contract::proto::contact::v1::ContactState;
use contract::proto::platform::v1::{Address, Organisation};
use contract::proto::private::v1::{Mail, Person, Private, private::Row};
use contract::topic::Topic;
use contract::{Proto as _, key};
use domain::{Arrival, Attribution, Contribution, Counters, Event, Message, Rank, SourcePosition, Time};

/// The one organisation.
pub(crate) const ORGANISATION: &str = "city-league";
/// Microseconds between two sends of a campaign.
const TICK_US: i64 = 20_000;
/// Microseconds between two campaigns: ten minutes.
const BETWEEN_US: i64 = 600_000_000;
/// First and last names, of which a client has one each.
pub(crate) const FIRST: [&str; 20] = [
    "Ada", "Bruno", "Chloe", "David", "Emma", "Felix", "Grace", "Hugo", "Ines", "Jonas", "Karim", "Lea", "Marc",
    "Nora", "Oscar", "Paula", "Quentin", "Rosa", "Samir", "Tara",
];
const LAST: [&str; 20] = [
    "Ahmed",
    "Bouchard",
    "Cote",
    "Dubois",
    "Evans",
    "Fortin",
    "Gagnon",
    "Hill",
    "Ivanov",
    "Jones",
    "Khan",
    "Lavoie",
    "Martin",
    "Nguyen",
    "Ouellet",
    "Pelletier",
    "Roy",
    "Smith",
    "Tremblay",
    "Young",
];

/// What campaigns are called by.
const SEASONS: [&str; 4] = ["Spring", "Summer", "Autumn", "Winter"];

/// How much there is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) seed: u64,
    pub(crate) campaigns: u64,
    pub(crate) messages: u64,
}

/// A row of a topic.
pub(crate) type Published = (Topic, Bytes, Vec<u8>);

impl Size {
    /// Clients: each gets ten mails.
    pub(crate) fn clients(&self) -> u64 {
        (self.messages / 10).max(1)
    }

    /// Rows of the organisation and its clients, in parts.
    pub(crate) fn people(self) -> impl Iterator<Item = Vec<Published>> {
        let named =
            Organisation { name: "City League".into(), zone: "America/Toronto".into(), ..Organisation::default() };
        let own = private("", "organisation", Row::Organisation(named));
        std::iter::once(vec![own]).chain((0..self.clients()).map(client))
    }

    /// Rows of one campaign and its messages.
    pub(crate) fn campaign(self, campaign: u64) -> Result<Vec<Published>> {
        let each = self.messages / self.campaigns.max(1);
        let (id, mut rows, mut counters) = (name(campaign), Vec::new(), Counters::default());
        for place in 0..each {
            let number = campaign * each + place;
            let (message, client) = (format!("m-{number:09}"), Random::of(self.seed, number, 1).below(self.clients()));
            let row = self.message(number, &id, &message, client, campaign);
            if let Some(share) = Contribution::of(&row) {
                counters.add(&share.counters);
            }
            rows.push((Topic::MessageStatus, key::message(ORGANISATION, &message), contract::message::encode(&row)));
            let mail = Mail { address: address(client), subject: String::new() };
            rows.push(private(&format!("k{client}"), &format!("mail/{message}"), Row::Mail(mail)));
        }
        let stats = CampaignStats {
            organisation: ORGANISATION.into(),
            campaign: id.clone(),
            name: format!("{} news {campaign}", word(&SEASONS, campaign)),
            sender: "City League <office@example.org>".into(),
            subject: "What is new this week".into(),
            created_at: Some(contract::timestamp_of(begin(campaign))),
            counters: Some(contract::counters::to_wire(&counters)),
            ..CampaignStats::default()
        };
        rows.push((Topic::CampaignStats, key::campaign(ORGANISATION, &id), stats.encode_to_vec()));
        Ok(rows)
    }

    fn message(self, number: u64, campaign: &str, message: &str, client: u64, of: u64) -> Message {
        let mut row = Message::default();
        for (place, step) in steps(self.seed, number).iter().enumerate() {
            let after = i64::try_from(step.happens - number).unwrap_or(0) * TICK_US;
            let time = begin(of).plus_micros(after + i64::try_from(place).unwrap_or(0));
            row.fold(&Event {
                organisation: ORGANISATION.into(),
                message: message.to_owned(),
                id: contract::identity::event(&[&number.to_be_bytes(), &place.to_be_bytes()]),
                time,
                decoder: 1,
                retracted: false,
                rank: if step.by_mailer { Rank::Send } else { Rank::CustomData },
                attribution: Attribution {
                    campaign: Some(campaign.to_owned()),
                    client: Some(format!("k{client}")),
                    address: Some(contract::identity::address(b"bench", &address(client))),
                    ..Attribution::default()
                },
                provider: if step.by_mailer { String::new() } else { "sendgrid".to_owned() },
                fact: step.fact.clone(),
                arrival: Arrival { received: time, source: SourcePosition::default() },
            });
        }
        row
    }
}

/// A campaign's id.
pub(crate) fn name(campaign: u64) -> String {
    format!("c{campaign:06}")
}

/// One of some words.
pub(crate) fn word(words: &[&'static str], number: u64) -> &'static str {
    let place = usize::try_from(number).unwrap_or(0).checked_rem(words.len()).unwrap_or(0);
    words.get(place).copied().unwrap_or_default()
}

fn begin(campaign: u64) -> Time {
    Time::from_micros(BEGIN_US + i64::try_from(campaign).unwrap_or(0) * BETWEEN_US)
}

fn address(client: u64) -> String {
    format!("client{client}@mail{}.example.org", client % 50)
}

fn client(client: u64) -> Vec<Published> {
    let (id, hash) = (format!("k{client}"), contract::identity::address(b"bench", &address(client)));
    let person =
        Person { name: format!("{} {} {client}", word(&FIRST, client), word(&LAST, client / 20)), since: None };
    let said = Address { client: id.clone(), address: address(client), ..Address::default() };
    let contact =
        ContactState { changed_at_us: BEGIN_US, addresses: vec![hash.0.to_vec().into()], ..ContactState::default() };
    vec![
        private(&id, "", Row::Person(person)),
        private(&id, &format!("address/{}", contract::json::hex(&hash.0)), Row::Address(said)),
        (Topic::ContactState, key::client(ORGANISATION, &id), contact.encode_to_vec()),
    ]
}

fn private(client: &str, part: &str, row: Row) -> Published {
    let row = Private { row: Some(row), ..Private::default() };
    (Topic::Private, key::private(ORGANISATION, client, part), row.encode_to_vec())
}
