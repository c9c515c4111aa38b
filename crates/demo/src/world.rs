//! Who is there, and what is known of whom at any time of the month: what decides whom the platform mails and what the
//! provider refuses, so that later mails agree with earlier facts.

use crate::random::{Random, count, place, word};
use crate::words::{FIRST, FLAGGED_HOST, HOSTS, INVALID_HOST, LAST, Title, plain};
use crate::{DAY, MONTH};

/// An organisation on the platform.
#[derive(Debug)]
pub struct Organisation {
    /// Its id; its account at the provider is named the same.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// IANA time zone.
    pub zone: &'static str,
    /// Language of its people.
    pub language: &'static str,
    /// Its delivery provider.
    pub provider: &'static str,
    /// Its own address, which senders add to receive the confirmation.
    pub contact: &'static str,
    /// Its web site.
    pub site: &'static str,
    /// The hour, UTC, at which its day of work begins.
    pub(crate) opens: u64,
}

/// Clients of each organisation that ordinary campaigns go to.
pub(crate) const CLIENTS: u64 = 260;

/// A client and what happened to them.
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The first one is used, unless a campaign goes to all.
    pub(crate) addresses: Vec<Address>,
    /// Latest interaction before the month; `None`: nothing on record.
    pub(crate) seen: Option<u64>,
    /// A transaction in the month.
    pub(crate) bought: Option<u64>,
    register: Register,
    /// When the client asked to be erased.
    pub(crate) erased: Option<u64>,
}

/// An address and what happened to it.
pub(crate) struct Address {
    pub(crate) text: String,
    pub(crate) bounced: Option<u64>,
    pub(crate) complained: Option<u64>,
    register: Register,
}

/// Unsubscribes (true) and their lifts, by time.
#[derive(Default)]
struct Register(Vec<(u64, bool)>);

impl Register {
    fn set(&mut self, at: u64, unsubscribed: bool) {
        self.0.push((at, unsubscribed));
        self.0.sort_unstable();
    }

    fn holds(&self, at: u64) -> bool {
        self.0.iter().rev().find(|(time, _)| *time <= at).is_some_and(|(_, unsubscribed)| *unsubscribed)
    }
}

/// Why a client should not get a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    NoAddress,
    Inactive,
    ClientUnsubscribed,
    AddressUnsubscribed,
    Invalid,
    Bounced,
    Spam,
    DomainFlagged,
}

/// People whom every seed has, by place.
pub(crate) mod special {
    pub(crate) const NO_ADDRESS: u64 = 1;
    pub(crate) const INACTIVE: u64 = 2;
    pub(crate) const CAME_BACK: u64 = 3;
    pub(crate) const INVALID: u64 = 4;
    pub(crate) const FLAGGED: u64 = 5;
    pub(crate) const TWO_ADDRESSES: u64 = 6;
    pub(crate) const STAFF_UNSUBSCRIBED: u64 = 7;
    pub(crate) const UNDECIDED: u64 = 8;
    pub(crate) const ERASED: u64 = 9;
    /// How many there are, with place 0.
    pub(crate) const COUNT: u64 = 10;
}

impl Client {
    /// The client at this place of an organisation.
    pub(crate) fn new(at: u64, random: &mut Random) -> Self {
        let (first, last) = (word(&FIRST, random.below(count(&FIRST))), word(&LAST, random.below(count(&LAST))));
        let host = match at {
            special::INVALID => INVALID_HOST,
            special::FLAGGED => FLAGGED_HOST,
            _ if at > special::COUNT && random.chance(8) => FLAGGED_HOST,
            _ if at > special::COUNT && random.chance(6) => INVALID_HOST,
            _ => word(&HOSTS, random.below(count(&HOSTS))),
        };
        let mut addresses = vec![Address::new(format!("{}.{}{at}@{host}", plain(first), plain(last)))];
        if at == special::NO_ADDRESS || (at > special::COUNT && random.chance(6)) {
            addresses.clear();
        } else if at == special::TWO_ADDRESSES || (at > special::COUNT && random.chance(80)) {
            addresses.push(Address::new(format!("{}{at}@work.example", plain(last))));
        }
        let long_ago = matches!(at, special::INACTIVE | special::CAME_BACK) || random.chance(25);
        let days = if long_ago { random.between(760, 1_500) } else { random.between(5, 600) };
        Self {
            id: format!("k{at:04}"),
            name: format!("{first} {last}"),
            addresses,
            seen: (at < CLIENTS && !random.chance(60)).then(|| MONTH - days * DAY - random.below(DAY)),
            bought: None,
            register: Register::default(),
            erased: None,
        }
    }

