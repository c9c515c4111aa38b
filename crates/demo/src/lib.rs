//! A platform's month from one seed: what its mailer says, and what its delivery providers post about it, byte for byte as
//! they post it, in the order in which it arrives. Pure: the same seed gives the same bytes.

mod amazon_ses;
mod bad;
mod campaign;
mod fate;
mod mail;
mod month;
mod post;
mod random;
mod sendgrid;
mod words;
mod world;

use domain::Time;

pub use bad::{BAD, Bad};
pub use world::Organisation;

use post::Post;
use random::{Random, count};
use words::Title;
use world::{CLIENTS, Client, Plan, special};

/// The organisations, each with its account at its provider.
pub const ORGANISATIONS: [Organisation; 3] = [
    Organisation {
        id: "aquatics",
        name: "Club aquatique Laval",
        zone: "America/Toronto",
        language: "fr",
        provider: "sendgrid",
        contact: "bureau@aquatique.example",
        site: "https://www.aquatique.example",
        opens: 13,
    },
    Organisation {
        id: "chess-club",
        name: "Bristol Chess Club",
        zone: "Europe/London",
        language: "en",
        provider: "amazon_ses",
        contact: "secretary@chess.example",
        site: "https://www.chess.example",
        opens: 8,
    },
    Organisation {
        id: "city-league",
        name: "City Football League",
        zone: "America/Vancouver",
        language: "en",
        provider: "sendgrid",
        contact: "office@league.example",
        site: "https://www.league.example",
        opens: 16,
    },
];

/// The beginning of the month, seconds since the Unix epoch: 2026-05-01T00:00:00Z.
pub(crate) const MONTH: u64 = 1_777_593_600;
/// A day in seconds.
pub(crate) const DAY: u64 = 86_400;
/// Of a thousand records, those that come twice.
pub(crate) const DUPLICATES: u64 = 200;
/// Campaigns besides the large one.
pub const CAMPAIGNS: u64 = 40;
/// Clients that one request may have where nothing else is set.
const LIMIT: u64 = 150;
/// Recipients of the large campaign when nothing else is asked for.
const EVERYBODY: u64 = 50_000;
/// Events that every month has, about: of its people, and of the smallest large campaign.
const EVENTS_FIXED: u64 = 4_700;
/// Events of all other campaigns at their full size, about.
const EVENTS_OTHERS: u64 = 19_300;
/// Events of a hundred recipients of the large campaign, about.
const EVENTS_OF_HUNDRED: u64 = 444;
/// The smallest month that can be asked for, in events.
pub const EVENTS_MIN: u64 = 6_000;
/// The largest: it is held in memory.
pub const EVENTS_MAX: u64 = 2_000_000;

/// What reaches an intake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intake {
    /// The bytes of a platform event.
    Platform(Vec<u8>),
    /// What a provider posts for an account.
    Webhook {
        /// The provider's name.
        provider: &'static str,
        /// The account, named like its only organisation.
        account: &'static str,
        /// When the provider signs it, in milliseconds since the Unix epoch; a try again carries the first one's time.
        signed_ms: i64,
        /// The request's body before it is signed; of Amazon SES the event, which goes into an envelope of its topic.
        body: Vec<u8>,
    },
}

/// Something that arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// When, in milliseconds since the Unix epoch: of the month, not of a clock.
    pub received_ms: i64,
    /// What.
    pub intake: Intake,
}

/// How much of what there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Platform events, each once.
    pub platform: u64,
    /// Providers' events, each once.
    pub reports: u64,
    /// How many of both came a second time.
    pub duplicates: u64,
    /// Requests that providers posted.
    pub requests: u64,
}

impl Totals {
    /// Everything that arrives, second copies too.
    pub const fn events(&self) -> u64 {
        self.platform + self.reports + self.duplicates
    }
}

