//! `mailtally demo`: a month of a platform's own events (sends, refusals, withheld mails, copies, mails from a client's
//! file) from one seed, with duplicates and disorder, through the whole system. Providers' reports are not in it yet.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use contract::proto::platform::v1::PlatformEvent;

use crate::system::System;
use crate::{Format, campaigns, produce};

/// The organisations of the demo.
const ORGANISATIONS: [&str; 3] = ["aquatics", "chess-club", "city-league"];
/// Receipt time of everything: the month is over.
const RECEIVED_MS: i64 = 1_780_272_000_000;
/// Days of the month.
const DAYS: u64 = 28;

/// What can be asked of the demo.
#[derive(clap::Args)]
pub(crate) struct Demo {
    /// The same seed gives the same numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Clients of the largest campaign.
    #[arg(long, default_value_t = 50_000)]
    large: u64,
    /// A new data directory; by default one beside the temporary files, removed at the end.
    #[arg(long)]
    data: Option<PathBuf>,
    /// How the campaigns are shown.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Demo {
    /// Makes the month, folds it, shows it.
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let temporary = std::env::temp_dir().join(format!("mailtally-demo-{}", std::process::id()));
        let data = self.data.as_ref().unwrap_or(&temporary);
        if data.join("log").exists() {
            bail!("{} holds data already: give --data a new directory", data.display());
        }
        let system = System::open(data)?;
        let events = self.month()?;
        eprintln!("{} platform events, duplicates among them", events.len());
        produce::append(&system, &events, RECEIVED_MS)?;
        system.settle(progress)?;
        eprintln!();
        campaigns::show(&system, self.format)?;
        drop(system);
        if self.data.is_some() {
            eprintln!("look further: mailtally consume message-status --data {}", data.display());
            return Ok(ExitCode::SUCCESS);
        }
        std::fs::remove_dir_all(data).with_context(|| format!("remove {}", data.display()))?;
        Ok(ExitCode::SUCCESS)
    }

    fn month(&self) -> Result<Vec<PlatformEvent>> {
        let mut random = self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut events = Vec::new();
        for campaign in 0..41_u64 {
            let organisation = if campaign == 40 { "city-league" } else { pick(&ORGANISATIONS, campaign) };
            let clients = if campaign == 40 { self.large } else { 20 + next(&mut random) % 131 };
            campaign_of(organisation, campaign, clients, &mut random, &mut events)?;
        }
        // Disorder: every event changes places with one at most 50 behind it.
        for place in (1..events.len()).rev() {
            let back = usize::try_from(next(&mut random) % 50).unwrap_or(0).min(place);
            events.swap(place, place - back);
        }
        Ok(events)
    }
}

fn campaign_of(
    organisation: &str,
    campaign: u64,
    clients: u64,
    random: &mut u64,
    events: &mut Vec<PlatformEvent>,
) -> Result<()> {
    let (day, hour) = (1 + campaign * 7 % DAYS, 8 + campaign % 10);
    let mut say = |minute: u64, kind: &str, twice: bool| -> Result<()> {
        let time = format!("2026-05-{day:02}T{hour:02}:{:02}:{:02}Z", minute / 60 % 60, minute % 60);
        let line = format!(r#"{{"organisation":"{organisation}","time":"{time}",{kind}}}"#);
        let event = contract::json::platform_event(line.as_bytes())?;
        if twice {
            events.push(event.clone());
        }
        events.push(event);
        Ok(())
    };
    say(0, &format!(r#""campaign":{{"campaign":"c{campaign}","name":"Newsletter {campaign}"}}"#), false)?;
    for client in 0..clients {
        let (message, address) = (format!("c{campaign}-{client}"), format!("client{client}@example.org"));
        let named =
            format!(r#""message":"{message}","campaign":"c{campaign}","client":"k{client}","address":"{address}""#);
        let twice = next(random) % 5 == 0;
        match next(random) % 100 {
            0 => say(client, &format!(r#""refused":{{{named},"reason":"invalid_address"}}"#), twice)?,
            1 => {
                let withheld = format!(r#""campaign":"c{campaign}","client":"k{client}","reason":"inactive""#);
                say(client, &format!(r#""withheld":{{{withheld}}}"#), twice)?;
            }
            2 => say(client, &format!(r#""send":{{{named},"copy":true}}"#), twice)?,
            3 => say(client, &format!(r#""send":{{{named},"origin":"client_file"}}"#), twice)?,
            // One campaign is dropped whole.
            _ if campaign == 13 => say(client, &format!(r#""refused":{{{named},"reason":"content_spam"}}"#), twice)?,
            _ => say(client, &format!(r#""send":{{{named}}}"#), twice)?,
        }
    }
    Ok(())
}

/// Says on a terminal how far the folds are.
pub(crate) fn progress(folded: u64) {
    let mut out = std::io::stderr();
    if out.is_terminal() {
        // A terminal that went away needs no progress.
        write!(out, "\r{folded} records folded").and_then(|()| out.flush()).ok();
    }
}

fn pick<'a>(from: &[&'a str; 3], n: u64) -> &'a str {
    usize::try_from(n % 3).ok().and_then(|place| from.get(place)).copied().unwrap_or_default()
}

fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state >> 16
}
