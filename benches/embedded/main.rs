//! `cargo xtask bench embedded`: Mailtally in one process beside SQLite, over the same events, in the same batches, each run
//! in a process of its own. Fails when the two do not count the same.

mod phase;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use benches::figures::{Figure, HEAD};
use benches::{input, posted};
use clap::Parser;

use phase::{Own, Phase};

/// What can be asked of the bench.
#[derive(Parser)]
struct Arguments {
    /// Messages; 4 events each on average, a fifth of which come twice.
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
    /// The same seed gives the same input.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Records of a batch; may be repeated.
    #[arg(long, default_values_t = [1_000, 20_000])]
    batch: Vec<usize>,
    /// Runs of each side and batch size, in alternating order; the fastest is shown.
    #[arg(long, default_value_t = 2)]
    rounds: usize,
    #[command(flatten)]
    own: Own,
    /// Messages of the run from the intakes, with JSON bodies through decode.
    #[arg(long, default_value_t = 200_000)]
    intake_messages: u64,
    /// Where the files go; by default beside the temporary ones. Needs about 3 GiB.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Run one phase over an input that is there, in this process.
    #[arg(long, hide = true)]
    phase: Option<Phase>,
    #[arg(long, hide = true)]
    input: Option<PathBuf>,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    if let (Some(phase), Some(input), Some(folder), [batch]) =
        (arguments.phase, &arguments.input, &arguments.folder, arguments.batch.as_slice())
    {
        println!("{}", serde_json::to_string(&phase.run(input, folder, *batch, arguments.own)?)?);
        return Ok(ExitCode::SUCCESS);
    }
    if let (Some(Phase::Events), Some(input)) = (arguments.phase, &arguments.input) {
        input::events(input, arguments.seed, arguments.messages)?;
        return Ok(ExitCode::SUCCESS);
    }
    let parent = arguments.folder.clone().unwrap_or_else(std::env::temp_dir);
    let folder = tempfile::Builder::new().prefix("mailtally-bench-").tempdir_in(parent)?;
    let figures = arguments.measure(folder.path())?;
    report(&figures);
    Ok(ExitCode::SUCCESS)
}

impl Arguments {
    fn measure(&self, folder: &Path) -> Result<Vec<Figure>> {
        let (events, intakes) = (folder.join("events"), folder.join("intakes"));
        let count = input::events(&events, self.seed, self.messages)?;
        eprintln!("{count} events of {} messages, {} bytes", self.messages, std::fs::metadata(&events)?.len());
        let mut figures = Vec::new();
        for batch in &self.batch {
            for round in 0..self.rounds.max(1) {
                let mut order = [Phase::Mailtally, Phase::Sqlite];
                order.rotate_left(round % 2);
                for phase in order {
                    figures.extend(self.child(phase, &events, folder, *batch, self.messages)?);
                }
            }
        }
        if self.intake_messages > 0 {
            let batch = self.batch.iter().copied().max().context("a batch size")?;
            let posted = posted::intakes(&intakes, self.seed, self.intake_messages)?;
            eprintln!("{posted} events of {} messages from the intakes", self.intake_messages);
            let whole = self.child(Phase::Intakes, &intakes, folder, batch, self.intake_messages)?;
            figures.extend(whole.into_iter().map(|figure| Figure { records: posted, ..figure }));
        }
        Ok(figures)
    }

    /// Runs a phase in a process of its own, so that its peak of memory is its own.
    fn child(&self, phase: Phase, input: &Path, folder: &Path, batch: usize, messages: u64) -> Result<Vec<Figure>> {
        let data = tempfile::Builder::new().prefix(phase.word()).tempdir_in(folder)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--phase", phase.word(), "--batch", &batch.to_string()]);
        command.args(["--workers", &self.own.workers.to_string()]);
        command.args(["--memory-mib", &self.own.memory_mib.to_string()]);
        command.arg("--input").arg(input).arg("--folder").arg(data.path());
        let output = command.stderr(Stdio::inherit()).output()?;
        ensure!(output.status.success(), "{} ended with {}", phase.word(), output.status);
        let mut figures: Vec<Figure> = serde_json::from_slice(&output.stdout)?;
        for figure in &mut figures {
            (figure.messages, figure.batch) = (messages, batch);
            eprintln!("{}", figure.row(None));
        }
        let numbers = std::fs::read(data.path().join("numbers"))?;
        self.compare(phase, folder, &numbers)?;
        Ok(figures)
    }

    /// What was counted must be what every run before counted from the same input.
    fn compare(&self, phase: Phase, folder: &Path, numbers: &[u8]) -> Result<()> {
        let known = folder.join(if phase == Phase::Intakes { "numbers-intakes" } else { "numbers" });
        if !known.exists() {
            return Ok(std::fs::write(known, numbers)?);
        }
        if std::fs::read(&known)? != numbers {
            bail!("{} counts otherwise than the runs before it, seed {}", phase.word(), self.seed);
        }
        Ok(())
    }
}

fn report(figures: &[Figure]) {
    let mut best: Vec<&Figure> = Vec::new();
    for figure in figures {
        match best.iter_mut().find(|held| held.phase == figure.phase && held.batch == figure.batch) {
            Some(held) if held.rate() < figure.rate() => *held = figure,
            Some(_) => {}
            None => best.push(figure),
        }
    }
    println!("{HEAD}");
    for figure in &best {
        let peer = best.iter().find(|peer| peer.phase == Phase::Sqlite.word() && peer.batch == figure.batch);
        println!("{}", figure.row(peer.filter(|_| figure.phase == Phase::Mailtally.word()).copied()));
    }
    println!("{}", serde_json::json!({ "bench": "embedded", "figures": figures }));
}
