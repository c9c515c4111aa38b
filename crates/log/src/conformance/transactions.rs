//! Whole or not at all: records of several partitions and the offsets of groups.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{ALL, Subject, at, drain, kept, output, start, values};
use crate::{CommitError, Log, Transaction};

/// Records of all partitions and the group's offsets become visible at once, and stay over a restart.
pub fn a_commit_moves_records_and_offsets_together<S: Subject>(mut subject: S) {
    let log = subject.open();
    let (from, to) = (kept(&subject, "input", 2), kept(&subject, "output", 2));
    for topic in [&from, &to] {
        log.create_topic(topic).unwrap();
    }
    let (group, inputs) = (subject.name("group"), [at(&from, 0), at(&from, 1)]);
    log.append(vec![output(&inputs[0], "k", "v"); 7]).unwrap();
    assert_eq!(log.committed(&group, &inputs).unwrap(), [None, None]);
    let mut producer = log.producer(&subject.name("task")).unwrap();
    let outputs = vec![output(&at(&to, 0), "a", "1"), output(&at(&to, 1), "b", "2"), output(&at(&to, 0), "a", "3")];
    let committed =
        producer.commit(Transaction { outputs, offsets: vec![(group.clone(), inputs[0].clone(), 5)] }).unwrap();
    assert_eq!(committed.ends.len(), 2);
    for (partition, end) in &committed.ends {
        assert!(*end <= log.bounds(partition).unwrap().high_watermark);
        assert!(drain(&log, partition, start(&log, partition), ALL).iter().all(|stored| stored.offset < *end));
    }
    producer.commit(Transaction { outputs: vec![], offsets: vec![(group.clone(), inputs[1].clone(), 0)] }).unwrap();
    drop((producer, log));
    let log = subject.open();
    assert_eq!(log.committed(&group, &inputs).unwrap(), [Some(5), Some(0)]);
    assert_eq!(values(&drain(&log, &at(&to, 0), start(&log, &at(&to, 0)), ALL)), ["1", "3"]);
    assert_eq!(values(&drain(&log, &at(&to, 1), start(&log, &at(&to, 1)), ALL)), ["2"]);
}

/// One bad record refuses the whole, and the producer goes on.
pub fn a_refused_transaction_leaves_nothing<S: Subject>(mut subject: S) {
    let log = subject.open();
    let topic = kept(&subject, "refused", 2);
    log.create_topic(&topic).unwrap();
    let (first, second, group) = (at(&topic, 0), at(&topic, 1), subject.name("group"));
    let large = "x".repeat(subject.too_large());
    let mixed = vec![output(&first, "k", "v"), output(&second, "k", &large)];
    assert!(matches!(log.append(mixed.clone()), Err(crate::Error::TooLarge { .. })));
    let mut producer = log.producer(&subject.name("task")).unwrap();
    let absent = vec![output(&first, "k", "v"), output(&at(&kept(&subject, "absent", 1), 0), "k", "v")];
    for outputs in [mixed, absent] {
        let offsets = vec![(group.clone(), first.clone(), 9)];
        let refused = producer.commit(Transaction { outputs, offsets });
        assert!(matches!(refused, Err(CommitError::Aborted(_))), "{refused:?}");
    }
    assert_eq!(log.committed(&group, std::slice::from_ref(&first)).unwrap(), [None]);
    producer.commit(Transaction { outputs: vec![output(&first, "k", "good")], offsets: vec![] }).unwrap();
    assert_eq!(values(&drain(&log, &first, start(&log, &first), ALL)), ["good"]);
    assert!(drain(&log, &second, start(&log, &second), ALL).is_empty());
}

/// Whoever sees a transaction's record in one partition finds its record in the other.
pub fn readers_never_see_half_of_a_transaction<S: Subject>(mut subject: S) {
    const COMMITS: usize = 200;
    let log = subject.open();
    let topic = kept(&subject, "pairs", 2);
    log.create_topic(&topic).unwrap();
    let (first, second) = (at(&topic, 0), at(&topic, 1));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut producer = log.producer(&subject_free("pairs")).unwrap();
            for n in 0..COMMITS {
                let outputs = vec![output(&first, "k", &n.to_string()), output(&second, "k", &n.to_string())];
                producer.commit(Transaction { outputs, offsets: vec![] }).unwrap();
            }
            done.store(true, Ordering::SeqCst);
        });
        let mut last = false;
        while !last {
            last = done.load(Ordering::SeqCst);
            for (one, other) in [(&first, &second), (&second, &first)] {
                let seen = drain(&log, one, start(&log, one), ALL).len();
                assert!(drain(&log, other, start(&log, other), ALL).len() >= seen, "half of a transaction was visible");
            }
        }
    });
    assert_eq!(drain(&log, &first, start(&log, &first), ALL).len(), COMMITS);
}

/// A transactional id of a case whose threads cannot borrow the subject.
fn subject_free(short: &str) -> String {
    format!("conformance-{short}-{}", std::process::id())
}

/// Several producers and appenders at once: every acknowledged record is there once, in each writer's order.
pub fn concurrent_producers_lose_nothing<S: Subject>(mut subject: S) {
    const WRITERS: usize = 4;
    const COMMITS: usize = 50;
    let log = subject.open();
    let topic = kept(&subject, "crowd", 2);
    log.create_topic(&topic).unwrap();
    let partitions = [at(&topic, 0), at(&topic, 1)];
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (log, partitions) = (&log, &partitions);
            scope.spawn(move || {
                let mut producer = log.producer(&subject_free(&format!("crowd-{writer}"))).unwrap();
                for n in 0..COMMITS {
                    let outputs = partitions.iter().map(|to| output(to, &writer.to_string(), &n.to_string())).collect();
                    if writer % 2 == 0 {
                        producer.commit(Transaction { outputs, offsets: vec![] }).unwrap();
                    } else {
                        log.append(outputs).unwrap();
                    }
                }
            });
        }
    });
    let wanted: Vec<String> = (0..COMMITS).map(|n| n.to_string()).collect();
    for to in &partitions {
        let all = drain(&log, to, start(&log, to), ALL);
        assert_eq!(all.len(), WRITERS * COMMITS);
        for writer in 0..WRITERS {
            let own: Vec<_> = all
                .iter()
                .filter(|one| one.record.key.as_deref() == Some(writer.to_string().as_bytes()))
                .cloned()
                .collect();
            assert_eq!(values(&own), wanted);
        }
    }
}

/// Groups do not see each other's offsets, and an offset may go back (a redrive).
pub fn committed_offsets_are_per_group<S: Subject>(mut subject: S) {
    let log = subject.open();
    let topic = kept(&subject, "groups", 1);
    log.create_topic(&topic).unwrap();
    let input = at(&topic, 0);
    log.append(vec![output(&input, "k", "v"); 4]).unwrap();
    let (one, other) = (subject.name("one"), subject.name("other"));
    let mut producer = log.producer(&subject.name("task")).unwrap();
    for (group, offset) in [(&one, 3), (&other, 4), (&one, 1)] {
        producer
            .commit(Transaction { outputs: vec![], offsets: vec![(group.clone(), input.clone(), offset)] })
            .unwrap();
        assert_eq!(log.committed(group, std::slice::from_ref(&input)).unwrap(), [Some(offset)]);
    }
    assert_eq!(log.committed(&other, std::slice::from_ref(&input)).unwrap(), [Some(4)]);
    assert_eq!(log.committed(&subject.name("third"), std::slice::from_ref(&input)).unwrap(), [None]);
}
