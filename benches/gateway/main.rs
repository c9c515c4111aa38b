//! The gateway over the embedded log and over Kafka beside a bare axum handler that reads the same bodies and answers 200, from one
//! run; and what each decoder takes for an event.

mod decoders;
mod door;
mod kept;
mod load;
mod table;

use std::fs::File;
use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Parser;
use serde_json::json;

use door::{Doors, bodies};
use kept::Which;
use load::Measured;
use table::Row;

/// Requests through the front door, and decoding.
#[derive(Parser)]
struct Arguments {
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Connections that post at once; several times for several numbers. 32 and 256 where it is not given.
    #[arg(long)]
    connections: Vec<usize>,
    /// Measurements of each kind; the best counts.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Only over this log; over both where it is not given.
    #[arg(long, value_enum)]
    log: Vec<Which>,
    /// Only what has these words in its name, `decoders` among them.
    #[arg(long)]
    only: Option<String>,
}

/// What is posted: a name, the provider, events of one request.
const WORKLOADS: [(&str, &str, usize); 4] = [
    ("postmark, 1 event", "postmark", 1),
    ("amazon_ses, 1 event", "amazon_ses", 1),
    ("sendgrid, 1 event", "sendgrid", 1),
    ("sendgrid, 500 events", "sendgrid", 500),
];
/// Connections where none are given: a few, and enough to fill a group while another is being made durable.
const CONNECTIONS: [usize; 2] = [32, 256];
/// How long each door is asked before anything counts: a broker that has just started is slow.
const WARM_UP: Duration = Duration::from_secs(1);
/// Writes that are synced one after another to know the disk.
const SYNCS: usize = 200;

fn main() -> Result<()> {
    let mut given = Arguments::parse();
    if given.connections.is_empty() {
        given.connections = CONNECTIONS.to_vec();
    }
    if given.log.is_empty() {
        given.log = vec![Which::Embedded, Which::Kafka];
    }
    let wanted: Vec<_> = WORKLOADS.into_iter().filter(|(name, ..)| given.wants(name)).collect();
    let (mut rows, mut decoders) = (Vec::new(), Vec::new());
    if !wanted.is_empty() {
        let doors = Doors::open(&given.log)?;
        println!("An fdatasync of 4 KiB by itself takes {:.2} ms (median of {SYNCS}).\n", sync_ms()?);
        table::head();
        for (name, provider, events) in wanted {
            let bodies = bodies(provider, events)?;
            for url in
                std::iter::once(doors.bare(provider)).chain(doors.gateways().iter().map(|door| door.url(provider)))
            {
                load::run(&url, &bodies, CONNECTIONS[0], WARM_UP)?;
            }
            for connections in &given.connections {
                rows.extend(given.measure(&doors, (name, provider, events), &bodies, *connections)?);
            }
        }
    }
    if given.wants("decoders") {
        decoders = decoders::run(Duration::from_millis(500))?;
    }
    println!("{}", json!({"requests": rows, "decoders": decoders}));
    Ok(())
}

impl Arguments {
    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only))
    }

    /// One workload over so many connections: every door in turn, so that each has its share of what else the machine does.
    fn measure(
        &self,
        doors: &Doors,
        (workload, provider, events): (&'static str, &str, usize),
        bodies: &[providers::sign::Posting],
        connections: usize,
    ) -> Result<Vec<serde_json::Value>> {
        let time = Duration::from_secs(self.seconds);
        let mut bare = Measured::default();
        let mut kept: Vec<Measured> = doors.gateways().iter().map(|_| Measured::default()).collect();
        for _ in 0..self.rounds {
            bare = bare.better(load::run(&doors.bare(provider), bodies, connections, time)?);
            for (door, best) in doors.gateways().iter().zip(&mut kept) {
                door.appends.take();
                let measured = load::run(&door.url(provider), bodies, connections, time)?;
                *best = std::mem::take(best).better(measured.with(door.appends.take()));
            }
        }
        let row = |side, measured, beside| Row { workload, connections, events, side, measured, beside };
        let mut rows = vec![row("bare", &bare, None)];
        rows.extend(doors.gateways().iter().zip(&kept).map(|(door, best)| row(door.which.word(), best, Some(&bare))));
        Ok(rows.iter().map(Row::print).collect())
    }
}

/// The median time of an fdatasync where the embedded log is, in milliseconds.
fn sync_ms() -> Result<f64> {
    let mut file: File = tempfile::tempfile()?;
    let mut took = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        file.write_all(&[0; 4096])?;
        let begun = Instant::now();
        file.sync_data()?;
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    Ok(took.get(SYNCS / 2).copied().unwrap_or_default().as_secs_f64() * 1_000.0)
}
