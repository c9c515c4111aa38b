//! Every command says the same beside a live `run`, through it, as over the directory at rest.

use std::path::Path;
use std::process::Output;

use contract::topic::Topic;

use crate::live::{Live, over, send, sent, until};

/// What a command said: both streams and its exit code, the directory's name aside.
fn said(output: &Output, data: &Path) -> (String, String, Option<i32>) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&data.display().to_string(), "DATA");
    (text(&output.stdout), text(&output.stderr), output.status.code())
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let (path, name) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &name);
        } else {
            std::fs::copy(&path, &name).expect("copied");
        }
    }
}

/// A file of the test.
fn file(root: &Path, name: &str, text: &str) -> String {
    let path = root.join(name);
    std::fs::write(&path, text).expect("written");
    path.to_str().expect("a path").to_owned()
}

const CONFIG: &str = "[[account]]\nprovider = \"sendgrid\"\norganisations = [\"acme\"]\n";
const BATCH: &str = r#"[
    {"event":"delivered","email":"m1@example.org","timestamp":1777629605,"sg_event_id":"e1","sg_message_id":"s1","mailtally_organisation":"acme","mailtally_message":"m1","mailtally_campaign":"spring"},
    {"event":"open","email":"zoe@example.org","timestamp":1777629609,"sg_event_id":"e2","sg_message_id":"s2"},
    {"event":"open","email":"m1@example.org","timestamp":1777629609,"sg_event_id":"e3","sg_message_id":"s1","mailtally_organisation":"rival","mailtally_message":"m1"}]"#;

#[test]
fn commands_say_the_same_live_and_at_rest() {
    let root = tempfile::tempdir().expect("directory");
    let config = file(root.path(), "mailtally.toml", CONFIG);
    let sends =
        file(root.path(), "sends.jsonl", &(0..400).map(|n| send(&format!("m{n}"), "spring")).collect::<String>());
    let bad = file(root.path(), "bad.jsonl", &(send("x1", "late") + "nonsense\n{\"organisation\":\"acme\"}\n"));
    let batch = file(root.path(), "batch.json", BATCH);
    let (rest, other) = (root.path().join("rest"), root.path().join("other"));
    assert!(over(&rest, &["produce", &sends, "--config", &config]).status.success());
    assert!(!over(&rest, &["ingest", "--provider", "sendgrid", &batch, "--config", &config]).status.success());
    copy(&rest, &other);
    let live = Live::start(&other, &["--config", &config]);
    let mut commands: Vec<Vec<&str>> = Topic::ALL.map(|topic| vec!["consume", topic.short()]).to_vec();
    commands.extend([
        vec!["consume", "message-status", "--format", "hex", "--from", "40"],
        vec!["consume", "message-status", "--format", "table"],
        vec!["consume", "dead-letters", "--format", "table"],
        vec!["consume", "no-such-topic"],
        vec!["verify"],
        vec!["campaigns"],
        vec!["campaigns", "--format", "json"],
        vec!["reconcile"],
        vec!["reconcile", "--format", "json"],
        // These write: last, and their rows have times of their own.
        vec!["produce", &bad],
        vec!["ingest", "--provider", "sendgrid", &batch],
        vec!["campaigns", "--format", "json"],
        vec!["reconcile"],
    ]);
    for command in commands {
        let mut command = command;
        command.extend(["--config", &config]);
        let (at_rest, through) = (over(&rest, &command), over(&other, &command));
        assert_eq!(said(&through, &other), said(&at_rest, &rest), "{command:?}");
    }
    let at = |data: &Path| String::from_utf8(over(data, &["status", "--config", &config]).stdout).expect("text");
    let (at_rest, through) = (at(&rest), at(&other));
    assert!(at_rest.contains("at rest") && !at_rest.contains("live"), "{at_rest}");
    assert!(through.contains("live") && !through.contains("at rest"), "{through}");
    for status in [at_rest, through] {
        assert!(status.contains("mailtally.events.v1") && status.contains("days until the disk is full"), "{status}");
    }
    live.stop();
}

