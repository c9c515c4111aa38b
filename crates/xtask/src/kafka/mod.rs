//! `cargo xtask kafka ...`: Apache Kafka on loopback for development and long tests, without Docker.

mod wanted;

use std::process::ExitCode;
use std::time::Instant;

use broker::{Node, Running};

use crate::setup::{self, Purpose};
use wanted::Wanted;

/// One line an action: its name, what it does, who does it.
type Action = (&'static str, &'static str, fn(&Wanted) -> Result<ExitCode, String>);

const ACTIONS: [Action; 6] = [
    (
        "up",
        "start it, and wait until every broker answers [--brokers 1|3] [--port P] [--secure] [--advertise P,...]",
        up,
    ),
    ("down", "stop it; --wipe removes its data, too", down),
    ("status", "brokers, ports, process ids, directory; exit code 1 where not every broker answers", status),
    ("stop", "SIGTERM to one broker: stop N", stop),
    ("kill", "SIGKILL to one broker: kill N", kill),
    ("restart", "stop one broker where it runs and start it on its data: restart N", restart),
];

/// Finds the action by its name.
pub(crate) fn command(arguments: &[String]) -> Result<ExitCode, String> {
    let (name, rest) = arguments.split_first().map_or(("", &[][..]), |(name, rest)| (name.as_str(), rest));
    let Some((_, _, action)) = ACTIONS.iter().find(|(known, _, _)| *known == name) else {
        eprintln!(
            "cargo xtask kafka ACTION [--dir DIR] (default {}), where ACTION is one of:",
            wanted::dir().display()
        );
        for (name, does, _) in ACTIONS {
            eprintln!("  {name:<8} {does}");
        }
        return Ok(ExitCode::from(2));
    };
    action(&Wanted::parse(rest)?)
}

fn up(wanted: &Wanted) -> Result<ExitCode, String> {
    let there = Running::open(&wanted.dir)?;
    if let Some(there) = there.as_ref().filter(|there| wanted.is(there.plan()) && all_serve(there)) {
        eprintln!("Apache Kafka {} runs already", broker::RELEASE);
        say_where(there);
        return Ok(ExitCode::SUCCESS);
    }
    setup::ready(Purpose::Kafka, wanted.yes)?;
    broker::fetch()?;
    let cluster = match there {
        Some(there) if wanted.is(there.plan()) => there,
        there => anew(wanted, there)?,
    };
    start(&cluster)?;
    say_where(&cluster);
    Ok(ExitCode::SUCCESS)
}

/// A cluster with other ports than the one before, on its data; never one over another kind's data.
fn anew(wanted: &Wanted, there: Option<Running>) -> Result<Running, String> {
    let mut plan = wanted.plan()?;
    if let Some(there) = there {
        let dir = wanted.dir.display();
        if there.plan().nodes.iter().any(|node| there.process(node).is_some()) {
            return Err(format!("another cluster runs in {dir}: cargo xtask kafka down first, or name another --dir"));
        }
        if there.plan().nodes.len() != plan.nodes.len() || there.plan().secure != plan.secure {
            return Err(format!("{dir} has another cluster's data: cargo xtask kafka down --wipe, or another --dir"));
        }
        plan.id.clone_from(&there.plan().id);
    }
    Running::new(plan)
}

fn start(cluster: &Running) -> Result<(), String> {
    let began = Instant::now();
    let brokers = if cluster.plan().nodes.len() == 1 { "1 broker" } else { "3 brokers" };
    eprintln!("Starting Apache Kafka {}, {brokers}, in {}", broker::RELEASE, cluster.plan().dir.display());
    cluster.start(&mut |line| eprintln!("  {line}"))?;
    eprintln!("ready after {:.1} s", began.elapsed().as_secs_f64());
    Ok(())
}

fn say_where(cluster: &Running) {
    let plan = cluster.plan();
    println!("bootstrap  {}", plan.bootstrap());
    plan.nodes.iter().for_each(|node| println!("log        {}", plan.log(node).display()));
    if let Some(authority) = cluster.authority() {
        println!("security   SASL_SSL, PLAIN or SCRAM-SHA-512; authority {}", authority.display());
        println!("users      admin, mailtally, stranger; passwords in {}", plan.dir.join("secrets").display());
    }
}

fn down(wanted: &Wanted) -> Result<ExitCode, String> {
    let dir = wanted.dir.display();
    match Running::open(&wanted.dir)? {
        None => eprintln!("no cluster in {dir}"),
        Some(cluster) => {
            let ended = cluster.down()?;
            eprintln!("{ended} of {} brokers ran, none does now", cluster.plan().nodes.len());
            if wanted.wipe {
                // Only what a cluster made: the directory may have been somebody's before.
                cluster.wipe()?;
                eprintln!("removed the cluster's data in {dir}");
            } else {
                eprintln!("its data stays in {dir}; down --wipe removes it");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn status(wanted: &Wanted) -> Result<ExitCode, String> {
    let Some(cluster) = Running::open(&wanted.dir)? else {
        println!("no cluster in {}: cargo xtask kafka up", wanted.dir.display());
        return Ok(ExitCode::FAILURE);
    };
    let plan = cluster.plan();
    let protocol = if plan.secure { "SASL_SSL" } else { "PLAINTEXT" };
    println!("Apache Kafka {}, {protocol}, in {}", broker::RELEASE, plan.dir.display());
    println!("broker  port   advertised  pid      state");
    let mut serve = true;
    for node in &plan.nodes {
        let status = cluster.status(node);
        serve &= status.answer.is_ok();
        let id = status.process.map_or_else(|| "-".to_owned(), |id| id.to_string());
        let Node { number, client, advertised, .. } = node;
        println!("{number:<7} {client:<6} {advertised:<11} {id:<8} {}", words(&status, plan.nodes.len()));
    }
    Ok(if serve { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn words(status: &broker::Status, count: usize) -> String {
    match (&status.process, &status.answer) {
        (Some(_), Ok(seen)) => format!("answers, sees {} of {count} brokers", seen.len()),
        (Some(_), Err(why)) => format!("runs and does not answer: {why}"),
        (None, Ok(_)) => "not ours: another program answers at its port".to_owned(),
        (None, Err(_)) => "does not run".to_owned(),
    }
}

fn stop(wanted: &Wanted) -> Result<ExitCode, String> {
    let (cluster, number) = wanted.broker()?;
    cluster.stop(number)?;
    eprintln!("broker {number} ended");
    Ok(ExitCode::SUCCESS)
}

fn kill(wanted: &Wanted) -> Result<ExitCode, String> {
    let (cluster, number) = wanted.broker()?;
    cluster.kill(number)?;
    eprintln!("broker {number} is killed");
    Ok(ExitCode::SUCCESS)
}

fn restart(wanted: &Wanted) -> Result<ExitCode, String> {
    let (cluster, number) = wanted.broker()?;
    let began = Instant::now();
    cluster.restart(number)?;
    eprintln!("broker {number} answers after {:.1} s", began.elapsed().as_secs_f64());
    Ok(ExitCode::SUCCESS)
}

fn all_serve(cluster: &Running) -> bool {
    let serves = |status: broker::Status| status.process.is_some() && status.answer.is_ok();
    cluster.plan().nodes.iter().all(|node| serves(cluster.status(node)))
}
