//! Every order and duplication of a contact's events gives the same row (I4), bounds and erasures included.

use std::collections::BTreeMap;

use domain::contact::{Cause, Contact, ContactEvent, ContactFact, Subject, bound};
use domain::{Arrival, Attribution, Event, EventId, Fact, Message, Rank, Scope, Time};

use super::*;

fn letters(subject: &Subject, facts: Vec<(i64, ContactFact)>) -> Vec<ContactEvent> {
    (0..).zip(facts).map(|(id, (time, fact))| event(subject, id, time, fact)).collect()
}

fn of_client() -> Vec<ContactEvent> {
    let (used, sent) = (|n, by_send| ContactFact::Addressed { address: address(n), by_send }, true);
    let mut events = letters(
        &client(),
        vec![
            (1, off(Some("m1"))),
            (2, off(Some("m2"))),
            (2, on(None)),
            (3, on(Some("m1"))),
            (2, list("news", true)),
            (1, used(1, sent)),
            (3, used(1, false)),
            (2, ContactFact::Removed { address: address(1) }),
            (1, LOGIN),
            (bound::WINDOW_MICROS + 1, LOGIN),
            (2, TRANSACTION),
            (2, ContactFact::Erased),
            (3, suppressed(Cause::Bounce, "m1")),
        ],
    );
    // The same event as another version of the decoder has it, and taken back.
    let mended = ContactEvent { decoder: 2, time: Time::from_micros(4), ..events[0].clone() };
    events.push(ContactEvent { retracted: true, decoder: 3, ..mended.clone() });
    events.push(mended);
    events
}

fn of_address() -> Vec<ContactEvent> {
    let subject = Subject::Address(address(1));
    let mut events = letters(
        &subject,
        vec![
            (1, off(Some("m1"))),
            (2, off(None)),
            (2, on(Some("m2"))),
            (4, on(None)),
            (1, suppressed(Cause::Bounce, "m1")),
            (3, suppressed(Cause::Bounce, "m2")),
            (2, suppressed(Cause::Domain, "m3")),
            (2, ContactFact::Reactivated),
        ],
    );
    events.push(ContactEvent { version: Time::from_micros(9), retracted: true, ..events[1].clone() });
    events
}

fn fold<'a>(subject: &Subject, events: impl IntoIterator<Item = &'a ContactEvent>) -> Contact {
    events.into_iter().fold(Contact::new(subject), |mut contact, event| {
        contact.fold(event);
        contact
    })
}

/// All sequences of a length, grouped by what they hold: each group has one row.
fn all_sequences(subject: &Subject, events: &[ContactEvent], length: u32) {
    let n = events.len();
    let mut rows: BTreeMap<Vec<usize>, Contact> = BTreeMap::new();
    for word in 0..n.pow(length) {
        let places: Vec<usize> = (0..length).map(|at| word / n.pow(at) % n).collect();
        let row = fold(subject, places.iter().map(|place| &events[*place]));
        let mut held = places.clone();
        held.sort_unstable();
        held.dedup();
        let expected = rows.entry(held).or_insert_with(|| row.clone());
        assert_eq!(&row, expected, "{places:?}");
    }
}

#[test]
fn every_permutation_to_length_five_of_a_clients_events_gives_the_same_row() {
    (1..=4).for_each(|length| all_sequences(&client(), &of_client(), length));
    // Length five over the letters that meet most.
    let events = of_client().into_iter().enumerate().filter(|(place, _)| place % 2 == 0 || *place > 9);
    let events: Vec<_> = events.map(|(_, event)| event).collect();
    all_sequences(&client(), &events, 5);
}

#[test]
fn every_permutation_to_length_five_of_an_addresss_events_gives_the_same_row() {
    (1..=5).for_each(|length| all_sequences(&Subject::Address(address(1)), &of_address(), length));
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % bound
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for place in (1..items.len()).rev() {
            items.swap(place, self.below(place + 1));
        }
    }
}

fn random_fact(random: &mut Random, subject: &Subject) -> ContactFact {
    loop {
        let message = (random.below(3) > 0).then(|| format!("m{}", random.below(90)));
        let scope = if random.below(2) == 0 { Scope::Organisation } else { Scope::List("news".into()) };
        let hash = address(u8::try_from(random.below(3)).unwrap());
        let fact = match random.below(11) {
            0..=2 => ContactFact::Unsubscribed { scope, message },
            3 => ContactFact::Resubscribed { scope, message },
            4 => ContactFact::Suppressed {
                cause: Cause::ALL[random.below(4)],
                revealed: random.below(2) == 0,
                message: message.unwrap_or_default(),
            },
            5 => ContactFact::Reactivated,
            6 => ContactFact::Addressed { address: hash, by_send: random.below(2) == 0 },
            7 => ContactFact::Removed { address: hash },
            8 | 9 => ContactFact::Interacted { transaction: random.below(8) == 0 },
            _ if random.below(6) == 0 => ContactFact::Erased,
            _ => ContactFact::Described,
        };
        if subject.takes(&fact) {
            return fact;
        }
    }
}

