//! The campaign list: a row a campaign, newest first.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Result;
use contract::proto::campaign::v1::CampaignStats;
use contract::proto::event::v1::MailClass;
use domain::Counters;

use super::grid::{self, Column};
use super::numbers::{percent, plural, with_more};
use super::{Organisations, json, local, name_of, words};
use crate::Format;

const COLUMNS: [Column; 10] = [
    ("Organisation", false, 22),
    ("Name", false, 30),
    ("Date created", false, 22),
    ("Class", false, 13),
    ("Sent", true, 9),
    ("Open", true, 20),
    ("Open rate", true, 9),
    ("Unsubscribed", true, 12),
    ("Blocked/Spam", true, 14),
    ("", false, 70),
];

/// Newest first; of one instant by organisation and campaign, so that the order is the same everywhere.
pub(crate) fn sort(rows: &mut [CampaignStats]) {
    rows.sort_by(|a, b| {
        let created = |row: &CampaignStats| Reverse(row.created_at.map(|at| (at.seconds, at.nanos)));
        let name = |row: &CampaignStats| (row.organisation.clone(), row.campaign.clone());
        created(a).cmp(&created(b)).then_with(|| name(a).cmp(&name(b)))
    });
}

/// Writes the list, and below it what no campaign counts: mails from clients' files (the rows of no campaign), and clients of each
/// organisation who unsubscribed without any mail.
///
/// # Errors
/// When nobody takes what is written.
pub(crate) fn write(
    out: &mut dyn Write,
    rows: &[CampaignStats],
    organisations: &Organisations,
    without_mail: &BTreeMap<String, u64>,
    format: Format,
) -> Result<()> {
    match format {
        Format::Json => {
            for row in rows.iter().filter(|row| !row.campaign.is_empty()) {
                writeln!(out, "{}", json::campaign(row)?)?;
            }
        }
        Format::Table => {
            for line in table(rows, organisations).iter().chain(&legend(rows, organisations, without_mail)) {
                writeln!(out, "{line}")?;
            }
        }
    }
    Ok(())
}

/// The list as lines, its heading first.
pub(crate) fn table(rows: &[CampaignStats], organisations: &Organisations) -> Vec<String> {
    let listed = rows.iter().filter(|row| !row.campaign.is_empty());
    let cells: Vec<Vec<String>> = listed.map(|row| cells(row, organisations)).collect();
    grid::lines(&COLUMNS, &cells)
}

fn cells(row: &CampaignStats, organisations: &Organisations) -> Vec<String> {
    let counters = counters(row);
    let created = row.created_at.map(|at| local(organisations, &row.organisation, contract::time_of(&at)));
    let blocked_spam = match (counters.blocked, counters.spam) {
        (0, 0) => counters.blocked_spam.to_string(),
        (blocked, spam) => format!("{} ({blocked}/{spam})", counters.blocked_spam),
    };
    vec![
        name_of(organisations, &row.organisation).to_owned(),
        row.name.clone(),
        created.unwrap_or_else(|| "-".to_owned()),
        class(row).to_owned(),
        counters.sent.to_string(),
        with_more(counters.opened, counters.opened_with_machine),
        percent("open_rate", &counters),
        counters.unsubscribed.to_string(),
        blocked_spam,
        dropped_whole(row).map_or_else(String::new, |why| format!("every mail dropped: {why}")),
    ]
}

/// The row's numbers; words that a later version wrote leave nothing to show.
pub(super) fn counters(row: &CampaignStats) -> Counters {
    let held = row.counters.clone().unwrap_or_default();
    contract::counters::from_wire(&held).unwrap_or_default()
}

pub(super) fn class(row: &CampaignStats) -> &'static str {
    match (MailClass::try_from(row.class), row.automated) {
        (Ok(MailClass::Transactional), _) => "transactional",
        (Ok(MailClass::Mass), true) => "automated",
        (Ok(MailClass::Mass), false) => "mass",
        _ => "-",
    }
}

/// Why every message of the campaign was dropped, when it was for one reason.
pub(super) fn dropped_whole(row: &CampaignStats) -> Option<String> {
    let counters = counters(row);
    let [(reason, count)] = counters.dropped_by.iter().collect::<Vec<_>>()[..] else { return None };
    (count == counters.sent && counters.sent > 0).then(|| words::drop(reason).to_owned())
}

