//! `cargo xtask bench pages`: what a page costs where there is little and where there is much, beside a static answer of the same size
//! from the same server to the same client in the same run; and how fast the view catches up with the topics.

mod load;
mod look;
mod rows;
mod site;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Result, ensure};
use benches::usage;
use clap::Parser;
use serde::{Deserialize, Serialize};

use look::{Figure, PAGES};
use rows::Size;

/// What can be asked of the bench.
#[derive(Parser)]
struct Arguments {
    /// Communications; may be repeated, the least first. The last is compared with the first.
    #[arg(long, default_values_t = [1_000, 100_000])]
    campaigns: Vec<u64>,
    /// Messages of each communication.
    #[arg(long, default_value_t = 50)]
    each: u64,
    /// The same seed gives the same rows.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Requests of each page.
    #[arg(long, default_value_t = 1_000)]
    requests: usize,
    /// Events a second that are folded and followed while pages are read once more; 0: none.
    #[arg(long, default_value_t = 5_000)]
    load: u64,
    /// Memory of log and view together, as `memory_bytes` of the configuration.
    #[arg(long, default_value_t = 256)]
    memory_mib: usize,
    /// Where the files go; by default beside the temporary ones. Needs about 2 KiB a message.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Do one phase over this folder, in this process.
    #[arg(long, hide = true)]
    phase: Option<String>,
}

/// What one size came to.
#[derive(Debug, Serialize, Deserialize)]
struct Run {
    campaigns: u64,
    messages: u64,
    /// Rows that the view read, and seconds until it had them.
    rows: u64,
    seconds: f64,
    cpu_seconds: f64,
    /// The most memory while it caught up, and while it answered.
    peak_bytes: [u64; 2],
    view_bytes: u64,
    log_bytes: u64,
    pages: Vec<Figure>,
    /// The same under load, and how many events came meanwhile.
    loaded: Vec<Figure>,
    events: u64,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    if let (Some(phase), Some(folder), [campaigns]) =
        (&arguments.phase, &arguments.folder, arguments.campaigns.as_slice())
    {
        let run = arguments.phase(phase, folder, *campaigns)?;
        println!("{}", serde_json::to_string(&run)?);
        return Ok(ExitCode::SUCCESS);
    }
    let parent = arguments.folder.clone().unwrap_or_else(std::env::temp_dir);
    let mut runs = Vec::new();
    for campaigns in &arguments.campaigns {
        let folder = tempfile::Builder::new().prefix("mailtally-pages-").tempdir_in(&parent)?;
        drop(arguments.child("fill", folder.path(), *campaigns)?);
        let followed = arguments.child("follow", folder.path(), *campaigns)?;
        let looked = arguments.child("look", folder.path(), *campaigns)?;
        let peak_bytes = [followed.peak_bytes[0], looked.peak_bytes[0]];
        let mut run = Run { peak_bytes, pages: looked.pages, ..followed };
        if arguments.load > 0 {
            let Run { loaded, events, .. } = arguments.child("load", folder.path(), *campaigns)?;
            run = Run { loaded, events, ..run };
        }
        runs.push(run);
    }
    report(&runs, arguments.load);
    Ok(ExitCode::SUCCESS)
}

impl Arguments {
    fn phase(&self, phase: &str, folder: &Path, campaigns: u64) -> Result<Run> {
        let size = Size { seed: self.seed, campaigns, messages: campaigns * self.each };
        let memory_bytes = self.memory_mib << 20;
        let (mut rows, mut seconds, mut pages, mut loaded, mut events) = (0, 0.0, Vec::new(), Vec::new(), 0);
        match phase {
            "fill" => rows = site::fill(folder, memory_bytes, size)?,
            "follow" => (rows, seconds) = site::follow(folder, memory_bytes)?,
            "look" => pages = look::look(folder, memory_bytes, size, self.requests)?,
            _ => (loaded, events) = look::look_beside(folder, memory_bytes, size, (self.requests, self.load))?,
        }
        Ok(Run {
            campaigns,
            messages: size.messages,
            rows,
            seconds,
            cpu_seconds: usage::cpu_seconds()?,
            peak_bytes: [usage::peak_bytes()?; 2],
            view_bytes: usage::bytes_below(&folder.join("state")),
            log_bytes: usage::bytes_below(&folder.join("log")),
            pages,
            loaded,
            events,
        })
    }

    /// Does a phase in a process of its own, so that its peak of memory is its own.
    fn child(&self, phase: &str, folder: &Path, campaigns: u64) -> Result<Run> {
        eprintln!("{phase}: {campaigns} communications of {} messages", self.each);
        let mut command = Command::new(std::env::current_exe()?);
        let numbers = [
            ("--campaigns", campaigns),
            ("--each", self.each),
            ("--seed", self.seed),
            ("--requests", u64::try_from(self.requests)?),
            ("--load", self.load),
            ("--memory-mib", u64::try_from(self.memory_mib)?),
        ];
        for (flag, number) in numbers {
            command.args([flag, &number.to_string()]);
        }
        command.args(["--phase", phase]).arg("--folder").arg(folder);
        let output = command.stderr(Stdio::inherit()).output()?;
        ensure!(output.status.success(), "{phase} ended with {}", output.status);
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

fn report(runs: &[Run], load: u64) {
    println!(
        "| communications | messages | view rows/s | /CPU s | view B a message | log B a message | peak MiB: catching up, answering |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|");
    for run in runs {
        let each = |bytes: u64| bytes / run.messages.max(1);
        let rate = |seconds: f64| run.rows as f64 / seconds.max(f64::EPSILON);
        let [catching_up, answering] = run.peak_bytes.map(|bytes| bytes >> 20);
        println!(
            "| {} | {} | {:.0} | {:.0} | {} | {} | {catching_up}, {answering} |",
            run.campaigns,
            run.messages,
            rate(run.seconds),
            rate(run.cpu_seconds),
            each(run.view_bytes),
            each(run.log_bytes)
        );
    }
    table(runs, |run| &run.pages);
    if load > 0 {
        let came: Vec<String> = runs.iter().map(|run| run.events.to_string()).collect();
        println!("\nThe same while {load} events a second are folded ({} came):", came.join(", "));
        table(runs, |run| &run.loaded);
    }
    runs.iter().filter_map(|run| serde_json::to_string(run).ok()).for_each(|line| println!("{line}"));
}

fn table(runs: &[Run], of: fn(&Run) -> &Vec<Figure>) {
    println!(
        "\n| page | communications | KiB | p50 ms | p99 ms | static p50 | static p99 | p50 ratio | p99 ratio | p50 of the least |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    for (place, (page, _)) in PAGES.iter().enumerate() {
        let least = runs.first().and_then(|run| of(run).get(place));
        for (run, figure) in runs.iter().filter_map(|run| Some((run, of(run).get(place)?))) {
            println!("| {page} | {} | {} |", run.campaigns, figure.row(least));
        }
    }
}
