//! Mailtally over Apache Kafka beside Kafka Streams and the pass-through limit: one run, one machine, one events topic.

mod plot;
mod probe;
mod side;
mod site;

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Result, ensure};
use benches::figures::Figure;
use benches::pace::quantile;
use benches::process;
use clap::{Parser, ValueEnum};

use side::{Side, mailtally, streams};
use site::{Site, Stats};

/// How long an empty group waits for further members before it shares the partitions out, in milliseconds: three seconds by default,
/// and none in tests. With none the first thread of a program gets all, and a sticky assignor then moves half of the topics.
const FIRST_SHARE_MS: u32 = 500;

/// Events over Kafka: the limit, Kafka Streams, Mailtally.
#[derive(Clone, Parser)]
struct Arguments {
    /// Messages; 4 distinct events each on average, a fifth of which come twice.
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
    /// Distinct events instead: four a message.
    #[arg(long)]
    events: Option<u64>,
    /// Partitions of every topic.
    #[arg(long, default_value_t = 4)]
    partitions: u32,
    /// Processes of Mailtally that share them.
    #[arg(long, default_value_t = 1)]
    instances: u32,
    /// 50,000 messages.
    #[arg(long)]
    quick: bool,
    /// Of the workload.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only these; all three when it is not given.
    #[arg(long, value_enum)]
    only: Vec<Who>,
    /// Seconds for which 5,000 events a second come while probes are timed from event to visible stats row; 0: not measured.
    #[arg(long, default_value_t = 20)]
    probe_seconds: u64,
    /// Also from a wiped disk, by each program that keeps rows.
    #[arg(long)]
    no_restore: bool,
    /// Then Mailtally alone, by 1, 2 and 3 instances and over 1, 4 and 16 partitions.
    #[arg(long)]
    grow: bool,
    /// Draws the figures into this SVG file.
    #[arg(long)]
    plot: Option<PathBuf>,
    /// Settings of Mailtally beside the bench's own, KEY=VALUE.
    #[arg(long)]
    set: Vec<String>,
    /// The pass-through in a process to itself: brokers and records.
    #[arg(long, hide = true, num_args = 2)]
    pass: Option<Vec<String>>,
}

/// Instances and partitions.
const GROWTH: [(u32, u32); 5] = [(1, 4), (2, 4), (3, 4), (1, 1), (1, 16)];

/// Who is measured.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Who {
    Limit,
    Streams,
    Mailtally,
}

