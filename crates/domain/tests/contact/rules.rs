//! Registers, lifts, what follows a client to its addresses, suppression, the clock.

use domain::contact::{Activity, Cause, Contact, ContactEvent, ContactFact, Policy, PolicyError, Subject};
use domain::{Change, Scope, Time};

use super::*;

const ALL: Scope = Scope::Organisation;

fn told(contact: &Contact) -> Vec<(String, i64)> {
    contact.lifts().into_iter().map(|lift| (lift.message, lift.time.micros())).collect()
}

#[test]
fn the_latest_event_time_wins_and_a_tie_is_unsubscribed() {
    for (facts, unsubscribed) in [
        (vec![(1, off(None))], true),
        (vec![(1, off(None)), (2, on(None))], false),
        (vec![(2, on(None)), (1, off(None))], false),
        (vec![(2, on(None)), (2, off(None))], true),
        (vec![(1, off(None)), (2, on(None)), (3, off(None))], true),
        (vec![(1, on(None))], false),
    ] {
        assert_eq!(row(&client(), facts.clone()).is_unsubscribed(&ALL), unsubscribed, "{facts:?}");
    }
}

#[test]
fn a_list_is_lifted_by_its_own_and_by_the_organisations_resubscribe_and_lifts_nothing_else() {
    let news = Scope::List("news".into());
    let of = |facts: Vec<(i64, ContactFact)>| row(&client(), facts);
    assert!(!of(vec![(1, list("news", true)), (2, on(None))]).is_unsubscribed(&news));
    assert!(!of(vec![(1, list("news", true)), (2, list("news", false))]).is_unsubscribed(&news));
    assert!(of(vec![(1, list("news", true)), (2, list("other", false))]).is_unsubscribed(&news));
    assert!(of(vec![(1, off(None)), (2, list("news", false))]).is_unsubscribed(&ALL));
}

#[test]
fn a_register_says_since_when_and_because_of_which_message() {
    let contact = row(&client(), [(1, off(Some("m1"))), (2, on(None)), (4, off(Some("m2"))), (5, off(Some("m3")))]);
    let register = contact.register(&ALL).unwrap();
    assert_eq!((register.since.micros(), register.message.as_deref()), (4, Some("m2")));
    let lifted = row(&client(), [(1, off(Some("m1"))), (2, on(None)), (3, on(None))]).register(&ALL).unwrap();
    assert_eq!((lifted.unsubscribed, lifted.since.micros()), (false, 2));
}

#[test]
fn a_lift_goes_to_every_message_that_unsubscribed_before_it_and_to_no_other() {
    let contact = row(&client(), [(1, off(Some("m1"))), (2, off(Some("m2"))), (3, on(None)), (4, off(Some("m3")))]);
    assert_eq!(told(&contact), [("m1".to_owned(), 3), ("m2".to_owned(), 3)]);
    let tied = row(&client(), [(3, off(Some("m1"))), (3, on(None))]);
    assert_eq!(told(&tied), [], "a tie is unsubscribed");
}

#[test]
fn a_late_unsubscribe_is_answered_with_the_lift_and_the_lifts_own_message_is_not() {
    let contact = row(&client(), [(5, on(Some("m2"))), (1, off(Some("m1"))), (2, off(Some("m2")))]);
    assert_eq!(told(&contact), [("m1".to_owned(), 5)]);
    let answers = contact.answers("m9", &ALL, Time::from_micros(4));
    assert_eq!(answers.iter().map(|lift| lift.message.as_str()).collect::<Vec<_>>(), ["m9"]);
    assert_eq!(contact.answers("m9", &ALL, Time::from_micros(5)), []);
}

#[test]
fn a_lift_that_is_taken_back_is_told_as_taken_back() {
    let mut contact = row(&client(), [(1, off(Some("m1")))]);
    let lift = event(&client(), 7, 3, on(None));
    contact.fold(&lift);
    contact.fold(&ContactEvent { decoder: 2, retracted: true, ..lift });
    assert!(contact.is_unsubscribed(&ALL));
    let lifts = contact.lifts();
    assert_eq!((lifts.len(), lifts[0].retracted, lifts[0].version), (1, true, 2));
}

fn followed(contact: &Contact) -> Vec<(u8, i64, bool)> {
    let shown = |followed: domain::contact::Followed| {
        (followed.address.0[0], followed.entry.time.micros(), followed.entry.retracted)
    };
    contact.followed().into_iter().map(shown).collect()
}

