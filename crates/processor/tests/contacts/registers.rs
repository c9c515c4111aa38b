//! Unsubscribes, lifts and suppression, whichever comes first.

use contract::proto::message::v1::Status;
use contract::topic::Topic;
use domain::Scope;
use domain::contact::Cause;

use crate::system::{System, client, send};

const ALL: Scope = Scope::Organisation;
const BY_MAIL: &str = r#""preference":{"client":"k","subscribed":false,"from_message":"m1"}"#;
const ON: &str = r#""preference":{"client":"k","subscribed":true}"#;
const OFF: &str = r#""preference":{"client":"k","subscribed":false}"#;

#[test]
fn an_unsubscribe_by_mail_sets_both_registers_and_a_resubscribe_in_the_account_lifts_them_and_the_message() {
    let system = System::new();
    system.say(&[("10:00:00", &send("m1", "k", "ada@example.org")), ("11:00:00", BY_MAIL)]);
    assert_eq!(system.status("m1"), Status::Unsubscribed);
    let row = system.contact(&client("k"));
    assert_eq!(row.register(&ALL).and_then(|register| register.message).as_deref(), Some("m1"));
    assert!(system.address("ada@example.org").is_unsubscribed(&ALL));
    system.say(&[("12:00:00", ON)]);
    assert_eq!(system.status("m1"), Status::Delivered, "the lift reaches the message; who unsubscribed got it");
    assert!(!system.contact(&client("k")).is_unsubscribed(&ALL));
    assert!(!system.address("ada@example.org").is_unsubscribed(&ALL));
}

