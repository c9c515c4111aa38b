//! What is seen on a terminal while the folds run: how far they are, and the campaign table as it is just now.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use contract::proto::campaign::v1::CampaignStats;
use contract::topic::Topic;
use engine::{Offset, TopicPartition};
use indicatif::{MultiProgress, ProgressBar};
use log::ReadLimit;

use crate::rows;
use crate::show::{Organisations, campaigns};
use crate::system::System;
use crate::terminal;

/// How often the table is drawn anew.
const REDRAW: Duration = Duration::from_millis(250);
/// Lines of the terminal that are not the table's.
const OTHER_LINES: usize = 4;
/// Lines of the table at most.
const TABLE_LINES_MAX: usize = 44;

/// The table while it changes.
pub(super) struct Live {
    all: MultiProgress,
    bar: ProgressBar,
    lines: Vec<ProgressBar>,
    rows: BTreeMap<Bytes, CampaignStats>,
    organisations: Organisations,
    next: BTreeMap<u32, Offset>,
    drawn: Option<Instant>,
}

impl Live {
    /// A bar for about `total` records, and under it the table where both outputs are a terminal.
    pub(super) fn new(total: u64) -> Self {
        let all = MultiProgress::new();
        let bar =
            all.add(ProgressBar::new(total).with_style(terminal::template(terminal::BOUNDED)).with_message("folding"));
        let lines = if std::io::stdout().is_terminal() && std::io::stderr().is_terminal() { height() } else { 0 };
        let line = |_| all.add(ProgressBar::new(0).with_style(terminal::template("{wide_msg}")));
        let lines = (0..lines).map(line).collect();
        let (rows, organisations, next) = (BTreeMap::new(), Organisations::new(), BTreeMap::new());
        Self { all, bar, lines, rows, organisations, next, drawn: None }
    }

    /// Shows that so many records are folded, and the rows that were published since.
    pub(super) fn folded(&mut self, system: &System, folded: u64) -> Result<()> {
        if self.drawn.is_some_and(|drawn| drawn.elapsed() < REDRAW) {
            return Ok(());
        }
        self.drawn = Some(Instant::now());
        self.bar.set_length(self.bar.length().unwrap_or(0).max(folded));
        self.bar.set_position(folded);
        if self.lines.is_empty() {
            return Ok(());
        }
        self.read(system)?;
        if self.organisations.len() < demo::ORGANISATIONS.len() {
            self.organisations = rows::organisations(system)?;
        }
        let mut rows: Vec<CampaignStats> = self.rows.values().cloned().collect();
        campaigns::sort(&mut rows);
        let mut table = campaigns::table(&rows, &self.organisations);
        let more = table.len().saturating_sub(self.lines.len());
        if more > 0 {
            table.truncate(self.lines.len().saturating_sub(1));
            table.push(format!("… and {} older", more + 1));
        }
        for (line, words) in self.lines.iter().zip(table) {
            line.set_message(words);
        }
        Ok(())
    }

    /// Takes everything off the screen again.
    pub(super) fn end(self) {
        self.bar.finish_and_clear();
        self.lines.iter().for_each(ProgressBar::finish_and_clear);
        // A terminal that went away needs no clearing.
        self.all.clear().ok();
    }

    fn read(&mut self, system: &System) -> Result<()> {
        for partition in 0..system.settings.partitions {
            let source = TopicPartition { topic: system.settings.topic(Topic::CampaignStats), partition };
            let next = self.next.entry(partition).or_default();
            while *next < system.log.bounds(&source)?.high_watermark {
                let read = system.log.read(&source, *next, ReadLimit { records: 1_000, bytes: 4 << 20 })?;
                *next = read.next;
                for stored in read.records {
                    let (key, value) = (stored.record.key.unwrap_or_default(), stored.record.value);
                    match value {
                        Some(value) => self.rows.insert(key, contract::decode("CampaignStats", &value)?),
                        None => self.rows.remove(&key),
                    };
                }
            }
        }
        Ok(())
    }
}

fn height() -> usize {
    let (rows, _) = console::Term::stderr().size();
    usize::from(rows).saturating_sub(OTHER_LINES).min(TABLE_LINES_MAX)
}
