//! `mailtally config check|print`: what is wrong with a configuration, and what holds.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use crate::Format;
use crate::place::Place;

/// What can be asked of a configuration.
#[derive(Subcommand)]
pub(crate) enum Configuration {
    /// Say everything that is wrong, each with place and remedy. Exit code 2 when something is.
    Check(Place),
    /// Show every key's value and where it came from; secrets are not shown.
    Print {
        #[command(flatten)]
        place: Place,
        /// As TOML that can be read back, or as JSON with what each key is for.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
}

impl Configuration {
    /// Checks or prints.
    pub(crate) fn run(&self) -> Result<ExitCode> {
        match self {
            Self::Check(place) => {
                let config = place.config()?;
                println!(
                    "the configuration is good: {} accounts, data directory {}",
                    config.accounts.len(),
                    config.data.display()
                );
            }
            Self::Print { place, format: Format::Table } => print!("{}", service::config::toml(&place.config()?)),
            Self::Print { place, format: Format::Json } => {
                service::config::json(&place.config()?).iter().for_each(|key| println!("{key}"));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
