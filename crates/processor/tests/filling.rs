//! A restore reads on while a file of rows is written; and what becomes of a file that is refused.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

mod support;

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use contract::topic::Topic;
use engine::{Offset, Position, State, TopicPartition};
use log::model::Model;
use log::{Log, Read, ReadLimit};
use processor::accounts::Accounts;
use processor::driver::{Observation, Running};
use processor::settings::Settings;
use store::{Batch, Error, Memory, Store, Stores};
use support::{made, rest, send, start, start_bounded, table};

/// The longest wait for what must happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether a restore has gone on, and who waits for it.
#[derive(Default)]
struct Reads {
    on: Mutex<bool>,
    changed: Condvar,
}

impl Reads {
    fn at(&self, from: Offset) {
        *self.on.lock().expect("whole") |= from > 0;
        self.changed.notify_all();
    }

    /// Whether it goes on before long.
    fn go_on(&self) -> bool {
        let on = self.on.lock().expect("whole");
        *self.changed.wait_timeout_while(on, PATIENCE, |on| !*on).expect("whole").0
    }
}

/// A log that gives one record a read.
struct Slow(Arc<dyn Log>, Arc<Reads>);

impl Log for Slow {
    log::forward!(0: id, create_topic, topics, bounds, poll, release, join, committed, producer, append, version, wait);

    fn read(&self, of: &TopicPartition, from: Offset, limit: ReadLimit) -> Result<Read, log::Error> {
        self.1.at(from);
        self.0.read(of, from, ReadLimit { records: 1, ..limit })
    }
}

/// What the first file of rows meets; those after it are as always, once they have said that they are begun.
type First = Box<dyn FnOnce() -> Result<(), Error> + Send>;

/// Stores in memory, and how often something was written to the one whose first file was refused, since.
#[derive(Clone)]
struct Watched {
    disk: Memory,
    first: Arc<Mutex<Option<First>>>,
    later: Arc<dyn Fn() + Send + Sync>,
    written_since: Arc<Mutex<usize>>,
}

impl Watched {
    fn new(first: impl FnOnce() -> Result<(), Error> + Send + 'static) -> Self {
        let first: First = Box::new(first);
        let first = Arc::new(Mutex::new(Some(first)));
        Self { disk: Memory::default(), first, later: Arc::new(|| ()), written_since: Arc::default() }
    }
}

impl Stores for Watched {
    fn open(&self, name: &str) -> Result<Box<dyn Store>, Error> {
        Ok(Box::new(One { store: self.disk.open(name)?, of: self.clone(), refused: false }))
    }

    fn quarantine(&self, name: &str) -> Result<(), Error> {
        self.disk.quarantine(name)
    }

    fn discard(&self, name: &str) -> Result<(), Error> {
        self.disk.discard(name)
    }

    fn promote(&self, name: &str) -> Result<(), Error> {
        self.disk.promote(name)
    }
}

struct One {
    store: Box<dyn Store>,
    of: Watched,
    refused: bool,
}

impl One {
    fn count(&self) {
        *self.of.written_since.lock().expect("whole") += usize::from(self.refused);
    }
}

impl Store for One {
    fn position(&self) -> Result<Option<Position>, Error> {
        self.store.position()
    }

    fn get(&self, keys: &[bytes::Bytes]) -> Result<Vec<Option<bytes::Bytes>>, Error> {
        self.store.get(keys)
    }

    fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(bytes::Bytes, bytes::Bytes)>, Error> {
        self.store.scan(prefix, after, limit)
    }

    fn apply(&mut self, batch: Batch) -> Result<(), Error> {
        self.count();
        self.store.apply(batch)
    }

    fn fill(&mut self, batch: Batch) -> Result<(), Error> {
        self.count();
        let first = self.of.first.lock().expect("whole").take();
        match first.map(|first| first()) {
            Some(Err(error)) => {
                self.refused = true;
                return Err(error);
            }
            Some(Ok(())) => {}
            None => (self.of.later)(),
        }
        self.store.fill(batch)
    }

    fn remove(&mut self, prefix: &[u8]) -> Result<(), Error> {
        self.count();
        self.store.remove(prefix)
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.store.flush()
    }
}

