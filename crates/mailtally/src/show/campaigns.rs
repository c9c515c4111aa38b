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