/// What the cells' brackets mean, and what the list leaves out.
fn legend(rows: &[CampaignStats], organisations: &Organisations, without_mail: &BTreeMap<String, u64>) -> Vec<String> {
    let mut lines = vec![
        String::new(),
        "Open 41 (+12): 41 by people, 12 more by privacy proxies and scanners only.".to_owned(),
        "Blocked/Spam 3 (2/1): 2 blocked by the recipient's mail provider, 1 reported as spam.".to_owned(),
    ];
    let of = |count: u64, word: &str, organisation: &str| {
        (count > 0).then(|| format!("{} of {}", plural(count, word), name_of(organisations, organisation)))
    };
    let files = rows.iter().filter(|row| row.campaign.is_empty());
    let files = files.filter_map(|row| of(row.counters.as_ref()?.client_file, "mail", &row.organisation));
    let left = without_mail.iter().filter_map(|(organisation, clients)| of(*clients, "client", organisation));
    for (words, parts) in [
        ("Written from one client's file, in no campaign", files.collect::<Vec<_>>()),
        ("Unsubscribed in their account without any mail, in no campaign", left.collect()),
    ] {
        if !parts.is_empty() {
            lines.push(format!("{words}: {}.", parts.join(", ")));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use domain::DropReason;

    use super::*;

    fn row(campaign: &str, seconds: i64, counters: Counters) -> CampaignStats {
        CampaignStats {
            organisation: "acme".to_owned(),
            campaign: campaign.to_owned(),
            name: format!("Campaign {campaign}"),
            created_at: Some(contract::timestamp_of(domain::Time::from_micros(seconds * 1_000_000))),
            counters: Some(contract::counters::to_wire(&counters)),
            ..CampaignStats::default()
        }
    }

    #[test]
    fn cells_explain_themselves_and_what_no_campaign_counts_stands_below() {
        let opened = Counters {
            sent: 100,
            opened: 41,
            opened_with_machine: 53,
            blocked: 2,
            spam: 1,
            blocked_spam: 3,
            ..Counters::default()
        };
        let dropped = |reasons: &[(DropReason, u64)]| Counters {
            sent: 9,
            dropped: 9,
            dropped_by: reasons.iter().copied().collect(),
            ..Counters::default()
        };
        let whole = dropped(&[(DropReason::ContentSpam, 9)]);
        let parts = dropped(&[(DropReason::ContentSpam, 8), (DropReason::Quota, 1)]);
        let files = Counters { client_file: 1, ..Counters::default() };
        let mut rows = vec![row("a", 60, parts), row("b", 3_600, opened), row("", 0, files), row("c", 3_600, whole)];
        sort(&mut rows);
        let mut out = Vec::new();
        let without_mail = BTreeMap::from([("acme".to_owned(), 2)]);
        write(&mut out, &rows, &Organisations::new(), &without_mail, Format::Table).unwrap_or_default();
        let shown = String::from_utf8_lossy(&out).into_owned();
        let lines: Vec<Vec<&str>> =
            shown.lines().map(|line| line.split("  ").filter(|cell| !cell.is_empty()).collect()).collect();
        let trimmed =
            |line: usize| lines.get(line).into_iter().flatten().map(|cell| cell.trim()).collect::<Vec<_>>().join("|");
        assert_eq!(trimmed(1), "acme|Campaign b|1970-01-01 01:00 UTC|-|100|41 (+12)|41.00 %|0|3 (2/1)");
        let note = "every mail dropped: the content looks like spam";
        assert_eq!(trimmed(2), format!("acme|Campaign c|1970-01-01 01:00 UTC|-|9|0|0.00 %|0|0|{note}"));
        assert_eq!(trimmed(3), "acme|Campaign a|1970-01-01 00:01 UTC|-|9|0|0.00 %|0|0");
        assert!(
            shown.contains("in no campaign: 1 mail of acme.") && shown.contains("in no campaign: 2 clients of acme.")
        );
    }

    #[test]
    fn scripts_get_one_object_a_campaign_with_null_for_a_rate_of_nothing() {
        let rows = [row("a", 60, Counters::default()), row("", 0, Counters { client_file: 1, ..Counters::default() })];
        let mut out = Vec::new();
        write(&mut out, &rows, &Organisations::new(), &BTreeMap::new(), Format::Json).unwrap_or_default();
        let shown = String::from_utf8_lossy(&out).into_owned();
        let [line] = shown.lines().collect::<Vec<_>>()[..] else { panic!("one line: {shown}") };
        for part in
            [r#""campaign":"a""#, r#""created_at":"1970-01-01T00:01:00Z""#, r#""sent":0"#, r#""open_rate":null"#]
        {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
}
