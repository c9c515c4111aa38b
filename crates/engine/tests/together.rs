//! What several tasks ask for at once is handed out together, and nothing else is.

use bytes::Bytes;
use engine::{
    Action, Effects, Engine, Fold, Folded, Input, Options, Polled, Processor, Refold, Rows, TaskId, Topic, Topology,
};

/// Folds nothing.
struct Nothing;

impl Processor for Nothing {
    fn fold(&mut self, _: &Polled, _: &dyn Rows) -> Folded {
        Folded::Done(Effects::default())
    }

    fn restore(&mut self, _: &[(Bytes, Option<Bytes>)], _: &dyn Rows) -> Folded {
        Folded::Done(Effects::default())
    }
}

fn fold(name: &'static str, state: Option<Topic>) -> Fold {
    let publishes = state.is_some();
    Fold { name, input: Topic::new("in"), state, publishes, version: 1, refold: Refold::Remaining }
}

/// Three tasks, the middle one without a store.
fn assigned() -> (Engine, [TaskId; 3]) {
    let folds = vec![fold("kept", Some(Topic::new("state"))), fold("stateless", None)];
    let tasks = [(0, 0), (1, 0), (0, 1)].map(|(fold, partition)| TaskId { fold, partition });
    let mut engine = Engine::new(Topology { folds }, Options::default());
    let processor = |task| (task, Box::new(Nothing) as Box<dyn Processor>);
    engine.handle(Input::Assigned(tasks.into_iter().map(processor).collect()), 0);
    (engine, tasks)
}

#[test]
fn what_stands_between_is_not_overtaken() {
    let (mut engine, [one, stateless, other]) = assigned();
    assert_eq!(engine.poll_questions(), [], "an opening is first");
    assert_eq!(engine.poll_openings(), [one]);
    assert_eq!(engine.poll_openings(), [], "a question is first");
    assert_eq!(engine.poll_questions(), [stateless]);
    assert!(matches!(engine.poll_action(), Some(Action::Open(task)) if task == other));
    assert!(engine.poll_action().is_none());
}

#[test]
fn questions_that_stand_next_to_each_other_are_one() {
    let (mut engine, [one, stateless, other]) = assigned();
    while engine.poll_action().is_some() {}
    engine.handle(Input::Opened(other, None), 0);
    engine.handle(Input::Opened(one, None), 0);
    assert_eq!(engine.poll_questions(), [other, one]);
    assert_eq!(engine.states().filter(|(_, state)| **state == engine::State::Positioning).count(), 3);
    assert!(engine.poll_questions().is_empty() && stateless.fold == 1);
}

#[test]
fn an_opening_of_a_task_that_was_lost_is_not_handed_out() {
    let (mut engine, [one, _, other]) = assigned();
    engine.handle(Input::Lost(vec![one]), 0);
    assert_eq!(engine.poll_openings(), []);
    assert_eq!(engine.poll_questions().len(), 1);
    assert_eq!(engine.poll_openings(), [other]);
}
