//! Where every task is: what its own process knows of it, and what the log and the group tell anybody.

use std::io::Write;

use anyhow::Result;
use engine::{Fold, TopicPartition};
use kafka::Group;
use log::ReadLimit;
use serde_json::{Value, json};
use service::health::{Progress, Report, TaskReport};

use crate::show::grid;
use crate::system::{Folds, Medium, Standing, System, now_ms};

/// One task.
pub(super) struct Task {
    fold: &'static str,
    partition: u32,
    /// The worker that has it, where a group shares the partitions.
    owner: Option<String>,
    host: Option<String>,
    pub(super) state: &'static str,
    /// Offsets to the end of its input.
    lag: u64,
    /// Offsets to the last stable offset of its input: what an open transaction holds back is not among them.
    stable_lag: u64,
    /// Since when it has committed nothing although it has lag; known to its own process.
    commit_age_ms: Option<i64>,
    /// How long the oldest record that is not committed has been there.
    oldest_ms: Option<i64>,
    why: Option<String>,
    /// How far its restore or rebuild is; known to its own process.
    progress: Option<Progress>,
}

/// All tasks, and the group that shares them on Kafka.
pub(super) struct Tasks {
    pub(super) tasks: Vec<Task>,
    group: Option<(String, Group)>,
}

impl Tasks {
    pub(super) fn read(at: &System) -> Result<Self> {
        let group = match &at.medium {
            Medium::Embedded(_) => None,
            Medium::Kafka(kafka, brokers) => Some((brokers.group.clone(), kafka.group(&brokers.group)?)),
        };
        let report = match &at.folds {
            Folds::AtRest | Folds::Elsewhere => None,
            Folds::Live(board) => Some(board.report(now_ms())),
        };
        let mut tasks = Vec::new();
        for id in at.tasks() {
            let Some(fold) = at.topology.fold(id) else { continue };
            let input = TopicPartition { topic: fold.input.clone(), partition: id.partition };
            let known = report.as_ref().and_then(|report| own(report, fold, id.partition));
            tasks.push(task(at, fold, &input, known, group.as_ref().map(|(_, group)| group))?);
        }
        Ok(Self { tasks, group })
    }

    /// Whether something does not go on by itself.
    pub(super) fn is_bad(&self) -> bool {
        self.tasks.iter().any(|task| task.state == "stalled" || (task.state == "unowned" && task.lag > 0))
    }

    pub(super) fn rows(&self) -> Vec<Value> {
        let group =
            self.group.iter().map(|(name, group)| {
                let members: Vec<Value> = group.members.iter().map(|member| {
                json!({"name": member.name, "host": member.host, "partitions": member.partitions.len()})
            }).collect();
                json!({"group": name, "state": group.state, "members": members})
            });
        group.chain(self.tasks.iter().map(Task::row)).collect()
    }

    pub(super) fn table(&self, out: &mut dyn Write) -> Result<()> {
        if let Some((name, group)) = &self.group {
            writeln!(out, "group {name}: {}, {} members", group.state, group.members.len())?;
            for member in &group.members {
                writeln!(out, "  {} at {}: {} partitions", member.name, member.host, member.partitions.len())?;
            }
            writeln!(out)?;
        }
        let owned = self.group.is_some();
        let columns = [
            ("Fold", false, 18),
            ("Partition", true, 9),
            ("Owner", false, 40),
            ("State", false, 11),
            ("Lag", true, 10),
            ("Stable", true, 10),
            ("Oldest", true, 8),
            ("Commit age", true, 10),
            ("", false, 200),
        ];
        let kept = |place: usize| owned || ![2, 5, 6].contains(&place);
        let columns: Vec<_> = (0..).zip(columns).filter(|(place, _)| kept(*place)).map(|(_, column)| column).collect();
        let cells =
            |task: &Task| (0..).zip(task.cells()).filter(|(place, _)| kept(*place)).map(|(_, cell)| cell).collect();
        let cells: Vec<Vec<String>> = self.tasks.iter().map(cells).collect();
        grid::lines(&columns, &cells).iter().try_for_each(|line| Ok(writeln!(out, "{line}")?))
    }
}

