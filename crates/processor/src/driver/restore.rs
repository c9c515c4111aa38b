//! What the folding thread asks the log for a restore: where a task stands, rows read back, and why there are none. A log that
//! does not answer, or holds rows back, makes the task wait; what is gone stops it.

use engine::{Action, Held, Identity, Input, LogFacts, Offset, TaskId, Topic, TopicPartition};
use log::{Cleanup, Error, ReadLimit};

use super::shell::Shell;

/// Records of one read of a restore.
const RECORDS_MAX: usize = 20_000;
/// Bytes of one read of a restore.
const BYTES_MAX: usize = 8 << 20;

impl Shell {
    pub(super) fn positions(&self, task: TaskId) -> Input {
        match self.facts(task) {
            Ok(facts) => Input::Positions(task, facts),
            Err(error) => refused(Action::Positions(task), task, error),
        }
    }

    /// The committed offset first: bounds read after it cover every row of it.
    fn facts(&self, task: TaskId) -> Result<LogFacts, Error> {
        let (Some(fold), Some(input), Some(group)) = (self.topology.fold(task), self.input(task), self.group(task))
        else {
            return Err(Error::Unknown(format!("{task:?} is of another topology")));
        };
        let committed = self.log.committed(&group, std::slice::from_ref(&input))?;
        let bounds = self.log.bounds(&input)?;
        let topics = self.log.topics()?;
        let described = |name: &Topic| topics.iter().find(|topic| topic.spec.name == *name);
        let (mut state_start, mut state_end, mut state_topic, mut tombstone_ms) = (0, 0, String::new(), None);
        if let Some(topic) = &fold.state {
            let state = TopicPartition { topic: topic.clone(), partition: task.partition };
            let bounds = self.log.bounds(&state)?;
            (state_start, state_end) = (bounds.start, bounds.high_watermark);
            let state = described(topic).ok_or_else(|| Error::Unknown(topic.to_string()))?;
            state_topic.clone_from(&state.id.0);
            tombstone_ms = tombstones(state.spec.cleanup);
        }
        let input_topic = described(&fold.input);
        let identity = Identity {
            log: self.log.id().0,
            input_topic: input_topic.map(|topic| topic.id.0.clone()).unwrap_or_default(),
            state_topic,
            partitions: input_topic.map_or(0, |topic| topic.spec.partitions),
        };
        Ok(LogFacts {
            committed: committed.first().copied().flatten(),
            input_start: bounds.start,
            input_end: bounds.high_watermark,
            state_start,
            state_end,
            tombstone_ms,
            identity,
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
