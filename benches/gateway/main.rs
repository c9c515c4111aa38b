//! The gateway over the embedded log beside a bare axum handler that reads the same bodies and answers 200, from one run; and what
//! each decoder takes for an event.

mod decoders;
mod door;
mod load;

use std::time::Duration;

use anyhow::Result;
use clap::Parser;

use door::{Door, bodies};
use load::Measured;

/// Requests through the front door, and decoding.
#[derive(Parser)]
struct Arguments {
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Connections that post at once.
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Measurements of each kind; the best counts.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
}

/// What is posted: a name, the provider, events of one request.
const WORKLOADS: [(&str, &str, usize); 3] = [
    ("postmark, 1 event", "postmark", 1),
    ("sendgrid, 1 event", "sendgrid", 1),
    ("sendgrid, 500 events", "sendgrid", 500),
];

fn main() -> Result<()> {
    let given = Arguments::parse();
    let time = Duration::from_secs(given.seconds);
    println!("|                      | side    | requests/s | events/s | p50 ms | p99 ms | ratio |");
    println!("|----------------------|---------|-----------:|---------:|-------:|-------:|------:|");
    let (door, mut rows) = (Door::open()?, Vec::new());
    for (name, provider, events) in WORKLOADS {
        let bodies = bodies(provider, events)?;
        // In turn, so that both have their share of what else the machine does.
        let (mut bare, mut gateway) = (Measured::default(), Measured::default());
        for _ in 0..given.rounds {
            bare = bare.better(load::run(&door.bare(provider), &bodies, given.connections, time)?);
            gateway = gateway.better(load::run(&door.gateway(provider), &bodies, given.connections, time)?);
        }
        let ratio = gateway.per_second() / bare.per_second();
        for (side, measured, ratio) in [("bare", &bare, "-".to_owned()), ("gateway", &gateway, format!("{ratio:.2}"))] {
            let (per_second, all) = (measured.per_second(), measured.per_second() * load::float(events));
            let [p50, p99] = [50, 99].map(|percent| measured.percentile(percent).as_secs_f64() * 1_000.0);
            println!(
                "| {name:<20} | {side:<7} | {per_second:>10.0} | {all:>8.0} | {p50:>6.2} | {p99:>6.2} | {ratio:>5} |"
            );
            rows.push(serde_json::json!({
                "workload": name, "side": side, "requests_per_second": per_second, "events_per_second": all,
                "p50_ms": p50, "p99_ms": p99,
            }));
        }
    }
    let decoders = decoders::run(Duration::from_millis(500))?;
    println!("{}", serde_json::json!({"requests": rows, "decoders": decoders}));
    Ok(())
}