fn own<'a>(report: &'a Report, fold: &Fold, partition: u32) -> Option<&'a TaskReport> {
    report.tasks.iter().find(|task| task.fold == fold.name && task.partition == partition)
}

fn task(
    at: &System,
    fold: &Fold,
    input: &TopicPartition,
    known: Option<&TaskReport>,
    group: Option<&Group>,
) -> Result<Task> {
    let Standing { next, lag, stable_lag } = at.standing(fold, input)?;
    let oldest =
        if lag == 0 { None } else { at.log.read(input, next, ReadLimit { records: 1, bytes: 1 })?.records.pop() };
    let owner = group.and_then(|group| group.owner(input));
    let state = match (known, group) {
        (Some(known), _) => known.state,
        (None, None) => "at rest",
        (None, Some(group)) if group.state.ends_with("Rebalance") => "rebalancing",
        (None, Some(_)) => {
            if owner.is_some() {
                "owned"
            } else {
                "unowned"
            }
        }
    };
    let progress = known.and_then(|known| known.progress);
    Ok(Task {
        fold: fold.name,
        partition: input.partition,
        owner: owner.map(|member| member.name.clone()),
        host: owner.map(|member| member.host.clone()),
        state,
        lag,
        stable_lag,
        commit_age_ms: known.map(|known| known.commit_age_ms),
        oldest_ms: oldest.map(|stored| now_ms().saturating_sub(stored.record.timestamp_ms).max(0)),
        why: known.and_then(|known| known.why.clone()),
        progress,
    })
}

impl Task {
    fn row(&self) -> Value {
        json!({
            "fold": self.fold, "partition": self.partition, "owner": self.owner, "host": self.host, "state": self.state,
            "lag": self.lag, "stable_lag": self.stable_lag, "commit_age_ms": self.commit_age_ms,
            "oldest_ms": self.oldest_ms, "why": self.why, "percent": self.progress.map(|progress| progress.percent),
            "records_per_second": self.progress.map(|progress| progress.rate),
            "eta_seconds": self.progress.and_then(|progress| progress.eta_seconds),
        })
    }

    fn cells(&self) -> [String; 9] {
        [
            self.fold.to_owned(),
            self.partition.to_string(),
            self.owner.clone().unwrap_or_else(|| "-".to_owned()),
            self.state.to_owned(),
            self.lag.to_string(),
            self.stable_lag.to_string(),
            self.oldest_ms.map(age).unwrap_or_default(),
            self.commit_age_ms.map(age).unwrap_or_default(),
            self.why.clone().or_else(|| self.progress.map(words)).unwrap_or_default(),
        ]
    }
}

/// A restore in words.
fn words(progress: Progress) -> String {
    let Progress { percent, rate, eta_seconds } = progress;
    let left = eta_seconds.map_or_else(String::new, |seconds| format!(", {seconds} s left"));
    format!("{percent} %, {rate} records/s{left}")
}

/// An age in the unit that it fills.
fn age(ms: i64) -> String {
    match ms / 1_000 {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restore_is_shown_with_its_share_its_rate_and_what_is_left() {
        let progress = Some(Progress { percent: 43, rate: 120_000, eta_seconds: Some(12) });
        let task = Task {
            fold: "messages",
            partition: 2,
            owner: None,
            host: None,
            state: "restoring",
            lag: 70,
            stable_lag: 60,
            commit_age_ms: Some(61_000),
            oldest_ms: Some(7_200_000),
            why: None,
            progress,
        };
        assert_eq!(task.cells()[3..], ["restoring", "70", "60", "2 h", "61 s", "43 %, 120000 records/s, 12 s left"]);
        let row = task.row();
        for (key, value) in
            [("percent", 43), ("records_per_second", 120_000), ("eta_seconds", 12), ("commit_age_ms", 61_000)]
        {
            assert_eq!(row[key], value, "{key}");
        }
        let words = |eta_seconds| words(Progress { percent: 0, rate: 0, eta_seconds });
        assert_eq!(words(None), "0 %, 0 records/s", "before there is a rate nobody knows");
        assert_eq!(
            Task { why: Some("a store is open elsewhere".to_owned()), ..task }.cells()[8],
            "a store is open elsewhere"
        );
    }
}
