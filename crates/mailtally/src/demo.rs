//! `mailtally demo`: a platform's month from one seed, with duplicates and disorder, through the whole system: what its mailer
//! says and what SendGrid and Amazon SES post about it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use contract::topic::Topic;
use demo::Item;
use engine::Output;
use processor::accounts::{Account, Accounts};

use crate::system::System;
use crate::terminal::Bar;
use crate::{Format, campaigns, ingest, produce};

/// Receipt time of everything: the month is over.
const RECEIVED_MS: i64 = 1_780_272_000_000;
/// Items of one append.
const APPEND_ITEMS_MAX: usize = 5_000;

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
        let system = System::open(data, accounts())?;
        let (events, requests) = self.append(&system)?;
        eprintln!("{events} platform events and {requests} requests of providers, duplicates among them");
        let bar = Bar::new();
        system.settle(&mut |progress| bar.show(progress))?;
        drop(bar);
        campaigns::show(&system, self.format, &mut std::io::stdout().lock())?;
        drop(system);
        if self.data.is_some() {
            eprintln!("look further: mailtally consume message-status --data {}", data.display());
            return Ok(ExitCode::SUCCESS);
        }
        std::fs::remove_dir_all(data).with_context(|| format!("remove {}", data.display()))?;
        Ok(ExitCode::SUCCESS)
    }

    /// Appends what the month brings, in its order.
    fn append(&self, system: &System) -> Result<(usize, usize)> {
        let items = demo::month(self.seed, self.large)?;
        let (mut events, mut requests) = (0, 0);
        for chunk in items.chunks(APPEND_ITEMS_MAX) {
            let mut outputs = Vec::with_capacity(chunk.len());
            for item in chunk {
                outputs.push(match item {
                    Item::Platform(event) => {
                        events += 1;
                        produce::output(system, event, events, RECEIVED_MS)
                    }
                    Item::Webhook { provider, account, body } => {
                        requests += 1;
                        let body = Bytes::copy_from_slice(body);
                        let record = ingest::record(provider, account, &body, RECEIVED_MS);
                        let key = record.key.clone().unwrap_or_default();
                        Output { to: system.settings.partition_of(Topic::Webhooks, &key), record }
                    }
                });
            }
            system.log.append(outputs)?;
        }
        Ok((events, requests))
    }
}

/// Each organisation's account at its provider, named like it.
fn accounts() -> Accounts {
    let account = |(organisation, provider): (&str, &str)| {
        let account = Account { organisations: vec![organisation.to_owned()], ..Account::default() };
        ((provider.to_owned(), organisation.to_owned()), account)
    };
    demo::ORGANISATIONS.into_iter().map(account).collect()
}
