//! Settings of topics under which rows and events would be lost: named with the command that mends them, and mended by it.

use crate::site::Site;
use crate::{cluster, made};

const CONFIGS: &str = "kafka.admin.ConfigCommand";

/// What is wrong, the setting that does it, and part of what is said of it.
const UNSAFE: [(&str, &str, &str); 6] = [
    ("campaign-stats", "cleanup.policy=delete", "wanted compact"),
    ("events", "cleanup.policy=compact", "wanted delete"),
    ("message-status", "delete.retention.ms=1000", "wanted 604800000 or more"),
    ("contact-state", "unclean.leader.election.enable=true", "wanted false"),
    ("correlation-state", "min.insync.replicas=2", "wanted 1 to 1, the topic's replicas"),
    ("private", "max.compaction.lag.ms=604800000", "wanted 86400000 or less"),
];

fn alter(topic: &str, setting: &str) {
    let to = ["--alter", "--entity-type", "topics", "--entity-name", topic, "--add-config", setting];
    cluster().tool(CONFIGS, &to).expect("altered");
}

#[test]
fn an_unsafe_setting_is_named_with_the_command_that_mends_it_and_mended_by_it() {
    let site = made();
    let name = |part: &str| format!("{}.{part}.v1", site.prefix);
    for (part, setting, _) in UNSAFE {
        alter(&name(part), setting);
    }
    let said = checked(&site, 1);
    let lines: Vec<&str> = said.lines().collect();
    let problem = |part: &str, setting: &str| {
        let begins = format!("{} has {setting}, ", name(part));
        lines.iter().find(|line| line.starts_with(&begins)).unwrap_or_else(|| panic!("no line for {begins}: {said}"))
    };
    for (part, setting, wanted) in UNSAFE {
        let line = problem(part, setting);
        assert!(line.contains(wanted) && line.contains("kafka-configs.sh --bootstrap-server"), "{line}");
    }
    // Rows that are deleted by age, or history that is compacted: nothing is folded meanwhile.
    let output = site.ask(&["processor"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in ["events", "campaign-stats"] {
        assert!(
            said.lines().any(|line| line.starts_with(&format!("mailtally: {} has cleanup.policy", name(part)))),
            "{said}"
        );
    }

    for (part, setting, _) in UNSAFE {
        let line = problem(part, setting);
        let remedy = line.split("--add-config ").nth(1).and_then(|rest| rest.split([',', ' ']).next());
        alter(&name(part), remedy.expect("a remedy"));
    }
    assert!(checked(&site, 0).contains("14 topics are as they must be, 0 are missing, 0 problems"));
}

/// What `topics check` says, ending with this code.
fn checked(site: &Site, code: i32) -> String {
    let output = site.ask(&["topics", "check"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}
