//! What each decoder takes for an event, over the project's own payloads of all its kinds.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use providers::Mapping;
use serde_json::{Value, json};

use crate::load::float;

/// Reads the payloads of each provider again and again for so long; prints a row a provider.
pub(crate) fn run(time: Duration) -> Result<Vec<Value>> {
    println!("\n| decoder      | ns an event | MB/s |\n|--------------|------------:|-----:|");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/providers/tests/payloads");
    let mapping = Mapping::default();
    let mut rows = Vec::new();
    for provider in providers::ALL {
        let bodies = bodies(&root.join(provider.name)).with_context(|| provider.name)?;
        let bytes: usize = bodies.iter().map(Vec::len).sum();
        let (mut events, mut read, begun) = (0, 0, Instant::now());
        while begun.elapsed() < time {
            for body in &bodies {
                events += provider.read(&[], body, &mapping).map_or(0, |outcomes| std::hint::black_box(outcomes).len());
            }
            read += bytes;
        }
        let seconds = begun.elapsed().as_secs_f64();
        let (ns, rate) = (seconds * 1e9 / float(events), float(read) / seconds / 1e6);
        println!("| {:<12} | {ns:>11.0} | {rate:>4.0} |", provider.name);
        rows.push(json!({"provider": provider.name, "ns_per_event": ns, "mb_per_second": rate}));
    }
    Ok(rows)
}

/// The bodies of a folder, without those that are broken on purpose.
fn bodies(folder: &Path) -> Result<Vec<Vec<u8>>> {
    let mut files: Vec<_> = std::fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    let is_one = |file: &Path| {
        file.extension().is_some_and(|ending| ending == "json")
            && file.file_stem().is_some_and(|name| name != "broken_parts" && name != "several_bodies")
    };
    files.retain(|file| is_one(file));
    files.sort();
    Ok(files.iter().map(std::fs::read).collect::<Result<_, _>>()?)
}
