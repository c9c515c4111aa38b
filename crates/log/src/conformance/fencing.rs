//! One writer under a transactional id: the newest.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{ALL, Subject, at, drain, kept, output, start};
use crate::{CommitError, Log, Transaction};

/// The older producer learns it at its next commit, and for good.
pub fn a_newer_producer_fences_the_older<S: Subject>(mut subject: S) {
    let log = subject.open();
    let topic = kept(&subject, "fenced", 1);
    log.create_topic(&topic).unwrap();
    let (to, id) = (at(&topic, 0), subject.name("task"));
    let transaction = || Transaction { outputs: vec![output(&to, "k", "v")], offsets: vec![] };
    let mut older = log.producer(&id).unwrap();
    older.commit(transaction()).unwrap();
    let mut newer = log.producer(&id).unwrap();
    newer.commit(transaction()).unwrap();
    for _ in 0..2 {
        assert!(matches!(older.commit(transaction()), Err(CommitError::Fenced)));
        assert!(matches!(older.recover(), Err(CommitError::Fenced)));
    }
    newer.recover().unwrap();
    newer.commit(transaction()).unwrap();
    assert_eq!(drain(&log, &to, start(&log, &to), ALL).len(), 3);
}

/// Once the newer producer exists, what the older did is settled: its offset moves no more.
pub fn fencing_in_flight_leaves_a_stable_offset<S: Subject>(mut subject: S) {
    let log = subject.open();
    let topic = kept(&subject, "flight", 1);
    log.create_topic(&topic).unwrap();
    let (to, id, group) = (at(&topic, 0), subject.name("task"), subject.name("group"));
    for _ in 0..5 {
        let base = drain(&log, &to, start(&log, &to), ALL).len() as u64;
        let acknowledged = AtomicU64::new(base);
        let mut older = log.producer(&id).unwrap();
        std::thread::scope(|scope| {
            let running = scope.spawn(|| {
                for next in base + 1.. {
                    let offsets = vec![(group.clone(), to.clone(), next)];
                    match older.commit(Transaction { outputs: vec![output(&to, "k", "v")], offsets }) {
                        Ok(_) => acknowledged.store(next, Ordering::SeqCst),
                        // A broker that was fencing may not say what became of it.
                        Err(CommitError::Fenced | CommitError::Unknown(_)) => return,
                        Err(other) => panic!("{other}"),
                    }
                }
            });
            while acknowledged.load(Ordering::SeqCst) < base + 5 {
                std::thread::yield_now();
            }
            let _newer = log.producer(&id).unwrap();
            let settled = log.committed(&group, std::slice::from_ref(&to)).unwrap();
            let visible = drain(&log, &to, start(&log, &to), ALL).len() as u64;
            assert_eq!(settled, [Some(visible)], "records and offset tell the same story");
            running.join().unwrap();
            assert_eq!(log.committed(&group, std::slice::from_ref(&to)).unwrap(), settled);
            assert_eq!(drain(&log, &to, start(&log, &to), ALL).len() as u64, visible);
            assert!(acknowledged.load(Ordering::SeqCst) <= visible, "an acknowledged commit is visible");
        });
    }
}

/// Fencing is by transactional id.
pub fn other_ids_are_not_fenced<S: Subject>(mut subject: S) {
    let log = subject.open();
    let topic = kept(&subject, "peers", 1);
    log.create_topic(&topic).unwrap();
    let transaction = || Transaction { outputs: vec![output(&at(&topic, 0), "k", "v")], offsets: vec![] };
    let mut one = log.producer(&subject.name("one")).unwrap();
    let mut other = log.producer(&subject.name("other")).unwrap();
    one.commit(transaction()).unwrap();
    other.commit(transaction()).unwrap();
    one.commit(transaction()).unwrap();
}
