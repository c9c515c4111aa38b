//! How fast the embedded log appends, commits and reads on this machine: `cargo run -p embedded --example throughput`.
//! Prints one line a case. Records are like the product's: a key of 40 bytes, a value of 180 with text that repeats.

use std::error::Error;
use std::time::{Duration, Instant};

use bytes::Bytes;
use embedded::{Embedded, Options};
use engine::{Headers, Output, Record, Topic, TopicPartition};
use log::{Cleanup, Log, ReadLimit, TopicSpec, Transaction};

/// Records of each case but the small commits.
const RECORDS: u64 = 1_000_000;
/// Records of one commit, over all partitions.
const BATCH: u64 = 10_000;
const PARTITIONS: u32 = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let home = tempfile::tempdir()?;
    let log = Embedded::open(home.path(), Options::default())?;
    let events = topic(&log, "events", Cleanup::Delete { retention_ms: None })?;
    let rows = topic(&log, "rows", Cleanup::Compact { tombstone_ms: 86_400_000 })?;

    let took = append(&log, &events)?;
    report("append, 10,000 records each", RECORDS, took);
    let took = commit(&log, &events, &rows)?;
    report("commit of as many rows and offsets", RECORDS, took);
    report("read, cold", RECORDS, read(&log, &events)?);
    let commits = 2_000;
    report("commits of one record, one producer", commits, small(&log, &rows, commits)?);
    report("appends of one record, eight callers", commits * 8, crowd(&log, &events, commits)?);
    report("upkeep of everything, records written", RECORDS, upkeep(&log)?);
    let bytes = log.space().iter().map(|topic| topic.bytes).sum::<u64>();
    println!("{:<40} {:>12} live bytes, {} on disk", "space", bytes, log.bytes_on_disk());
    drop(log);
    let started = Instant::now();
    let log = Embedded::open(home.path(), Options::default())?;
    report("open after an orderly close, records", RECORDS * 2, started.elapsed());
    let started = Instant::now();
    assert!(log.verify(|_| ())?.is_none());
    report("verify everything, records", RECORDS * 2, started.elapsed());
    Ok(())
}

fn report(what: &str, count: u64, took: Duration) {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
    println!("{what:<40} {:>12} /s   ({count} in {} ms)", count.saturating_mul(1_000_000) / micros, took.as_millis());
}

fn topic(log: &Embedded, name: &str, cleanup: Cleanup) -> Result<Topic, log::Error> {
    let name = Topic::new(name);
    log.create_topic(&TopicSpec { name: name.clone(), partitions: PARTITIONS, cleanup })?;
    Ok(name)
}

fn record(number: u64) -> Record {
    let key = format!("organisation-1/message-{number:018}");
    let value = format!(
        "campaign-{:06} client-{number:012} delivered at 2024-05-06T07:08:09.{:03}Z by provider sendgrid, account main, \
         response 250 2.0.0 OK {:016x} from mx.example.org, decoder 1",
        number % 50,
        number % 1_000,
        number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    );
    let headers = Headers::from_bytes(Bytes::from_static(b"\0\x06schema\0\0\0\x011"));
    Record { key: Some(key.into()), value: Some(value.into()), headers, timestamp_ms: 1_715_000_000_000 }
}

/// Batches made beforehand, so that only the log is measured.
fn batches(topic: &Topic) -> Vec<Vec<Output>> {
    let to = |number: u64| TopicPartition { topic: topic.clone(), partition: (number % u64::from(PARTITIONS)) as u32 };
    (0..RECORDS / BATCH)
        .map(|batch| (batch * BATCH..(batch + 1) * BATCH).map(|n| Output { to: to(n), record: record(n) }).collect())
        .collect()
}

fn append(log: &Embedded, topic: &Topic) -> Result<Duration, Box<dyn Error>> {
    let batches = batches(topic);
    let started = Instant::now();
    for batch in batches {
        log.append(batch)?;
    }
    Ok(started.elapsed())
}

fn commit(log: &Embedded, input: &Topic, rows: &Topic) -> Result<Duration, Box<dyn Error>> {
    let batches = batches(rows);
    let mut producer = log.producer("bench")?;
    let started = Instant::now();
    for (number, outputs) in batches.into_iter().enumerate() {
        let next = |partition| ("fold".to_owned(), TopicPartition { topic: input.clone(), partition }, number as u64);
        producer.commit(Transaction { outputs, offsets: (0..PARTITIONS).map(next).collect() })?;
    }
    Ok(started.elapsed())
}

fn read(log: &Embedded, topic: &Topic) -> Result<Duration, Box<dyn Error>> {
    let started = Instant::now();
    let mut bytes = 0;
    for partition in 0..PARTITIONS {
        let (at, mut next) = (TopicPartition { topic: topic.clone(), partition }, 0);
        loop {
            let read = log.read(&at, next, ReadLimit { records: 10_000, bytes: 4 << 20 })?;
            bytes += read.records.iter().map(|one| one.record.value.as_ref().map_or(0, Bytes::len)).sum::<usize>();
            next = read.next;
            if next == read.high_watermark {
                break;
            }
        }
    }
    assert!(bytes > 0);
    Ok(started.elapsed())
}

fn small(log: &Embedded, topic: &Topic, commits: u64) -> Result<Duration, Box<dyn Error>> {
    let to = TopicPartition { topic: topic.clone(), partition: 0 };
    let mut producer = log.producer("bench")?;
    let started = Instant::now();
    for number in 0..commits {
        let outputs = vec![Output { to: to.clone(), record: record(number) }];
        producer.commit(Transaction { outputs, offsets: Vec::new() })?;
    }
    Ok(started.elapsed())
}

fn crowd(log: &Embedded, topic: &Topic, appends: u64) -> Result<Duration, Box<dyn Error>> {
    let started = Instant::now();
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..8_u32)
            .map(|partition| {
                let to = TopicPartition { topic: topic.clone(), partition };
                let one = move |number| log.append(vec![Output { to: to.clone(), record: record(number) }]).map(drop);
                scope.spawn(move || (0..appends).try_for_each(one))
            })
            .collect();
        callers.into_iter().try_for_each(|caller| caller.join().map_err(|_| "a caller panicked")?.map_err(Into::into))
    })
    .map(|()| started.elapsed())
}

fn upkeep(log: &Embedded) -> Result<Duration, Box<dyn Error>> {
    let started = Instant::now();
    while log.maintain(1_715_000_000_000, 64 << 20)?.more {}
    Ok(started.elapsed())
}
