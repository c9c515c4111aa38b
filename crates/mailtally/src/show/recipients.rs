//! The recipients of a campaign: who, at which address, what became of the mail, why, and since when.

use std::io::Write;

use anyhow::Result;
use contract::proto::message::v1::{MessageState, Status};
use dashboard::reason;
use domain::Time;

use super::grid::{self, Column};
use super::{Organisations, json, local, words};
use crate::Format;

/// One mail of a campaign, or one that was withheld.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recipient {
    /// The message's id.
    pub(crate) message: String,
    /// The client's name, when the platform gave it.
    pub(crate) name: Option<String>,
    /// The address used, while it is kept.
    pub(crate) address: Option<String>,
    /// When the latest event about the client happened.
    pub(crate) file_changed: Option<Time>,
    /// What became of it.
    pub(crate) row: MessageState,
}

/// A part of a list: its number from 1, and how many rows it holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub(crate) number: usize,
    pub(crate) rows: usize,
}

const COLUMNS: [Column; 6] = [
    ("Client", false, 24),
    ("Address", false, 36),
    ("Status", false, 12),
    ("Reason", false, 52),
    ("Status since", false, 22),
    ("Client file changed", false, 22),
];

/// By name, then client and message; copies last.
pub(crate) fn sort(recipients: &mut [Recipient]) {
    let key = |recipient: &Recipient| {
        let name = recipient.name.clone().unwrap_or_else(|| recipient.row.client.clone());
        (recipient.row.copy, name, recipient.row.client.clone(), recipient.message.clone())
    };
    recipients.sort_by_key(key);
}

/// Writes one page. `as_of` is the time that the rows reflect.
///
/// # Errors
/// When nobody takes what is written.
pub(crate) fn write(
    out: &mut dyn Write,
    organisation: &str,
    recipients: &[Recipient],
    page: Page,
    as_of: Time,
    organisations: &Organisations,
    format: Format,
) -> Result<()> {
    let rows = page.rows.max(1);
    let shown: Vec<&Recipient> = recipients.iter().skip((page.number.max(1) - 1) * rows).take(rows).collect();
    if format == Format::Json {
        for recipient in shown {
            writeln!(out, "{}", json::recipient(organisation, recipient)?)?;
        }
        return Ok(());
    }
    let cells = shown.iter().map(|recipient| {
        let row = &recipient.row;
        let since = row.status_since.map(|at| local(organisations, organisation, contract::time_of(&at)));
        let changed = recipient.file_changed.map(|at| local(organisations, organisation, at));
        vec![
            recipient.name.clone().unwrap_or_else(|| row.client.clone()),
            recipient.address.clone().unwrap_or_else(|| "-".to_owned()),
            status(row).to_owned(),
            reason(row, as_of),
            since.unwrap_or_else(|| "-".to_owned()),
            changed.unwrap_or_else(|| "-".to_owned()),
        ]
    });
    for line in grid::lines(&COLUMNS, &cells.collect::<Vec<_>>()) {
        writeln!(out, "{line}")?;
    }
    let pages = recipients.len().div_ceil(rows);
    writeln!(out, "page {} of {pages}, {} recipients", page.number, recipients.len())?;
    Ok(())
}

fn status(row: &MessageState) -> &'static str {
    words::status(Status::try_from(row.status).unwrap_or_default())
}

/// Why the row shows what it shows, in plain words; empty where the status says all.
fn reason(row: &MessageState, as_of: Time) -> String {
    let (why, copy) = (reason::of_row(row, as_of).0, reason::COPY.0);
    match (row.copy, why.is_empty()) {
        (true, true) => copy.to_owned(),
        (true, false) => format!("{copy}: {why}"),
        (false, _) => why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use contract::proto::event::v1::{BounceClass, DropReason};
    use contract::proto::message::v1::Outcome;

    use super::*;

    fn recipient(name: &str, row: MessageState) -> Recipient {
        Recipient { message: format!("m-{name}"), name: Some(name.to_owned()), row, ..Recipient::default() }
    }

    fn row(status: Status, outcome: Outcome) -> MessageState {
        let since = Some(contract::timestamp_of(Time::from_micros(0)));
        MessageState { status: status.into(), outcome: outcome.into(), status_since: since, ..MessageState::default() }
    }

    #[test]
    fn a_row_says_why_in_plain_words() {
        let hours = |hours: i64| Time::from_micros(hours * 3_600_000_000);
        let bounced = MessageState { bounce: BounceClass::Block.into(), ..row(Status::Bounce, Outcome::Bounced) };
        let dropped = MessageState { drop: DropReason::PriorBounce.into(), ..row(Status::Dropped, Outcome::Dropped) };
        let inferred = MessageState { delivered_inferred: true, ..row(Status::Open, Outcome::Delivered) };
        let copy = MessageState { copy: true, ..row(Status::Delivered, Outcome::Delivered) };
        for (row, as_of, expected) in [
            (&bounced, hours(1), "blocked by the recipient's mail provider"),
            (&dropped, hours(1), "the address bounced before"),
            (&inferred, hours(1), "no delivery report; what the client did proves it"),
            (&copy, hours(1), "a copy to the organisation, counted in no number"),
            (&row(Status::Sent, Outcome::Pending), hours(72), "on its way"),
            (&row(Status::Sent, Outcome::Pending), hours(73), "no report yet"),
            (&row(Status::Click, Outcome::Delivered), hours(99), ""),
        ] {
            assert_eq!(reason(row, as_of), expected);
        }
    }

    #[test]
    fn a_page_holds_its_part_of_the_list_and_copies_come_last() {
        let copy = MessageState { copy: true, ..row(Status::Delivered, Outcome::Delivered) };
        let mut list = vec![recipient("Ada", copy)];
        list.extend(["Cid", "Bea", "Dan"].map(|name| recipient(name, row(Status::Open, Outcome::Delivered))));
        sort(&mut list);
        let page = |number| {
            let (mut out, organisations) = (Vec::new(), Organisations::new());
            let page = Page { number, rows: 3 };
            write(&mut out, "acme", &list, page, Time::default(), &organisations, Format::Table).unwrap_or_default();
            String::from_utf8_lossy(&out).into_owned()
        };
        let names = |shown: &str| {
            shown.lines().skip(1).filter_map(|line| line.split(' ').next()).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(names(&page(1)), ["Bea", "Cid", "Dan", "page"]);
        assert_eq!(names(&page(2)), ["Ada", "page"]);
        assert!(page(2).ends_with("page 2 of 2, 4 recipients\n"));
        assert!(page(1).contains("1970-01-01 00:00 UTC"), "status since: {}", page(1));
    }
}
