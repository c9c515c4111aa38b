//! `mailtally grant`: makes a token for a person, with which they log in to the dashboard.

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use contract::key::ORGANISATION_BYTES_MAX;
use dashboard::{Role, Viewer};

use crate::place::Place;
use crate::run::TOKENS;

/// What can be asked of `grant`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Whose campaigns the person may see.
    #[arg(long)]
    organisation: String,
    /// What the person may do: viewer, sender or admin.
    #[arg(long, default_value = "viewer")]
    role: String,
    /// Who it is for, as it is shown on the pages.
    #[arg(long)]
    name: String,
}

impl Arguments {
    /// Prints a link that logs in. The token is told once: only its hash is kept.
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let config = self.place.config()?;
        let Some(role) = Role::parse(&self.role) else {
            bail!("--role {} is none: viewer looks, sender asks before a send, admin does both", self.role);
        };
        if self.organisation.is_empty() || self.organisation.len() > ORGANISATION_BYTES_MAX {
            bail!("--organisation needs 1 to {ORGANISATION_BYTES_MAX} bytes: the id that the mailer sends");
        }
        let viewer = Viewer { organisation: self.organisation.clone(), role, name: self.name.clone() };
        let tokens = config.data.join(TOKENS);
        let token = dashboard::grant(&tokens, &viewer).with_context(|| format!("write {}", tokens.display()))?;
        println!("http://{}/login?token={token}", config.listen);
        eprintln!(
            "Shown once. To take it away, delete its line from {}; open sessions end within 12 hours.",
            tokens.display()
        );
        Ok(ExitCode::SUCCESS)
    }
}
