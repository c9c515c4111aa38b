//! How many letters there are, of whom, why, from where, and how long they stay. Shows no content.

use std::collections::BTreeMap;

use anyhow::Result;
use contract::header;
use contract::topic::Topic;
use domain::Time;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::letter::{self, Filter, Letter};
use crate::Format;
use crate::reply::Reply;
use crate::scan::Steps;
use crate::show::grid;
use crate::system::{System, now_ms};

const DAY_MS: i64 = 86_400_000;

/// What is listed, and how.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub(crate) struct List {
    #[command(flatten)]
    filter: Filter,
    /// A row a letter, with the id that show and redrive take.
    #[arg(long)]
    each: bool,
    /// How the rows are shown.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Letters that are alike, or a single one.
#[derive(Default)]
struct Row {
    id: Option<String>,
    detail: Option<String>,
    letters: u64,
    redriven: u64,
    first_ms: i64,
    last_ms: i64,
}

impl List {
    pub(super) fn execute(&self, at: &System, reply: &mut Reply<'_>) -> Result<u8> {
        let mut steps = Steps::new("reading", 2 * letter::length(at)?, reply.progress);
        let redriven = letter::redriven(at, &mut steps)?;
        let mut rows: BTreeMap<(String, String, &str, Option<letter::Id>), Row> = BTreeMap::new();
        letter::each(at, &[], &mut steps, &mut |letter: Letter| {
            if !self.filter.takes(&letter, at) {
                return;
            }
            let (organisation, reason) = (letter.header(header::ORGANISATION), letter.header(header::REASON));
            let key = (organisation, reason, letter.source(at), self.each.then_some(letter.id));
            let time = letter.record.timestamp_ms;
            let row = rows.entry(key).or_insert_with(|| Row { first_ms: time, last_ms: time, ..Row::default() });
            row.id = self.each.then(|| letter::shown(letter.id));
            row.detail = self.each.then(|| letter.header(header::DETAIL));
            row.letters += 1;
            row.redriven += u64::from(redriven.contains(&letter.id));
            (row.first_ms, row.last_ms) = (row.first_ms.min(time), row.last_ms.max(time));
        })?;
        let retention = retention_ms(at)?;
        let table = self.format == Format::Table;
        let mut cells = Vec::new();
        for ((organisation, reason, source, _), row) in &rows {
            let expires = retention.map(|age| row.first_ms.saturating_add(age));
            let days = expires.map(|expires| expires.saturating_sub(now_ms()).max(0) / DAY_MS);
            if table {
                cells.push(row.cells([organisation, reason, source], days));
                continue;
            }
            let row = json!({
                "id": row.id, "organisation": organisation, "reason": reason, "source": source, "detail": row.detail,
                "letters": row.letters, "redriven": row.redriven, "first": rfc3339(row.first_ms),
                "last": rfc3339(row.last_ms), "expires": expires.map(rfc3339), "days_left": days,
            });
            writeln!(reply.out, "{row}")?;
        }
        if table {
            self.table(&cells, reply)?;
        }
        Ok(0)
    }

    fn table(&self, cells: &[Vec<String>], reply: &mut Reply<'_>) -> Result<()> {
        let columns = [
            ("Id", false, 14),
            ("Organisation", false, 20),
            ("Reason", false, 24),
            ("Source", false, 18),
            ("Letters", true, 9),
            ("Redriven", true, 9),
            ("First", false, 20),
            ("Last", false, 20),
            ("Days left", true, 9),
            ("Why", false, 80),
        ];
        if cells.is_empty() {
            return Ok(writeln!(reply.out, "no dead letters")?);
        }
        // Counted together there is neither an id nor one sentence.
        let last = if self.each { 10 } else { 9 };
        let range = usize::from(!self.each)..last;
        let columns = columns.get(range.clone()).unwrap_or_default();
        let cells: Vec<Vec<String>> =
            cells.iter().map(|row| row.get(range.clone()).unwrap_or_default().to_vec()).collect();
        grid::lines(columns, &cells).iter().try_for_each(|line| writeln!(reply.out, "{line}"))?;
        Ok(())
    }
}

impl Row {
    fn cells(&self, [organisation, reason, source]: [&str; 3], days: Option<i64>) -> Vec<String> {
        let seconds = |ms: i64| rfc3339(ms - ms.rem_euclid(1_000));
        vec![
            self.id.clone().unwrap_or_default(),
            if organisation.is_empty() { "-".to_owned() } else { organisation.to_owned() },
            reason.to_owned(),
            source.to_owned(),
            self.letters.to_string(),
            self.redriven.to_string(),
            seconds(self.first_ms),
            seconds(self.last_ms),
            days.map_or_else(|| "-".to_owned(), |days| days.to_string()),
            self.detail.clone().unwrap_or_default(),
        ]
    }
}

pub(super) fn rfc3339(ms: i64) -> String {
    Time::from_micros(ms.saturating_mul(1_000)).rfc3339()
}

/// How long the log keeps a letter.
fn retention_ms(at: &System) -> Result<Option<i64>> {
    let name = at.settings.topic(Topic::DeadLetters);
    let topic = at.log.topics()?.into_iter().find(|topic| topic.spec.name == name);
    Ok(topic.and_then(|topic| match topic.spec.cleanup {
        log::Cleanup::Delete { retention_ms } => retention_ms,
        log::Cleanup::Compact { .. } => None,
    }))
}
