//! A campaign's detail: its tiles, each with what explains it, and the sums that hold between them.

use std::io::Write;

use anyhow::Result;
use contract::proto::campaign::v1::CampaignStats;
use domain::Counters;

use super::campaigns::{class, counters, dropped_whole};
use super::numbers::{parts, percent, plural};
use super::{Organisations, local, name_of, words};

/// Letters of a line that explains a number.
const EXPLAINED_MAX: usize = 100;

/// Writes title, tiles and sums.
///
/// # Errors
/// When nobody takes what is written.
pub(crate) fn write(out: &mut dyn Write, row: &CampaignStats, organisations: &Organisations) -> Result<()> {
    let organisation = row.organisation.as_str();
    let counters = counters(row);
    writeln!(out, "{}, {}", row.name, name_of(organisations, organisation))?;
    for (label, words) in [("Subject", &row.subject), ("From", &row.sender)] {
        if !words.is_empty() {
            writeln!(out, "  {label:<13} {words}")?;
        }
    }
    if let Some(at) = row.created_at {
        writeln!(out, "  {:<13} {}", "Date created", local(organisations, organisation, contract::time_of(&at)))?;
    }
    writeln!(out, "  {:<13} {}, campaign {}", "Class", class(row), row.campaign)?;
    if let Some(why) = dropped_whole(row) {
        writeln!(out, "  Every mail was dropped: {why}.")?;
    }
    writeln!(out)?;
    for (tile, number, explained) in tiles(&counters) {
        let lines = wrapped(&explained);
        let first = lines.first().map_or("", String::as_str);
        writeln!(out, "{}", format!("  {tile:<13}{number:>8}   {first}").trim_end())?;
        for line in lines.iter().skip(1) {
            writeln!(out, "{:26}{line}", "")?;
        }
    }
    writeln!(out)?;
    sums(out, &counters)
}

/// Name, number, and what explains it.
type Tile = (&'static str, u64, String);

fn tiles(of: &Counters) -> [Tile; 10] {
    [
        ("Sent", of.sent, listed([unless_zero(of.without_send, "known from the provider only")])),
        ("Delivered", of.delivered, listed([unless_zero(of.delivered_inferred, "proved by an open or a click only")])),
        ("Open", of.opened, opened(of)),
        ("Click", of.clicked, clicked(of)),
        ("Bounce", of.bounced, bounced(of)),
        ("Dropped", of.dropped, parts(&of.dropped_by, words::drop)),
        ("Spam", of.spam, String::new()),
        ("Unsubscribed", of.unsubscribed, unsubscribed(of)),
        ("Pending", of.pending, if of.pending > 0 { "no final report".to_owned() } else { String::new() }),
        ("Not sent", of.not_sent, parts(&of.not_sent_by, words::withheld)),
    ]
}

/// An explanation in lines of at most [`EXPLAINED_MAX`] letters, broken between its parts.
fn wrapped(explained: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in explained.split_inclusive(", ") {
        match lines.last_mut().filter(|line| line.chars().count() + part.trim_end().chars().count() <= EXPLAINED_MAX) {
            Some(line) => line.push_str(part),
            None => lines.push(part.to_owned()),
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

fn opened(of: &Counters) -> String {
    let by_proxy = of.opened_with_machine.saturating_sub(of.opened);
    let total = format!("{}{}", at_least(of), plural(of.opens, "open"));
    listed([
        unless_zero(by_proxy, "by privacy proxy").map(|more| format!("(+{more})")),
        Some(format!("{} of sent, {} of delivered", percent("open_rate", of), percent("open_rate_of_delivered", of))),
        Some(format!("{total} in all")),
        unless_zero(of.opened_inferred, "proved by a click only"),
    ])
}

fn clicked(of: &Counters) -> String {
    let by_scanner = of.clicked_with_machine.saturating_sub(of.clicked);
    listed([
        unless_zero(by_scanner, "by scanner").map(|more| format!("(+{more})")),
        Some(format!("{} of sent", percent("click_rate", of))),
        Some(format!("{}{} in all", at_least(of), plural(of.clicks, "click"))),
    ])
}

fn at_least(of: &Counters) -> &'static str {
    if of.totals_at_least > 0 { "at least " } else { "" }
}

fn bounced(of: &Counters) -> String {
    if of.bounced == 0 {
        return String::new();
    }
    let others = [
        unless_zero(of.bounced_hard, "whose address does not work"),
        unless_zero(of.bounced_soft, "given up after several tries"),
        unless_zero(of.bounced_undetermined, "refused without a reason"),
    ];
    listed([Some(format!("of which {} blocked", of.blocked))].into_iter().chain(others))
}

fn unsubscribed(of: &Counters) -> String {
    let back = of.unsubscribed_ever.saturating_sub(of.unsubscribed);
    listed([unless_zero(back, "came back")])
}

fn unless_zero(count: u64, words: &str) -> Option<String> {
    (count > 0).then(|| format!("{count} {words}"))
}

fn listed(parts: impl IntoIterator<Item = Option<String>>) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The sums that hold at every moment, with their figures; one that does not is said so.
fn sums(out: &mut dyn Write, of: &Counters) -> Result<()> {
    writeln!(
        out,
        "  Sent {} = Pending {} + Delivered {} + Bounced {} + Dropped {}",
        of.sent, of.pending, of.delivered, of.bounced, of.dropped
    )?;
    writeln!(out, "  Click {} <= Open {} <= Delivered {}", of.clicked, of.opened, of.delivered)?;
    for wrong in of.violations() {
        writeln!(out, "  WRONG: {wrong}: run mailtally reconcile")?;
    }
    if of.copies > 0 {
        writeln!(out, "  Counted in no number: {} to the sender or the organisation", copies(of.copies))?;
    }
    Ok(())
}

fn copies(count: u64) -> String {
    if count == 1 { "1 copy".to_owned() } else { format!("{count} copies") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_explanation_is_broken_between_its_parts() {
        let parts = ["1 the address bounced before"; 5].join(", ");
        let lines = wrapped(&parts);
        assert!(lines.len() == 2 && lines.iter().all(|line| line.chars().count() <= EXPLAINED_MAX), "{lines:?}");
        assert_eq!(lines.join(" "), parts);
        assert_eq!(wrapped(""), Vec::<String>::new());
    }

    #[test]
    fn a_tile_says_what_its_number_leaves_out_and_the_sums_hold() {
        let counters = Counters {
            sent: 100,
            pending: 1,
            delivered: 90,
            bounced: 5,
            blocked: 2,
            bounced_hard: 3,
            dropped: 4,
            opened: 41,
            opened_with_machine: 53,
            opens: 60,
            copies: 1,
            by_status: [(domain::Status::Sent, 100)].into_iter().collect(),
            ..Counters::default()
        };
        let row = CampaignStats {
            name: "Spring".to_owned(),
            organisation: "acme".to_owned(),
            counters: Some(contract::counters::to_wire(&counters)),
            ..CampaignStats::default()
        };
        let mut out = Vec::new();
        write(&mut out, &row, &Organisations::new()).unwrap_or_default();
        let shown = String::from_utf8_lossy(&out).into_owned();
        for expected in [
            "Open               41   (+12 by privacy proxy), 41.00 % of sent, 45.56 % of delivered, 60 opens in all",
            "Bounce              5   of which 2 blocked, 3 whose address does not work",
            "Sent 100 = Pending 1 + Delivered 90 + Bounced 5 + Dropped 4",
            "Counted in no number: 1 copy",
        ] {
            assert!(shown.contains(expected), "{expected}\n{shown}");
        }
        assert!(!shown.contains("WRONG"), "{shown}");
    }
}