#[test]
fn the_clients_register_follows_it_to_its_addresses_also_to_those_added_later() {
    let used = |n| ContactFact::Addressed { address: address(n), by_send: false };
    let contact = row(&client(), [(1, used(1)), (2, off(Some("m1"))), (9, used(2))]);
    assert_eq!(followed(&contact), [(1, 2, false), (2, 2, false)]);
    let facts = contact.followed();
    assert!(facts.iter().all(|followed| followed.entry.fact == off(None)), "the message stays with its own address");
}

#[test]
fn an_address_that_was_given_up_hears_what_was_done_before_and_not_after() {
    let (used, gone) = (ContactFact::Addressed { address: address(1), by_send: true }, address(1));
    let gone = ContactFact::Removed { address: gone };
    let contact = row(&client(), [(1, used.clone()), (2, off(None)), (5, gone.clone()), (6, on(None))]);
    assert_eq!(followed(&contact), [(1, 2, false), (1, 6, true)]);
    assert_eq!(contact.addresses(), []);
    let again = ContactFact::Addressed { address: address(1), by_send: false };
    let contact = row(&client(), [(1, used), (2, off(None)), (5, gone), (6, on(None)), (7, again)]);
    assert_eq!(followed(&contact), [(1, 2, false), (1, 6, false)]);
    assert_eq!(contact.addresses(), [address(1)]);
}

#[test]
fn a_send_to_an_address_that_the_platform_gave_up_does_not_bring_it_back() {
    let gone = ContactFact::Removed { address: address(1) };
    let sent = ContactFact::Addressed { address: address(1), by_send: true };
    let contact = row(&client(), [(2, gone), (3, sent)]);
    assert_eq!((contact.addresses(), contact.removed_addresses().len()), (vec![], 1));
}

#[test]
fn of_one_instant_a_used_address_wins_however_often_it_is_given_up() {
    let gone = || ContactFact::Removed { address: address(1) };
    let used = || ContactFact::Addressed { address: address(1), by_send: false };
    for place in 0..4 {
        let mut words: Vec<_> = (0..3).map(|_| (5, gone())).collect();
        words.insert(place, (5, used()));
        assert_eq!(row(&client(), words).addresses(), [address(1)], "the {place}. of them");
    }
    assert_eq!(row(&client(), [(4, used()), (5, gone()), (5, gone())]).addresses(), []);
}

#[test]
fn suppression_holds_since_its_first_fact_and_only_a_later_reactivation_lifts_it() {
    let subject = Subject::Address(address(1));
    let bounce = |message| suppressed(Cause::Bounce, message);
    let many = (1..40).map(|n| (n, bounce(if n == 1 { "m1" } else { "m2" })));
    let held = row(&subject, many).suppressions();
    assert_eq!((held[0].since.micros(), held[0].message.as_str()), (1, "m1"), "beyond the bound too");
    for (facts, since) in [
        (vec![(1, bounce("m1")), (2, ContactFact::Reactivated)], None),
        (vec![(2, bounce("m1")), (2, ContactFact::Reactivated)], Some(2)),
        (vec![(1, bounce("m1")), (2, ContactFact::Reactivated), (3, bounce("m2"))], Some(3)),
    ] {
        let held = row(&subject, facts.clone()).suppressions();
        assert_eq!(held.first().map(|held| held.since.micros()), since, "{facts:?}");
    }
}

#[test]
fn changed_at_is_the_latest_event_about_the_client_and_a_send_is_none() {
    let sent = ContactFact::Addressed { address: address(1), by_send: true };
    assert_eq!(row(&client(), [(5, sent.clone())]).changed_at(), None);
    let contact = row(&client(), [(9, sent), (4, LOGIN), (6, suppressed(Cause::Bounce, "m1")), (2, off(None))]);
    assert_eq!(contact.changed_at(), Some(Time::from_micros(6)));
}

fn activity(facts: Vec<(i64, ContactFact)>, now: i64) -> Activity {
    row(&client(), facts).activity(&Policy::default(), Time::from_micros(now))
}

fn since(activity: Activity) -> Option<i64> {
    match activity {
        Activity::Inactive { since, .. } => Some(since.micros()),
        _ => None,
    }
}

