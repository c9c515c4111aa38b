//! What a task cannot have now, by script: it asks again, never in a loop, says why after a moment, and goes on by itself.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use bytes::Bytes;
use engine::{
    Action, Effects, Engine, Fold, Folded, Held, Input, LogFacts, Options, Polled, Processor, Record, Rows, State,
    Stored, TaskId, Topic, Topology,
};

const TASK: TaskId = TaskId { fold: 0, partition: 3 };

/// Rows and nothing derived; every row is of version 1.
struct Plain;

impl Processor for Plain {
    fn fold(&mut self, _: &Polled, _: &dyn Rows) -> Folded {
        Folded::Done(Effects::default())
    }

    fn restore(&mut self, _: &[(Bytes, Option<Bytes>)], _: &dyn Rows) -> Folded {
        Folded::Done(Effects::default())
    }

    fn made(&self, _: &engine::Headers) -> engine::Made {
        engine::Made { version: 1, rebuilding: false }
    }
}

struct Script {
    engine: Engine,
    now: i64,
}

impl Script {
    /// A task that was just assigned.
    fn assigned() -> Self {
        let fold = Fold {
            name: "messages",
            input: Topic::new("events"),
            state: Some(Topic::new("status")),
            publishes: true,
            version: 1,
            refold: engine::Refold::Whole,
        };
        let mut script = Self { engine: Engine::new(Topology { folds: vec![fold] }, Options::default()), now: 1_000 };
        script.say(Input::Assigned(vec![(TASK, Box::new(Plain))]));
        assert!(matches!(script.next(), Some(Action::Open(TASK))));
        script
    }

    /// A task that restores 0..100, the read of 0 being asked.
    fn restoring() -> Self {
        let mut script = Self::assigned();
        script.say(Input::Opened(TASK, None));
        assert!(matches!(script.next(), Some(Action::Positions(TASK))));
        script.say(Input::Positions(TASK, LogFacts { state_end: 100, input_end: 9, ..LogFacts::default() }));
        assert!(matches!(script.next(), Some(Action::ReadState { from: 0, to: 100, .. })));
        script
    }

    fn say(&mut self, input: Input) {
        self.engine.handle(input, self.now);
    }

    fn next(&mut self) -> Option<Action> {
        self.engine.poll_action()
    }

    /// Goes to the next deadline, which is in the future, and gives what is asked then.
    fn due(&mut self) -> (i64, Action) {
        assert!(self.next().is_none(), "nothing is asked before its time");
        let due = self.engine.next_deadline().expect("a task that waits has a deadline");
        let waited = due - self.now;
        assert!(waited > 0, "no busy loop");
        self.now = due;
        self.say(Input::Tick);
        (waited, self.next().expect("it is asked again"))
    }

    /// Answers every read with this until a reason is said; the reason.
    fn until_said(&mut self, held: Held) -> String {
        let began = self.now;
        loop {
            self.say(Input::StateHeld(TASK, held));
            if let Some((task, why)) = self.engine.waits().next() {
                assert_eq!(task, TASK);
                return why.to_owned();
            }
            assert!(self.now - began < 10_000, "a reason is said in bounded time");
            let (_, action) = self.due();
            assert!(matches!(action, Action::ReadState { to: 100, .. }), "{action:?}");
        }
    }

    fn state(&self) -> State {
        self.engine.states().next().map(|(_, state)| state.clone()).expect("a task")
    }

    fn rows(&mut self, offsets: std::ops::Range<u64>) {
        let next = offsets.end;
        let record = |offset: u64| Record { key: Some(offset.to_string().into()), ..Record::default() };
        let records = offsets.map(|offset| Stored { offset, record: record(offset) }).collect();
        self.say(Input::StateRead(TASK, records, next));
    }
}

#[test]
fn a_store_that_is_open_elsewhere_is_opened_when_it_is_let_go() {
    let mut script = Script::assigned();
    let mut waits = Vec::new();
    for _ in 0..9 {
        script.say(Input::Busy(Action::Open(TASK), "messages-3 is open elsewhere".into()));
        assert_eq!(script.state(), State::Opening, "it does not fail");
        let (waited, action) = script.due();
        assert!(matches!(action, Action::Open(TASK)));
        waits.push(waited);
    }
    assert_eq!(waits, [10, 20, 40, 80, 160, 320, 500, 500, 500], "milliseconds, bounded");
    assert_eq!(script.engine.waits().collect::<Vec<_>>(), [(TASK, "messages-3 is open elsewhere")]);
    script.say(Input::Opened(TASK, None));
    assert!(matches!(script.next(), Some(Action::Positions(TASK))));
    assert_eq!((script.engine.waits().count(), script.engine.next_deadline()), (0, None));
}

