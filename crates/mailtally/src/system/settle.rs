//! Waiting until everything that is there now is folded: by folds that run here, by those of a live `run`, or by other processes
//! of the group.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use engine::{Fold, Offset, State, TopicPartition};
use log::ReadLimit;
use processor::driver::Observation;
use service::health::Board;

use super::{Folds, Medium, System, now_ms};
use crate::reply::Progress;

/// How long the folds may say nothing.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// Rounds of looking at every fold: what is there when a wait begins has gone round the folds by then, whatever comes after it.
const ROUNDS_MAX: usize = 6;
/// How often folds are looked at when the log is quiet.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

impl System {
    /// Returns when every record that is there now is folded.
    pub(crate) fn settle(&self, tell: &mut dyn FnMut(Progress)) -> Result<()> {
        match &self.folds {
            Folds::AtRest => self.fold_all(tell),
            Folds::Live(board) => self.wait(&|| Ok(stopped(board)), tell),
            Folds::Elsewhere => self.wait(&|| self.nobody_folds(), tell),
        }
    }

    /// Runs the folds until every record is folded.
    fn fold_all(&self, tell: &mut dyn FnMut(Progress)) -> Result<()> {
        let (say, said) = channel::<Observation>();
        let observe = Box::new(move |observation| {
            // The listener goes first when the folds are to stop.
            say.send(observation).ok();
        });
        let running = self.start(0, 1, observe)?;
        let (mut done, mut checked) = (0, None);
        loop {
            let Ok(observation) = said.recv_timeout(SILENCE_MAX) else {
                return running.stop().map_err(anyhow::Error::msg).context("the folds went silent");
            };
            done += observation.counts.dispositions.values().sum::<u64>();
            tell(Progress { what: "folding", done, of: None });
            if let Some((task, State::Stalled(why))) = observation.states.iter().find(|(_, state)| is_stalled(state)) {
                bail!("partition {} of fold {} stopped: {why}", task.partition, task.fold);
            }
            let idle = observation.idle_at.is_some_and(|version| version == self.log.version());
            if idle && checked.is_none_or(|checked: Instant| checked.elapsed() >= LOOK_AGAIN) {
                checked = Some(Instant::now());
                if !self.is_settled()? {
                    continue;
                }
                return running.stop().map_err(anyhow::Error::msg);
            }
        }
    }

    /// Whether nothing is left to fold. The embedded log's version says so; a cluster is asked.
    fn is_settled(&self) -> Result<bool> {
        if matches!(self.medium, Medium::Embedded(_)) {
            return Ok(true);
        }
        let ends = self.ends()?;
        for (fold, input, end) in &ends {
            let committed = self.committed_of(fold, input)?;
            if committed.unwrap_or(0) < *end && !self.is_read(input, committed, *end)? {
                return Ok(false);
            }
        }
        // What was appended meanwhile was appended by a fold that had something to fold.
        Ok(self.ends()? == ends)
    }

    /// Where every fold's inputs end.
    fn ends(&self) -> Result<Vec<(&Fold, TopicPartition, Offset)>> {
        let mut ends = Vec::new();
        for fold in &self.topology.folds {
            for partition in 0..self.settings.partitions {
                let input = TopicPartition { topic: fold.input.clone(), partition };
                let end = self.log.bounds(&input)?.high_watermark;
                ends.push((fold, input, end));
            }
        }
        Ok(ends)
    }

    /// Waits until the folds have committed what is there now, and what they make of it: the folds feed each other in a
    /// circle (an unsubscribe goes from a message to its client's register and back), so it looks again until nothing is left.
    /// `stopped` says why there is nothing to wait for.
    pub(super) fn wait(
        &self,
        stopped: &dyn Fn() -> Result<Option<String>>,
        tell: &mut dyn FnMut(Progress),
    ) -> Result<()> {
        for _ in 0..ROUNDS_MAX {
            let mut waited = false;
            for fold in &self.topology.folds {
                for partition in 0..self.settings.partitions {
                    let input = TopicPartition { topic: fold.input.clone(), partition };
                    waited |= self.wait_for(fold, &input, stopped, tell)?;
                }
            }
            if !waited {
                break;
            }
        }
        Ok(())
    }

    /// Waits until a fold has committed what its input holds now; whether there was anything to wait for.
    fn wait_for(
        &self,
        fold: &Fold,
        input: &TopicPartition,
        stopped: &dyn Fn() -> Result<Option<String>>,
        tell: &mut dyn FnMut(Progress),
    ) -> Result<bool> {
        let end = self.log.bounds(input)?.high_watermark;
        let mut seen = self.log.version();
        let (mut moved, mut last) = (Instant::now(), None);
        for looks in 0.. {
            let done = self.committed_of(fold, input)?;
            if done.unwrap_or(0) >= end || self.is_read(input, done, end)? {
                return Ok(looks > 0);
            }
            tell(Progress { what: "folding", done: done.unwrap_or(0), of: Some(end) });
            if let Some(why) = stopped()? {
                bail!("{why}");
            }
            if last != Some(done) {
                (moved, last) = (Instant::now(), Some(done));
            }
            if moved.elapsed() >= SILENCE_MAX {
                bail!(
                    "fold {} has committed nothing of {input} for {} s: `mailtally status` says where it is",
                    fold.name,
                    SILENCE_MAX.as_secs()
                );
            }
            seen = self.log.wait(seen, LOOK_AGAIN);
        }
        Ok(true)
    }

    /// The next offset of its input that a fold will take, as its group has committed it.
    pub(crate) fn committed_of(&self, fold: &Fold, input: &TopicPartition) -> Result<Option<Offset>> {
        Ok(self.log.committed(self.group(fold), std::slice::from_ref(input))?.first().copied().flatten())
    }

    /// Whether no record stands between a committed offset and an end: Kafka ends a transaction with a mark that has an offset
    /// and is no record, so the last record's offset + 1 may stay below the end for ever.
    pub(crate) fn is_read(&self, input: &TopicPartition, committed: Option<Offset>, end: Offset) -> Result<bool> {
        let start = self.log.bounds(input)?.start;
        let mut next = committed.unwrap_or(start).max(start);
        while next < end {
            let read = self.log.read(input, next, ReadLimit { records: 1, bytes: 1 })?;
            if read.next <= next || read.records.first().is_some_and(|stored| stored.offset < end) {
                // A record, or a transaction that is still open and may hold some.
                return Ok(false);
            }
            next = read.next;
        }
        Ok(true)
    }
}

/// Which task has stopped, and why.
fn stopped(board: &Board) -> Option<String> {
    let report = board.report(now_ms());
    let stalled = report.tasks.into_iter().find(|task| task.state == "stalled");
    let words = stalled.map(|task| {
        let why = task.why.unwrap_or_default();
        format!("partition {} of fold {} stopped: {why}", task.partition, task.fold)
    });
    report.failed.or(words)
}

fn is_stalled(state: &State) -> bool {
    matches!(state, State::Stalled(_))
}
