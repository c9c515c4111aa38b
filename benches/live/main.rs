//! `cargo xtask bench live`: from the acknowledgement of an event to its number on an open page and in the read API's stream, while other
//! events come in at a steady rate; on the embedded log and on Kafka.

mod feed;
mod product;
mod reader;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};
use benches::pace::quantile;
use clap::{Parser, ValueEnum};

use product::Product;
use reader::Seen;

/// What can be asked of the bench.
#[derive(Parser)]
struct Arguments {
    /// Only over this log; over both when it is not given.
    #[arg(long, value_enum)]
    log: Vec<Medium>,
    /// Events a second beside the probes.
    #[arg(long, default_value_t = 5_000)]
    rate: u64,
    /// Seconds of probes.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Medium {
    Embedded,
    Kafka,
}

fn main() -> Result<ExitCode> {
    let given = Arguments::parse();
    println!("| log | where the number is seen | events/s came | probes | p50 ms | p99 ms | max ms |");
    println!("|---|---|---:|---:|---:|---:|---:|");
    for (medium, name) in [(Medium::Embedded, "embedded"), (Medium::Kafka, "kafka")] {
        if given.log.is_empty() || given.log.contains(&medium) {
            given.measure(medium, name)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Arguments {
    fn measure(&self, medium: Medium, name: &str) -> Result<()> {
        let folder = tempfile::Builder::new().prefix("mailtally-live-").tempdir()?;
        let cluster = match medium {
            Medium::Embedded => None,
            Medium::Kafka => Some(broker::Cluster::start(&broker::Options::default()).map_err(anyhow::Error::msg)?),
        };
        let product = Product::start(folder.path(), cluster.as_ref().map(broker::Cluster::bootstrap))?;
        let (came, seen) = feed::probes(&product, self.rate, Duration::from_secs(self.seconds))?;
        product.stop()?;
        for Seen { place, mut took_ms } in seen {
            took_ms.sort_by(f64::total_cmp);
            ensure!(!took_ms.is_empty(), "no probe was seen: {place}");
            let at = |share: f64| quantile(&took_ms, share);
            let rate = came as f64 / self.seconds.max(1) as f64;
            let (p50, p99, most) = (at(0.5), at(0.99), at(1.0));
            println!("| {name} | {place} | {rate:.0} | {} | {p50:.0} | {p99:.0} | {most:.0} |", took_ms.len());
        }
        Ok(())
    }
}
