//! A secure cluster: users by PLAIN and SCRAM over TLS, and nothing without a grant.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::path::PathBuf;

use broker::{Cluster, Options};

const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";
const ACLS: &str = "org.apache.kafka.tools.AclCommand";

/// Settings for Kafka's own tools to come as a user with a password.
fn come_as(cluster: &Cluster, user: &str, mechanism: &str, password: &str) -> PathBuf {
    let module = if mechanism == "PLAIN" { "plain.PlainLoginModule" } else { "scram.ScramLoginModule" };
    let path = cluster.dir().join(format!("{user}-{mechanism}-{}.properties", password.len()));
    let text = format!(
        "security.protocol=SASL_SSL\nssl.truststore.type=PEM\nssl.truststore.location={}\nsasl.mechanism={mechanism}\n\
         sasl.jaas.config=org.apache.kafka.common.security.{module} required username=\"{user}\" \
         password=\"{password}\";\n",
        cluster.authority().unwrap().display()
    );
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn users_come_by_either_mechanism_and_may_do_what_they_were_granted() {
    let cluster = Cluster::start(&Options { secure: true, ..Options::default() }).unwrap();
    cluster.tool(TOPICS, &["--create", "--topic", "secret", "--partitions", "1"]).unwrap();
    let seen = |user: &str, mechanism: &str, password: &str| {
        cluster.tool_as(&come_as(&cluster, user, mechanism, password), TOPICS, &["--list"])
    };
    let password = cluster.password("mailtally").unwrap();
    assert!(!seen("mailtally", "SCRAM-SHA-512", &password).unwrap().contains("secret"), "nothing was granted yet");
    let grant = ["--add", "--allow-principal", "User:mailtally", "--operation", "Describe", "--topic", "secret"];
    cluster.tool(ACLS, &grant).unwrap();
    assert!(seen("mailtally", "SCRAM-SHA-512", &password).unwrap().contains("secret"));
    assert!(seen("mailtally", "PLAIN", &password).unwrap().contains("secret"));
    assert!(!seen("stranger", "PLAIN", &cluster.password("stranger").unwrap()).unwrap().contains("secret"));
    assert!(seen("mailtally", "PLAIN", "wrong").unwrap_err().contains("Authentication failed"));
}
