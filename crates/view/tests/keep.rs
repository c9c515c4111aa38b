//! A view says whether it has everything yet, and is made anew while the old one answers: when it is wished for, and when the
//! topics no longer have what it lacks.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use contract::Proto as _;
use contract::proto::private::v1::private::Row;
use contract::proto::private::v1::{Person, Private};
use contract::topic::Topic;
use engine::{Offset, Output, Record, TopicPartition};
use log::model::Model;
use log::{Cleanup, Log, Read, ReadLimit, TopicSpec};
use store::{Budget, Memory, Rocks, Stores};
use view::{Anew, Follow, Keep, Share, Standing, TOPICS, View};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A log whose topics begin late, and of which only so many records of a partition come.
struct Odd {
    log: Model,
    start: Offset,
    comes: AtomicU64,
}

impl Odd {
    /// One whose topics hold these people, in this order.
    fn of(people: &[&str], start: Offset, comes: u64) -> Arc<Self> {
        let log = Model::new("model");
        for topic in TOPICS {
            let name = engine::Topic::new(&topic.name("t"));
            let spec = TopicSpec { name, partitions: 1, cleanup: Cleanup::Compact { tombstone_ms: 1 } };
            log.create_topic(&spec).unwrap();
        }
        people.iter().for_each(|person| say(&log, person));
        Arc::new(Self { log, start, comes: AtomicU64::new(comes) })
    }
}

fn say(log: &Model, person: &str) {
    let to = TopicPartition { topic: engine::Topic::new(&Topic::Private.name("t")), partition: 0 };
    let row = Row::Person(Person { name: person.to_owned(), ..Person::default() });
    let value = Private { row: Some(row), ..Private::default() }.encode_to_vec();
    let key = Some(contract::key::private("acme", person, ""));
    let record = Record { key, value: Some(value.into()), ..Record::default() };
    log.append(vec![Output { to, record }]).expect("appended");
}

impl Log for Odd {
    log::forward!(log: id, create_topic, topics, read, release, join, committed, producer, append, version, wait);

    fn bounds(&self, of: &TopicPartition) -> Result<log::Bounds, log::Error> {
        self.log.bounds(of).map(|bounds| log::Bounds { start: self.start.min(bounds.high_watermark), ..bounds })
    }

    fn poll(&self, of: &TopicPartition, from: Offset, limit: ReadLimit) -> Result<Read, log::Error> {
        let start = self.bounds(of)?.start;
        if from < start {
            return Err(log::Error::OffsetLost { partition: of.clone(), asked: from, start });
        }
        let comes = self.comes.load(Ordering::SeqCst);
        // What is polled knows no more of the end than has come.
        if from >= comes {
            return Ok(Read { records: Vec::new(), next: from, high_watermark: from });
        }
        let records = limit.records.min(usize::try_from(comes - from).unwrap_or(usize::MAX));
        self.log.poll(of, from, ReadLimit { records, ..limit })
    }
}

