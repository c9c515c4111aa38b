//! The topics as they are wanted against the topics as they are: what is to be made, and what only an operator may mend, each
//! with its remedy. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use kafka::Right;

use super::wanted::Wanted;

/// A topic as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) name: String,
    pub(super) partitions: u32,
    pub(super) replication: u32,
    pub(super) configs: BTreeMap<String, String>,
    /// What this user may do with it; `None` when the broker does not say.
    pub(super) rights: Option<BTreeSet<Right>>,
}

/// What the comparison came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Topics that are not there.
    pub(super) missing: Vec<Wanted>,
    /// Everything about topics that are there.
    pub(super) problems: Vec<Problem>,
    /// Topics that are as wanted.
    pub(super) good: Vec<String>,
}

/// One thing that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) topic: String,
    /// What, as it is.
    pub(super) found: String,
    /// What it must be.
    pub(super) wanted: String,
    /// What to do.
    pub(super) remedy: String,
    /// Whether nothing may be folded meanwhile: rows would go astray or be lost.
    pub(super) stops: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has {}, wanted {}: {}", self.topic, self.found, self.wanted, self.remedy)
    }
}

/// Compares. `servers` is what remedies name the brokers with.
pub(super) fn compare(wanted: &[Wanted], found: &[Found], servers: &str) -> Plan {
    let mut plan = Plan::default();
    for wanted in wanted {
        let Some(found) = found.iter().find(|found| found.name == wanted.name) else {
            plan.missing.push(wanted.clone());
            continue;
        };
        let problems = differences(wanted, found, servers);
        if problems.is_empty() {
            plan.good.push(wanted.name.clone());
        }
        plan.problems.extend(problems);
    }
    plan
}

fn differences(wanted: &Wanted, found: &Found, servers: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut say = |found: String, must: String, remedy: String, stops| {
        problems.push(Problem { topic: wanted.name.clone(), found, wanted: must, remedy, stops });
    };
    if found.partitions != wanted.partitions {
        let remedy = "a topic's partitions never change in place: set partitions to what the topics have, or take another \
                      prefix and begin anew";
        say(format!("{} partitions", found.partitions), wanted.partitions.to_string(), remedy.to_owned(), true);
    }
    if let Some(replicas) = wanted.replication.filter(|replicas| i64::from(found.replication) < i64::from(*replicas)) {
        let remedy =
            format!("kafka-reassign-partitions.sh --bootstrap-server {servers}, or set kafka.replication lower");
        say(format!("{} replicas", found.replication), format!("{replicas} or more"), remedy, false);
    }
    let lacking = |rights: &BTreeSet<Right>| Right::ALL.into_iter().filter(|right| !rights.contains(right)).collect();
    let lacking: Vec<Right> = found.rights.as_ref().map(lacking).unwrap_or_default();
    if !lacking.is_empty() {
        let words =
            |rights: &[Right]| rights.iter().map(|right| format!("{right:?}")).collect::<Vec<_>>().join(" and ");
        let flags: String = lacking.iter().map(|right| format!(" --operation {right:?}")).collect();
        let remedy = format!(
            "kafka-acls.sh --bootstrap-server {servers} --add --allow-principal User:NAME{flags} --topic {}",
            wanted.name
        );
        say(format!("no right for this user to {}", words(&lacking)), words(&Right::ALL), remedy, true);
    }
    for (name, held, words, value) in settings(wanted, found) {
        let remedy = format!(
            "kafka-configs.sh --bootstrap-server {servers} --alter --entity-type topics --entity-name {} --add-config {name}={value}",
            wanted.name
        );
        let remedy = match key(name, &wanted.name) {
            Some(key) => format!("{remedy}, or set {key}"),
            None => remedy,
        };
        say(format!("{name}={held}"), words, remedy, name == "cleanup.policy");
    }
    problems
}

/// Settings that are not right: name, value, what it must be in words, a value that is right. A setting that the brokers do not
/// tell is taken for right: this user may not read it, and `create` has set it.
fn settings<'a>(wanted: &'a Wanted, found: &'a Found) -> Vec<(&'a str, &'a str, String, String)> {
    let mut wrong = Vec::new();
    for setting in &wanted.settings {
        match found.configs.get(setting.name) {
            Some(held) if !setting.takes(held) => {
                wrong.push((setting.name, held.as_str(), setting.words(), setting.value.clone()));
            }
            _ => {}
        }
    }
    let least = wanted.insync(found.replication);
    if let Some(held) = found.configs.get("min.insync.replicas")
        && !held.parse::<u32>().is_ok_and(|held| (least..=found.replication).contains(&held))
    {
        let words = format!("{least} to {}, the topic's replicas", found.replication);
        wrong.push(("min.insync.replicas", held.as_str(), words, least.to_string()));
    }
    wrong
}

