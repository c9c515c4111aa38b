//! `mailtally replay webhooks`: kept requests are decoded once more, by a mended decoder or another configuration, and what
//! differs from what stands in the log is appended.
//!
//! Requests stay where they are, so nothing personal is kept longer. What is the same is not appended: a second replay appends
//! nothing.

mod compare;
mod range;
mod report;
mod window;

use anyhow::{Result, bail};
use contract::topic::Topic;
use engine::Output;
use serde::{Deserialize, Serialize};

use crate::Format;
use crate::reply::Reply;
use crate::request::Place;
use crate::scan::Steps;
use crate::system::System;

use range::Point;
use report::Report;
use window::Window;

/// Events that are compared in one pass over the log, and held meanwhile: some 150 MB.
const WINDOW_EVENTS_MAX: usize = 200_000;
/// Records of one append, and bytes, exceeded by at most one record.
const APPEND_RECORDS_MAX: usize = 5_000;
const APPEND_BYTES_MAX: usize = 32 << 20;

/// What can be asked of `replay`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Replay,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// What is replayed.
#[derive(Clone, Debug, clap::Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Replay {
    /// Decode kept webhooks again, after a mended decoder or configuration, and correct what they were counted as.
    Webhooks(Webhooks),
}

/// Which webhooks, and whether it is done or only told.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub(crate) struct Webhooks {
    /// The first: a time of receipt (2026-11-01T08:00:00Z, or a day in UTC), an offset (0: all that are kept), or one of a
    /// partition (2@17).
    #[arg(long, value_name = "TIME|OFFSET")]
    from: Point,
    /// Up to here and not further, in the same words [default: all that are decoded now].
    #[arg(long, value_name = "TIME|OFFSET")]
    to: Option<Point>,
    /// Only this provider's.
    #[arg(long)]
    provider: Option<String>,
    /// Only those of accounts with this name.
    #[arg(long)]
    account: Option<String>,
    /// Say what would change and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// How the result is told.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Replay {
    /// Carries it out. Exit code 1 when something stays that this version would say otherwise.
    pub(crate) fn execute(&self, at: &System, reply: &mut Reply<'_>) -> Result<u8> {
        let Self::Webhooks(webhooks) = self;
        webhooks.execute(at, reply)
    }
}

impl Webhooks {
    fn execute(&self, at: &System, reply: &mut Reply<'_>) -> Result<u8> {
        self.check(at)?;
        let ranges = range::ranges(at, &self.from, self.to.as_ref())?;
        let mut report = Report::default();
        let mut window = Window::default();
        let all = ranges.iter().map(|(_, offsets)| offsets.end - offsets.start).sum();
        let mut done = 0;
        for (partition, offsets) in &ranges {
            let source = at.partition(Topic::Webhooks, *partition);
            let mut next = offsets.start;
            while next < offsets.end {
                let mut steps = Steps::after("decoding again", done, all, reply.progress);
                let before = next;
                next = window.fill(self, at, &source, next..offsets.end, &mut steps, &mut report)?;
                done += next - before;
                if window.is_full() {
                    self.settle(at, std::mem::take(&mut window), &mut report, reply)?;
                }
            }
        }
        self.settle(at, window, &mut report, reply)?;
        if !self.dry_run && report.appended > 0 {
            at.settle(reply.progress)?;
        }
        report.tell(self, &ranges, reply)?;
        Ok(u8::from(report.stays() > 0))
    }

    /// What was asked can be.
    fn check(&self, at: &System) -> Result<()> {
        // An event says by its hash whose address it is about.
        at.address_key()?;
        if let Some(name) = &self.provider
            && providers::provider(name).is_none()
        {
            let known: Vec<&str> = providers::ALL.iter().map(|provider| provider.name).collect();
            bail!("--provider {name} is none of: {}", known.join(", "));
        }
        let is_meant = |(provider, account): &(String, String)| self.takes(provider, account);
        if !at.settings.accounts.keys().any(is_meant) {
            let known: Vec<String> =
                at.settings.accounts.keys().map(|(provider, name)| format!("{provider}/{name}")).collect();
            let known = if known.is_empty() { "no account".to_owned() } else { known.join(", ") };
            bail!(
                "no such account is configured: an [[account]] says how its webhooks are read (--config); there is {known}"
            );
        }
        Ok(())
    }

    /// Whether requests of this account are meant.
    fn takes(&self, provider: &str, account: &str) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
        is(&self.provider, provider) && is(&self.account, account)
    }

    /// Whether a request that was received then is meant.
    fn takes_time(&self, received_ms: i64) -> bool {
        !self.from.is_after(received_ms) && self.to.as_ref().is_none_or(|to| to.is_after_or_no_time(received_ms))
    }

    /// Compares what was decoded with what stands in the log and appends what differs.
    fn settle(&self, at: &System, window: Window, report: &mut Report, reply: &mut Reply<'_>) -> Result<()> {
        if window.is_empty() {
            return Ok(());
        }
        let outputs = compare::differences(at, window, report, reply)?;
        if self.dry_run {
            return Ok(());
        }
        let (mut chunk, mut bytes) = (Vec::new(), 0);
        for output in outputs {
            bytes += output.record.value.as_ref().map_or(0, bytes::Bytes::len);
            chunk.push(output);
            if chunk.len() >= APPEND_RECORDS_MAX || bytes >= APPEND_BYTES_MAX {
                append(at, std::mem::take(&mut chunk), report)?;
                bytes = 0;
            }
        }
        append(at, chunk, report)
    }
}

fn append(at: &System, outputs: Vec<Output>, report: &mut Report) -> Result<()> {
    if !outputs.is_empty() {
        report.appended += at.log.append(outputs)?.len();
    }
    Ok(())
}
