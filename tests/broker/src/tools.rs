//! Kafka's own command-line tools, by their classes.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::plan::{Node, Plan};
use crate::{Result, jars, process};

/// They live a second: compiling hot code would cost more than it gives. What they log is worth reading when they fail.
const FLAGS: [&str; 3] = ["-Xmx128m", "-XX:TieredStopAtLevel=1", "-Dlevel=WARN"];

/// Prepares a broker's data directory.
pub(crate) fn format(plan: &Plan, node: &Node, scram: &[String]) -> Result<()> {
    let folder = plan.folder(node);
    let mut java = process::java(&jars::class_path()?, &folder, &FLAGS);
    java.args(["kafka.tools.StorageTool", "format", "-t", &plan.id, "-c"]).arg(folder.join("server.properties"));
    for user in scram {
        java.args(["--add-scram", user]);
    }
    printed(&mut java).map(drop)
}

/// Runs a tool against brokers, with the client's settings in a file.
pub(crate) fn run(
    plan: &Plan,
    bootstrap: &str,
    settings: Option<&Path>,
    class: &str,
    arguments: &[&str],
) -> Result<String> {
    let folder = plan.nodes.first().map(|node| plan.folder(node)).ok_or("a cluster without brokers")?;
    let mut java = process::java(&jars::class_path()?, &folder, &FLAGS);
    java.args([class, "--bootstrap-server", bootstrap]);
    if let Some(settings) = settings {
        java.arg("--command-config").arg(settings);
    }
    printed(java.args(arguments))
}

fn printed(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("java: {error}: install a JDK, or run cargo xtask setup"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let words: Vec<String> = command.get_args().skip(6).map(|word| word.to_string_lossy().into_owned()).collect();
    Err(format!("{}: {text}{}", words.join(" "), String::from_utf8_lossy(&output.stderr)))
}
