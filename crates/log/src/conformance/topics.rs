//! Topics and identity.

use super::{ALL, Subject, at, drain, kept, output, spec, start, values};
use crate::{Cleanup, Error, Log};

/// Wanting what is there gives what is there, identity included.
pub fn making_a_topic_again_changes_nothing<S: Subject>(mut subject: S) {
    let log = subject.open();
    for wanted in [kept(&subject, "kept", 3), spec(&subject, "rows", 2, Cleanup::Compact { tombstone_ms: 86_400_000 })]
    {
        let made = log.create_topic(&wanted).unwrap();
        assert_eq!(made.spec, wanted);
        assert_eq!(log.create_topic(&wanted).unwrap(), made);
        assert!(log.topics().unwrap().contains(&made));
    }
    let names: Vec<_> = log.topics().unwrap().into_iter().map(|topic| topic.spec.name).collect();
    assert!(names.is_sorted());
}

/// Partitions never change in place, and nor does cleanup behind an operator's back.
pub fn a_topic_wanted_otherwise_is_a_mismatch<S: Subject>(mut subject: S) {
    let log = subject.open();
    let wanted = kept(&subject, "fixed", 3);
    let made = log.create_topic(&wanted).unwrap();
    let more = kept(&subject, "fixed", 4);
    let compacted = spec(&subject, "fixed", 3, Cleanup::Compact { tombstone_ms: 1_000 });
    for other in [more, compacted] {
        let refused = log.create_topic(&other);
        assert!(matches!(&refused, Err(Error::Mismatch { name, .. }) if *name == *wanted.name.name()), "{refused:?}");
    }
    assert_eq!(log.create_topic(&wanted).unwrap(), made);
}

/// A missing topic or partition is said, not invented.
pub fn what_does_not_exist_is_unknown<S: Subject>(mut subject: S) {
    let log = subject.open();
    let there = kept(&subject, "there", 1);
    log.create_topic(&there).unwrap();
    for missing in [at(&kept(&subject, "absent", 1), 0), at(&there, 1)] {
        assert!(matches!(log.bounds(&missing), Err(Error::Unknown(_))));
        assert!(matches!(log.read(&missing, 0, ALL), Err(Error::Unknown(_))));
        let mixed = vec![output(&at(&there, 0), "k", "v"), output(&missing, "k", "v")];
        assert!(matches!(log.append(mixed), Err(Error::Unknown(_))));
    }
    assert!(drain(&log, &at(&there, 0), start(&log, &at(&there, 0)), ALL).is_empty(), "whole or not at all");
}

/// Log id, topic ids, records and offsets are the same after a restart.
pub fn identity_and_records_survive_reopening<S: Subject>(mut subject: S) {
    let wanted = kept(&subject, "stable", 2);
    let log = subject.open();
    let (id, made) = (log.id(), log.create_topic(&wanted).unwrap());
    let to = at(&wanted, 1);
    let offsets = log.append((0..10).map(|n| output(&to, "k", &n.to_string())).collect()).unwrap();
    let before = drain(&log, &to, start(&log, &to), ALL);
    drop(log);
    let log = subject.open();
    assert_eq!((log.id(), log.create_topic(&wanted).unwrap()), (id, made));
    let after = drain(&log, &to, start(&log, &to), ALL);
    assert_eq!(after, before);
    assert_eq!(after.iter().map(|stored| stored.offset).collect::<Vec<_>>(), offsets);
    let more = log.append(vec![output(&to, "k", "10")]).unwrap();
    assert!(more > offsets[9..].to_vec(), "offsets go on");
    assert_eq!(values(&drain(&log, &to, more[0], ALL)), ["10"]);
}