#[test]
fn more_than_two_calendar_years_is_inactive_and_exactly_two_is_not() {
    let login = at("2024-03-10T12:00:00");
    assert_eq!(since(activity(vec![(login, LOGIN)], at("2026-03-10T12:00:00"))), None);
    let inactive = activity(vec![(login, LOGIN)], at("2026-03-10T12:00:01"));
    assert_eq!(since(inactive), Some(at("2026-03-10T12:00:00")));
    let leap = at("2024-02-29T08:00:00");
    assert_eq!(since(activity(vec![(leap, LOGIN)], at("2026-02-28T09:00:00"))), Some(at("2026-02-28T08:00:00")));
    assert_eq!(activity(vec![], 0), Activity::NoRecord);
}

#[test]
fn once_inactive_only_a_transaction_lifts_it() {
    let (first, late, now) = (at("2020-01-01T00:00:00"), at("2023-01-01T00:00:00"), at("2023-06-01T00:00:00"));
    let end = at("2022-01-01T00:00:00");
    assert_eq!(since(activity(vec![(first, LOGIN), (late, LOGIN)], now)), Some(end), "a login does not");
    assert_eq!(since(activity(vec![(first, LOGIN), (late, TRANSACTION)], now)), None);
    let login_after = vec![(first, TRANSACTION), (late, LOGIN), (late + DAY, TRANSACTION), (late + 2 * DAY, LOGIN)];
    assert_eq!(activity(login_after, now), Activity::Active { last: Time::from_micros(late + 2 * DAY) });
    let filled = vec![(first, LOGIN), (late, LOGIN), (at("2021-06-01T00:00:00"), LOGIN)];
    assert_eq!(since(activity(filled, now)), None, "a login that comes late to the log fills the gap");
}

#[test]
fn daily_logins_over_years_are_kept_as_few_facts_and_judged_alike() {
    let start = at("2015-01-01T00:00:00");
    let contact = row(&client(), (0..2_000).map(|day| (start + day * DAY, LOGIN)));
    assert!(contact.facts().len() <= 50, "{}", contact.facts().len());
    let last = start + 1_999 * DAY;
    assert_eq!(contact.last_interactions().0, Some(Time::from_micros(last)));
    let now = Time::from_micros(last + 500 * DAY);
    assert_eq!(contact.activity(&Policy::default(), now), Activity::Active { last: Time::from_micros(last) });
}

#[test]
fn the_period_ends_by_the_clock_on_the_organisations_wall() {
    let toronto = Policy::new("America/Toronto", 0).unwrap();
    let ends = |utc: &str| toronto.ends(Time::from_micros(at(utc))).micros();
    assert_eq!(ends("2024-06-15T16:00:00"), at("2026-06-15T16:00:00"));
    // Noon in summer time is noon in winter time two years later: the offset differs.
    assert_eq!(ends("2024-03-12T16:00:00"), at("2026-03-12T16:00:00"));
    assert_eq!(
        Policy::new("America/Toronto", 7).unwrap().ends(Time::from_micros(at("2026-06-15T16:00:00"))).micros(),
        at("2027-01-15T17:00:00")
    );
    // 02:30 on 8 March 2026 is not on the clock there.
    assert_eq!(ends("2024-03-08T07:30:00"), at("2026-03-08T07:30:00"));
    for wild in [i64::MIN, i64::MAX] {
        assert!(toronto.ends(Time::from_micros(wild)) != Time::default(), "no time is beyond it");
    }
    assert_eq!(Policy::new("Mars/Olympus", 0), Err(PolicyError::Zone));
    assert_eq!(Policy::new("", 2), Err(PolicyError::Months(2)));
}

#[test]
fn an_erasure_refuses_older_personal_facts_and_keeps_what_protects_the_person() {
    let used = |n, by_send| ContactFact::Addressed { address: address(n), by_send };
    let facts =
        [(1, used(1, true)), (2, off(Some("m1"))), (3, LOGIN), (4, ContactFact::Described), (9, ContactFact::Erased)];
    let mut contact = row(&client(), facts);
    assert_eq!(contact.erased_at(), Some(Time::from_micros(9)));
    assert_eq!((contact.addresses(), contact.last_interactions()), (vec![], (None, None)));
    assert_eq!(contact.changed_at(), Some(Time::from_micros(9)));
    assert!(contact.is_unsubscribed(&ALL));
    let redriven = event(&client(), 50, 9, TRANSACTION);
    assert_eq!(contact.fold(&redriven), Change::Ignored("older than the erasure of the client"));
    contact.fold(&event(&client(), 51, 10, used(1, true)));
    contact.fold(&event(&client(), 52, 10, TRANSACTION));
    assert_eq!((contact.addresses(), contact.last_interactions().0), (vec![address(1)], Some(Time::from_micros(10))));
}
