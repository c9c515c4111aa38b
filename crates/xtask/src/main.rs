//! Set-up, tests, local Kafka and benches, in Rust and without a dependency but our own `broker`, so that the first command on a fresh machine starts in
//! seconds.

mod alerts;
mod axe;
mod chaos;
mod demo;
mod described;
mod examples;
mod kafka;
mod pages;
mod picture;
mod rocksdb;
mod rows;
mod run;
mod served;
mod setup;
mod suites;

use std::process::ExitCode;

/// One line a command: its name, what it does, who does it. Each takes what was typed after its name.
type Command = (&'static str, &'static str, fn(&[String]) -> Result<ExitCode, String>);

const COMMANDS: [Command; 10] = [
    ("setup", "install what is lacking and link RocksDB [--yes]", setup::command),
    ("demo", "build Mailtally and play a platform's month through it [--yes] [demo's own flags]", demo::command),
    (
        "test",
        "everything that shows that it works [--quick: format, lints, unit tests] [--outside: what needs a broker or a browser] [--only NAME]",
        suites::command,
    ),
    ("kafka", "Apache Kafka on loopback without Docker: kafka up|down|status|stop|kill|restart", kafka::command),
    (
        "chaos",
        "faults over Apache Kafka, and a recount: chaos [--long] [--recovery] [--hot] [--seed N] [--events N] ...",
        chaos::command,
    ),
    ("bench", "a bench beside its peers: bench embedded|throughput|gateway|pages|live [its own flags]", suites::bench),
    ("replay", "one seed of the seeded driver, with its trace: replay SEED", suites::replay),
    ("picture", "draw the README's picture from a run of the demo", picture::command),
    ("pages", "take the README's pictures of the dashboard with a browser", pages::command),
    ("env", "print what a plain cargo needs: eval \"$(cargo xtask env)\"", setup::print_environment),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = arguments.split_first().map_or(("", &[][..]), |(name, rest)| (name.as_str(), rest));
    let Some((_, _, command)) = COMMANDS.iter().find(|(known, _, _)| *known == name) else {
        eprintln!("cargo xtask COMMAND, where COMMAND is one of:");
        for (name, does, _) in COMMANDS {
            eprintln!("  {name:<8} {does}");
        }
        return ExitCode::from(2);
    };
    command(rest).unwrap_or_else(|why| {
        eprintln!("xtask {name}: {why}");
        ExitCode::FAILURE
    })
}
