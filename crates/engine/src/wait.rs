//! What a task asked for and cannot have now: when it is asked for again, and what is said of it meanwhile. Nothing here
//! ends: the task goes on by itself when the reason is gone.

use crate::exchange::{Action, Held, Input};
use crate::machine::Engine;
use crate::task::State;
use crate::{Offset, TaskId, TopicPartition};

/// The first wait, in milliseconds; it doubles with each further one.
const WAIT_MS: i64 = 10;
/// The longest wait, in milliseconds.
const WAIT_MAX_MS: i64 = 500;
/// A wait shorter than this is nobody's business, in milliseconds.
const SAID_AFTER_MS: i64 = 2_000;

/// Longer than a broker leaves a transaction open that its producer has left, in milliseconds: ours end after
/// `transaction.timeout.ms` of 10 s, and brokers look for such every 10 s (`transaction.abort.timed.out.transaction.cleanup.interval.ms`).
const HANGS_AFTER_MS: i64 = 60_000;

/// A wait of one task.
#[derive(Debug)]
pub(crate) struct Wait {
    /// What is asked again; `None` while it is.
    action: Option<Action>,
    tries: u32,
    since_ms: i64,
    resume_ms: i64,
    why: String,
}

impl Engine {
    /// An action cannot be done now. It is asked again, less and less often.
    pub(crate) fn busy(&mut self, action: Action, why: String) {
        let now_ms = self.now_ms;
        let task = action.task().and_then(|id| self.tasks.get_mut(&id));
        let Some(task) = task.filter(|task| !task.closing && !task.is_stalled()) else { return };
        let (tries, since_ms) = task.wait.as_ref().map_or((0, now_ms), |wait| (wait.tries, wait.since_ms));
        let resume_ms = now_ms.saturating_add((WAIT_MS << tries.min(16)).min(WAIT_MAX_MS));
        task.wait = Some(Wait { action: Some(action), tries: tries + 1, since_ms, resume_ms, why });
    }

    /// The answer to what a task asked for ends its wait. Polls of a rebuild may be answered with nothing, and wait on.
    pub(crate) fn ends_wait(&mut self, input: &Input) {
        if matches!(input, Input::Busy(..) | Input::StateHeld(..) | Input::Polled { .. }) {
            return;
        }
        if let Some(task) = input.task().and_then(|id| self.tasks.get_mut(&id)) {
            task.wait = None;
        }
    }

    /// A read of the state partition gave nothing although it does not end there.
    pub(crate) fn held(&mut self, id: TaskId, held: Held) {
        let (Some(task), Some(topic)) =
            (self.tasks.get(&id), self.topology.fold(id).and_then(|fold| fold.state.as_ref()))
        else {
            return;
        };
        let State::Restoring { at, to, rows, .. } = task.state else { return };
        let partition = TopicPartition { topic: topic.clone(), partition: id.partition };
        if held.start > at {
            let why = format!(
                "{partition} is truncated: it now starts at {}, after offset {at} that is to be restored next: if rows were \
                 deleted from it, put it back from a backup; then start again, which restores it from its start",
                held.start
            );
            return self.stall(id, why);
        }
        let restored = (rows, self.now_ms.saturating_sub(task.began_ms) / 1_000);
        let waited_ms = task.wait.as_ref().map_or(0, |wait| self.now_ms.saturating_sub(wait.since_ms));
        let why = match waited_ms >= HANGS_AFTER_MS && is_open(at, to, held) {
            true => hangs(&partition, held.stable),
            false => waits_for(&partition, (at, to), held, restored),
        };
        self.busy(Action::ReadState { task: id, from: at, to }, why);
    }

    /// Asks again what is due.
    pub(crate) fn ask_again(&mut self) {
        for wait in self.tasks.values_mut().filter_map(|task| task.wait.as_mut()) {
            if wait.resume_ms <= self.now_ms {
                self.actions.extend(wait.action.take());
            }
        }
    }

    /// When the next is due.
    pub(crate) fn asks_again_at(&self) -> Option<i64> {
        let waits = self.tasks.values().filter_map(|task| task.wait.as_ref());
        waits.filter(|wait| wait.action.is_some()).map(|wait| wait.resume_ms).min()
    }

    /// What tasks have waited for longer than a moment, and how to end it.
    pub fn waits(&self) -> impl Iterator<Item = (TaskId, &str)> {
        let long_ago = self.now_ms.saturating_sub(SAID_AFTER_MS);
        let waits = self.tasks.iter().filter_map(|(id, task)| Some((*id, task.wait.as_ref()?)));
        waits.filter(move |(_, wait)| wait.since_ms <= long_ago).map(|(id, wait)| (id, wait.why.as_str()))
    }
}

/// Whether what is wanted is behind a transaction that has no end yet.
fn is_open(at: Offset, to: Offset, held: Held) -> bool {
    held.end >= to && held.stable <= at
}

/// Kafka's own word for a transaction whose end mark never comes (KIP-664).
fn hangs(of: &TopicPartition, since: Offset) -> String {
    let TopicPartition { topic, partition } = of;
    format!(
        "a transaction hangs on {of} since offset {since}, longer than a broker keeps one open that nobody ends: see \"A transaction \
         that hangs\" in deploy/kafka.md, and end it with kafka-transactions.sh abort --topic {topic} --partition {partition} \
         --start-offset {since}"
    )
}

fn waits_for(
    partition: &TopicPartition,
    (at, to): (Offset, Offset),
    held: Held,
    (rows, seconds): (u64, i64),
) -> String {
    if held.end < to {
        format!(
            "{partition} ends at {} and ended at {to} before: it lost its end (unclean leader election); put it back from a \
             backup, or start again to restore what is left",
            held.end
        )
    } else if is_open(at, to, held) {
        format!(
            "a transaction has been open on {partition} since offset {}: end it, or wait for transaction.timeout.ms",
            held.stable
        )
    } else {
        format!(
            "slow: {partition} gives nothing at {at} although it can be read up to {}; {rows} rows in {seconds} s",
            held.stable
        )
    }
}
