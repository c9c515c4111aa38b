//! The laws of a message's row: every order and duplication of its events gives the same row, status and share (I4),
//! and every reachable share keeps the invariants that are shown beside the numbers.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

use domain::{
    Agent, Arrival, Attribution, BounceClass, Contribution, Counters, Drop, DropReason, Event, EventId, Fact, Message,
    Outcome, Rank, Scope, Status, Time,
};

fn alphabet() -> Vec<Fact> {
    let bounce = |class, asynchronous| Fact::Bounced { class, asynchronous, reason: String::new() };
    let drop = Drop { reason: DropReason::Duplicate, scope: Scope::Message, text: String::new() };
    vec![
        Fact::Sent,
        Fact::Delivered,
        bounce(BounceClass::Hard, false),
        bounce(BounceClass::Soft, false),
        bounce(BounceClass::Block, true),
        Fact::Dropped(drop),
        Fact::Opened(Agent::Machine),
        Fact::Opened(Agent::Human),
        Fact::Clicked { agent: Agent::Human, link: "https://example.org/".into() },
        Fact::Complained,
        Fact::Unsubscribed { scope: Scope::Organisation, from_register: false },
        Fact::Resubscribed { scope: Scope::Organisation, from_register: true },
    ]
}

/// The event of letter `letter` at time `at`: the same letter at the same time is the same event.
fn event(facts: &[Fact], letter: usize, at: i64) -> Event {
    let mut id = [0; 16];
    id[0] = u8::try_from(letter).unwrap();
    id[1] = u8::try_from(at).unwrap();
    let campaign = Some(if letter == 0 { "by send" } else { "by custom data" }.to_owned());
    Event {
        organisation: "o".into(),
        message: "m".into(),
        id: EventId(id),
        time: Time::from_micros(at),
        decoder: 1,
        retracted: false,
        rank: if letter == 0 { Rank::Send } else { Rank::CustomData },
        attribution: Attribution { campaign, ..Attribution::default() },
        provider: "sendgrid".into(),
        fact: facts[letter].clone(),
        arrival: Arrival::default(),
    }
}

fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Message {
    let mut message = Message::default();
    events.into_iter().for_each(|event| {
        message.fold(event);
    });
    message
}

fn check(message: &Message) {
    let Some(share) = Contribution::of(message) else { return };
    assert_eq!(share.counters.violations(), Vec::<String>::new(), "{message:?}");
    let mut sum = Counters::default();
    sum.add(&share.counters);
    sum.subtract(&share.counters);
    assert_eq!(sum, Counters::default(), "what was added can be taken away");
}

fn next(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    usize::try_from(*state >> 16).unwrap()
}

#[test]
fn every_sequence_to_length_six_keeps_the_invariants_and_its_reverse_gives_the_same_row() {
    let facts = alphabet();
    let n = facts.len();
    let events: Vec<Vec<Event>> = (0..6).map(|at| (0..n).map(|letter| event(&facts, letter, at)).collect()).collect();
    for length in 1..=6 {
        for word in 0..n.pow(u32::try_from(length).unwrap()) {
            let place = |at: usize| &events[at][word / n.pow(u32::try_from(at).unwrap()) % n];
            let row = fold((0..length).map(place));
            assert_eq!(row, fold((0..length).rev().map(place)));
            check(&row);
        }
    }
}

#[test]
fn a_million_random_permutations_with_duplicates_give_the_same_row() {
    let facts = alphabet();
    let mut state = 0x9E37_79B9_7F4A_7C15;
    for _ in 0..50_000 {
        let length = 2 + next(&mut state) % 5;
        let mut events: Vec<Event> = (0..length)
            .map(|_| event(&facts, next(&mut state) % facts.len(), i64::try_from(next(&mut state) % 4).unwrap()))
            .collect();
        let expected = fold(&events);
        check(&expected);
        events.push(events[next(&mut state) % length].clone());
        for _ in 0..20 {
            for place in (1..events.len()).rev() {
                events.swap(place, next(&mut state) % (place + 1));
            }
            assert_eq!(fold(&events), expected, "{events:?}");
        }
    }
}

fn standing(letters: &[usize]) -> (Outcome, Status) {
    let facts = alphabet();
    let events = letters.iter().enumerate().map(|(at, letter)| event(&facts, *letter, i64::try_from(at).unwrap()));
    let standing = fold(&events.collect::<Vec<_>>()).standing();
    (standing.outcome, standing.status)
}

