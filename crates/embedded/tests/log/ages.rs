//! Retention at other ages than topics were made with: a setting of whoever keeps the log up.

use std::collections::BTreeMap;

use engine::Topic;
use log::{Cleanup, Log as _, TopicSpec};

use crate::support::{NOW, at, open, output};

const DAY_MS: i64 = 86_400_000;

#[test]
fn a_shorter_or_longer_age_holds_without_making_the_topic_anew() {
    let home = tempfile::tempdir().unwrap();
    let log = open(home.path()).unwrap();
    let spec = |name| TopicSpec {
        name: Topic::new(name),
        partitions: 1,
        cleanup: Cleanup::Delete { retention_ms: Some(30 * DAY_MS) },
    };
    let (short, usual, long) = (spec("short"), spec("usual"), spec("long"));
    for spec in [&short, &usual, &long] {
        log.create_topic(spec).unwrap();
        log.append(vec![output(at(spec, 0), 1, "old".into())]).unwrap();
    }
    log.retain(BTreeMap::from([(short.name.clone(), DAY_MS), (long.name.clone(), 60 * DAY_MS)]));
    let starts = |now_ms| {
        log.maintain(now_ms, 1 << 20).unwrap();
        [&short, &usual, &long].map(|spec| log.bounds(&at(spec, 0)).unwrap().start)
    };
    assert_eq!(starts(NOW + DAY_MS / 2), [0, 0, 0]);
    assert_eq!(starts(NOW + 2 * DAY_MS), [1, 0, 0]);
    assert_eq!(starts(NOW + 31 * DAY_MS), [1, 1, 0]);
    assert_eq!(starts(NOW + 61 * DAY_MS), [1, 1, 1]);
    assert_eq!(log.create_topic(&short).unwrap().spec, short, "the topic is what it was made as");
}
