//! `mailtally verify`: reads every batch of the log and says what is lost and what is not; `--accept-loss` goes on without what
//! is lost, once and on purpose.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use embedded::{Damage, Embedded, OpenError, Options};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Format;
use crate::perform::perform;
use crate::place::Place;
use crate::reply::{Progress, Reply};
use crate::request::Request;
use crate::system::System;
use crate::terminal::Bar;

/// What can be asked of `verify`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    command: Verify,
    /// Goes on without what is lost. No `run` may have the data directory. The damaged database stays beside the new one.
    #[arg(long)]
    accept_loss: bool,
    #[command(flatten)]
    place: Place,
}

/// A check of the whole log.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub(crate) struct Verify {
    /// How the result is shown.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Arguments {
    /// Checks, or accepts. Exit code 1 when something is lost.
    pub(crate) fn run(&self) -> Result<ExitCode> {
        if self.accept_loss {
            return self.accept();
        }
        let data = self.place.config()?.data;
        let done = perform(&self.place, &Request::Verify(self.command.clone()));
        // A log that does not open for its damage has its answer, too.
        let Err(error) = done else { return done };
        let Some(OpenError::Damaged(damage)) = error.downcast_ref() else { return Err(error) };
        report(self.command.format, Some(damage), &[], &data.display().to_string(), &mut std::io::stdout().lock())?;
        Ok(ExitCode::FAILURE)
    }

    fn accept(&self) -> Result<ExitCode> {
        let data = self.place.config()?.data;
        let bar = Bar::new();
        let log = Embedded::open(data.join("log"), Options { accept_loss: true, ..Options::default() })?;
        let damage = check(&log, &mut |progress| bar.show(progress))?;
        drop(bar);
        let state = data.join("state");
        if !log.accepted_losses().is_empty() && state.exists() {
            // They may know of records that the log has lost (I1); the next start restores them from what there is.
            std::fs::remove_dir_all(&state).with_context(|| format!("remove {}", state.display()))?;
        }
        let out = &mut std::io::stdout().lock();
        report(self.command.format, damage.as_ref(), log.accepted_losses(), &data.display().to_string(), out)?;
        Ok(ExitCode::from(u8::from(damage.is_some())))
    }
}

impl Verify {
    /// Checks while the log is in use. Exit code 1 when something is lost.
    pub(crate) fn execute(&self, at: &System, reply: &mut Reply<'_>) -> Result<u8> {
        let log = at.embedded(
            "brokers check their own logs: kafka-dump-log.sh, and `mailtally reconcile` recounts what is in them",
        )?;
        let damage = check(log, reply.progress)?;
        let data = at.root.display().to_string();
        report(self.format, damage.as_ref(), log.accepted_losses(), &data, reply.out)?;
        Ok(u8::from(damage.is_some()))
    }
}

fn check(log: &Embedded, tell: &mut dyn FnMut(Progress)) -> Result<Option<Damage>> {
    let damage = log.verify(|progress| {
        tell(Progress { what: "checking", done: progress.done_bytes, of: Some(progress.total_bytes) });
    });
    Ok(damage?)
}

fn report(
    format: Format,
    damage: Option<&Damage>,
    accepted: &[String],
    data: &str,
    out: &mut dyn std::io::Write,
) -> Result<()> {
    if format == Format::Json {
        return Ok(writeln!(out, "{}", row(damage, accepted, data))?);
    }
    match damage {
        None => writeln!(out, "every batch of the log in {data} is intact")?,
        Some(damage) => {
            writeln!(out, "{damage}")?;
            writeln!(out, "  mailtally restore BACKUP --data DIR")?;
            if damage.acceptable() {
                writeln!(
                    out,
                    "  mailtally verify --accept-loss --data {data}   then reconcile: rows may lack what is lost"
                )?;
            }
        }
    }
    accepted.iter().try_for_each(|loss| Ok(writeln!(out, "accepted before: {loss}")?))
}

fn row(damage: Option<&Damage>, accepted: &[String], data: &str) -> Value {
    let lost = damage.map_or_else(Vec::new, |damage| damage.losses.iter().map(ToString::to_string).collect());
    json!({
        "data": data, "intact": damage.is_none(), "lost": lost,
        "intact_partitions": damage.map(|damage| damage.intact_partitions),
        "complete": damage.is_none_or(|damage| damage.complete), "accepted": accepted,
    })
}
