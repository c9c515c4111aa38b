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
    /// Whose bodies they are: sendgrid, amazon_ses, postmark, mailgun, ...; a wrong name lists all.
    #[arg(long)]
    provider: String,
    /// A header that came with the body, as 'Name: value'; may be repeated. Some providers say there which event it is.
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(String, String)>,
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
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut rejected = false;
        let mut out = std::io::stdout().lock();
        for body in ingest::bodies(&self.from)? {
            match provider.read(&headers, &body, &Mapping::default()) {
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

fn header(words: &str) -> Result<(String, String), String> {
    let (name, value) = words.split_once(':').ok_or("has no colon: write 'Name: value'")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}
