//! One phase of the bench, in the process that it has to itself.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use benches::figures::{Figure, Numbers};
use benches::mailtally::System;
use benches::{peer, usage};

/// Who runs over what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Phase {
    /// Mailtally's log, stores and folds over events.
    Mailtally,
    /// SQLite over the same events.
    Sqlite,
    /// Mailtally from the intakes on.
    Intakes,
    /// Nobody: writes the events for a phase by itself, as a profiler wants it.
    Events,
}

/// What only Mailtally is told.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Own {
    /// Threads that fold, as the key `workers` of the configuration.
    #[arg(long, default_value_t = 2)]
    pub(crate) workers: u32,
    /// MiB of log, stores and rows, as the key `memory_bytes`.
    #[arg(long, default_value_t = 96)]
    pub(crate) memory_mib: usize,
}

impl Phase {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Mailtally => "mailtally",
            Self::Sqlite => "sqlite",
            Self::Intakes => "intakes",
            Self::Events => "events",
        }
    }

    /// Runs in `folder` and leaves the numbers there.
    pub(crate) fn run(self, input: &Path, folder: &Path, batch: usize, own: Own) -> Result<Vec<Figure>> {
        let (figure, numbers) = match self {
            Self::Sqlite => peer::fold(input, folder, batch)?,
            Self::Mailtally | Self::Intakes => mailtally(input, folder, batch, own)?,
            Self::Events => return Ok(Vec::new()),
        };
        write(&folder.join("numbers"), &numbers)?;
        Ok(vec![Figure { phase: self.word().to_owned(), ..figure }])
    }
}

fn mailtally(input: &Path, folder: &Path, batch: usize, own: Own) -> Result<(Figure, Numbers)> {
    let system = System::open(folder, own.workers, own.memory_mib << 20)?;
    let (began, cpu) = (Instant::now(), usage::cpu_seconds()?);
    let (records, settled) = system.fold(input, batch)?;
    let (seconds, cpu_seconds) = (began.elapsed().as_secs_f64(), usage::cpu_seconds()? - cpu);
    let (peak_bytes, state_bytes, commits) = (usage::peak_bytes()?, system.state_bytes(), settled.commits);
    let numbers = system.numbers()?;
    drop(system);
    let log_bytes = usage::bytes_below(&folder.join("log"));
    let figure =
        Figure { records, seconds, cpu_seconds, peak_bytes, state_bytes, log_bytes, commits, ..Figure::default() };
    Ok((figure, numbers))
}

fn write(path: &Path, numbers: &Numbers) -> Result<()> {
    let line =
        |((organisation, campaign), share): (&(String, String), &_)| format!("{organisation} {campaign} {share:?}\n");
    Ok(std::fs::write(path, numbers.iter().map(line).collect::<String>())?)
}
