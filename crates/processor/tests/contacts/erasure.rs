//! An erasure takes away everything personal, now and whenever an older fact comes again; numbers and protection stay.

use contract::proto::message::v1::Status;
use contract::topic::Topic;
use contract::{Proto as _, key};
use domain::contact::Cause;
use engine::{Output, Record};
use processor::fold::contacts::PARTS_ERASED_MAX;

use crate::system::{System, client, send};

const ERASE: &str = r#""erase":{"client":"k"}"#;

fn full(system: &System) {
    system.say(&[
        ("10:00:00", &send("m1", "k", "ada@example.org")),
        ("10:00:00", r#""client":{"client":"k","name":"Ada"}"#),
        ("10:00:00", r#""body":{"message":"m1","client":"k","html":"<p>Dear Ada</p>"}"#),
        ("10:00:00", r#""address":{"client":"k","address":"ada@example.org"}"#),
        ("10:00:01", r#""refused":{"message":"m1","reason":"prior_bounce"}"#),
        ("10:00:00", &send("m2", "other", "bob@example.org")),
    ]);
}

#[test]
fn nothing_personal_is_left_and_a_redriven_send_brings_nothing_back() {
    let system = System::new();
    full(&system);
    assert_eq!(system.private("k").len(), 4);
    system.say(&[("12:00:00", ERASE)]);
    assert_eq!(system.private("k"), ["erased"]);
    system.say(&[
        ("10:00:00", &send("m1", "k", "ada@example.org")),
        ("11:00:00", &send("m3", "k", "ada@example.org")),
        ("12:00:00", r#""client":{"client":"k","name":"Ada"}"#),
    ]);
    assert_eq!(system.private("k"), ["erased"]);
    let row = system.row(&client("k"));
    assert_eq!((row.addresses.len(), row.last_interaction_us), (0, 0));
    assert_eq!(row.changed_at_us, row.erased_at_us);
    assert_eq!(system.private("other"), ["mail/m2"], "another client's rows stay");
}

#[test]
fn numbers_and_suppression_stay() {
    let system = System::new();
    full(&system);
    system.say(&[("12:00:00", ERASE)]);
    assert_eq!(system.status("m1"), Status::Dropped);
    let held = system.address("ada@example.org").suppressions();
    assert_eq!(held.iter().map(|held| held.cause).collect::<Vec<_>>(), [Cause::Bounce]);
}

#[test]
fn a_client_who_comes_back_has_rows_again_and_an_older_erasure_does_not_take_them() {
    let system = System::new();
    full(&system);
    system.say(&[("12:00:00", ERASE)]);
    system.say(&[("13:00:00", &send("m4", "k", "ada@example.org")), ("11:30:00", ERASE)]);
    assert_eq!(system.private("k"), ["erased", "mail/m4"]);
    assert_eq!(system.row(&client("k")).addresses.len(), 1);
    system.say(&[("14:00:00", ERASE)]);
    assert_eq!(system.private("k"), ["erased"]);
}

#[test]
fn a_client_with_more_rows_than_one_batch_erases_is_erased_whole() {
    let system = System::new();
    let mails = 2 * PARTS_ERASED_MAX + 10;
    let of = |n: usize| {
        let time = if n % 3 == 0 { "13:00:00" } else { "10:00:00" };
        (time, send(&format!("m{n}"), "k", "ada@example.org"))
    };
    let sends: Vec<(&str, String)> = (0..mails).map(of).collect();
    system.say(&sends.iter().map(|(time, kind)| (*time, kind.as_str())).collect::<Vec<_>>());
    assert_eq!(system.private("k").len(), mails);
    system.say(&[("12:00:00", ERASE)]);
    let later = sends.iter().filter(|(time, _)| *time == "13:00:00").count();
    assert_eq!(system.private("k").len(), later + 1);
    system.say(&[("14:00:00", ERASE)]);
    assert_eq!(system.private("k"), ["erased"]);
    let own = system.rows(Topic::ContactState).into_keys().filter(|key| key::strings::<4>(key).is_some()).count();
    assert_eq!(own, 0, "nothing is kept in mind of what is gone");
}

#[test]
fn what_is_not_canonical_is_one_dead_letter_and_disturbs_nothing() {
    let system = System::new();
    let good = key::client("acme", "k");
    let partition = key::partition(&good, crate::system::PARTITIONS);
    let erased = contract::proto::contact::v1::ContactEvent {
        id: vec![1; 16].into(),
        kind: contract::proto::contact::v1::Kind::Erased.into(),
        ..Default::default()
    };
    let bad = [
        (key::message("acme", "m"), erased.encode_to_vec(), 0),
        (key::client_part("acme", "k", "mail/m"), erased.encode_to_vec(), 0),
        (good.clone(), erased.encode_to_vec(), 1 - partition),
        (good.clone(), b"\xff\xff".to_vec(), partition),
        (good, Vec::new(), partition),
    ];
    let topic = system.settings.topic(Topic::ContactEvents);
    let output = |(key, value, partition): (bytes::Bytes, Vec<u8>, u32)| Output {
        to: engine::TopicPartition { topic: topic.clone(), partition },
        record: Record { key: Some(key), value: Some(value.into()), ..Record::default() },
    };
    system.log.append(bad.into_iter().map(output).collect()).expect("appended");
    full(&system);
    let reason = |letter: &Record| {
        String::from_utf8_lossy(letter.headers.get(contract::header::REASON).unwrap_or_default()).into_owned()
    };
    let mut reasons: Vec<String> = system.records(Topic::DeadLetters).iter().map(reason).collect();
    reasons.sort();
    assert_eq!(reasons, ["bad_contact_event", "bad_contact_event", "bad_key", "bad_key", "wrong_partition"]);
    assert_eq!(system.private("k").len(), 4);
}
