//! The result as a table, for a person and for the repository.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::Time;

use crate::plan::{Fault, Sizes};
use crate::run::{Order, Outcome};
use crate::verdict::Verdict;

/// The result as Markdown.
pub(crate) fn table(order: &Order, outcome: &Outcome, verdict: &Verdict) -> String {
    let mut text = String::new();
    let Order { sizes, seed, .. } = order;
    let has_passed = verdict.problems().next().is_none();
    let result = if has_passed { "passed: 0 lost, 0 double, 0 rows that break a rule" } else { "FAILED" };
    let expected = &outcome.expected;
    let percent = |part: u64| part as f64 * 100.0 / expected.events.max(1) as f64;
    let rows = [
        ("result", result.to_owned()),
        ("date, commit, seed", format!("{}, {}, {seed}", today(), commit())),
        ("brokers", brokers(sizes)),
        (
            "events",
            format!(
                "{} of {} messages; {:.1} % copies, {:.1} % out of order",
                outcome.written,
                expected.messages,
                percent(expected.duplicates),
                percent(expected.disordered)
            ),
        ),
        ("kill -9 of processors", kills(outcome).to_string()),
        ("zombies", format!("{} ended when they found out, {} joined again", outcome.zombies.0, outcome.zombies.1)),
        ("struck with work before them", outcome.under_load.to_string()),
        ("died fenced, or starting without a broker; started again", outcome.ended.len().to_string()),
        (
            "records folded twice",
            format!(
                "{} transactions came to nothing, of {} records of a partition of events at the median and {} at most",
                outcome.replayed.len(),
                outcome.replayed.get(outcome.replayed.len() / 2).unwrap_or(&0),
                outcome.replayed.last().unwrap_or(&0)
            ),
        ),
        ("rows seen by the reader", outcome.sight.rows.values().sum::<u64>().to_string()),
        ("took", format!("{:.0} s", outcome.took.as_secs_f64())),
    ];
    // Writing to a string does not fail.
    writeln!(text, "| | |\n|---|---|").ok();
    for (what, is) in rows {
        writeln!(text, "| {what} | {is} |").ok();
    }
    writeln!(text, "\n| fault | times | until work again, p50 | p99 | max |\n|---|--:|--:|--:|--:|").ok();
    for (fault, count) in &outcome.struck {
        let took = outcome.took(*fault);
        let [p50, p99, max] = [50, 99, 100].map(|part| percentile(&took, part));
        writeln!(text, "| {} | {count} | {p50} | {p99} | {max} |", fault.words()).ok();
    }
    text
}

/// Kills of processors, by whatever fault; a lost disk is one besides.
pub(crate) fn kills(outcome: &Outcome) -> usize {
    let of = |fault| outcome.struck.get(&fault).copied().unwrap_or(0);
    of(Fault::Kill) + 2 * of(Fault::KillTwice) + of(Fault::Takeover) + of(Fault::LostDisk)
}

fn brokers(sizes: &Sizes) -> String {
    match sizes.brokers {
        1 => format!("1, restarted {} times", sizes.brokers_taken),
        many => {
            format!("{many}, replication {many}, min.insync.replicas 2, kill -9 of one {} times", sizes.brokers_taken)
        }
    }
}

/// The nearest rank; of few the highest.
fn percentile(sorted: &[Duration], part: usize) -> String {
    let rank = (sorted.len() * part).div_ceil(100).saturating_sub(1);
    sorted.get(rank).map_or_else(|| "-".to_owned(), |took| format!("{:.1} s", took.as_secs_f64()))
}

fn today() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let time = Time::from_micros(i64::try_from(since.as_micros()).unwrap_or(0)).rfc3339();
    time.get(..10).unwrap_or_default().to_owned()
}

fn commit() -> String {
    let mut git = std::process::Command::new("git");
    let output = git.args(["describe", "--always", "--dirty"]).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let said = output.ok().filter(|output| output.status.success());
    said.map_or_else(|| "unknown".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