/// A log in which twenty messages were folded, and the folds' settings.
fn folded() -> (Arc<dyn Log>, Arc<Settings>) {
    let log: Arc<dyn Log> = Arc::new(Model::new("model"));
    let settings = made(log.as_ref(), Accounts::new());
    let line = |n| {
        format!(
            r#"{{"organisation":"acme","time":"2026-05-01T10:00:00Z","send":{{"message":"m{n}","campaign":"c","client":"k{n}","address":"k@example.org"}}}}"#
        )
    };
    send(log.as_ref(), &settings, &(0..20).map(line).collect::<Vec<_>>());
    let (running, told) = start(Arc::new(Memory::default()), &log, &settings);
    rest(&told, log.as_ref(), |_| ());
    running.stop().expect("the worker stops");
    (log, settings)
}

/// A worker with empty disks, that makes a file of whatever it has read.
fn restoring(stores: &Watched, log: &Arc<dyn Log>, settings: &Arc<Settings>) -> (Running, Receiver<Observation>) {
    let options = engine::Options { restore_bytes_max: 0, ..engine::Options::default() };
    start_bounded(Arc::new(stores.clone()), log, settings, options)
}

#[test]
fn rows_are_read_while_those_before_them_are_written() {
    let (log, settings) = folded();
    let reads = Arc::new(Reads::default());
    let slow: Arc<dyn Log> = Arc::new(Slow(Arc::clone(&log), Arc::clone(&reads)));
    // The second record is asked for after the first has become a file.
    let stores = Watched::new(move || {
        assert!(reads.go_on(), "nothing was read while the file was written");
        Ok(())
    });
    let (running, told) = restoring(&stores, &slow, &settings);
    rest(&told, slow.as_ref(), |_| ());
    running.stop().expect("the worker stops");
    assert!(stores.first.lock().expect("whole").is_none(), "a file was written");
    let restored = (0..support::PARTITIONS).flat_map(|partition| stores.disk.dump(&format!("messages-{partition}")));
    let published =
        |(key, row): (bytes::Bytes, bytes::Bytes)| (!key.starts_with(&[0])).then(|| (key.to_vec(), row.to_vec()));
    let restored: std::collections::BTreeMap<_, _> = restored.filter_map(published).collect();
    assert_eq!(restored, table(log.as_ref(), &settings, Topic::MessageStatus));
}

#[test]
fn files_of_several_stores_are_written_beside_each_other() {
    let (log, settings) = folded();
    let begun = Arc::new(Reads::default());
    let waits = Arc::clone(&begun);
    let stores = Watched::new(move || {
        assert!(waits.go_on(), "no other file was begun meanwhile");
        Ok(())
    });
    let stores = Watched { later: Arc::new(move || begun.at(1)), ..stores };
    let (running, told) = start(Arc::new(stores), &log, &settings);
    rest(&told, log.as_ref(), |_| ());
    running.stop().expect("the worker stops");
}

#[test]
fn nothing_reaches_a_store_that_has_refused_a_file() {
    let (log, settings) = folded();
    let refuse = || Err(Error::Damaged { path: "disk".to_owned(), detail: "bent".to_owned() });
    let stores = Watched::new(refuse);
    let slow: Arc<dyn Log> = Arc::new(Slow(log, Arc::default()));
    let (running, told) = restoring(&stores, &slow, &settings);
    loop {
        let seen = told.recv_timeout(PATIENCE).expect("the worker tells");
        let is = |wanted: fn(&State) -> bool| seen.states.iter().filter(|(_, state)| wanted(state)).count();
        let stalled = is(|state| matches!(state, State::Stalled(why) if why.contains("bent")));
        if stalled + is(|state| *state == State::Running) == seen.states.len() {
            assert_eq!(stalled, 1, "the others go on");
            break;
        }
    }
    running.stop().expect("the worker stops");
    assert_eq!(*stores.written_since.lock().expect("whole"), 0);
}

#[test]
fn a_full_disk_ends_the_worker() {
    let (log, settings) = folded();
    let refuse = || Err(Error::Unavailable { path: "disk".to_owned(), detail: "full".to_owned() });
    let stores = Watched::new(refuse);
    let (running, told) = restoring(&stores, &log, &settings);
    while told.recv_timeout(PATIENCE).is_ok() {}
    let why = running.stop().expect_err("it has died");
    assert!(why.contains("disk: full; nothing that was acknowledged is lost"), "{why}");
}
