//! Questions whose connection breaks, as when a broker dies: asked again, and answered.

use proxy::Act;

use crate::*;

/// ListOffsets, Metadata, OffsetFetch, FindCoordinator, DescribeConfigs.
const QUESTIONS: [i16; 5] = [2, 3, 9, 10, DESCRIBE_CONFIGS];
const DESCRIBE_CONFIGS: i16 = 32;

#[test]
fn a_question_whose_connection_breaks_is_asked_again() {
    let mut program = Program::start(true);
    program.reach(1);
    for key in QUESTIONS {
        for act in [Act::Drop, Act::DropAnswer] {
            program.proxy.next(key, act);
            let before = program.proxy.done(key);
            // Clients of their own, which have to find the coordinator first, as those of a process that starts.
            let kafka = Kafka::open(Options::new(&program.kafka.options().bootstrap_servers, "proxy")).unwrap();
            let topics = kafka.topics().map(|topics| topics.len());
            assert_eq!(topics.unwrap_or_else(|why| panic!("{key} {act:?}: {why}")), 3);
            let bounds = kafka.bounds(&at("out")).and_then(|_| kafka.stable(&at("out")));
            assert!(bounds.is_ok(), "{key} {act:?}: {bounds:?}");
            let checked = kafka.check_key(GROUP, &[at("in")]);
            assert!(checked.is_ok(), "{key} {act:?}: {checked:?}");
            let committed = kafka.committed(GROUP, &[at("in")]);
            assert!(committed.is_ok_and(|found| found == [Some(1)]), "{key} {act:?}");
            assert!(program.proxy.done(key) > before, "{key} was not asked: {act:?} shows nothing");
        }
    }
}

#[test]
fn an_administrator_s_question_that_nobody_answers_is_asked_again() {
    let program = Program::start(true);
    let kafka = Kafka::open(Options::new(&program.kafka.options().bootstrap_servers, "proxy")).unwrap();
    program.proxy.next(DESCRIBE_CONFIGS, Act::Swallow);
    let topics = kafka.topics().map(|topics| topics.len());
    assert_eq!(topics.unwrap_or_else(|why| panic!("{why}")), 3);
    assert_eq!(program.proxy.done(DESCRIBE_CONFIGS), 1, "it was answered: this shows nothing");
}
