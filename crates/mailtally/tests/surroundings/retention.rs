//! Input that was cut away before it was folded.

use std::process::Stdio;

use kafka::{Kafka, Options};
use log::Log as _;
use rustix::process::{Signal, kill_process};

use crate::site::{Site, until, until_ready};
use crate::support::{Run, binary};
use crate::{cluster, made, produce, sends, sent};

/// Partitions of a topic where the configuration says nothing, and tasks of all folds.
const PARTITIONS: usize = 4;
const TASKS: usize = 24;

/// Writes them and waits for nobody to fold them.
fn append(site: &Site, lines: &[String]) {
    let file = site.file("sends.jsonl", lines);
    let kafka = Kafka::open(Options::new(&site.servers, &site.prefix)).expect("open");
    let topic = engine::Topic::new(&format!("{}.platform.v1", site.prefix));
    let written = || {
        let end =
            |partition| kafka.bounds(&engine::TopicPartition { topic: topic.clone(), partition }).expect("bounds");
        (0..4).map(|partition| end(partition).high_watermark).sum::<u64>()
    };
    let wanted = written() + u64::try_from(lines.len()).expect("few");
    let mut command = binary();
    command.args(["produce", &file]).args(site.flags()).arg("--data").arg(site.path("0"));
    let mut producer = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    until("all is written", || written() == wanted);
    producer.kill().expect("ended");
    producer.wait().expect("ended");
}

/// Cuts the platform's intake at its end, as retention would.
fn cut(site: &Site) {
    let topic = format!("{}.platform.v1", site.prefix);
    let partition = |partition| format!(r#"{{"topic":"{topic}","partition":{partition},"offset":-1}}"#);
    let all: Vec<String> = (0..4).map(partition).collect();
    let file = site.file("cut.json", &[format!(r#"{{"version":1,"partitions":[{}]}}"#, all.join(","))]);
    let said = cluster().tool("org.apache.kafka.tools.DeleteRecordsCommand", &["--offset-json-file", &file]);
    assert!(said.expect("cut").contains("low_watermark"));
}

/// What the partitions of the intake say that cannot go on; the others do.
fn stalled(run: &mut Run) -> String {
    let mut found = String::new();
    until("a partition stalls", || {
        let (_, body) = run.get("/health/ready");
        let report: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        let tasks = report["tasks"].as_array().expect("tasks");
        let stalled: Vec<_> = tasks.iter().filter(|task| task["state"] == "stalled").collect();
        found = stalled.first().map_or_else(String::new, |task| task["why"].as_str().unwrap_or_default().to_owned());
        let live = tasks.iter().filter(|task| task["state"] == "live").count();
        assert!(stalled.iter().all(|task| task["fold"] == "decode-platform"), "{body}");
        stalled.len() == PARTITIONS && live == TASKS - PARTITIONS
    });
    found
}

#[test]
fn input_that_was_cut_unread_stalls_its_partition_and_is_given_up_only_by_a_person() {
    let site = made();
    let mut run = site.start("processor", "a");
    until_ready(&mut run);
    produce(&site, 0, 20);

    // Under a running process that is slow: it stands still while the input comes and goes.
    kill_process(run.pid(), Signal::STOP).expect("frozen");
    append(&site, &sends(20, 40));
    cut(&site);
    kill_process(run.pid(), Signal::CONT).expect("goes on");
    let said = stalled(&mut run);
    assert!(
        said.contains("is gone, the log now starts at") && said.contains("accept the loss by committing"),
        "{said}"
    );
    assert_eq!(sent(&site), 20, "nothing was jumped over");
    run.stop();

    // At a start.
    let mut run = site.start("processor", "a");
    let said = stalled(&mut run);
    assert!(said.contains("is gone unread (retention)") && said.contains("accept the loss by committing"), "{said}");
    assert_eq!(sent(&site), 20);
    run.stop();

    // What deploy/kafka.md says for who accepts it.
    let (group, topic) = (format!("{}-processor", site.prefix), format!("{}.platform.v1", site.prefix));
    let reset = ["--group", &group, "--topic", &topic, "--reset-offsets", "--to-earliest", "--execute"];
    // Refused while the group waits for its static member.
    until("the loss is accepted", || {
        let said = cluster().tool("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", &reset);
        said.is_ok_and(|said| said.contains(&topic))
    });
    let mut run = site.start("processor", "a");
    until_ready(&mut run);
    produce(&site, 40, 50);
    assert_eq!(sent(&site), 30, "what was cut is lost, and nothing else");
    assert!(site.rows(&["reconcile"])[0]["difference"].is_null());
    run.stop();
}