/// What must not depend on the order: the row, as a whole, and what is read from it.
fn check(contact: &Contact, subject: &Subject) {
    assert!(contact.facts().len() <= bound::FACTS_MAX);
    assert_eq!(&Contact::from_facts(subject, contact.facts().cloned()), contact, "a row is its facts");
}

#[test]
fn a_hundred_thousand_random_permutations_with_duplicates_give_the_same_row() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for round in 0..10_000_u32 {
        let subject = if round % 2 == 0 { client() } else { Subject::Address(address(1)) };
        // One in a hundred goes beyond every bound.
        let length = if round % 100 < 2 { 400 } else { 2 + random.below(12) };
        let span = usize::try_from(8 * bound::WINDOW_MICROS).unwrap();
        let mut events: Vec<ContactEvent> = (0..length)
            .map(|_| {
                let time =
                    i64::try_from(if random.below(2) == 0 { random.below(6) } else { random.below(span) }).unwrap();
                let id = u32::try_from(random.below(2 * length)).unwrap();
                let fact = random_fact(&mut random, &subject);
                let decoder = 1 + u32::try_from(random.below(2)).unwrap();
                ContactEvent { decoder, retracted: random.below(9) == 0, ..event(&subject, id, time, fact) }
            })
            .collect();
        let expected = fold(&subject, &events);
        check(&expected, &subject);
        events.push(events[random.below(length)].clone());
        for _ in 0..10 {
            random.shuffle(&mut events);
            assert_eq!(fold(&subject, &events), expected, "{events:?}");
        }
    }
}

#[test]
fn the_arrival_of_a_register_fact_is_that_of_its_first_copy_in_every_order() {
    let early = event(&client(), 1, 5, off(None));
    let arrival = domain::Arrival { received: Time::from_micros(9), ..domain::Arrival::default() };
    let late = ContactEvent { arrival, ..early.clone() };
    let (left, right) = (fold(&client(), [&early, &late]), fold(&client(), [&late, &early]));
    assert_eq!(left, right);
    assert_eq!(left.facts().next().unwrap().arrival, early.arrival);
}

/// A lift as a register sends it to a message: of version `version`, maybe as taken back.
fn lift(id: usize, time: i64, version: u32, retracted: bool) -> Event {
    let mut bytes = [7; 16];
    bytes[0] = u8::try_from(id).unwrap();
    Event {
        organisation: "o".into(),
        message: "m".into(),
        id: EventId(bytes),
        time: Time::from_micros(time),
        decoder: version,
        retracted,
        rank: Rank::Tags,
        attribution: Attribution::default(),
        provider: String::new(),
        fact: Fact::Resubscribed { scope: Scope::Organisation, from_register: true },
        arrival: Arrival::default(),
    }
}

#[test]
fn a_message_keeps_the_last_lifts_whichever_words_on_them_came_between() {
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    for _ in 0..2_000 {
        let lifts = 1 + random.below(14);
        let last_words: Vec<(u32, bool)> =
            (0..lifts).map(|_| (2 + u32::try_from(random.below(3)).unwrap(), random.below(3) == 0)).collect();
        let row = |random: &mut Random| {
            let mut events: Vec<Event> = Vec::new();
            for (id, (version, retracted)) in last_words.iter().enumerate() {
                let time = i64::try_from(id).unwrap();
                events.push(lift(id, time, *version, *retracted));
                // Words that came between, in this order of events and not in another.
                for between in 1..*version {
                    if random.below(2) == 0 {
                        events.push(lift(id, time, between, random.below(2) == 0));
                    }
                }
            }
            random.shuffle(&mut events);
            events.iter().fold(Message::default(), |mut message, event| {
                message.fold(event);
                message
            })
        };
        // Beyond the bound a word that came between may have taken a place; within it nothing of it shows.
        if lifts <= bound::LIFTS_MAX {
            assert_eq!(row(&mut random), row(&mut random));
        }
        let kept = row(&mut random);
        let latest = last_words.iter().rposition(|(_, retracted)| !*retracted);
        let held = kept.live().last().map(|entry| usize::try_from(entry.time.micros()).unwrap());
        assert_eq!(held, latest, "the latest lift that holds is known");
    }
}