    /// What the client's account says from then on.
    pub(crate) fn unsubscribe(&mut self, at: u64, unsubscribed: bool) {
        self.register.set(at, unsubscribed);
    }

    /// Why this client should not get this mail, as everything stands at `at`; `None` when they should.
    pub(crate) fn cause(&self, address: usize, mass: bool, at: u64) -> Option<Cause> {
        let Some(address) = self.addresses.get(address) else { return Some(Cause::NoAddress) };
        let before = |time: Option<u64>| time.is_some_and(|time| time <= at);
        if address.text.ends_with(INVALID_HOST) {
            return Some(Cause::Invalid);
        }
        if before(address.bounced) {
            return Some(Cause::Bounced);
        }
        if before(address.complained) {
            return Some(Cause::Spam);
        }
        if address.text.ends_with(FLAGGED_HOST) {
            return Some(Cause::DomainFlagged);
        }
        if mass && self.register.holds(at) {
            return Some(Cause::ClientUnsubscribed);
        }
        if mass && address.register.holds(at) {
            return Some(Cause::AddressUnsubscribed);
        }
        // 731 days are more than two calendar years wherever they begin.
        let away = self.seen.is_some_and(|seen| at.saturating_sub(seen) > 731 * DAY) && !before(self.bought);
        (mass && away).then_some(Cause::Inactive)
    }
}

impl Address {
    fn new(text: String) -> Self {
        Self { text, bounced: None, complained: None, register: Register::default() }
    }

    /// What a mail's link, or the staff, said of this address.
    pub(crate) fn unsubscribe(&mut self, at: u64, unsubscribed: bool) {
        self.register.set(at, unsubscribed);
    }
}

/// One campaign as it is planned.
pub(crate) struct Plan {
    pub(crate) number: u64,
    pub(crate) organisation: usize,
    pub(crate) title: &'static Title,
    /// When it is sent, seconds since the Unix epoch.
    pub(crate) at: u64,
    /// Recipients, specials among them.
    pub(crate) clients: u64,
    /// The provider takes it for spam as a whole.
    pub(crate) dropped_whole: bool,
    /// Clients chosen beyond the limit of one request.
    pub(crate) over_limit: u64,
}

impl Plan {
    /// Its id.
    pub(crate) fn id(&self) -> String {
        format!("c{:02}", self.number)
    }

    /// Places of the clients that it goes to; each once.
    pub(crate) fn places(&self, random: &mut Random) -> Vec<u64> {
        if self.clients >= CLIENTS {
            return (special::COUNT..special::COUNT + self.clients).collect();
        }
        let mut places: Vec<u64> = (1..special::COUNT).filter(|_| random.chance(600)).collect();
        let (start, step) = (random.below(CLIENTS), word_step(random));
        let rest = (0..CLIENTS).map(|n| (start + n * step) % CLIENTS).filter(|at| *at >= special::COUNT);
        places.extend(rest.take(place(self.clients.saturating_sub(count(&places)))));
        places.truncate(place(self.clients));
        places
    }
}

/// A step that meets every one of [`CLIENTS`] places (coprime to 260 = 4 x 5 x 13).
fn word_step(random: &mut Random) -> u64 {
    random.pick(&[1, 3, 7, 11, 17, 19, 21, 23, 27, 29]).copied().unwrap_or(1)
}
