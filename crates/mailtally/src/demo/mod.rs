//! `mailtally demo`: a platform's month from one seed, with duplicates and disorder, through the whole system: what its
//! mailer publishes and what SendGrid and Amazon SES post, signed, to the front door; then its campaigns, one of them in detail, and how to look
//! further. What stands on standard output is the same bytes for the same seed.

mod data;
mod door;
mod feed;
mod live;

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use contract::proto::campaign::v1::CampaignStats;
use demo::{BAD, Item, Totals};
use domain::Time;

use self::door::Door;
use crate::reply::Progress;
use crate::show::recipients::{Page, Recipient};
use crate::show::{self, Organisations};
use crate::system::System;
use crate::terminal::Bar;
use crate::{Format, rows, topics};

/// Recipients on the page that is shown.
const PAGE_ROWS: usize = 20;
/// The largest campaign whose detail is shown: an ordinary one.
const DETAIL_SENT_MAX: u64 = 150;

/// What can be asked of the demo.
#[derive(clap::Args)]
pub(crate) struct Demo {
    /// The same seed gives the same bytes, in the topics that outsiders write and on standard output.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// About how many events the month has, second copies counted; by default the large campaign has 50,000 clients.
    #[arg(long, value_parser = clap::value_parser!(u64).range(demo::EVENTS_MIN..=demo::EVENTS_MAX))]
    events: Option<u64>,
    /// A new data directory; by default the last demo's is used anew.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Sets a key, e.g. kafka.bootstrap_servers=HOST:PORT: the month then goes through topics of its own there (prefix = demo).
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// End when everything is shown, also on a terminal.
    #[arg(long)]
    exit: bool,
    /// How the campaigns are shown: a table and one campaign's detail, or one JSON object a campaign.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Demo {
    /// Makes the month, folds it, shows it.
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let data = data::prepare(self.data.as_deref(), self.seed, &self.set)?;
        let (items, totals) = self.month();
        eprintln!(
            "{} platform events and {} provider events in {} requests; with {} second copies {} events",
            totals.platform,
            totals.reports,
            totals.requests,
            totals.duplicates,
            totals.events()
        );
        let config = data::config(&data, &self.set)?;
        if let Some(brokers) = &config.kafka {
            topics::begin(&config, brokers)?;
        }
        let system = System::to_fold(&config, false)?;
        let door = Door::open(&system, &config)?;
        fold(&system, door, &items, &totals)?;
        drop(items);
        let shown = self.show(&system, &mut std::io::stdout().lock())?;
        data::look_further(&data, config.kafka.is_some(), shown.as_ref());
        if self.exit || !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
            return Ok(ExitCode::SUCCESS);
        }
        drop(system);
        data::stay(&data, &self.set)
    }

    fn month(&self) -> (Vec<Item>, Totals) {
        let bar = Bar::new();
        demo::month(self.seed, self.events, |done, of| {
            bar.show(Progress { what: "writing campaigns", done, of: Some(of) });
        })
    }

    /// Shows the month; the campaign that was shown in detail.
    fn show(&self, system: &System, out: &mut dyn Write) -> Result<Option<CampaignStats>> {
        let organisations = rows::organisations(system)?;
        let campaigns = rows::campaigns(system)?;
        let without_mail = rows::unsubscribed_without_mail(system)?;
        show::campaigns::write(out, &campaigns, &organisations, &without_mail, self.format)?;
        let shown = richest(&campaigns);
        if self.format == Format::Table {
            if let Some(campaign) = shown {
                writeln!(out)?;
                detail(system, campaign, &organisations, out)?;
            }
            bad(system, out)?;
        }
        out.flush()?;
        Ok(shown.cloned())
    }
}

fn fold(system: &System, door: Door, items: &[Item], totals: &Totals) -> Result<()> {
    let (bar, of) = (Bar::new(), u64::try_from(items.len())?);
    feed::take_in(system, &door, items, |done| bar.show(Progress { what: "taking in", done, of: Some(of) }))?;
    door.close();
    drop(bar);
    // What the intakes hold, what decode makes of it, and what the folds behind it make of that, about.
    let mut live = live::Live::new(of + totals.events() * 5 / 4);
    let mut failed = None;
    system.settle(&mut |progress| failed = live.folded(system, progress.done).err().or(failed.take()))?;
    live.end();
    failed.map_or(Ok(()), Err)
}

/// The ordinary campaign that somebody wrote and that shows most: of those with most numbers that are not 0 the newest.
fn richest(rows: &[CampaignStats]) -> Option<&CampaignStats> {
    let shows = |row: &CampaignStats| {
        let of = row.counters.clone().unwrap_or_default();
        let tiles = [of.spam, of.unsubscribed, of.blocked, of.bounced_hard, of.clicked, of.pending, of.copies];
        let parts = of.dropped_by.len() + of.not_sent_by.len();
        (tiles.into_iter().filter(|number| *number > 0).count(), parts)
    };
    let ordinary = |row: &&CampaignStats| {
        let sent = row.counters.as_ref().map_or(0, |counters| counters.sent);
        !row.campaign.is_empty() && !row.automated && sent <= DETAIL_SENT_MAX
    };
    // The rows are newest first, and the last of equals is taken.
    rows.iter().rev().filter(ordinary).max_by_key(|row| shows(row))
}

fn detail(system: &System, row: &CampaignStats, organisations: &Organisations, out: &mut dyn Write) -> Result<()> {
    show::campaign::write(out, row, organisations)?;
    writeln!(out)?;
    let recipients = rows::recipients(system, &row.organisation, &row.campaign)?;
    let page = Page { number: most_varied(&recipients), rows: PAGE_ROWS };
    let as_of = row.as_of.map_or_else(Time::default, |at| contract::time_of(&at));
    show::recipients::write(out, &row.organisation, &recipients, page, as_of, organisations, Format::Table)
}

/// The page, from 1, with most ways that a mail can end.
fn most_varied(recipients: &[Recipient]) -> usize {
    let ways = |page: &[Recipient]| {
        let way = |recipient: &Recipient| (recipient.row.status, recipient.row.bounce, recipient.row.drop);
        page.iter().map(way).collect::<BTreeSet<_>>().len()
    };
    let pages = (1..).zip(recipients.chunks(PAGE_ROWS));
    // Of equals the first.
    pages.max_by_key(|(number, page)| (ways(page), std::cmp::Reverse(*number))).map_or(1, |(number, _)| number)
}

/// Says what the month had on purpose that nobody could use, and what there is beyond it.
fn bad(system: &System, out: &mut dyn Write) -> Result<()> {
    let found = rows::dead_letters(system)?;
    writeln!(
        out,
        "\n{} dead letters; the month has {} bad records on purpose:",
        found.values().sum::<u64>(),
        BAD.len()
    )?;
    for (reason, what) in BAD {
        writeln!(out, "  {reason:<22} {what}")?;
    }
    for (reason, count) in found.iter().filter(|(reason, _)| !BAD.iter().any(|(known, _)| known == reason)) {
        writeln!(out, "  {reason:<22} {count}, not on purpose")?;
    }
    Ok(())
}
