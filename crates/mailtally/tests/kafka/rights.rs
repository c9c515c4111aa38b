//! The rights that deploy/kafka.md lists are enough, and what is missing is said with the command that grants it.

use broker::{Cluster, Options};

use crate::site::{Site, until, until_ready};
use crate::support::send;

const ACLS: &str = "org.apache.kafka.tools.AclCommand";

/// Grants a user operations on what the rest names.
fn grant(cluster: &Cluster, operations: &[&str], on: &[&str]) {
    let mut arguments = vec!["--add", "--allow-principal", "User:mailtally"];
    operations.iter().for_each(|operation| arguments.extend(["--operation", operation]));
    arguments.extend(on);
    cluster.tool(ACLS, &arguments).expect("granted");
}

#[test]
fn the_documented_rights_are_enough_and_a_missing_one_is_named() {
    let cluster = Cluster::start(&Options { secure: true, ..Options::default() }).expect("a cluster");
    let site = Site::secure(&cluster, "mailtally");
    let (topics, group) = (format!("{}.", site.prefix), format!("{}-processor", site.prefix));
    let (all, topic) =
        (["Read", "Write", "Describe", "DescribeConfigs"], ["--topic", &topics, "--resource-pattern-type", "prefixed"]);
    Site::secure_at(&cluster, "admin", &site.prefix).said(&["topics", "create"]);
    let said = |site: &Site| String::from_utf8_lossy(&site.ask(&["topics", "check"]).stdout).into_owned();
    // Who may not describe a topic is not told that there is one.
    assert!(said(&site).contains("14 are missing"), "{}", said(&site));
    grant(&cluster, &["Describe", "Read", "Write"], &topic);
    until("one right is missing", || said(&site).contains("no right for this user to DescribeConfigs"));
    assert!(said(&site).contains("--operation DescribeConfigs"));
    grant(&cluster, &all, &topic);
    until("the group's are missing", || {
        said(&site).contains(&format!("--operation Read --operation Describe --group {group}"))
    });
    assert!(said(&site).contains(&format!("--transactional-id {group} --resource-pattern-type prefixed")));
    grant(&cluster, &["Read", "Describe"], &["--group", &group]);
    grant(&cluster, &["Write", "Describe"], &["--transactional-id", &group, "--resource-pattern-type", "prefixed"]);
    until("nothing is missing", || site.ask(&["topics", "check"]).status.success());

    let mut processor = site.start("processor", "a");
    until_ready(&mut processor);
    let file = site.file("sends.jsonl", &[send("m1", "spring"), send("m2", "spring")]);
    site.said(&["produce", &file]);
    assert_eq!(site.rows(&["campaigns"])[0]["sent"].as_u64(), Some(2));
    assert!(site.rows(&["reconcile"])[0]["difference"].is_null());
    processor.stop();
}
