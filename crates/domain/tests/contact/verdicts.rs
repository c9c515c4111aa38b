//! The Email State, the send check and the receipt, rule by rule.

use std::collections::BTreeMap;

use domain::contact::check::{Mail, OverLimit, Verdict, verdict, within_limit};
use domain::contact::erasure::{Receipt, Retention};
use domain::contact::state::{EmailState, LiftedBy, email_state};
use domain::contact::{Cause, Contact, ContactFact, Policy, Subject};
use domain::{AddressHash, MailClass, Time, WithheldReason};

use super::*;

fn used(n: u8) -> (i64, ContactFact) {
    (1, ContactFact::Addressed { address: address(n), by_send: false })
}

fn rows(facts: Vec<(i64, ContactFact)>) -> BTreeMap<AddressHash, Contact> {
    BTreeMap::from([(address(1), row(&Subject::Address(address(1)), facts))])
}

fn words(client: &Contact, addresses: &BTreeMap<AddressHash, Contact>, now: i64) -> Vec<EmailState> {
    let states = email_state(client, addresses, &Policy::default(), Time::from_micros(now));
    states.into_iter().map(|holding| holding.state).collect()
}

#[test]
fn every_state_that_holds_is_named_the_gravest_first() {
    use EmailState::{Inactive, Invalid, NoAddress, Ok, Spam, Undeliverable, Unsubscribed};
    let now = at("2026-01-01T00:00:00");
    let of_client = |facts: Vec<(i64, ContactFact)>| row(&client(), facts);
    let none = BTreeMap::new();
    assert_eq!(words(&of_client(vec![]), &none, now), [NoAddress]);
    assert_eq!(words(&of_client(vec![used(1)]), &none, now), [Ok]);
    assert_eq!(words(&of_client(vec![used(1), (2, LOGIN), (3, off(None))]), &none, now), [Unsubscribed, Inactive]);
    let suppressions = |cause| rows(vec![(2, suppressed(cause, "m1"))]);
    for (cause, state) in [
        (Cause::Bounce, Undeliverable),
        (Cause::Domain, Undeliverable),
        (Cause::Invalid, Invalid),
        (Cause::Complaint, Spam),
    ] {
        assert_eq!(words(&of_client(vec![used(1)]), &suppressions(cause), now), [state], "{cause:?}");
    }
    let everything =
        rows(vec![(2, suppressed(Cause::Complaint, "m1")), (3, suppressed(Cause::Invalid, "m2")), (4, off(None))]);
    assert_eq!(words(&of_client(vec![used(1)]), &everything, now), [Spam, Invalid, Unsubscribed]);
    let unlinked = of_client(vec![(2, ContactFact::Removed { address: address(1) })]);
    assert_eq!(words(&unlinked, &everything, now), [NoAddress], "an address given up says nothing of the client");
}

#[test]
fn a_state_says_since_when_because_of_what_and_what_lifts_it() {
    let addresses = rows(vec![(7, suppressed(Cause::Bounce, "m1"))]);
    let states = email_state(&row(&client(), [used(1)]), &addresses, &Policy::default(), Time::from_micros(9));
    let held = &states[0];
    assert_eq!((held.since.unwrap().micros(), held.message.as_deref()), (7, Some("m1")));
    assert_eq!(
        (held.address, held.cause, held.lifted_by),
        (Some(address(1)), Some((Cause::Bounce, false)), Some(LiftedBy::Reactivation))
    );
    assert!(LiftedBy::Reactivation.words().contains("another address"));
    let gone = row(&client(), [used(1), (5, ContactFact::Removed { address: address(1) })]);
    assert_eq!(email_state(&gone, &addresses, &Policy::default(), Time::from_micros(9))[0].since.unwrap().micros(), 5);
}

