//! `mailtally decode`: what a provider's webhook bodies come to, one JSON line an outcome, without writing anything.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use providers::Mapping;

use crate::ingest;

/// What can be asked of `decode`.
#[derive(clap::Args)]
pub(crate) struct Decode {
    /// Whose bodies they are: sendgrid or amazon_ses.
    #[arg(long)]
    provider: String,
    /// A file with one body (or several, one after another), a directory of such files, or - for standard input.
    from: PathBuf,
}

impl Decode {
    /// Prints an outcome a line, in the order of the bodies. Exit code 1 when one is rejected.
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let Some(provider) = providers::provider(&self.provider) else {
            let known: Vec<&str> = providers::ALL.iter().map(|provider| provider.name).collect();
            bail!("--provider {} is none of: {}", self.provider, known.join(", "));
        };
        let mut rejected = false;
        let mut out = std::io::stdout().lock();
        for body in ingest::bodies(&self.from)? {
            match (provider.decode)(&body, &Mapping::default()) {
                Ok(outcomes) => {
                    for outcome in outcomes {
                        rejected |= matches!(outcome, providers::Outcome::Rejected { .. });
                        writeln!(out, "{}", providers::to_json(&outcome))?;
                    }
                }
                Err(why) => {
                    rejected = true;
                    let outcome = providers::Outcome::Rejected { why, raw: body.to_vec() };
                    writeln!(out, "{}", providers::to_json(&outcome))?;
                }
            }
        }
        Ok(if rejected { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}
