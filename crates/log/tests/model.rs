//! The log in memory: the suite, with and without gaps, and the faults that a simulation plans.

use log::model::{Fault, MAX_RECORD_BYTES, Model};
use mailtally_log as log;

struct InMemory(Model);

impl log::conformance::Subject for InMemory {
    type Log = Model;

    fn open(&mut self) -> Model {
        self.0.clone()
    }

    fn settle(&mut self, log: &Model, now_ms: i64) -> bool {
        log.maintain(now_ms);
        true
    }

    fn too_large(&self) -> usize {
        MAX_RECORD_BYTES + 1
    }
}

mod dense {
    use super::*;
    mailtally_log::conformance!(InMemory(Model::new("model")));
}

mod with_gaps {
    use super::*;
    mailtally_log::conformance!(InMemory(Model::new("model").with_gaps()));
}

#[cfg(test)]
mod faults {
    use super::*;
    use engine::{Output, Record, Topic, TopicPartition};
    use log::{Cleanup, CommitError, Error, Log, ReadLimit, TopicSpec, Transaction};

    const GROUP: &str = "group";

    fn made() -> (Model, TopicPartition) {
        let model = Model::new("model");
        let name = Topic::new("topic");
        let spec = TopicSpec { name: name.clone(), partitions: 1, cleanup: Cleanup::Delete { retention_ms: None } };
        model.create_topic(&spec).unwrap();
        (model, TopicPartition { topic: name, partition: 0 })
    }

    fn one(to: &TopicPartition) -> Transaction {
        let outputs = vec![Output { to: to.clone(), record: Record::default() }];
        Transaction { outputs, offsets: vec![(GROUP.to_owned(), to.clone(), 1)] }
    }

    #[test]
    fn each_planned_fault_says_and_leaves_what_it_should() {
        for (fault, visible) in
            [(Fault::Abort, 0), (Fault::UnknownLost, 0), (Fault::UnknownCommitted, 1), (Fault::Fence, 0)]
        {
            let (model, to) = made();
            model.plan([Some(fault)]);
            let mut producer = model.producer("task").unwrap();
            let failed = producer.commit(one(&to)).unwrap_err();
            match fault {
                Fault::Abort => assert!(matches!(failed, CommitError::Aborted(_))),
                Fault::Fence => assert!(matches!(failed, CommitError::Fenced)),
                Fault::UnknownLost | Fault::UnknownCommitted => {
                    assert!(matches!(failed, CommitError::Unknown(_)));
                    assert!(matches!(producer.commit(one(&to)), Err(CommitError::Aborted(_))), "recover comes first");
                    producer.recover().unwrap();
                }
            }
            let read = model.read(&to, 0, ReadLimit { records: 9, bytes: 9 }).unwrap();
            assert_eq!(read.records.len(), visible, "{fault:?}");
            let offset = model.committed(GROUP, std::slice::from_ref(&to)).unwrap()[0];
            assert_eq!(offset, (visible > 0).then_some(1), "{fault:?}: records and offset go together");
            assert!(model.planned().is_empty());
        }
    }

    #[test]
    fn faults_meet_commits_in_their_order() {
        let (model, to) = made();
        model.plan([None, Some(Fault::Abort), None]);
        let mut producer = model.producer("task").unwrap();
        let outcomes: Vec<bool> = (0..4).map(|_| producer.commit(one(&to)).is_ok()).collect();
        assert_eq!(outcomes, [true, false, true, true]);
    }

    #[test]
    fn while_the_log_is_away_nothing_changes() {
        let (model, to) = made();
        let mut producer = model.producer("task").unwrap();
        model.set_unavailable(true);
        assert!(matches!(model.append(one(&to).outputs), Err(Error::Unavailable(_))));
        assert!(matches!(producer.commit(one(&to)), Err(CommitError::Aborted(_))));
        assert!(matches!(model.bounds(&to), Err(Error::Unavailable(_))));
        model.set_unavailable(false);
        assert_eq!(model.bounds(&to).unwrap().high_watermark, 0);
        producer.commit(one(&to)).unwrap();
    }

    #[test]
    fn an_open_transaction_holds_back_what_follows_until_it_ends() {
        for (commits, read) in [(true, 3), (false, 2)] {
            let (model, to) = made();
            let all = ReadLimit { records: 10, bytes: usize::MAX };
            let append = || model.append(one(&to).outputs).unwrap();
            append();
            let open = model.begin(one(&to).outputs).unwrap();
            append();
            let found = model.read(&to, 0, all).unwrap();
            assert_eq!((found.records.len(), found.next, found.high_watermark), (1, 1, 1));
            assert_eq!(model.read(&to, 2, all).unwrap().next, 2, "no way back");
            assert_eq!(model.bounds(&to).unwrap().high_watermark, 3, "read uncommitted");
            let seen = model.version();
            open.end(commits);
            assert_ne!(model.version(), seen, "who waits is woken");
            assert_eq!(model.read(&to, 0, all).unwrap().records.len(), read);
        }
    }
}