#[test]
fn status_follows_the_table_of_the_design() {
    const SENT: usize = 0;
    const DELIVERED: usize = 1;
    const HARD: usize = 2;
    const SOFT: usize = 3;
    const ASYNC_BLOCK: usize = 4;
    const DROPPED: usize = 5;
    const MACHINE: usize = 6;
    const OPEN: usize = 7;
    const CLICK: usize = 8;
    const SPAM: usize = 9;
    const UNSUBSCRIBED: usize = 10;
    const RESUBSCRIBED: usize = 11;
    let hard = Outcome::Bounced(BounceClass::Hard);
    let soft = Outcome::Bounced(BounceClass::Soft);
    for (letters, outcome, status) in [
        (&[SENT][..], Outcome::Pending, Status::Sent),
        (&[DELIVERED, SENT], Outcome::Delivered, Status::Delivered),
        (&[SENT, MACHINE], Outcome::Delivered, Status::Delivered),
        (&[SENT, OPEN], Outcome::Delivered, Status::Open),
        (&[CLICK, SENT], Outcome::Delivered, Status::Click),
        (&[DELIVERED, HARD], hard, Status::Bounce),
        (&[HARD, DELIVERED], hard, Status::Bounce),
        (&[DELIVERED, OPEN, HARD], Outcome::Delivered, Status::Open),
        (&[OPEN, HARD], hard, Status::Bounce),
        (&[DELIVERED, MACHINE, HARD], hard, Status::Bounce),
        (&[SOFT, DELIVERED], Outcome::Delivered, Status::Delivered),
        (&[DELIVERED, SOFT], soft, Status::Bounce),
        (&[SOFT, CLICK], Outcome::Delivered, Status::Click),
        (&[DELIVERED, ASYNC_BLOCK], Outcome::Bounced(BounceClass::Block), Status::Bounce),
        (&[DROPPED, DELIVERED], Outcome::Delivered, Status::Delivered),
        (&[SENT, DROPPED], Outcome::Dropped(DropReason::Duplicate), Status::Dropped),
        (&[SENT, SPAM], Outcome::Delivered, Status::Spam),
        (&[SENT, UNSUBSCRIBED], Outcome::Delivered, Status::Unsubscribed),
        (&[SENT, UNSUBSCRIBED, RESUBSCRIBED], Outcome::Delivered, Status::Delivered),
        (&[SENT, OPEN, RESUBSCRIBED, UNSUBSCRIBED], Outcome::Delivered, Status::Unsubscribed),
    ] {
        assert_eq!(standing(letters), (outcome, status), "{letters:?}");
    }
}

#[test]
fn a_send_names_the_campaign_whatever_came_before_it() {
    let facts = alphabet();
    let row = fold([&event(&facts, 1, 0), &event(&facts, 0, 3)]);
    assert_eq!(Contribution::of(&row).unwrap().campaign, "by send");
}

#[test]
fn a_status_began_with_the_fact_since_which_it_has_been_so() {
    const DELIVERED: usize = 1;
    const HARD: usize = 2;
    const SOFT: usize = 3;
    const OPEN: usize = 7;
    const CLICK: usize = 8;
    const SPAM: usize = 9;
    const UNSUBSCRIBED: usize = 10;
    const RESUBSCRIBED: usize = 11;
    let facts = alphabet();
    for (letters, began) in [
        (&[0][..], 0),
        (&[0, DELIVERED, OPEN, OPEN, OPEN], 2),
        (&[0, OPEN, DELIVERED], 1),
        (&[0, DELIVERED, CLICK, OPEN, CLICK], 2),
        (&[0, DELIVERED, HARD], 2),
        (&[HARD, DELIVERED], 0),
        (&[OPEN, HARD, DELIVERED], 2),
        (&[SOFT, DELIVERED], 1),
        (&[DELIVERED, UNSUBSCRIBED, OPEN], 1),
        (&[DELIVERED, OPEN, UNSUBSCRIBED, RESUBSCRIBED, OPEN], 3),
        (&[DELIVERED, UNSUBSCRIBED, RESUBSCRIBED, OPEN], 3),
        (&[DELIVERED, UNSUBSCRIBED, RESUBSCRIBED, UNSUBSCRIBED], 3),
        (&[DELIVERED, UNSUBSCRIBED, SPAM, RESUBSCRIBED], 2),
    ] {
        let events = letters.iter().enumerate().map(|(at, letter)| event(&facts, *letter, i64::try_from(at).unwrap()));
        let row = fold(&events.collect::<Vec<_>>());
        assert_eq!(row.status_since(), Some(Time::from_micros(began)), "{letters:?}");
    }
    assert_eq!(Message::default().status_since(), None);
}

#[test]
fn before_its_beginning_a_status_was_another_and_after_it_no_other() {
    let facts = alphabet();
    let n = facts.len();
    let events: Vec<Vec<Event>> =
        (0..4).map(|at| (0..n).map(|letter| event(&facts, letter, at / 2)).collect()).collect();
    for word in 0..n.pow(4) {
        let row = fold((0..4).map(|at| &events[at][word / n.pow(u32::try_from(at).unwrap()) % n]));
        let (since, present) = (row.status_since().unwrap(), row.standing().status);
        let times: Vec<Time> = row.live().map(|entry| entry.time).collect();
        let of = |time: &Time| row.standing_at(*time).status;
        assert!(times.iter().filter(|time| **time >= since).all(|time| of(time) == present));
        if let Some(before) = times.iter().filter(|time| **time < since).max() {
            assert_ne!(of(before), present, "{row:?}");
        }
    }
}