#[test]
fn a_log_that_does_not_answer_is_asked_again() {
    let mut script = Script::assigned();
    script.say(Input::Opened(TASK, None));
    assert!(matches!(script.next(), Some(Action::Positions(TASK))));
    script.say(Input::Busy(Action::Positions(TASK), "no broker".into()));
    assert!(matches!(script.due().1, Action::Positions(TASK)));
    script.say(Input::Positions(TASK, LogFacts::default()));
    let asked: Vec<Action> = std::iter::from_fn(|| script.next()).collect();
    assert!(asked.iter().any(|action| matches!(action, Action::Poll { .. })), "{asked:?}");
}

#[test]
fn an_open_transaction_is_named_and_the_restore_goes_on_when_it_ends() {
    let mut script = Script::restoring();
    script.rows(0..40);
    assert!(matches!(script.next(), Some(Action::ReadState { from: 40, .. })));
    let why = script.until_said(Held { start: 0, stable: 40, end: 100 });
    assert_eq!(
        why,
        "a transaction has been open on status/3 since offset 40: end it, or wait for transaction.timeout.ms"
    );
    assert!(matches!(script.state(), State::Restoring { at: 40, to: 100, rows: 40, .. }));
    script.due();
    script.rows(40..100);
    assert!(matches!(script.next(), Some(Action::Fill { rows, .. }) if rows.len() == 100));
    assert!(script.next().is_none(), "nothing is counted before it is written");
    script.say(Input::Filled(TASK));
    assert!(matches!(script.next(), Some(Action::Scan { .. })));
    script.say(Input::Scanned(TASK, Vec::new()));
    assert_eq!((script.state(), script.engine.waits().count()), (State::Running, 0));
}

#[test]
fn a_transaction_that_nothing_ends_is_told_with_what_ends_it() {
    let mut script = Script::restoring();
    script.rows(0..40);
    assert!(matches!(script.next(), Some(Action::ReadState { from: 40, .. })));
    let (began, held) = (script.now, Held { start: 0, stable: 40, end: 100 });
    assert!(!script.until_said(held).contains("hangs"));
    while script.now - began < 60_000 {
        script.due();
        script.say(Input::StateHeld(TASK, held));
    }
    assert_eq!(
        script.engine.waits().map(|(_, why)| why).collect::<Vec<_>>(),
        [
            "a transaction hangs on status/3 since offset 40, longer than a broker keeps one open that nobody ends: see \"A transaction \
          that hangs\" in deploy/kafka.md, and end it with kafka-transactions.sh abort --topic status --partition 3 --start-offset 40"
        ]
    );
    script.due();
    script.rows(40..100);
    assert!(matches!(script.next(), Some(Action::Fill { .. })), "it goes on when it is ended");
}

#[test]
fn a_slow_log_and_a_lost_end_are_told_apart() {
    let mut script = Script::restoring();
    let why = script.until_said(Held { start: 0, stable: 100, end: 100 });
    assert!(why.starts_with("slow: status/3 gives nothing at 0") && why.ends_with("; 0 rows in 2 s"), "{why}");
    let why = script.until_said(Held { start: 0, stable: 0, end: 60 });
    assert!(why.contains("ends at 60 and ended at 100 before: it lost its end"), "{why}");
}

#[test]
fn a_truncated_partition_stops_its_task_with_a_remedy() {
    let mut script = Script::restoring();
    script.say(Input::StateHeld(TASK, Held { start: 7, stable: 100, end: 100 }));
    let State::Stalled(why) = script.state() else { panic!("it cannot go on") };
    assert!(why.contains("it now starts at 7, after offset 0") && why.contains("start again"), "{why}");
    assert_eq!((script.next().is_none(), script.engine.next_deadline()), (true, None));
}

#[test]
fn a_task_that_waits_is_given_up_at_once() {
    let mut script = Script::assigned();
    script.say(Input::Busy(Action::Open(TASK), "open elsewhere".into()));
    script.say(Input::Revoking(vec![TASK]));
    assert!(matches!(script.next(), Some(Action::Release(TASK))));
    assert_eq!(script.engine.next_deadline(), None);
}
