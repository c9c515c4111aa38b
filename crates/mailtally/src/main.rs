//! The one binary. Each command is one file and one line here.

mod backup;
mod bodies;
mod campaigns;
mod check;
mod configuration;
mod consume;
mod cut;
mod dead_letters;
mod decode;
mod demo;
mod directory;
mod grant;
mod ingest;
mod inspect;
mod live;
mod perform;
mod place;
mod produce;
mod rebuild;
mod reconcile;
mod replay;
mod reply;
mod request;
mod restore;
mod rows;
mod run;
mod scan;
mod show;
mod space;
mod status;
mod system;
mod terminal;
mod timeline;
mod topics;
mod verify;
mod webhook;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::perform::perform;
use crate::request::Request;

/// Of librdkafka and RocksDB, too. A record is read by one thread, folded by another, committed by a third: glibc's arenas take a fifth
/// of the CPU time for that. How many arenas, and how soon they give memory back: `.cargo/config.toml`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Mail campaigns' numbers that explain themselves.
#[derive(Parser)]
#[command(name = "mailtally", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play a month of three organisations, their mailers' and providers' events, and show their campaigns.
    Demo(demo::Demo),
    /// Say line by line what decode would do with platform events (JSON lines).
    Check {
        /// A file, or - for standard input.
        file: PathBuf,
    },
    /// Say what providers' webhook bodies come to, one JSON line an outcome.
    Decode(decode::Decode),
    /// Take providers' webhook bodies in as they were posted, and fold them.
    Ingest(ingest::Arguments),
    /// Make, sign and post a provider's webhook, to try an account's set-up out.
    #[command(subcommand)]
    Webhook(webhook::Webhook),
    /// Write platform events (JSON lines) and fold them.
    Produce(produce::Arguments),
    /// Print a topic's records.
    Consume(consume::Arguments),
    /// Run everything: intake, folds, upkeep, health, metrics; until SIGTERM or SIGINT.
    Run(run::Arguments),
    /// Fold, as one of any number of instances over Kafka: health, metrics and commands, no intake; until SIGTERM or SIGINT.
    Processor(run::Processor),
    /// Take providers' webhooks in, as one of any number of instances over Kafka, and fold nothing; until SIGTERM or SIGINT.
    Gateway(run::Gateway),
    /// Let a person look at the dashboard: prints a link that logs in.
    Grant(grant::Arguments),
    /// Check or show the configuration.
    #[command(subcommand)]
    Config(configuration::Configuration),
    /// Show every campaign's numbers.
    Campaigns(campaigns::Arguments),
    /// Make the view behind the pages anew from the topics; the old one answers until then.
    Rebuild(rebuild::Arguments),
    /// Recount everything from the events and compare every published row.
    Reconcile(reconcile::Arguments),
    /// Show one message, campaign, contact or partition, or what is unmatched, with everything that explains it.
    Inspect(inspect::Arguments),
    /// List, show and redrive what could not be used.
    DeadLetters(dead_letters::Arguments),
    /// Decode what is kept once more, after a mended decoder, and correct what it was counted as.
    Replay(replay::Arguments),
    /// Copy log, key and configuration, whole commits only, while everything runs.
    Backup(backup::Arguments),
    /// Make a data directory of a backup, every batch checked.
    Restore(restore::Restore),
    /// Read every batch of the log and say what is lost and what is not.
    Verify(verify::Arguments),
    /// Show bytes, growth, days until the disk is full, and where every task is.
    Status(status::Arguments),
    /// Make or check the topics on Kafka.
    Topics(topics::Arguments),
    /// Say which version this is and how RocksDB is linked.
    Version,
}

/// How rows are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// For people.
    Table,
    /// One object a row.
    Json,
}

fn main() -> ExitCode {
    carry_out(Arguments::parse().command).unwrap_or_else(|error| {
        // Whoever read the output has seen enough of it: `mailtally campaigns | head`.
        if error.chain().any(is_broken_pipe) {
            return ExitCode::SUCCESS;
        }
        let is_configuration = error.chain().any(|cause| cause.is::<service::config::Problems>());
        format!("{error:#}").lines().for_each(|line| eprintln!("mailtally: {line}"));
        // 2 as clap has it: what was asked cannot be, whatever the data.
        ExitCode::from(if is_configuration { 2 } else { 1 })
    })
}

/// One line a command.
fn carry_out(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Demo(demo) => demo.run(),
        Command::Run(given) => given.run(),
        Command::Processor(given) => given.run(),
        Command::Gateway(given) => given.run(),
        Command::Grant(given) => given.run(),
        Command::Config(given) => given.run(),
        Command::Check { file } => check::run(&file),
        Command::Decode(decode) => decode.run(),
        Command::Webhook(webhook) => webhook.run(),
        Command::Ingest(given) => perform(&given.place, &Request::Ingest(given.request()?)),
        Command::Produce(given) => perform(&given.place, &Request::Produce(given.request()?)),
        Command::Consume(given) => perform(&given.place, &Request::Consume(given.command.clone())),
        Command::Campaigns(given) => perform(&given.place, &Request::Campaigns(given.command.clone())),
        Command::Inspect(given) => perform(&given.place, &Request::Inspect(given.command.clone())),
        Command::DeadLetters(given) => perform(&given.place, &Request::DeadLetters(given.command.clone())),
        Command::Replay(given) => perform(&given.place, &Request::Replay(given.command.clone())),
        Command::Backup(given) => perform(&given.place, &Request::Backup(given.request()?)),
        Command::Restore(restore) => restore.run(),
        Command::Verify(verify) => verify.run(),
        Command::Rebuild(given) => perform(&given.place, &Request::Rebuild(given.command.clone())),
        Command::Reconcile(given) => perform(&given.place, &Request::Reconcile(given.command.clone())),
        Command::Status(given) => perform(&given.place, &Request::Status(given.command.clone())),
        Command::Topics(given) => given.run(),
        Command::Version => {
            println!("mailtally {}\n{}", env!("CARGO_PKG_VERSION"), store::linked_library());
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
