//! What the folding thread asks the log for a restore: where a task stands, rows read back, and why there are none. A log that
//! does not answer, or holds rows back, makes the task wait; what is gone stops it.

use engine::{Action, Held, Identity, Input, LogFacts, Offset, TaskId, Topic, TopicPartition};
use log::{Bounds, Cleanup, Error, ReadLimit, TopicDescription};

use super::shell::Shell;

/// Records of one read of a restore.
const RECORDS_MAX: usize = 20_000;
/// Bytes of one read of a restore.
const BYTES_MAX: usize = 8 << 20;

impl Shell {
    /// Asks for several tasks at once; one by one when the log refuses some of them.
    pub(super) fn positions(&self, tasks: &[TaskId]) -> Vec<Input> {
        match (self.facts(tasks), tasks) {
            (Ok(facts), _) => tasks.iter().zip(facts).map(|(task, facts)| Input::Positions(*task, facts)).collect(),
            (Err(error), [task]) => vec![refused(Action::Positions(*task), *task, error)],
            (Err(Error::Unavailable(why)), _) => {
                tasks.iter().map(|task| Input::Busy(Action::Positions(*task), why.clone())).collect()
            }
            (Err(_), _) => tasks.iter().flat_map(|task| self.positions(std::slice::from_ref(task))).collect(),
        }
    }

    /// The committed offsets first: bounds read after them cover every row of them.
    fn facts(&self, tasks: &[TaskId]) -> Result<Vec<LogFacts>, Error> {
        let committed = self.committed(tasks)?;
        let bounds: Vec<_> = tasks.iter().map(|task| self.bounds(*task)).collect::<Result<_, _>>()?;
        let (id, topics) = (self.log.id().0, self.log.topics()?);
        let found = tasks.iter().zip(committed).zip(bounds);
        found.map(|((task, committed), bounds)| self.facts_of(*task, committed, bounds, (&id, &topics))).collect()
    }

    /// What the groups of these tasks have committed, a question a group.
    fn committed(&self, tasks: &[TaskId]) -> Result<Vec<Option<Offset>>, Error> {
        let mut committed = Vec::with_capacity(tasks.len());
        for together in tasks.chunk_by(|one, other| self.group(*one) == self.group(*other)) {
            let inputs = together.iter().map(|task| self.input(*task)).collect::<Option<Vec<_>>>();
            let group = together.first().and_then(|task| self.group(*task));
            let (Some(inputs), Some(group)) = (inputs, group) else { return Err(foreign(together)) };
            committed.extend(self.log.committed(&group, &inputs)?);
        }
        Ok(committed)
    }

    /// Of the input and of the state partition; of none when there is no state topic.
    fn bounds(&self, task: TaskId) -> Result<(Bounds, Bounds), Error> {
        let input = self.input(task).ok_or_else(|| foreign(&[task]))?;
        let state = self.topology.fold(task).and_then(|fold| fold.state.clone());
        let state = state.map(|topic| TopicPartition { topic, partition: task.partition });
        let state = state.map_or(Ok(Bounds { start: 0, high_watermark: 0 }), |state| self.log.bounds(&state));
        Ok((self.log.bounds(&input)?, state?))
    }

    fn facts_of(
        &self,
        task: TaskId,
        committed: Option<Offset>,
        (input, state): (Bounds, Bounds),
        (id, topics): (&str, &[TopicDescription]),
    ) -> Result<LogFacts, Error> {
        let fold = self.topology.fold(task).ok_or_else(|| foreign(&[task]))?;
        let described = |name: &Topic| topics.iter().find(|topic| topic.spec.name == *name);
        let state_topic = match &fold.state {
            Some(topic) => Some(described(topic).ok_or_else(|| Error::Unknown(topic.to_string()))?),
            None => None,
        };
        let input_topic = described(&fold.input);
        let name = |topic: Option<&TopicDescription>| topic.map(|topic| topic.id.0.clone()).unwrap_or_default();
        Ok(LogFacts {
            committed,
            input_start: input.start,
            input_end: input.high_watermark,
            state_start: state.start,
            state_end: state.high_watermark,
            tombstone_ms: state_topic.and_then(|topic| tombstones(topic.spec.cleanup)),
            identity: Identity {
                log: id.to_owned(),
                input_topic: name(input_topic),
                state_topic: name(state_topic),
                partitions: input_topic.map_or(0, |topic| topic.spec.partitions),
            },
        })
    }

    pub(super) fn read_state(&self, task: TaskId, from: Offset, to: Offset) -> Input {
        let again = Action::ReadState { task, from, to };
        let Some(topic) = self.topology.fold(task).and_then(|fold| fold.state.clone()) else {
            return Input::Failed(task, "a stateless fold has no rows".to_owned());
        };
        let partition = TopicPartition { topic, partition: task.partition };
        let read = self.log.read(&partition, from, ReadLimit { records: RECORDS_MAX, bytes: BYTES_MAX });
        let stable = match read {
            Ok(mut read) if read.next > from => {
                read.records.retain(|stored| stored.offset < to);
                return Input::StateRead(task, read.records, read.next.min(to));
            }
            Ok(read) => read.high_watermark,
            Err(Error::OffsetLost { start, .. }) => start,
            Err(error) => return refused(again, task, error),
        };
        match self.log.bounds(&partition) {
            Ok(bounds) => Input::StateHeld(task, Held { start: bounds.start, stable, end: bounds.high_watermark }),
            Err(error) => refused(again, task, error),
        }
    }
}

fn foreign(tasks: &[TaskId]) -> Error {
    Error::Unknown(format!("{tasks:?}: of another topology"))
}

/// How long a topic's tombstones stay. One that deletes by age deletes them too.
fn tombstones(cleanup: Cleanup) -> Option<i64> {
    match cleanup {
        Cleanup::Compact { tombstone_ms } => Some(tombstone_ms),
        Cleanup::Delete { retention_ms } => retention_ms,
    }
}

fn refused(action: Action, task: TaskId, error: Error) -> Input {
    match error {
        Error::Unavailable(why) => Input::Busy(action, why),
        error => Input::Failed(task, error.to_string()),
    }
}
