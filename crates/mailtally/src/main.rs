//! The one binary. Each command is one file and one line here.

mod accounts;
mod campaigns;
mod check;
mod consume;
mod decode;
mod demo;
mod ingest;
mod produce;
mod reconcile;
mod system;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

/// Mail campaigns' numbers that explain themselves.
#[derive(Parser)]
#[command(name = "mailtally", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play a month of sends of several organisations and show their campaigns.
    Demo(demo::Demo),
    /// Say line by line what decode would do with platform events (JSON lines).
    Check {
        /// A file, or - for standard input.
        file: PathBuf,
    },
    /// Take providers' webhook bodies in as they were posted, and fold them.
    Ingest(ingest::Ingest),
    /// Say what providers' webhook bodies come to, one JSON line an outcome.
    Decode(decode::Decode),
    /// Write platform events (JSON lines) and fold them.
    Produce {
        /// A file, or - for standard input.
        file: PathBuf,
        /// Data directory.
        #[arg(long, default_value = "data")]
        data: PathBuf,
    },
    /// Print a topic's records.
    Consume {
        /// The topic: its full name, or the part between prefix and version.
        topic: String,
        /// First offset of each partition.
        #[arg(long, default_value_t = 0)]
        from: u64,
        /// How a record is printed.
        #[arg(long, value_enum, default_value_t = consume::Format::Json)]
        format: consume::Format,
        /// Data directory.
        #[arg(long, default_value = "data")]
        data: PathBuf,
    },
    /// Show every campaign's numbers.
    Campaigns {
        /// How they are shown.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
        /// Data directory.
        #[arg(long, default_value = "data")]
        data: PathBuf,
    },
    /// Recount everything from the events and compare every published row.
    Reconcile {
        /// How the result is shown.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
        /// Data directory.
        #[arg(long, default_value = "data")]
        data: PathBuf,
    },
    /// Say which version this is and how RocksDB is linked.
    Version,
}

/// How rows are shown.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// One object a row.
    Json,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Demo(demo) => demo.run(),
        Command::Ingest(ingest) => ingest.run(),
        Command::Decode(decode) => decode.run(),
        Command::Check { file } => check::run(&file),
        Command::Produce { file, data } => produce::run(&file, &data),
        Command::Consume { topic, from, format, data } => consume::run(&data, &topic, from, format),
        Command::Campaigns { format, data } => {
            system::System::open(&data).and_then(|system| campaigns::show(&system, format)).map(|()| ExitCode::SUCCESS)
        }
        Command::Reconcile { format, data } => reconcile::run(&data, format),
        Command::Version => {
            println!("mailtally {}\n{}", env!("CARGO_PKG_VERSION"), store::linked_library());
            Ok(ExitCode::SUCCESS)
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("mailtally: {error:#}");
        ExitCode::FAILURE
    })
}