#[test]
fn a_reader_that_has_seen_enough_ends_quietly_and_the_run_goes_on() {
    let root = tempfile::tempdir().expect("directory");
    let live = Live::start(root.path(), &[]);
    for batch in 0..5 {
        let lines: String = (0..1_000).map(|n| send(&format!("m{batch}-{n}"), "spring")).collect();
        assert_eq!(live.post(&lines).0, 200);
    }
    let script = "\"$0\" consume platform --data \"$1\" | head -n 1";
    let mut shell = std::process::Command::new("sh");
    let done = shell.args(["-c", script, env!("CARGO_BIN_EXE_mailtally")]).arg(root.path()).output().expect("a shell");
    assert_eq!(String::from_utf8_lossy(&done.stdout).lines().count(), 1);
    assert!(done.stderr.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
    // All places for commands are free again.
    for _ in 0..20 {
        assert!(over(root.path(), &["campaigns"]).status.success());
    }
    live.stop();
}

#[test]
fn readers_fields_are_published_as_json_where_that_is_set() {
    for set in [false, true] {
        let root = tempfile::tempdir().expect("directory");
        let live = Live::start(root.path(), &["--set", &format!("json_topics={set}")]);
        assert_eq!(live.post(&(send("m1", "spring") + &send("m2", "spring"))).0, 200);
        until("folded", || sent(root.path(), "spring") == 2);
        let rows = |arguments: &[&str]| -> Vec<serde_json::Value> {
            let text = String::from_utf8(over(root.path(), arguments).stdout).expect("text");
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
        };
        let messages = rows(&["consume", "message-status.json"]);
        let campaigns = rows(&["consume", "campaign-stats.json"]);
        if set {
            let shown = rows(&["campaigns", "--format", "json"]);
            assert_eq!(campaigns.last().expect("a row")["value"], shown[0], "the same fields as the command's");
            assert_eq!(messages.len(), 2);
            let row = &messages[0]["value"];
            assert!(row["organisation"] == "acme" && row["status"] == "sent" && row["facts"].is_null(), "{row}");
            let published = rows(&["consume", "message-status"]);
            assert_eq!(messages[0]["partition"], published[0]["partition"], "beside the row itself");
        } else {
            assert!(messages.is_empty() && campaigns.is_empty());
        }
        live.stop();
    }
}

/// A lift in the account goes from the client's register to the message that had made it unsubscribed, and on to its campaign:
/// round the folds and against the order in which they stand.
#[test]
fn a_command_through_a_run_ends_when_everything_that_it_wrote_is_counted() {
    let root = tempfile::tempdir().expect("directory");
    let data = root.path().join("data");
    let live = Live::start(&data, &[]);
    let unsubscribed = |lines: String| {
        let lines = file(root.path(), "lines.jsonl", &lines);
        assert!(over(&data, &["produce", &lines]).status.success());
        let rows = String::from_utf8(over(&data, &["campaigns", "--format", "json"]).stdout).expect("text");
        let row: serde_json::Value = serde_json::from_str(rows.lines().next().expect("a row")).expect("JSON");
        (row["sent"].as_u64(), row["unsubscribed"].as_u64())
    };
    for round in 1..=5 {
        let message = format!("m{round}");
        let preference = |day: u32, more: &str| {
            format!(
                r#"{{"organisation":"acme","time":"2026-05-{day:02}T10:00:00Z","preference":{{"client":"k-{message}",{more}}}}}"#
            ) + "\n"
        };
        let left = preference(2, &format!(r#""subscribed":false,"from_message":"{message}""#));
        assert_eq!(unsubscribed(send(&message, "spring") + &left), (Some(round), Some(1)));
        assert_eq!(unsubscribed(preference(3, r#""subscribed":true"#)), (Some(round), Some(0)));
    }
    live.stop();
}
