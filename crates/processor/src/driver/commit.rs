//! The committing thread: blocking calls of a producer, answered as facts.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use engine::{Offset, Outcome, TaskId, TopicPartition};
use log::{CommitError, Log, Producer, Transaction};

/// What the committing thread is asked.
pub(super) enum Ask {
    /// Commit this.
    Commit(u64, Transaction),
    /// Resolve an unknown outcome, then read these committed offsets.
    Recover(u64, Vec<(TaskId, String, TopicPartition)>),
}

/// What it answers.
pub(super) enum Answer {
    Transacted(u64, Outcome),
    Recovered(u64, Vec<(TaskId, Option<Offset>)>),
    /// The log does not answer any more.
    Failed(String),
}

/// The thread. It has ended, and let go of the log, when this is dropped: a process that ends meanwhile would pull the
/// database from under it.
pub(super) struct Committer {
    ask: Option<SyncSender<Ask>>,
    /// What it answers.
    pub(super) answers: Receiver<Answer>,
    thread: Option<JoinHandle<()>>,
}

impl Committer {
    /// Asks it something.
    pub(super) fn ask(&self, ask: Ask) -> Result<(), String> {
        let sent = self.ask.as_ref().and_then(|thread| thread.send(ask).ok());
        sent.ok_or_else(|| "the committing thread is gone".to_owned())
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.ask = None;
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so.
            thread.join().ok();
        }
    }
}

/// Starts the thread. One transaction at a time, so one place in the queue.
pub(super) fn spawn(name: &str, log: Arc<dyn Log>) -> Result<Committer, String> {
    let mut producer = log.producer(name).map_err(|error| error.to_string())?;
    let (ask, asked) = sync_channel::<Ask>(1);
    let (answer, answers) = channel();
    let work = move || {
        while let Ok(ask) = asked.recv() {
            if act(log.as_ref(), producer.as_mut(), ask, &answer).is_none() {
                return;
            }
        }
    };
    let thread = std::thread::Builder::new().name(format!("{name}-commit")).spawn(work);
    let thread = Some(thread.map_err(|error| error.to_string())?);
    Ok(Committer { ask: Some(ask), answers, thread })
}

fn act(log: &dyn Log, producer: &mut dyn Producer, ask: Ask, answer: &Sender<Answer>) -> Option<()> {
    let said = match ask {
        Ask::Commit(id, transaction) => Answer::Transacted(
            id,
            match producer.commit(transaction) {
                Ok(committed) => Outcome::Committed(committed.ends),
                Err(CommitError::Fenced) => Outcome::Fenced,
                Err(CommitError::Aborted(why) | CommitError::Rebalanced(why)) => Outcome::Aborted(why),
                Err(CommitError::Unknown(why)) => Outcome::Unknown(why),
            },
        ),
        Ask::Recover(id, tasks) => match recovered(log, producer, &tasks) {
            Ok(committed) => Answer::Recovered(id, committed),
            Err(why) => Answer::Failed(why),
        },
    };
    answer.send(said).ok()
}

fn recovered(
    log: &dyn Log,
    producer: &mut dyn Producer,
    tasks: &[(TaskId, String, TopicPartition)],
) -> Result<Vec<(TaskId, Option<Offset>)>, String> {
    producer.recover().map_err(|error| error.to_string())?;
    let of = |(task, group, partition): &(TaskId, String, TopicPartition)| {
        let committed = log.committed(group, std::slice::from_ref(partition)).map_err(|error| error.to_string())?;
        Ok((*task, committed.first().copied().flatten()))
    };
    tasks.iter().map(of).collect()
}