/// A view that is kept until it is dropped.
struct Kept {
    view: Arc<View>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Kept {
    fn over(stores: &Arc<dyn Stores>, log: &Arc<Odd>) -> Self {
        let view = Arc::new(View::new(stores.open("view").unwrap(), "model").expect("a view"));
        let (of, log) = (Arc::clone(&view), Arc::clone(log) as Arc<dyn Log>);
        let follow = Follow { log, view: of, prefix: "t".to_owned(), partitions: 1, now_ms: || 0 };
        let stop = Arc::default();
        let keep = Keep { follow, stores: Arc::clone(stores), name: "view" };
        let thread = Some(keep.start(&stop).expect("a thread"));
        Self { view, stop, thread }
    }

    fn people(&self) -> Vec<String> {
        let page = self.view.snapshot().clients("acme", "", None, 9).expect("reads");
        page.rows.into_iter().map(|client| client.client).collect()
    }

    fn until(&self, what: &str, is: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !is(self) {
            assert!(begun.elapsed() < PATIENCE, "{what}: {:?}, {:?}", self.view.standing(), self.view.anew());
            std::thread::yield_now();
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.take().map(JoinHandle::join);
    }
}

fn both() -> [(Arc<dyn Stores>, Option<tempfile::TempDir>); 2] {
    let directory = tempfile::tempdir().unwrap();
    let rocks = Rocks::new(directory.path(), Budget::default()).unwrap();
    [(Arc::new(Memory::default()), None), (Arc::new(rocks), Some(directory))]
}

#[test]
fn it_says_that_numbers_are_not_whole_until_it_has_what_was_there() {
    let log = Odd::of(&["Ada", "Bea", "Cid", "Dan"], 0, 1);
    let kept = Kept::over(&(Arc::new(Memory::default()) as _), &log);
    let mut told = kept.view.touched();
    let quarter = Standing { lacks: Some(Share { done: 1, of: 4 }), halted: None };
    kept.until("the first", |kept| kept.view.standing() == quarter);
    assert_eq!(kept.people(), ["Ada"]);
    log.comes.store(4, Ordering::SeqCst);
    say(&log.log, "Eve");
    kept.until("all that was there", |kept| kept.view.standing() == Standing::default());
    assert_eq!(kept.people(), ["Ada", "Bea", "Cid", "Dan"], "what came since does not make it less whole");
    let news = std::iter::from_fn(|| told.try_recv().ok());
    assert_eq!(news.filter(|told| *told == <(String, String)>::default()).count(), 1, "everybody hears of it once");
}

#[test]
fn one_made_anew_takes_over_when_it_has_everything_and_the_old_one_answers_meanwhile() {
    for (stores, _directory) in both() {
        drop(wrong(&stores));
        let log = Odd::of(&["Ada", "Bea"], 0, 1);
        let kept = Kept::over(&stores, &log);
        kept.view.ask_anew();
        let half = Anew::Making(Share { done: 1, of: 2 });
        kept.until("half of it", |kept| kept.view.anew() == half);
        assert_eq!(kept.people(), ["Zoe"], "the old one answers");
        log.comes.store(u64::MAX, Ordering::SeqCst);
        kept.until("all of it", |kept| kept.view.anew() == Anew::No);
        assert_eq!(kept.people(), ["Ada", "Bea"]);
        say(&log.log, "Cid");
        kept.until("what comes then", |kept| kept.people() == ["Ada", "Bea", "Cid"]);
        drop(kept);
        let again = Kept::over(&stores, &log);
        assert_eq!(again.people(), ["Ada", "Bea", "Cid"], "it is the one that stays");
    }
}

/// A view that holds what no topic says.
fn wrong(stores: &Arc<dyn Stores>) -> Kept {
    let kept = Kept::over(stores, &Odd::of(&["Zoe"], 0, u64::MAX));
    kept.until("the ghost", |kept| kept.people() == ["Zoe"]);
    kept
}

#[test]
fn one_that_lacks_what_is_gone_answers_until_another_is_made() {
    for (stores, _directory) in both() {
        drop(wrong(&stores));
        let log = Odd::of(&["Ada", "Bea", "Cid"], 2, 2);
        let kept = Kept::over(&stores, &log);
        kept.until("why it stands still", |kept| {
            kept.view.standing().halted.is_some_and(|why| why.contains("begins at 2"))
        });
        assert!(kept.view.standing().lacks.is_some(), "and that it is not whole");
        kept.until("another", |kept| matches!(kept.view.anew(), Anew::Making(_)));
        assert_eq!(kept.people(), ["Zoe"], "it answers");
        log.comes.store(u64::MAX, Ordering::SeqCst);
        kept.until("it follows again", |kept| kept.view.standing() == Standing::default());
        assert_eq!(kept.people(), ["Cid"]);
    }
}

/// Stores of which no shadow can be made.
struct Full(Memory);

impl Stores for Full {
    fn open(&self, name: &str) -> Result<Box<dyn store::Store>, store::Error> {
        if name == store::shadow("view") {
            return Err(store::Error::Unavailable { path: name.to_owned(), detail: "no space left".to_owned() });
        }
        self.0.open(name)
    }

    fn quarantine(&self, name: &str) -> Result<(), store::Error> {
        self.0.quarantine(name)
    }

    fn discard(&self, name: &str) -> Result<(), store::Error> {
        self.0.discard(name)
    }

    fn promote(&self, name: &str) -> Result<(), store::Error> {
        self.0.promote(name)
    }
}

#[test]
fn where_none_can_be_made_the_old_one_goes_on() {
    let log = Odd::of(&["Ada"], 0, u64::MAX);
    let kept = Kept::over(&(Arc::new(Full(Memory::default())) as _), &log);
    kept.view.ask_anew();
    kept.until("why not", |kept| matches!(kept.view.anew(), Anew::Failed(why) if why.contains("no space left")));
    say(&log.log, "Bea");
    kept.until("it follows", |kept| kept.people() == ["Ada", "Bea"]);
    assert_eq!(kept.view.standing(), Standing::default());
}
