//! `mailtally topics plan|create|check`: the topics on Kafka. What is missing is made; what is there is never deleted, repartitioned
//! or changed, only compared, with every difference and its remedy in one report.

mod compare;
mod wanted;

use std::collections::BTreeSet;
use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use contract::topic::Topic;
use engine::TopicPartition;
use kafka::{Creation, Kafka};
use log::Log as _;
use serde_json::{Value, json};
use service::config::{self, Config};

use crate::Format;
use crate::place::Place;
use crate::system::{kafka_client, kafka_memory};
use compare::{Found, Plan, Problem, compare};

/// How long brokers may take to hear of a topic that was made.
const HEARD_MAX: Duration = Duration::from_secs(10);
/// Between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What can be asked of topics.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    place: Place,
    /// How it is shown.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::Subcommand)]
enum What {
    /// Say what create would make, and what is not as it must be; change nothing.
    Plan,
    /// Make the topics that are missing. Exit code 1 when others are not as they must be.
    Create,
    /// Say everything that is not as it must be. Exit code 1 when something is.
    Check,
}

impl Arguments {
    /// Plans, makes or checks.
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let config = self.place.config()?;
        let Some(brokers) = &config.kafka else {
            return Err(config
                .problem(
                    "kafka.bootstrap_servers",
                    "is missing: name the brokers; the embedded log makes its topics itself",
                )
                .into());
        };
        let kafka = Kafka::open(kafka_client(&config, brokers, &kafka_memory(&config), &[]))?;
        let mut plan = plan(&kafka, &config, brokers)?;
        if self.what == What::Check && plan.missing.is_empty() {
            plan.problems.extend(rights(&kafka, &plan, brokers)?);
        }
        let made = if self.what == What::Create { create(&kafka, &plan)? } else { Vec::new() };
        if self.what == What::Create && made.len() < plan.missing.len() {
            // Somebody else made the others just now: they are compared like all that was there.
            let now = self::plan(&kafka, &config, brokers)?;
            let is_new = |name: &String| made.contains(name);
            plan.missing.retain(|topic| is_new(&topic.name));
            plan.good = now.good.into_iter().filter(|name| !is_new(name)).collect();
            plan.problems = now.problems;
        }
        let out = &mut std::io::stdout().lock();
        match self.format {
            Format::Json => rows(&plan, &made).iter().try_for_each(|row| writeln!(out, "{row}"))?,
            Format::Table => self.tell(&plan, &made, out)?,
        }
        let wrong = match self.what {
            What::Plan => false,
            What::Create => !plan.problems.is_empty(),
            What::Check => !plan.problems.is_empty() || !plan.missing.is_empty(),
        };
        Ok(ExitCode::from(u8::from(wrong)))
    }

    fn tell(&self, plan: &Plan, made: &[String], out: &mut dyn Write) -> Result<()> {
        for topic in &plan.missing {
            let replicas = topic.replication.map_or_else(|| "the brokers' default".to_owned(), |some| some.to_string());
            let configs: Vec<String> = topic.configs().iter().map(|(name, value)| format!("{name}={value}")).collect();
            let (word, end) = match self.what {
                What::Plan => ("would make", ""),
                What::Create => ("made", ""),
                What::Check => ("missing", ": mailtally topics create"),
            };
            let (name, partitions) = (&topic.name, topic.partitions);
            match self.what {
                What::Check => writeln!(out, "{word} {name}{end}")?,
                _ => writeln!(
                    out,
                    "{word} {name}: {partitions} partitions, replicas {replicas}, {}",
                    configs.join(", ")
                )?,
            }
        }
        plan.problems.iter().try_for_each(|problem| writeln!(out, "{problem}"))?;
        let (good, missing, wrong) =
            (plan.good.len() + made.len(), plan.missing.len() - made.len(), plan.problems.len());
        writeln!(out, "{good} topics are as they must be, {missing} are missing, {wrong} problems")?;
        Ok(())
    }
}

/// What is there against what is wanted.
fn plan(kafka: &Kafka, config: &Config, brokers: &config::Kafka) -> Result<Plan> {
    let found = found(kafka)?;
    let mut wanted = wanted::all(config, brokers);
    // A configuration that says nothing of partitions takes those of the topics that are there, if they agree.
    let there: BTreeSet<u32> = wanted.iter().filter_map(|wanted| held(wanted, &found)).collect();
    if let (false, 1, Some(all)) = (config.is_given("partitions"), there.len(), there.first()) {
        wanted.iter_mut().for_each(|wanted| wanted.partitions = *all);
    }
    Ok(compare(&wanted, &found, &brokers.bootstrap_servers))
}

