//! Faults over Apache Kafka: processors are killed, frozen and bereft of their disks and brokers are taken away while events come
//! in; afterwards what was published must be what was sent, and a reader must never have seen anything else. `tests/chaos/README.md`
//! says how to read the result.

mod feed;
mod hot;
mod input;
mod instance;
mod plan;
mod probe;
mod replay;
mod row;
mod run;
mod site;
mod strike;
mod table;
mod verdict;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;

use plan::Sizes;
use run::Order;
use site::Site;

/// Recipients of the hot campaign.
const HOT_RECIPIENTS: u64 = 1_000_000;

/// Faults over Apache Kafka.
#[derive(Parser)]
struct Arguments {
    /// 3 brokers, 10,000,000 events, 100 kills of processors, 20 of brokers.
    #[arg(long)]
    long: bool,
    /// How long it takes until a killed instance processes again.
    #[arg(long, conflicts_with = "long")]
    recovery: bool,
    /// One campaign of 1,000,000 recipients: records of it a second while its throughput rises. Nobody is struck.
    #[arg(long, conflicts_with_all = ["long", "recovery"])]
    hot: bool,
    /// Events instead.
    #[arg(long)]
    events: Option<u64>,
    /// Kills of processors instead.
    #[arg(long)]
    kills: Option<usize>,
    /// Zombies instead.
    #[arg(long)]
    zombies: Option<usize>,
    /// Brokers taken away instead.
    #[arg(long)]
    brokers_taken: Option<usize>,
    /// Of the input and of every choice.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A file that the result is written to.
    #[arg(long)]
    out: Option<PathBuf>,
    /// The product's binary instead of the one beside this.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// What the binary, built to be wrong, does wrong (lose, copy, apart, row): it must be found. A small run.
    #[arg(long)]
    bug: Option<String>,
}

fn main() -> Result<ExitCode> {
    let given = Arguments::parse();
    let sizes = given.sizes();
    let binary = given.binary.clone().map_or_else(site::beside, Ok)?;
    if given.hot {
        return given.hot(binary);
    }
    let order = Order { sizes, seed: given.seed, is_wrong: given.bug.is_some() };
    let site = Site::start(order.sizes.brokers, binary, given.bug.clone())?;
    let outcome = match run::run(&order, &site) {
        Ok(outcome) => outcome,
        Err(why) => {
            eprintln!("what the instances said is kept in {}", site.keep().display());
            return Err(why);
        }
    };
    let verdict = verdict::verdict(&outcome, &order.sizes);
    let table = table::table(&order, &outcome, &verdict);
    println!("{table}");
    let word = if order.is_wrong { "found" } else { "FAILED" };
    verdict.problems().for_each(|problem| eprintln!("{word}: {problem}"));
    if let Some(out) = &given.out {
        std::fs::write(out, &table).with_context(|| out.display().to_string())?;
    }
    if order.is_wrong && verdict.wrong.is_empty() {
        eprintln!("FAILED: no number was found wrong, although the binary is");
        return Ok(ExitCode::FAILURE);
    }
    if order.is_wrong || verdict.problems().next().is_none() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("what the instances said is kept in {}", site.keep().display());
    Ok(ExitCode::FAILURE)
}

impl Arguments {
    fn hot(&self, binary: PathBuf) -> Result<ExitCode> {
        let site = Site::start(1, binary, None)?;
        let done = hot::run(&site, self.events.unwrap_or(HOT_RECIPIENTS));
        let table =
            done.map_err(|why| why.context(format!("what the instances said is kept in {}", site.keep().display())))?;
        println!("{table}");
        self.out
            .as_ref()
            .map(|out| std::fs::write(out, &table).with_context(|| out.display().to_string()))
            .transpose()?;
        Ok(ExitCode::SUCCESS)
    }

    fn sizes(&self) -> Sizes {
        let sizes = match (self.long, self.recovery, &self.bug) {
            (true, ..) => Sizes::long(),
            (_, true, _) => Sizes::recovery(),
            (.., Some(_)) => Sizes::wrong(),
            _ => Sizes::short(),
        };
        Sizes {
            events: self.events.unwrap_or(sizes.events),
            kills: self.kills.unwrap_or(sizes.kills),
            zombies: self.zombies.unwrap_or(sizes.zombies),
            brokers_taken: self.brokers_taken.unwrap_or(sizes.brokers_taken),
            ..sizes
        }
    }
}