fn check(client: &Contact, address_facts: Option<Vec<(i64, ContactFact)>>, class: MailClass, now: i64) -> Verdict {
    let held = address_facts.map(|facts| row(&Subject::Address(address(1)), facts));
    let mail = Mail { class, list: Some("news".into()), at: Time::from_micros(now) };
    verdict(client, held.as_ref().map(|row| (address(1), Some(row))), &mail, &Policy::default())
}

#[test]
fn mass_mail_is_withheld_for_every_reason_and_transactional_mail_ignores_unsubscribe_and_inactivity_only() {
    use WithheldReason::{AddressUnsubscribed, Bounced, ClientUnsubscribed, DomainFlagged, Inactive, Invalid, Spam};
    let now = at("2026-01-01T00:00:00");
    let of_client = |facts: Vec<(i64, ContactFact)>| row(&client(), facts);
    for (facts, of_address, mass, transactional) in [
        (vec![], vec![], None, None),
        (vec![(2, off(None))], vec![], Some(ClientUnsubscribed), None),
        (vec![], vec![(2, off(None))], Some(AddressUnsubscribed), None),
        (vec![], vec![(2, list("news", true))], Some(AddressUnsubscribed), None),
        (vec![], vec![(2, list("other", true))], None, None),
        (vec![(2, LOGIN)], vec![], Some(Inactive), None),
        (vec![], vec![(2, suppressed(Cause::Bounce, "m"))], Some(Bounced), Some(Bounced)),
        (vec![], vec![(2, suppressed(Cause::Complaint, "m"))], Some(Spam), Some(Spam)),
        (vec![], vec![(2, suppressed(Cause::Invalid, "m"))], Some(Invalid), Some(Invalid)),
        (vec![], vec![(2, suppressed(Cause::Domain, "m"))], Some(DomainFlagged), Some(DomainFlagged)),
    ] {
        let contact = of_client(facts.clone());
        let reason = |class| check(&contact, Some(of_address.clone()), class, now).reason();
        assert_eq!(reason(MailClass::Mass), mass, "{facts:?} {of_address:?}");
        assert_eq!(reason(MailClass::Transactional), transactional, "{facts:?} {of_address:?}");
    }
}

#[test]
fn no_address_is_a_reason_and_no_activity_is_none_but_is_said() {
    let contact = row(&client(), []);
    assert_eq!(check(&contact, None, MailClass::Transactional, 5).reason(), Some(WithheldReason::NoAddress));
    let verdict = check(&contact, Some(vec![]), MailClass::Mass, 5);
    assert!(verdict.may_send() && verdict.no_activity_on_record);
    assert!(!check(&contact, Some(vec![]), MailClass::Transactional, 5).no_activity_on_record);
}

#[test]
fn one_request_may_have_so_many_distinct_clients_and_no_more() {
    let clients: Vec<String> = (0..151).map(|n| format!("k{n}")).collect();
    let names = || clients.iter().map(String::as_str);
    assert_eq!(
        within_limit(names().take(150).chain(["k0"]), 0),
        Ok(150),
        "a second address of a client does not count"
    );
    assert_eq!(within_limit(names(), 0), Err(OverLimit { clients: 151, limit: 150 }));
    assert_eq!(within_limit(names(), 50_000), Ok(151));
    assert!(OverLimit { clients: 151, limit: 150 }.to_string().contains("split the request"));
}

#[test]
fn the_receipt_says_when_the_last_byte_is_gone_and_what_remains() {
    let retention = Retention { intake_ms: 30 * 86_400_000, compaction_lag_ms: 86_400_000 };
    let carried_out = Time::from_micros(at("2026-05-01T10:00:00"));
    let receipt = Receipt::new(Time::from_micros(at("2026-05-01T09:00:00")), carried_out, retention);
    let text = receipt.text();
    for part in ["2026-05-02T10:00:00Z", "2026-05-31T10:00:00Z", "up to 2026-05-01T09:00:00Z", "pseudonymous"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!receipt.is_complete(Time::from_micros(at("2026-05-31T09:59:59"))));
    assert!(receipt.is_complete(Time::from_micros(at("2026-05-31T10:00:00"))));
}