fn main() -> Result<ExitCode> {
    let given = Arguments::parse();
    if let Some([servers, records]) = given.pass.as_deref() {
        let figure = site::pass(servers, given.partitions, records.parse()?)?;
        println!("{}", serde_json::to_string(&figure)?);
        return Ok(ExitCode::SUCCESS);
    }
    let messages = given.events.map_or(given.messages, |events| events / 4);
    let messages = if given.quick { 50_000 } else { messages };
    let figures = given.measure(messages)?;
    report(&figures);
    let grown = if given.grow { given.grown(messages)? } else { Vec::new() };
    if let Some(to) = &given.plot {
        plot::draw(to, &figures, &grown)?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Arguments {
    fn wants(&self, who: Who) -> bool {
        self.only.is_empty() || self.only.contains(&who)
    }

    fn measure(&self, messages: u64) -> Result<Vec<Figure>> {
        let folder = tempfile::Builder::new().prefix("mailtally-throughput-").tempdir()?;
        let properties = vec![("group.initial.rebalance.delay.ms".to_owned(), FIRST_SHARE_MS.to_string())];
        let options = broker::Options { properties, ..broker::Options::default() };
        let cluster = broker::Cluster::start(&options).map_err(anyhow::Error::msg)?;
        let site = Site::open(&cluster.bootstrap(), self.partitions)?;
        process::ended(site.mailtally(folder.path(), "topics").arg("create"))?;
        let (records, expected) = site.load(self.seed, messages)?;
        eprintln!("{records} records of {messages} messages, {} campaigns", expected.len());
        let mut figures = Vec::new();
        if self.wants(Who::Limit) {
            figures.push(self.limit(&site, records)?);
        }
        if self.wants(Who::Streams) {
            self.side(&streams(&site, folder.path())?, &site, &expected, &mut figures)?;
        }
        if self.wants(Who::Mailtally) {
            let own = mailtally(&site, folder.path(), self.instances.max(1), &self.set)?;
            self.side(&own, &site, &expected, &mut figures)?;
        }
        for figure in &mut figures {
            figure.messages = messages;
            figure.records = if figure.records == 0 { records } else { figure.records };
        }
        Ok(figures)
    }

    /// Mailtally by so many instances over so many partitions, each over a broker of its own.
    fn grown(&self, messages: u64) -> Result<Vec<Figure>> {
        let mut grown = Vec::new();
        for (instances, partitions) in GROWTH {
            eprintln!("{instances} instances, {partitions} partitions");
            let only = vec![Who::Mailtally];
            let alone = Self { instances, partitions, only, probe_seconds: 0, no_restore: true, ..self.clone() };
            let word = if instances == 1 { "instance" } else { "instances" };
            let parts = if partitions == 1 { "partition" } else { "partitions" };
            let phase = format!("{instances} {word}, {partitions} {parts}");
            grown.extend(alone.measure(messages)?.into_iter().map(|figure| Figure { phase: phase.clone(), ..figure }));
        }
        report(&grown);
        Ok(grown)
    }

    fn limit(&self, site: &Site, records: u64) -> Result<Figure> {
        let began = Instant::now();
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--partitions", &self.partitions.to_string(), "--pass", &site.servers, &records.to_string()]);
        let output = command.stderr(Stdio::inherit()).output()?;
        ensure!(output.status.success(), "the pass-through ended with {}", output.status);
        let figure: Figure = serde_json::from_slice(&output.stdout)?;
        Ok(Figure { seconds: began.elapsed().as_secs_f64(), ..figure })
    }

    /// Throughput, then latency by the same processes, then a restore by new ones.
    fn side(&self, side: &Side, site: &Site, expected: &Stats, figures: &mut Vec<Figure>) -> Result<()> {
        let running = side.start()?;
        let figure = side.settle(site, &running, expected)?;
        let latency = match self.probe_seconds {
            0 => Vec::new(),
            seconds => probe::latencies(site, side.stats, seconds)?,
        };
        side::stop(running)?;
        figures.push(Figure { state_bytes: side.state_bytes(), latency_ms: latency, ..figure });
        if !self.no_restore {
            side.wipe()?;
            figures.push(side.restore(side.rows(site)?)?);
        }
        Ok(())
    }
}

fn report(figures: &[Figure]) {
    println!(
        "|                        | records/s | /CPU s  | seconds | first row | CPU s  | peak MiB | state B a message |"
    );
    println!(
        "|------------------------|----------:|--------:|--------:|----------:|-------:|---------:|------------------:|"
    );
    for figure in figures {
        let (peak, state) = (figure.peak_bytes >> 20, figure.each(figure.state_bytes));
        let (rate, cpu, name) = (figure.rate(), figure.cpu_rate(), &figure.phase);
        let Figure { seconds, first_seconds, cpu_seconds, .. } = figure;
        println!(
            "| {name:<22} | {rate:>9.0} | {cpu:>7.0} | {seconds:>7.1} | {first_seconds:>9.1} | {cpu_seconds:>6.1} | {peak:>8} | {state:>17.0} |"
        );
    }
    for Figure { phase, latency_ms, .. } in figures.iter().filter(|figure| !figure.latency_ms.is_empty()) {
        let at = |share: f64| quantile(latency_ms, share);
        println!("{phase}, event to visible row: p50 {:.0} ms, p99 {:.0} ms, max {:.0} ms", at(0.5), at(0.99), at(1.0));
    }
    let of = |phase: &str| figures.iter().find(|figure| figure.phase == phase);
    if let (Some(limit), Some(peer), Some(own)) = (of("pass-through"), of("kafka streams"), of("mailtally")) {
        let memory = own.peak_bytes as f64 / peer.peak_bytes.max(1) as f64;
        let (of_peer, of_limit) = (own.cpu_rate() / peer.cpu_rate(), 100.0 * own.cpu_rate() / limit.cpu_rate());
        println!(
            "Mailtally per CPU second: {of_peer:.2} x Kafka Streams, {of_limit:.0} % of the limit; memory {memory:.2} x"
        );
    }
    if let (Some(peer), Some(own)) = (of("kafka streams restore"), of("mailtally restore")) {
        println!("Mailtally restores {:.2} x the rows/s of Kafka Streams", own.rate() / peer.rate());
    }
    println!("{}", serde_json::json!({ "bench": "throughput", "figures": figures }));
}