#[test]
fn a_late_older_unsubscribe_is_answered_with_the_lift() {
    let system = System::new();
    system.say(&[("10:00:00", &send("m1", "k", "ada@example.org")), ("12:00:00", ON)]);
    system.say(&[("11:00:00", BY_MAIL)]);
    assert_eq!(system.status("m1"), Status::Delivered);
    assert!(!system.contact(&client("k")).is_unsubscribed(&ALL));
    system.say(&[("13:00:00", r#""preference":{"subscribed":false,"from_message":"m1"}"#)]);
    assert_eq!(system.status("m1"), Status::Unsubscribed, "a later one holds; the message knows whose it is");
    assert!(system.contact(&client("k")).is_unsubscribed(&ALL));
}

#[test]
fn the_account_reaches_every_address_also_one_added_later_and_only_that_clients() {
    let system = System::new();
    let added = r#""address":{"client":"k","address":"new@example.org"}"#;
    system.say(&[
        ("10:00:00", &send("m1", "k", "ada@example.org")),
        ("10:00:00", &send("m2", "other", "bob@example.org")),
        ("11:00:00", OFF),
    ]);
    system.say(&[("12:00:00", added)]);
    for (address, unsubscribed) in [("ada@example.org", true), ("new@example.org", true), ("bob@example.org", false)] {
        assert_eq!(system.address(address).is_unsubscribed(&ALL), unsubscribed, "{address}");
    }
    assert_eq!(system.status("m1"), Status::Sent, "made without any mail, it belongs to no campaign");
}

#[test]
fn one_addresss_register_is_its_own_and_its_lift_reaches_its_messages() {
    let system = System::new();
    let off = r#""preference":{"address":"Ada@Example.org","subscribed":false,"list":"news"}"#;
    system.say(&[("10:00:00", &send("m1", "k", "ada@example.org")), ("11:00:00", off)]);
    let news = Scope::List("news".into());
    assert!(system.address("ada@example.org").is_unsubscribed(&news));
    assert_eq!(system.contact(&client("k")).registers(), []);
    let by_mail = r#""preference":{"subscribed":false,"from_message":"m1","list":"news"}"#;
    system.say(&[("12:00:00", by_mail)]);
    assert_eq!(system.status("m1"), Status::Unsubscribed);
    system.say(&[("13:00:00", r#""preference":{"address":"ada@example.org","subscribed":true}"#)]);
    assert_eq!(system.status("m1"), Status::Delivered);
}

#[test]
fn what_suppresses_reaches_client_and_address_before_and_after_the_send() {
    let system = System::new();
    let refused = |message: &str, reason: &str| {
        format!(r#""refused":{{"message":"{message}","campaign":"spring","reason":"{reason}"}}"#)
    };
    system.say(&[
        ("10:00:01", &refused("m1", "invalid_address")),
        ("10:00:01", &refused("m2", "quota")),
        ("10:00:00", &send("m1", "k", "ada@example.org")),
        ("10:00:00", &send("m2", "k2", "bob@example.org")),
    ]);
    let held = system.address("ada@example.org").suppressions();
    let held: Vec<_> = held.iter().map(|held| (held.cause, held.message.as_str(), held.revealed)).collect();
    assert_eq!(held, [(Cause::Invalid, "m1", true)]);
    assert_eq!(system.address("bob@example.org").suppressions(), []);
    let row = system.row(&client("k"));
    assert_eq!(row.changed_at_us % 60_000_000, 1_000_000, "the drop is an event about the client, the send is none");
    assert_eq!(row.addresses.len(), 1);
    system.say(&[("10:01:00", r#""address":{"client":"k","address":"ada@example.org","reactivated":true}"#)]);
    assert_eq!(system.address("ada@example.org").suppressions(), []);
}

#[test]
fn a_copy_is_not_the_clients_address_and_sets_no_register_of_the_client() {
    let system = System::new();
    let copy = r#""send":{"message":"m1","campaign":"spring","client":"k","address":"office@example.org","copy":true}"#;
    let by_mail = r#""preference":{"subscribed":false,"from_message":"m1"}"#;
    system.say(&[("10:00:00", copy), ("11:00:00", by_mail)]);
    assert_eq!(system.row(&client("k")), Default::default());
    assert!(system.address("office@example.org").is_unsubscribed(&ALL));
}

#[test]
fn a_lost_state_directory_comes_back_and_nothing_is_told_twice() {
    let system = System::new();
    system.say(&[("10:00:00", &send("m1", "k", "ada@example.org")), ("11:00:00", BY_MAIL), ("12:00:00", ON)]);
    let (rows, told) = (system.rows(Topic::ContactState), system.records(Topic::ContactEvents).len());
    let events = system.records(Topic::Events).len();
    std::fs::remove_dir_all(system.root.path().join("state")).expect("the state is lost");
    system.settle();
    system.say(&[("10:00:00", &send("m2", "k2", "bob@example.org"))]);
    assert_eq!(system.records(Topic::ContactEvents).len(), told + 1, "the send's own, and no other");
    assert_eq!(system.records(Topic::Events).len(), events + 1);
    let again = system.rows(Topic::ContactState);
    assert!(rows.iter().all(|(key, row)| again.get(key) == Some(row)));
}

#[test]
fn preferences_that_cannot_be_meant_are_refused_by_field() {
    let system = System::new();
    system.say(&[
        ("10:00:00", r#""preference":{"subscribed":false}"#),
        ("10:00:00", r#""preference":{"client":"k","address":"ada@example.org","subscribed":false}"#),
        ("10:00:00", r#""address":{"client":"k","address":"ada@example.org","removed":true,"reactivated":true}"#),
        ("10:00:00", r#""settings":{"zone":"Mars/Olympus"}"#),
        ("10:00:00", r#""settings":{"inactivityMonths":2}"#),
        ("10:00:00", r#""erase":{}"#),
    ]);
    let said = |name| {
        move |record: &engine::Record| {
            String::from_utf8_lossy(record.headers.get(name).unwrap_or_default()).into_owned()
        }
    };
    let letters = system.records(Topic::DeadLetters);
    let mut reasons: Vec<String> = letters.iter().map(said(contract::header::REASON)).collect();
    reasons.sort();
    assert_eq!(reasons, ["bad_period", "bad_zone", "contradiction", "contradiction", "missing_field", "missing_field"]);
    assert!(letters.iter().map(said(contract::header::DETAIL)).all(|detail| !detail.contains('@')));
    assert_eq!(system.records(Topic::ContactEvents).len(), 0);
}