/// Rights beside those to the topics: to the group and to the producers' transactional ids. They are tried, since a broker tells
/// nobody what it would allow.
fn rights(kafka: &Kafka, plan: &Plan, brokers: &config::Kafka) -> Result<Vec<Problem>> {
    let config::Kafka { group, bootstrap_servers: servers, .. } = brokers;
    let mut problems = Vec::new();
    let mut refused = |what: &str, wanted: &str, flags: &str, said: Result<(), log::Error>| match said {
        Err(log::Error::Refused(why)) => {
            let remedy =
                format!("kafka-acls.sh --bootstrap-server {servers} --add --allow-principal User:NAME {flags}");
            let (topic, found) = (what.to_owned(), format!("no right for this user ({why})"));
            problems.push(Problem { topic, found, wanted: wanted.to_owned(), remedy, stops: true });
            Ok(())
        }
        said => said,
    };
    let input = plan.good.first().map(|name| TopicPartition { topic: engine::Topic::new(name), partition: 0 });
    let asked = kafka.group(group).and_then(|_| kafka.committed(group, input.as_slice())).map(drop);
    let flags = format!("--operation Read --operation Describe --group {group}");
    refused(&format!("group {group}"), "Read and Describe", &flags, asked)?;
    let flags =
        format!("--operation Write --operation Describe --transactional-id {group} --resource-pattern-type prefixed");
    let made = kafka.producer(&format!("{group}-check")).map(drop);
    refused(&format!("transactional ids {group}-*"), "Write and Describe", &flags, made)?;
    Ok(problems)
}

fn held(wanted: &wanted::Wanted, found: &[Found]) -> Option<u32> {
    found.iter().find(|found| found.name == wanted.name).map(|found| found.partitions)
}

fn found(kafka: &Kafka) -> Result<Vec<Found>> {
    let found = kafka.describe()?.into_iter().map(|topic| Found {
        name: topic.name,
        partitions: topic.partitions,
        replication: topic.replication,
        configs: topic.configs,
        rights: topic.rights,
    });
    Ok(found.collect())
}

/// Makes what is missing; the names of what was made, which is less where somebody else was quicker.
fn create(kafka: &Kafka, plan: &Plan) -> Result<Vec<String>> {
    let make = |topic: &wanted::Wanted| {
        let made = kafka.create(&Creation {
            name: topic.name.clone(),
            partitions: topic.partitions,
            replication: topic.replication,
            configs: topic.configs(),
        });
        let made = made.with_context(|| format!("make topic {}", topic.name))?;
        Ok(made.then(|| topic.name.clone()))
    };
    let made: Vec<Option<String>> = plan.missing.iter().map(make).collect::<Result<_>>()?;
    let begun = Instant::now();
    // A broker may hear of a topic a little after the one that made it.
    while !made.is_empty() && begun.elapsed() < HEARD_MAX {
        let found = found(kafka)?;
        if plan.missing.iter().all(|topic| found.iter().any(|found| found.name == topic.name)) {
            break;
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(made.into_iter().flatten().collect())
}

/// Makes the topics for who begins anew.
///
/// # Errors
/// When they hold something.
pub(crate) fn begin(config: &Config, brokers: &config::Kafka) -> Result<()> {
    let kafka = Kafka::open(kafka_client(config, brokers, &kafka_memory(config), &[]))?;
    create(&kafka, &plan(&kafka, config, brokers)?)?;
    for partition in 0..ready(&kafka, config, brokers)? {
        let topic = engine::Topic::new(&Topic::Platform.name(&config.prefix));
        if kafka.bounds(&TopicPartition { topic, partition })?.high_watermark > 0 {
            bail!("the topics {}.* hold records already: begin in others with --set prefix=NAME", config.prefix);
        }
    }
    Ok(())
}

/// Partitions of the topics, once all are there and partitioned and cleaned as they must be; what is less than that is told
/// and gone on with.
///
/// # Errors
/// One report of everything that makes it impossible to go on.
pub(crate) fn ready(kafka: &Kafka, config: &Config, brokers: &config::Kafka) -> Result<u32> {
    let found = found(kafka)?;
    let wanted = wanted::all(config, brokers);
    let plan = plan(kafka, config, brokers)?;
    if plan.missing.len() == wanted.len() {
        let key = if config.is_given("prefix") { "prefix" } else { "kafka.bootstrap_servers" };
        let why = format!("has no topics {}.*: make them with `mailtally topics create`", config.prefix);
        bail!(config.problem(key, &why).0.remove(0).to_string());
    }
    let missing = plan.missing.iter().map(|topic| format!("topic {} is missing: mailtally topics create", topic.name));
    let wrong = plan.problems.iter().filter(|problem| problem.stops).map(ToString::to_string);
    let report: Vec<String> = missing.chain(wrong).collect();
    if !report.is_empty() {
        bail!("{}", report.join("\n"));
    }
    for problem in plan.problems.iter().filter(|problem| !problem.stops) {
        tracing::warn!("{problem}");
    }
    wanted.first().and_then(|first| held(first, &found)).context("a topic")
}

fn rows(plan: &Plan, made: &[String]) -> Vec<Value> {
    let missing = plan.missing.iter().map(|topic| {
        let state = if made.contains(&topic.name) { "made" } else { "missing" };
        json!({
            "topic": topic.name, "state": state, "partitions": topic.partitions, "replication": topic.replication,
            "configs": topic.configs(),
        })
    });
    let good = plan.good.iter().map(|name| json!({"topic": name, "state": "good"}));
    let problems = plan.problems.iter().map(|problem| {
        json!({
            "topic": problem.topic, "state": "wrong", "found": problem.found, "wanted": problem.wanted,
            "remedy": problem.remedy, "stops": problem.stops,
        })
    });
    missing.chain(good).chain(problems).collect()
}