/// Everything of a month in the order of its receipt. `events` asks for about that many events, copies counted: the large
/// campaign grows or shrinks, then the others shrink. `tell` hears which campaign of how many is written.
pub fn month(seed: u64, events: Option<u64>, mut tell: impl FnMut(u64, u64)) -> (Vec<Item>, Totals) {
    let size = Size::of(events);
    let mut post = Post::new(Random::new(seed));
    let mut worlds: Vec<Vec<Client>> = Vec::new();
    for (number, organisation) in ORGANISATIONS.iter().enumerate() {
        let large = number == ORGANISATIONS.len() - 1;
        let there = if large { CLIENTS.max(special::COUNT + size.large) } else { CLIENTS };
        let mut clients: Vec<Client> = (0..there).map(|at| Client::new(at, &mut post.random)).collect();
        let limit = if large { size.large.max(EVERYBODY) } else { LIMIT };
        month::introduce(organisation, limit, clients.get(1..).unwrap_or_default(), &mut post);
        month::live(organisation, &mut clients, &mut post);
        worlds.push(clients);
    }
    let mut turns = [0; ORGANISATIONS.len()];
    let plans = plans(&size, &mut post.random);
    for (done, plan) in (0..).zip(&plans) {
        tell(done, count(&plans));
        if let (Some(clients), Some(turns)) = (worlds.get_mut(plan.organisation), turns.get_mut(plan.organisation)) {
            campaign::play(plan, clients, turns, &mut post);
        }
    }
    for (organisation, clients) in ORGANISATIONS.iter().zip(&worlds) {
        month::from_files(organisation, clients, &mut post);
    }
    bad::add(&ORGANISATIONS[0], &mut post);
    tell(count(&plans), count(&plans));
    post.delivered()
}

/// How large the month is.
struct Size {
    /// Recipients of the large campaign.
    large: u64,
    /// Of a thousand recipients of each other campaign, those that stay.
    others: u64,
}

impl Size {
    fn of(events: Option<u64>) -> Self {
        let Some(events) = events else { return Self { large: EVERYBODY, others: 1_000 } };
        let others = EVENTS_FIXED + EVENTS_OTHERS;
        match events.checked_sub(others) {
            Some(rest) => Self { large: CLIENTS + rest * 100 / EVENTS_OF_HUNDRED, others: 1_000 },
            None => Self { large: CLIENTS, others: events.saturating_sub(EVENTS_FIXED) * 1_000 / EVENTS_OTHERS },
        }
    }
}

/// All campaigns by the time at which they are sent.
fn plans(size: &Size, random: &mut Random) -> Vec<Plan> {
    let titles: [&'static [Title]; 3] = [&words::AQUATICS, &words::CHESS, &words::LEAGUE];
    let mut plans: Vec<Plan> = Vec::new();
    for (organisation, titles) in titles.into_iter().enumerate() {
        let opens = ORGANISATIONS.get(organisation).map_or(0, |organisation| organisation.opens);
        for (n, title) in (0..).zip(titles) {
            let at = MONTH + (1 + n * 2) * DAY + opens * 3_600 + random.below(9 * 3_600);
            let dropped_whole = title.name.contains("!!!");
            let full = if dropped_whole { 120 } else { random.between(20, LIMIT) };
            let over_limit = if n == 9 && organisation == 1 { 9 } else { 0 };
            let full = if over_limit > 0 { LIMIT } else { full };
            let clients = (full * size.others / 1_000).max(8);
            plans.push(Plan { number: 0, organisation, title, at, clients, dropped_whole, over_limit });
        }
    }
    let at = MONTH + 24 * DAY + 18 * 3_600;
    let clients = size.large;
    let title = &words::EVERYBODY;
    plans.push(Plan { number: 0, organisation: 2, title, at, clients, dropped_whole: false, over_limit: 0 });
    plans.sort_by_key(|plan| plan.at);
    (1..).zip(&mut plans).for_each(|(number, plan)| plan.number = number);
    plans
}

/// The same in milliseconds.
pub(crate) fn millis(seconds: u64) -> i64 {
    i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX)
}

/// A time of the month.
pub(crate) fn time(seconds: u64) -> Time {
    Time::from_micros(i64::try_from(seconds.saturating_mul(1_000_000)).unwrap_or(i64::MAX))
}
