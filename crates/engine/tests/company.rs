//! What a batch waits for before it is transacted: the one in flight, what that one feeds it, a record behind a mark.

use bytes::Bytes;
use engine::{
    Action, Disposition, Effects, Engine, Fold, Folded, Input, LogFacts, Offset, Options, Outcome, Polled, Processor,
    Record, Rows, Stored, TaskId, Topic, TopicPartition, Topology,
};

const TASK: TaskId = TaskId { fold: 0, partition: 0 };

/// Folds everything, writes nothing.
struct Nothing;

impl Processor for Nothing {
    fn fold(&mut self, batch: &Polled, _: &dyn Rows) -> Folded {
        let dispositions = vec![Disposition::Folded; batch.records.len()];
        Folded::Done(Effects { dispositions, ..Effects::default() })
    }

    fn restore(&mut self, _: &[(Bytes, Option<Bytes>)], _: &dyn Rows) -> Folded {
        Folded::Done(Effects::default())
    }
}

/// One running task, and what time it is.
struct Script {
    engine: Engine,
    now_ms: i64,
}

impl Script {
    fn running() -> Self {
        let refold = engine::Refold::Remaining;
        let fold = Fold { name: "fold", input: Topic::new("in"), state: None, publishes: false, version: 1, refold };
        let engine = Engine::new(Topology { folds: vec![fold] }, Options::default());
        let mut script = Self { engine, now_ms: 0 };
        script.say(Input::Assigned(vec![(TASK, Box::new(Nothing))]));
        assert!(matches!(script.engine.poll_action(), Some(Action::Positions(TASK))));
        script.say(Input::Positions(TASK, LogFacts::default()));
        script
    }

    /// The same, two records of it in flight.
    fn in_flight() -> (Self, u64) {
        let mut script = Self::running();
        script.arrive(2, 2);
        let Some((id, to)) = script.transacts() else { panic!("a folded batch is transacted") };
        assert_eq!(to, 2);
        (script, id)
    }

    fn say(&mut self, input: Input) {
        self.engine.handle(input, self.now_ms);
    }

    /// The task is polled, and so many records come; then it has read up to `next`.
    fn arrive(&mut self, count: u64, next: Offset) {
        self.say(Input::Advanced);
        let Some(Action::Poll { from, epoch, .. }) = self.engine.poll_action() else { panic!("it is polled") };
        let records = (from..from + count).map(|offset| Stored { offset, record: Record::default() }).collect();
        self.say(Input::Polled { task: TASK, epoch, records, next, end: next });
    }

    fn committed(&mut self, id: u64, ends: Vec<(TopicPartition, Offset)>) {
        self.say(Input::Transacted(id, Outcome::Committed(ends)));
    }

    /// Whether there is something to commit now: its transaction, and the offset after it.
    fn transacts(&mut self) -> Option<(u64, Offset)> {
        match self.engine.poll_action() {
            Some(Action::Transact { id, offsets, .. }) => offsets.first().map(|(_, to)| (id, *to)),
            Some(other) => panic!("{other:?}"),
            None => None,
        }
    }

    fn at(&mut self, now_ms: i64) {
        self.now_ms = now_ms;
        self.say(Input::Tick);
    }
}

fn input() -> TopicPartition {
    TopicPartition { topic: Topic::new("in"), partition: 0 }
}

#[test]
fn a_small_batch_takes_along_what_comes_while_another_commits() {
    let (mut script, id) = Script::in_flight();
    script.arrive(2, 4);
    assert_eq!(script.transacts(), None);
    script.arrive(3, 7);
    assert_eq!(script.transacts(), None);
    script.committed(id, Vec::new());
    assert_eq!(script.transacts().map(|(_, to)| to), Some(7));
}

#[test]
fn a_large_one_is_folded_meanwhile() {
    let (mut script, id) = Script::in_flight();
    script.arrive(5_000, 5_002);
    script.say(Input::Advanced);
    assert!(script.engine.poll_action().is_none(), "it is closed: nothing is polled for it");
    script.committed(id, Vec::new());
    assert_eq!(script.transacts().map(|(_, to)| to), Some(5_002));
}

#[test]
fn what_the_last_commit_fed_is_waited_for_but_not_for_long() {
    let (mut script, id) = Script::in_flight();
    script.committed(id, vec![(input(), 9)]);
    script.arrive(2, 4);
    assert_eq!(script.transacts(), None, "up to 9 it is fed");
    assert_eq!(script.engine.next_deadline(), Some(25));
    script.at(24);
    assert_eq!(script.transacts(), None);
    script.at(25);
    assert_eq!(script.transacts().map(|(_, to)| to), Some(4));
}

#[test]
fn it_goes_on_at_once_when_that_has_come() {
    let (mut script, id) = Script::in_flight();
    script.committed(id, vec![(input(), 9)]);
    script.arrive(7, 9);
    assert_eq!(script.transacts().map(|(_, to)| to), Some(9));
}

#[test]
fn a_mark_alone_is_no_reason_to_commit_until_nothing_came_for_a_second() {
    let mut script = Script::running();
    script.arrive(0, 1);
    assert_eq!((script.transacts(), script.engine.is_idle()), (None, true));
    assert_eq!(script.engine.next_deadline(), Some(1_000));
    script.at(1_000);
    assert_eq!(script.transacts().map(|(_, to)| to), Some(1));
}

#[test]
fn a_record_takes_the_mark_before_it_along() {
    let mut script = Script::running();
    script.arrive(0, 1);
    script.at(3);
    script.arrive(1, 2);
    assert_eq!(script.transacts().map(|(_, to)| to), Some(2));
}
