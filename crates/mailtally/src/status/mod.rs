//! `mailtally status`: bytes of each topic, how fast they grow, how long the disk lasts, where every task is, and the view behind the pages.

mod tasks;
mod view;

use std::io::Write;

use anyhow::Result;
use engine::{Offset, TopicPartition};
use log::{Cleanup, ReadLimit, TopicDescription};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Format;
use crate::reply::Reply;
use crate::request::Place;
use crate::space;
use crate::system::{Medium, System, now_ms};
use tasks::Tasks;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// What can be asked of `status`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) command: Status,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Space and tasks.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub(crate) struct Status {
    /// How it is shown.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Bytes of a topic.
struct Topic {
    name: String,
    bytes: u64,
    /// Bytes a day by the last day's records, less what retention takes; unknown below an hour of records.
    growth: Option<u64>,
}

/// Bytes of the disk.
struct Disk {
    log_bytes: u64,
    state_bytes: u64,
    free_bytes: Option<u64>,
    growth: Option<u64>,
}

impl Status {
    /// Shows it. Exit code 1 when a task is stalled, or has work and nobody has it.
    pub(crate) fn execute(&self, at: &System, reply: &mut Reply<'_>) -> Result<u8> {
        let topics = topics(at)?;
        let disk = disk(at, &topics);
        let tasks = Tasks::read(at)?;
        let view = view::read(at);
        match self.format {
            Format::Json => {
                let rows = json_rows(&topics, &disk, &tasks);
                rows.into_iter().chain(view.iter().map(view::row)).try_for_each(|row| writeln!(reply.out, "{row}"))?
            }
            Format::Table => {
                table(&topics, &disk, &tasks, reply.out)?;
                view.iter().try_for_each(|view| view::line(view, reply.out))?;
            }
        }
        Ok(u8::from(tasks.is_bad()))
    }
}

fn topics(at: &System) -> Result<Vec<Topic>> {
    let described = at.log.topics()?;
    let of = |space: embedded::TopicSpace| {
        let topic = described.iter().find(|topic| topic.spec.name == space.topic);
        let growth = topic.map(|topic| growth(at, topic, space.bytes)).transpose()?.flatten();
        Ok(Topic { name: space.topic.name().to_owned(), bytes: space.bytes, growth })
    };
    match &at.medium {
        Medium::Embedded(log) => log.space().into_iter().map(of).collect(),
        Medium::Kafka(..) => Ok(Vec::new()),
    }
}

/// The share of a topic's offsets that the last day has written, of its bytes; less what retention takes a day.
fn growth(at: &System, topic: &TopicDescription, bytes: u64) -> Result<Option<u64>> {
    let now = now_ms();
    let (mut recent, mut all, mut oldest) = (0, 0, now);
    for partition in 0..topic.spec.partitions {
        let source = TopicPartition { topic: topic.spec.name.clone(), partition };
        let bounds = at.log.bounds(&source)?;
        let first = since(at, &source, bounds.start, bounds.high_watermark, now - DAY_MS)?;
        recent += bounds.high_watermark - first;
        all += bounds.high_watermark - bounds.start;
        oldest = oldest.min(timestamp(at, &source, bounds.start)?.unwrap_or(now));
    }
    let age = now.saturating_sub(oldest);
    if all == 0 {
        return Ok(Some(0));
    }
    if age < HOUR_MS {
        return Ok(None);
    }
    let written = part(bytes, recent, all);
    let daily = if age < DAY_MS { part(written, whole(DAY_MS), whole(age)) } else { written };
    let removed = match topic.spec.cleanup {
        Cleanup::Delete { retention_ms: Some(kept) } if age + DAY_MS > kept => part(bytes, whole(DAY_MS), whole(age)),
        _ => 0,
    };
    Ok(Some(daily.saturating_sub(removed)))
}

