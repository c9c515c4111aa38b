//! Bad surroundings: each is one line with its remedy and the documented exit code, within seconds.

use std::time::{Duration, Instant};

use kafka::{Creation, Kafka, Options};

use crate::site::{Site, notes, refused, until_ready};
use crate::support::{Run, binary, send};

#[test]
fn a_wrong_broker_address() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address").to_string();
    drop(silent);
    let site = Site::at(&address);
    for command in ["campaigns", "processor", "run"] {
        let begun = Instant::now();
        refused(&site.ask(&[command]), 1, &[&address, "kafka.bootstrap_servers"]);
        assert!(begun.elapsed() < Duration::from_secs(15), "{command} took {:?}", begun.elapsed());
    }
}

#[test]
fn a_bad_configuration() {
    let site = Site::at("127.0.0.1");
    refused(&site.ask(&["config", "check"]), 2, &["kafka.bootstrap_servers", "no HOST:PORT"]);
    let output = binary().args(["processor", "--data"]).arg(site.path("0")).output().expect("it runs");
    refused(&output, 2, &["kafka.bootstrap_servers is missing", "`mailtally run` does all"]);
    let output = binary().args(["topics", "check"]).output().expect("it runs");
    refused(&output, 2, &["kafka.bootstrap_servers is missing"]);
}

#[test]
fn missing_topics_are_said_with_the_command_that_makes_them() {
    let site = Site::new();
    for command in ["processor", "run", "campaigns"] {
        refused(&site.ask(&[command]), 1, &[&format!("no topics {}.*", site.prefix), "`mailtally topics create`"]);
    }
    site.said(&["topics", "create"]);
    assert!(site.ask(&["campaigns"]).status.success());
}

#[test]
fn a_wrongly_partitioned_topic_stops_the_start() {
    let site = Site::new();
    let kafka = Kafka::open(Options::new(&site.servers, &site.prefix)).expect("open");
    let name = format!("{}.events.v1", site.prefix);
    let topic = Creation {
        name: name.clone(),
        partitions: 6,
        replication: Some(1),
        configs: [("max.message.bytes".to_owned(), "8388608".to_owned()), ("retention.ms".to_owned(), "-1".to_owned())]
            .into(),
    };
    assert!(kafka.create(&topic).expect("made"));
    assert_eq!(
        site.ask(&["topics", "create", "--set", "partitions=4"]).status.code(),
        Some(1),
        "the others are made, this one is said"
    );
    let said = refused(
        &site.ask(&["processor", "--set", "partitions=4"]),
        1,
        &[&name, "6 partitions", "never change in place"],
    );
    assert!(said.contains("wanted 4"), "{said}");
}

#[test]
fn a_data_directory_is_one_process_s_and_one_log_s() {
    let site = Site::made();
    let mut first = site.start("processor", "0");
    first.address();
    let second = site.ask(&["processor", "--set", "kafka.instance=other"]);
    refused(&second, 1, &["is open in process", "a data directory of its own"]);
    assert!(site.ask(&["campaigns"]).status.success(), "a command needs no directory");
    first.stop();
    let embedded = binary().args(["campaigns", "--data"]).arg(site.path("0")).output().expect("it runs");
    assert_eq!(embedded.status.code(), Some(1), "{}", notes(&site.path("0")));
    let run =
        binary().args(["run", "--listen", "127.0.0.1:0", "--data"]).arg(site.path("0")).output().expect("it runs");
    refused(&run, 1, &["was made for Kafka", "set kafka.bootstrap_servers"]);
}

#[test]
fn an_address_is_not_looked_up_without_the_key_of_its_hash() {
    let site = Site::made();
    assert_eq!(site.ask(&["inspect", "contact", "acme", "k1"]).status.code(), Some(1), "no such client");
    refused(
        &site.ask(&["inspect", "contact", "acme", "k1@example.org"]),
        1,
        &["key of the address hashes", "address_key_file"],
    );
}

#[test]
fn another_key_and_another_instance_of_the_same_name() {
    let site = Site::made();
    let mut first = site.start("processor", "a");
    until_ready(&mut first);
    let file = site.file("sends.jsonl", &[send("m1", "spring")]);
    site.said(&["produce", &file]);
    refused(&site.ask(&["processor"]), 1, &["address.key is missing", "set address_key_file to a copy of it"]);
    let other = format!("address_key_file={}", site.key("other.key", 8).display());
    refused(
        &site.ask(&["processor", "--set", &other]),
        1,
        &["another key of the address hashes", "the same address_key_file"],
    );

    let name = "kafka.instance=a";
    let same = format!("address_key_file={}", site.path("address.key").display());
    let flags = site.flags();
    let mut arguments: Vec<&str> = flags.iter().map(String::as_str).collect();
    arguments.extend(["--set", name, "--set", &same]);
    let mut second = Run::start_as("processor", &site.path("twin"), &arguments);
    assert_eq!(first.ended().code(), Some(1), "the older one ends");
    let said = notes(&site.path("a"));
    assert!(
        said.lines().last().is_some_and(|line| line.contains("give each instance a kafka.instance of its own")),
        "{said}"
    );
    until_ready(&mut second);
    second.stop();
}

#[test]
fn backup_and_verify_say_what_is_done_instead() {
    let site = Site::made();
    let to = site.path("backup");
    refused(&site.ask(&["backup", to.to_str().expect("a path")]), 1, &["embedded log", "brokers' replicas"]);
    refused(&site.ask(&["verify"]), 1, &["embedded log", "`mailtally reconcile`"]);
}

#[test]
fn a_wrong_password_and_no_tls() {
    let cluster =
        broker::Cluster::start(&broker::Options { secure: true, ..broker::Options::default() }).expect("a cluster");
    let site = Site::at(&cluster.bootstrap());
    let authority = cluster.authority().expect("an authority");
    let ca = format!("kafka.ca_file={}", authority.display());
    let ask = |user: &str, password: &str, mechanism: &str| {
        let (user, mechanism) = (format!("kafka.username={user}"), format!("kafka.sasl_mechanism={mechanism}"));
        let mut command = binary();
        command.args(["topics", "check", "--set", "kafka.security_protocol=sasl_ssl", "--set", &ca]);
        command.args(["--set", &user, "--set", &mechanism, "--set"]);
        command.arg(format!("kafka.bootstrap_servers={}", site.servers)).env("MAILTALLY_KAFKA_PASSWORD", password);
        command.output().expect("it runs")
    };
    let admin = cluster.password("admin").expect("a password");
    for mechanism in ["PLAIN", "SCRAM-SHA-512"] {
        let good = ask("admin", &admin, mechanism);
        assert!(
            String::from_utf8_lossy(&good.stdout).contains("14 are missing"),
            "{}",
            String::from_utf8_lossy(&good.stderr)
        );
        let said = refused(
            &ask("admin", "wrong-password", mechanism),
            1,
            &["refused the user or its password", "kafka.password_file"],
        );
        assert!(!said.contains("wrong-password"), "{said}");
    }
    let begun = Instant::now();
    refused(&site.ask(&["topics", "check"]), 1, &[&site.servers]);
    assert!(begun.elapsed() < Duration::from_secs(15));
}
