//! Configuration as an operator meets it: what overrides what, and that every mistake is named with its place and remedy.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use std::path::PathBuf;

use service::config::{self, Config, Layers, Problems};

struct Case {
    directory: tempfile::TempDir,
    layers: Layers,
}

fn case(toml: &str) -> Case {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("mailtally.toml");
    std::fs::write(&path, toml).expect("written");
    Case { directory, layers: Layers { file: Some(path), ..Layers::default() } }
}

impl Case {
    fn environment(mut self, name: &str, value: &str) -> Self {
        self.layers.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    fn flag(mut self, key: &str, value: &str) -> Self {
        self.layers.flags.push(("--set".to_owned(), key.to_owned(), value.to_owned()));
        self
    }

    fn load(&self) -> Result<Config, Problems> {
        Config::load(&self.layers)
    }

    /// The problems, without the directory of the test.
    fn problems(&self) -> Vec<String> {
        let here = format!("{}/", self.directory.path().display());
        let problems = self.load().expect_err("a problem").to_string();
        problems.lines().map(|line| line.replace(&here, "")).collect()
    }
}

#[test]
fn a_later_layer_wins_and_print_says_which() {
    let case = case("partitions = 8\nlisten = \"127.0.0.1:1\"\n[log]\nlevel = \"warn\"\n[commit]\nrecords = 7\n")
        .environment("MAILTALLY_LISTEN", "127.0.0.1:2")
        .environment("MAILTALLY_LOG_LEVEL", "debug")
        .flag("log.level", "error");
    let config = case.load().expect("good");
    assert_eq!((config.partitions, config.commit.records, config.log.level.as_str()), (8, 7, "error"));
    assert_eq!(config.listen.port(), 2);
    let printed = config::toml(&config);
    for (line, origin) in [
        ("partitions = 8 ", "mailtally.toml:1"),
        ("listen = \"127.0.0.1:2\" ", "# environment MAILTALLY_LISTEN"),
        ("log.level = \"error\" ", "# flag --set"),
        ("memory_bytes = \"96 MiB\" ", "# default"),
    ] {
        let found = printed.lines().find(|printed| printed.starts_with(line)).expect(line);
        assert!(found.ends_with(origin), "{found}");
    }
}

#[test]
fn what_is_printed_can_be_read_back() {
    let toml = "[[account]]\nprovider = \"sendgrid\"\norganisations = [\"acme\", \"b \\\"q\\\"\"]\nmapping = { campaign = \"category:c-\" }\n";
    let config = case(toml).load().expect("good");
    let again = case(&config::toml(&config)).load().expect("good again");
    assert_eq!(again.accounts[0].organisations, config.accounts[0].organisations);
    assert_eq!(again.accounts[0].mapping, config.accounts[0].mapping);
    assert_eq!((again.memory_bytes, again.data), (config.memory_bytes, PathBuf::from("data")));
}

#[test]
fn every_mistake_is_named_with_its_place_at_once() {
    let toml = "partition = 8\nworkers = 0\nlisten = \"localhost\"\njson_topics = \"yes\"\n\
                [log]\nformat = \"xml\"\ncolour = true\n[commit]\nbytes = [1]\n[nothing]\nx = 1\n";
    let problems = case(toml).environment("MAILTALLY_LOG_LEVLE", "info").flag("linger_ms", "3").problems();
    let expected = [
        "mailtally.toml:1: partition is no key: partitions is the nearest one",
        "mailtally.toml:7: log.colour is no key: `mailtally config print` lists them",
        "mailtally.toml:9: commit.bytes is a list: give one value",
        "mailtally.toml:10: nothing is no key: `mailtally config print` lists them",
        "environment MAILTALLY_LOG_LEVLE: MAILTALLY_LOG_LEVLE is no key: MAILTALLY_LOG_LEVEL is the nearest one",
        "flag --set: linger_ms is no key: commit.linger_ms is the nearest one",
        "mailtally.toml:2: workers = 0 is no whole number from 1 to 64: give one",
        "mailtally.toml:3: listen = localhost is no IP address and port: write it like 127.0.0.1:8425 or [::1]:8425",
        "mailtally.toml:4: json_topics = yes is neither true nor false: give one",
        "mailtally.toml:6: log.format = xml is none of: text, json",
    ];
    for line in expected {
        assert!(problems.iter().any(|problem| problem == line), "{line}\nis not in\n{problems:#?}");
    }
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
}

#[test]
fn a_broken_file_is_named_by_its_line() {
    for (toml, expected) in [
        ("data = \"a\"\npartitions = = 3\n", "mailtally.toml:2: is not TOML"),
        ("a = 1\na = 2\n", "mailtally.toml:2: is not TOML"),
    ] {
        let problems = case(toml).problems();
        assert!(problems.iter().any(|problem| problem.starts_with(expected)), "{problems:?}");
    }
    let layers = Layers { file: Some(PathBuf::from("/nowhere/mailtally.toml")), ..Layers::default() };
    let problem = Config::load(&layers).expect_err("no file").to_string();
    assert!(problem.contains("/nowhere/mailtally.toml:1: cannot be read"), "{problem}");
}

#[test]
fn mistakes_in_accounts_are_named() {
    let account = "[[account]]\nprovider = \"sendgrid\"\norganisations = [\"a\"]\n";
    let cases = [
        (
            "[[account]]\nprovider = \"sendgird\"\norganisations = [\"a\"]\n".to_owned(),
            "account.provider = sendgird is none of: amazon_ses, ",
        ),
        (
            "[[account]]\nprovider = \"sendgrid\"\norganisations = []\n".to_owned(),
            "account.organisations is missing or empty",
        ),
        (
            "[[account]]\nprovider = \"sendgrid\"\norganisation = \"a\"\n".to_owned(),
            "mailtally.toml:3: account.organisation is no key: organisations is the nearest one",
        ),
        (
            format!("{account}mapping = {{ campain = \"x\" }}\n"),
            "account.mapping.campain is no key: campaign is the nearest one",
        ),
        (format!("{account}mapping = {{ campaign = \"tag:\" }}\n"), "account.mapping.campaign = tag: names no field"),
        (format!("{account}{account}"), "account = sendgrid/main stands there twice"),
        ("account = 3\n".to_owned(), "account is no list of tables"),
    ];
    for (toml, expected) in cases {
        let problems = case(&toml).problems();
        assert!(problems.iter().any(|problem| problem.contains(expected)), "{expected} is not in {problems:?}");
    }
}

#[test]
fn a_token_is_asked_for_off_loopback_and_never_shown() {
    let open = "listen = \"0.0.0.0:8425\"\n";
    assert!(case(open).problems()[0].contains("there is no token: set token_file"));
    let secret = "0123456789abcdef-secret";
    let shown = case(open).environment("MAILTALLY_TOKEN", secret).load().expect("good");
    let printed = format!("{}{:?}{shown:?}", config::toml(&shown), config::json(&shown));
    assert!(printed.contains("(secret)") && !printed.contains(secret), "{printed}");
    let short = case(open).environment("MAILTALLY_TOKEN", "hunter2").problems().join("\n");
    assert!(short.contains("token = (secret) wants 16 or more") && !short.contains("hunter2"), "{short}");
    let file = case(open);
    let path = file.directory.path().join("token");
    std::fs::write(&path, format!("{secret}\n")).expect("written");
    let file = file.environment("MAILTALLY_TOKEN_FILE", path.to_str().expect("a path"));
    assert_eq!(file.load().expect("good").token.expect("a token").reveal(), secret);
    let both = file.environment("MAILTALLY_TOKEN", secret).problems().join("\n");
    assert!(both.contains("keep one of them"), "{both}");
}

#[test]
fn brokers_make_kafka_the_log_and_the_rest_has_defaults() {
    assert!(case("").load().expect("good").kafka.is_none(), "the embedded log is the default");
    let case =
        case("prefix = \"mail\"\n[kafka]\nbootstrap_servers = \"a:9092, [::1]:9093\"\n").flag("kafka.replication", "3");
    let kafka = case.load().expect("good").kafka.expect("brokers");
    assert_eq!((kafka.group.as_str(), kafka.replication, kafka.min_insync_replicas), ("mail-processor", Some(3), None));
    assert!(!kafka.instance.is_empty(), "the host has a name");
    assert_eq!(
        kafka.properties().into_iter().collect::<Vec<_>>(),
        [("security.protocol".to_owned(), "plaintext".to_owned())]
    );
}

#[test]
fn a_login_is_whole_or_refused_and_its_password_never_shown() {
    let base = "[kafka]\nbootstrap_servers = \"a:9092\"\nsecurity_protocol = \"sasl_plaintext\"\n";
    let secret = "correct-horse";
    let good = case(base).environment("MAILTALLY_KAFKA_USERNAME", "u").environment("MAILTALLY_KAFKA_PASSWORD", secret);
    let config = good.load().expect("good");
    let printed = format!("{}{:?}{config:?}", config::toml(&config), config::json(&config));
    assert!(printed.contains("kafka.password = \"(secret)\"") && !printed.contains(secret), "{printed}");
    let properties = config.kafka.expect("brokers").properties();
    let of = |name: &str| properties.get(name).map(String::as_str);
    assert_eq!(
        (of("sasl.username"), of("sasl.password"), of("sasl.mechanism")),
        (Some("u"), Some(secret), Some("SCRAM-SHA-512"))
    );
    let bare = case(base).problems().join("\n");
    assert!(bare.contains("kafka.username is missing") && bare.contains("kafka.password_file is missing"), "{bare}");
}

#[test]
fn what_contradicts_itself_about_kafka_is_refused() {
    let brokers = "[kafka]\nbootstrap_servers = \"a:9092\"\n";
    let cases = [
        (
            "[kafka]\ngroup = \"g\"\n".to_owned(),
            "mailtally.toml:2: kafka.group = g stands there without kafka.bootstrap_servers",
        ),
        ("[kafka]\nbootstrap_servers = \"broker\"\n".to_owned(), "has `broker`, which is no HOST:PORT"),
        (format!("{brokers}group = \"My Group\"\n"), "kafka.group = My Group is no name"),
        (format!("{brokers}replication = 2\nmin_insync_replicas = 3\n"), "is more than kafka.replication"),
        (
            format!("{brokers}username = \"u\"\n"),
            "kafka.username = u is not used with kafka.security_protocol = plaintext",
        ),
        (format!("{brokers}password = \"hunter2\"\n"), "kafka.password = (secret) is not used"),
        (
            format!("{brokers}ca_file = \"/x\"\n"),
            "kafka.ca_file = /x is not used with kafka.security_protocol = plaintext",
        ),
        (
            format!("{brokers}security_protocol = \"ssl\"\nca_file = \"/nowhere\"\n"),
            "kafka.ca_file = /nowhere cannot be read",
        ),
        (format!("{brokers}security_protocol = \"ssl\"\ncertificate_file = \"/x\"\n"), "kafka.key_file is missing"),
        (format!("{brokers}security_protocol = \"SASL\"\n"), "is none of: plaintext, ssl, sasl_plaintext, sasl_ssl"),
    ];
    for (toml, expected) in cases {
        let problems = case(&toml).problems();
        assert!(problems.iter().any(|problem| problem.contains(expected)), "{expected} is not in {problems:?}");
    }
    let secret = case(&format!("{brokers}password = \"hunter2\"\n")).problems().join("\n");
    assert!(!secret.contains("hunter2"), "{secret}");
}

#[test]
fn variables_that_an_orchestrator_sets_are_not_ours() {
    let case = case("")
        .environment("MAILTALLY_PORT_8425_TCP_ADDR", "10.0.0.1")
        .environment("MAILTALLY_SERVICE_HOST", "10.0.0.1")
        .environment("MAILTALLY_CONFIG", "x")
        .environment("HOME", "/root");
    assert!(case.load().is_ok());
}

#[test]
fn the_commented_file_of_deploy_says_what_holds_anyway() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy/mailtally.toml");
    let text = std::fs::read_to_string(&path).expect("it is there");
    let config = Config::load(&Layers { file: Some(path), ..Layers::default() }).expect("config check accepts it");
    assert!(config.token.is_none() && config.listen.ip().is_loopback());
    for key in config::KEYS {
        let last = key.name.rsplit('.').next().unwrap_or_default();
        assert!(text.contains(&format!("{last} = ")), "{} is not explained in deploy/mailtally.toml", key.name);
    }
}
