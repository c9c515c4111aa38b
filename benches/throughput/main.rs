//! Mailtally over Apache Kafka beside Kafka Streams and the pass-through limit: one run, one machine, one events topic.

mod process;
mod site;

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use benches::figures::Figure;
use benches::usage;
use clap::Parser;

use process::Process;
use site::{Site, Stats};

/// Store cache of the peer, beside 2 threads and a heap of at most 2 GiB. Other settings are not tried yet.
const PEER_CACHE_BYTES: &str = "268435456";

/// Events over Kafka: the limit, Mailtally, Kafka Streams.
#[derive(Parser)]
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
    /// The pass-through in a process to itself: brokers and records.
    #[arg(long, hide = true, num_args = 2)]
    pass: Option<Vec<String>>,
}

fn main() -> Result<ExitCode> {
    let given = Arguments::parse();
    if let Some([servers, records]) = given.pass.as_deref() {
        let figure = site::pass(servers, given.partitions, records.parse()?)?;
        println!("{}", serde_json::to_string(&figure)?);
        return Ok(ExitCode::SUCCESS);
    }
    let messages = given.events.map_or(given.messages, |events| events / 4);
    given.measure(if given.quick { 50_000 } else { messages })?;
    Ok(ExitCode::SUCCESS)
}

impl Arguments {
    fn measure(&self, messages: u64) -> Result<()> {
        let folder = tempfile::Builder::new().prefix("mailtally-throughput-").tempdir()?;
        let cluster = broker::Cluster::start(&broker::Options::default()).map_err(anyhow::Error::msg)?;
        let site = Site::open(&cluster.bootstrap(), self.partitions)?;
        process::ended(site.mailtally(folder.path(), "topics").arg("create"))?;
        let (records, expected) = site.load(self.seed, messages)?;
        eprintln!("{records} records of {messages} messages, {} campaigns", expected.len());
        let mut figures = vec![self.limit(&site, records)?];
        figures.push(streams(&site, folder.path(), &expected)?);
        figures.push(self.mailtally(&site, folder.path(), &expected)?);
        for figure in &mut figures {
            (figure.messages, figure.records) = (messages, records);
        }
        report(&figures);
        Ok(())
    }

    fn limit(&self, site: &Site, records: u64) -> Result<Figure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--partitions", &self.partitions.to_string(), "--pass", &site.servers, &records.to_string()]);
        let output = command.stderr(std::process::Stdio::inherit()).output()?;
        ensure!(output.status.success(), "the pass-through ended with {}", output.status);
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    fn mailtally(&self, site: &Site, folder: &Path, expected: &Stats) -> Result<Figure> {
        let start = |place: u32| {
            let data = folder.join(format!("mailtally-{place}"));
            let mut command = site.mailtally(&data, "processor");
            command.arg("--set").arg(format!("kafka.instance=bench-{place}"));
            command.args(["--set", "commit.records=50000"]).env("MALLOC_ARENA_MAX", "2");
            Process::start(&mut command)
        };
        let running = (0..self.instances.max(1)).map(start).collect::<Result<Vec<_>>>()?;
        let figure = settle("mailtally", site, "mailtally.campaign-stats.v1", &running, expected)?;
        running.into_iter().try_for_each(Process::stop)?;
        let state = |place| usage::bytes_below(&folder.join(format!("mailtally-{place}")));
        Ok(Figure { state_bytes: (0..self.instances.max(1)).map(state).sum(), ..figure })
    }
}

fn streams(site: &Site, folder: &Path, expected: &Stats) -> Result<Figure> {
    let out = folder.join("peer");
    let pom = Path::new(env!("CARGO_MANIFEST_DIR")).join("kafka-streams/pom.xml");
    let mut maven = Command::new("mvn");
    process::ended(maven.args(["-B", "-q", "package", "-f"]).arg(pom).arg(format!("-Dout={}", out.display())))?;
    let state = folder.join("peer-state");
    let mut java = Command::new("java");
    java.args(["-Xmx2g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp"]);
    java.arg(format!("{0}/classes:{0}/lib/*", out.display())).arg("peer.Peer").arg(&site.servers);
    java.args(["mailtally.events.v1", site::PEER_STATUS, site::PEER_STATS]).arg(&state);
    let running = vec![Process::start(java.args(["2", PEER_CACHE_BYTES]))?];
    let figure = settle("kafka streams", site, site::PEER_STATS, &running, expected)?;
    running.into_iter().try_for_each(Process::stop)?;
    Ok(Figure { state_bytes: usage::bytes_below(&state), ..figure })
}

/// From the first visible row of the stats topic until every campaign has what it must have: start-up is in neither side's figures.
fn settle(name: &str, site: &Site, topic: &str, running: &[Process], expected: &Stats) -> Result<Figure> {
    let mut watch = site.watch(topic);
    watch.until(|seen| !seen.is_empty()).with_context(|| format!("{name} published nothing"))?;
    let cpu = |running: &[Process]| running.iter().map(Process::cpu_seconds).sum::<Result<f64>>();
    let (began, before) = (Instant::now(), cpu(running)?);
    let settled = watch.until(|seen| seen == expected);
    let (seconds, cpu_seconds) = (began.elapsed().as_secs_f64(), cpu(running)? - before);
    if let Err(why) = settled {
        let wrong = expected.iter().filter(|(campaign, counters)| watch.seen.get(*campaign) != Some(*counters)).count();
        return Err(why.context(format!("{name} counts otherwise in {wrong} of {} campaigns", expected.len())));
    }
    let peak_bytes = running.iter().map(Process::peak_bytes).sum::<Result<u64>>()?;
    Ok(Figure { phase: name.to_owned(), seconds, cpu_seconds, peak_bytes, ..Figure::default() })
}

fn report(figures: &[Figure]) {
    println!("|               | events/s | /CPU s  | peak MiB | state B a message |");
    println!("|---------------|---------:|--------:|---------:|------------------:|");
    for figure in figures {
        let (peak, state) = (figure.peak_bytes >> 20, figure.each(figure.state_bytes));
        let (rate, cpu) = (figure.rate(), figure.cpu_rate());
        println!("| {:<13} | {rate:>8.0} | {cpu:>7.0} | {peak:>8} | {state:>17.0} |", figure.phase);
    }
    if let [limit, peer, own] = figures {
        let memory = own.peak_bytes as f64 / peer.peak_bytes.max(1) as f64;
        let (of_peer, of_limit) = (own.cpu_rate() / peer.cpu_rate(), own.cpu_rate() / limit.cpu_rate());
        println!(
            "Mailtally per CPU second: {of_peer:.2} x Kafka Streams, {:.0} % of the limit; memory {memory:.2} x",
            100.0 * of_limit
        );
    }
    println!("{}", serde_json::json!({ "bench": "throughput", "figures": figures }));
}