/// The first offset written since a time: halving, since records stand about in the order of their times.
fn since(at: &System, source: &TopicPartition, mut low: Offset, mut high: Offset, time_ms: i64) -> Result<Offset> {
    while low < high {
        let middle = low + (high - low) / 2;
        match timestamp(at, source, middle)? {
            Some(written) if written < time_ms => low = middle + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// When the record at an offset, or the next there is, was written.
fn timestamp(at: &System, source: &TopicPartition, offset: Offset) -> Result<Option<i64>> {
    let read = at.log.read(source, offset, ReadLimit { records: 1, bytes: 1 })?;
    Ok(read.records.first().map(|stored| stored.record.timestamp_ms))
}

fn part(bytes: u64, share: u64, of: u64) -> u64 {
    let wide = u128::from(bytes) * u128::from(share) / u128::from(of.max(1));
    u64::try_from(wide).unwrap_or(u64::MAX)
}

fn whole(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0)
}

fn disk(at: &System, topics: &[Topic]) -> Disk {
    let log_bytes = at.log_bytes();
    let state_bytes = space::below(&at.root.join("state"));
    let growing: Option<u64> = topics.iter().map(|topic| topic.growth).sum();
    // Files are more than living batches, and the stores grow with the rows: in proportion.
    let living: u64 = topics.iter().map(|topic| topic.bytes).sum();
    let growth = growing
        .map(|growing| if living == 0 { 0 } else { part(growing, log_bytes + state_bytes, living).max(growing) });
    Disk { log_bytes, state_bytes, free_bytes: space::free(&at.root), growth }
}

impl Disk {
    /// Whether nothing of the installation is on this machine.
    fn is_elsewhere(&self) -> bool {
        self.log_bytes + self.state_bytes == 0
    }

    fn days_left(&self) -> Option<u64> {
        self.free_bytes?.checked_div(self.growth?)
    }
}

fn json_rows(topics: &[Topic], disk: &Disk, tasks: &Tasks) -> Vec<Value> {
    let topic =
        |topic: &Topic| json!({"topic": topic.name, "bytes": topic.bytes, "growth_bytes_per_day": topic.growth});
    let disk = json!({
        "log_bytes": disk.log_bytes, "state_bytes": disk.state_bytes, "free_bytes": disk.free_bytes,
        "growth_bytes_per_day": disk.growth, "days_left": disk.days_left(),
    });
    topics.iter().map(topic).chain([disk]).chain(tasks.rows()).collect()
}

fn table(topics: &[Topic], disk: &Disk, tasks: &Tasks, out: &mut dyn Write) -> Result<()> {
    let known = |bytes: Option<u64>| bytes.map_or_else(|| "-".to_owned(), sized);
    if disk.is_elsewhere() {
        return tasks.table(out);
    }
    if !topics.is_empty() {
        writeln!(out, "{:<36} {:>12} {:>14}", "Topic", "Bytes", "Growth a day")?;
    }
    for topic in topics {
        writeln!(out, "{:<36} {:>12} {:>14}", topic.name, sized(topic.bytes), known(topic.growth))?;
    }
    writeln!(
        out,
        "{:<36} {:>12} {:>14}",
        "log and stores on disk",
        sized(disk.log_bytes + disk.state_bytes),
        known(disk.growth)
    )?;
    let days = disk.days_left().map_or_else(|| "-".to_owned(), |days| days.to_string());
    writeln!(out, "free {}, days until the disk is full: {days}\n", known(disk.free_bytes))?;
    tasks.table(out)
}

/// Bytes for people.
fn sized(bytes: u64) -> String {
    let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
    let unit = units.iter().find(|(power, _)| bytes >> power > 0);
    unit.map_or_else(
        || format!("{bytes} B"),
        |(power, unit)| format!("{}.{} {unit}", bytes >> power, ((bytes % (1 << power)) * 10) >> power),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_in_the_largest_unit_that_they_fill() {
        for (bytes, shown) in
            [(0, "0 B"), (1_023, "1023 B"), (1_536, "1.5 KiB"), (10 << 20, "10.0 MiB"), (u64::MAX, "16777215.9 TiB")]
        {
            assert_eq!(sized(bytes), shown);
        }
    }

    #[test]
    fn a_disk_lasts_as_long_as_its_growth_says() {
        let disk = |free_bytes, growth| Disk { log_bytes: 0, state_bytes: 0, free_bytes, growth };
        assert_eq!(disk(Some(1_000), Some(300)).days_left(), Some(3));
        assert_eq!(disk(Some(1_000), Some(0)).days_left(), None, "it does not grow");
        assert_eq!(disk(Some(1_000), None).days_left(), None, "nobody knows yet");
    }
}