/// The key of the configuration that decides a setting of a topic.
fn key(setting: &str, topic: &str) -> Option<&'static str> {
    let part = |part: &str| topic.ends_with(&format!(".{part}.v1"));
    match setting {
        "retention.ms" if part("platform") || part("webhooks") => Some("retention.intake_days"),
        "retention.ms" if part("correlations") => Some("retention.correlations_days"),
        "retention.ms" if part("dead-letters") => Some("retention.dead_letters_days"),
        "min.insync.replicas" => Some("kafka.min_insync_replicas"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use service::config::{Config, Layers};

    use super::*;
    use crate::topics::wanted;

    fn wanted(more: &[(&str, &str)]) -> Vec<Wanted> {
        let flag = |(key, value): &(&str, &str)| ("--set".to_owned(), (*key).to_owned(), (*value).to_owned());
        let flags = [("kafka.bootstrap_servers", "b:9092"), ("kafka.replication", "3")].iter().chain(more).map(flag);
        let config = Config::load(&Layers { flags: flags.collect(), ..Layers::default() }).expect("a configuration");
        wanted::all(&config, config.kafka.as_ref().expect("brokers"))
    }

    /// The topics as `create` makes them, three replicas each.
    fn made(wanted: &[Wanted]) -> Vec<Found> {
        let make = |topic: &Wanted| Found {
            name: topic.name.clone(),
            partitions: topic.partitions,
            replication: 3,
            configs: topic.configs(),
            rights: Some(Right::ALL.into()),
        };
        wanted.iter().map(make).collect()
    }

    fn change(found: &mut [Found], topic: &str, change: impl FnOnce(&mut Found)) {
        change(found.iter_mut().find(|found| found.name == topic).expect("the topic"));
    }

    #[test]
    fn what_is_missing_is_made_and_then_all_is_good() {
        let wanted = wanted(&[]);
        let plan = compare(&wanted, &[], "b:9092");
        assert_eq!((plan.missing.len(), plan.problems.len()), (14, 0));
        let plan = compare(&wanted, &made(&wanted), "b:9092");
        assert_eq!((plan.missing.len(), plan.problems, plan.good.len()), (0, Vec::new(), 14));
        let mut some = made(&wanted);
        some.remove(5);
        let missing: Vec<String> = compare(&wanted, &some, "").missing.into_iter().map(|topic| topic.name).collect();
        assert_eq!(missing, ["mailtally.contact-events.v1"]);
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once_with_its_remedy() {
        let wanted = wanted(&[("retention.intake_days", "7")]);
        let mut found = made(&wanted);
        let set = |name: &'static str, value: &'static str| {
            move |topic: &mut Found| drop(topic.configs.insert(name.to_owned(), value.to_owned()))
        };
        change(&mut found, "mailtally.events.v1", |topic| topic.partitions = 6);
        change(&mut found, "mailtally.events.v1", set("retention.ms", "604800000"));
        change(&mut found, "mailtally.platform.v1", set("retention.ms", "2592000000"));
        change(&mut found, "mailtally.message-status.v1", set("cleanup.policy", "compact,delete"));
        change(&mut found, "mailtally.private.v1", set("max.compaction.lag.ms", "9223372036854775807"));
        change(&mut found, "mailtally.contact-state.v1", set("delete.retention.ms", "86400000"));
        change(&mut found, "mailtally.campaign-stats.v1", set("max.message.bytes", "1048588"));
        change(&mut found, "mailtally.webhooks.v1", |topic| topic.replication = 2);
        change(&mut found, "mailtally.campaign-partials.v1", |topic| {
            topic.rights = Some([Right::Read, Right::Describe].into())
        });
        change(&mut found, "mailtally.correlations.v1", set("min.insync.replicas", "1"));
        let said: Vec<String> = compare(&wanted, &found, "b:9092").problems.iter().map(ToString::to_string).collect();
        let begins = [
            "mailtally.platform.v1 has retention.ms=2592000000, wanted 604800000: ",
            "mailtally.webhooks.v1 has 2 replicas, wanted 3 or more: ",
            "mailtally.events.v1 has 6 partitions, wanted 4: a topic's partitions never change in place",
            "mailtally.events.v1 has retention.ms=604800000, wanted -1: kafka-configs.sh --bootstrap-server b:9092 --alter \
             --entity-type topics --entity-name mailtally.events.v1 --add-config retention.ms=-1",
            "mailtally.correlations.v1 has min.insync.replicas=1, wanted 2 to 3, the topic's replicas: ",
            "mailtally.contact-state.v1 has delete.retention.ms=86400000, wanted 604800000 or more: ",
            "mailtally.message-status.v1 has cleanup.policy=compact,delete, wanted compact: ",
            "mailtally.campaign-partials.v1 has no right for this user to Write and DescribeConfigs, wanted Read and Write and \
             Describe and DescribeConfigs: kafka-acls.sh --bootstrap-server b:9092 --add --allow-principal User:NAME --operation \
             Write --operation DescribeConfigs --topic mailtally.campaign-partials.v1",
            "mailtally.campaign-stats.v1 has max.message.bytes=1048588, wanted 8388608 or more: ",
            "mailtally.private.v1 has max.compaction.lag.ms=9223372036854775807, wanted 86400000 or less: ",
        ];
        assert_eq!(said.len(), begins.len(), "{said:#?}");
        for (said, begin) in said.iter().zip(begins) {
            assert!(said.starts_with(begin), "{said}\nis not\n{begin}");
        }
        assert!(said.first().is_some_and(|said| said.ends_with(", or set retention.intake_days")), "{said:?}");
    }

    #[test]
    fn what_is_wider_than_wanted_is_right() {
        let wanted = wanted(&[]);
        let mut found = made(&wanted);
        for topic in &mut found {
            topic.replication = 5;
            topic.configs.insert("min.insync.replicas".to_owned(), "5".to_owned());
            topic.configs.insert("max.message.bytes".to_owned(), "100000000".to_owned());
        }
        change(&mut found, "mailtally.message-status.v1", |topic| {
            topic.configs.insert("delete.retention.ms".to_owned(), "9999999999".to_owned());
        });
        assert_eq!(compare(&wanted, &found, "").problems, []);
        let unknown: Vec<Found> = found.into_iter().map(|topic| Found { configs: BTreeMap::new(), ..topic }).collect();
        assert_eq!(compare(&wanted, &unknown, "").problems, [], "this user may not read the settings");
    }
}
