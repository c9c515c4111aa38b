//! Appending, reading, limits and waiting.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use engine::{Headers, Output, Record};

use super::{ALL, Subject, at, drain, kept, output, start, values};
use crate::{Error, Log, ReadLimit};

/// Keys, values, headers and times of every shape come back; partitions do not mix.
pub fn records_come_back_as_appended_in_order<S: Subject>(mut subject: S) {
    let log = subject.open();
    let topic = kept(&subject, "order", 3);
    log.create_topic(&topic).unwrap();
    let shapes = [
        // A time of 0 would be librdkafka's word for now.
        Record { key: None, value: None, headers: Headers::default(), timestamp_ms: 2 },
        Record { key: Some(Bytes::new()), value: Some(Bytes::new()), headers: Headers::default(), timestamp_ms: 1 },
        Record {
            key: Some(Bytes::from_static(&[0, 255, 10])),
            value: Some(Bytes::from(vec![7; 70_000])),
            headers: Headers::from_pairs([("schema", Cow::Borrowed(&b"1"[..])), ("", Cow::Borrowed(&b""[..]))]),
            timestamp_ms: 4_102_444_800_000,
        },
    ];
    let sent: Vec<Output> =
        (0..30).map(|n| Output { to: at(&topic, n % 3), record: shapes[(n / 3 % 3) as usize].clone() }).collect();
    let offsets = log.append(sent.clone()).unwrap();
    for partition in 0..3 {
        let to = at(&topic, partition);
        let wanted: Vec<_> = sent.iter().zip(&offsets).filter(|(one, _)| one.to == to).collect();
        let got = drain(&log, &to, start(&log, &to), ALL);
        assert_eq!(got.len(), wanted.len());
        for (stored, (one, offset)) in got.iter().zip(wanted) {
            assert_eq!((&stored.record, stored.offset), (&one.record, *offset));
        }
    }
}

/// Records and bytes are bounded, yet one record always comes.
pub fn a_read_obeys_its_limits<S: Subject>(mut subject: S) {
    let log = subject.open();
    let topic = kept(&subject, "limits", 1);
    log.create_topic(&topic).unwrap();
    let to = at(&topic, 0);
    let big = "x".repeat(1_000);
    log.append((0..50).map(|_| output(&to, "k", &big)).collect()).unwrap();
    let from = start(&log, &to);
    for (records, bytes, most) in
        [(1, usize::MAX, 1), (7, usize::MAX, 7), (50, 1, 1), (50, 3_500, 4), (500, usize::MAX, 50)]
    {
        let limit = ReadLimit { records, bytes };
        let read = log.read(&to, from, limit).unwrap();
        assert!(!read.records.is_empty() && read.records.len() <= most, "{limit:?} gave {}", read.records.len());
        assert_eq!(drain(&log, &to, from, limit).len(), 50);
    }
}

/// A reader who stopped in the middle leaves no end behind for the next.
pub fn who_begins_anew_reads_to_the_end_of_now<S: Subject>(mut subject: S) {
    let log = subject.open();
    let topic = kept(&subject, "anew", 1);
    log.create_topic(&topic).unwrap();
    let to = at(&topic, 0);
    let three = || (0..3).map(|n| output(&to, "k", &n.to_string())).collect::<Vec<_>>();
    log.append(three()).unwrap();
    let one = log.read(&to, start(&log, &to), ReadLimit { records: 1, ..ALL }).unwrap();
    assert_eq!((one.records.len(), one.next < one.high_watermark), (1, true));
    log.append(three()).unwrap();
    assert_eq!(drain(&log, &to, start(&log, &to), ALL).len(), 6);
    assert_eq!(drain(&log, &to, one.next, ReadLimit { records: 1, ..ALL }).len(), 5);
}

/// A consumer may stand anywhere, in the middle of what was written together.
pub fn every_offset_can_be_read_from<S: Subject>(mut subject: S) {
    let log = subject.open();
    let topic = kept(&subject, "middle", 1);
    log.create_topic(&topic).unwrap();
    let to = at(&topic, 0);
    let mut offsets = Vec::new();
    for size in [1_u32, 5, 1, 20, 3] {
        offsets.extend(log.append((0..size).map(|n| output(&to, "k", &n.to_string())).collect()).unwrap());
    }
    let all = drain(&log, &to, offsets[0], ALL);
    assert_eq!(all.len(), 30);
    for (index, offset) in offsets.iter().enumerate() {
        assert_eq!(drain(&log, &to, *offset, ReadLimit { records: 4, bytes: usize::MAX }), all[index..]);
    }
}

/// Never a silent jump: an offset beyond the end says that another log, or a shorter one, is being read.
pub fn reading_beyond_the_end_is_refused<S: Subject>(mut subject: S) {
    let log = subject.open();
    let topic = kept(&subject, "ahead", 1);
    log.create_topic(&topic).unwrap();
    let to = at(&topic, 0);
    log.append(vec![output(&to, "k", "v")]).unwrap();
    let end = log.bounds(&to).unwrap().high_watermark;
    let read = log.read(&to, end, ALL).unwrap();
    assert!(read.records.is_empty() && read.next == end && read.high_watermark == end);
    let refused = log.read(&to, end + 1, ALL);
    assert!(
        matches!(refused, Err(Error::OffsetAhead { asked, high_watermark, .. }) if (asked, high_watermark) == (end + 1, end))
    );
}

/// Who waits is woken by a commit, and not held when one has happened already.
pub fn the_version_wakes_who_waits<S: Subject>(mut subject: S) {
    let log = subject.open();
    let topic = kept(&subject, "wake", 1);
    log.create_topic(&topic).unwrap();
    let to = at(&topic, 0);
    let seen = log.version();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| log.wait(seen, Duration::from_secs(30)));
        log.append(vec![output(&to, "k", "v")]).unwrap();
        assert_ne!(waiting.join().unwrap(), seen);
    });
    assert_eq!(values(&drain(&log, &to, start(&log, &to), ALL)), ["v"]);
    assert_ne!(log.wait(seen, Duration::from_secs(30)), seen);
    let now = log.version();
    assert_eq!(log.wait(now, Duration::from_millis(1)), now);
}
