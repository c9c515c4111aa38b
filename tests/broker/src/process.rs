//! One broker's process: started on its own, known by its process id and its properties' path, signalled, awaited.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Result;
use crate::plan::{Node, Plan};

/// What a broker can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: it hands its partitions over and ends.
    Term,
    /// SIGKILL: it ends at once.
    Kill,
    /// SIGSTOP: it stands still with its connections open.
    Stop,
    /// SIGCONT: it goes on.
    Continue,
}

/// The environment variable with more flags for a broker's Java, as Kafka's own start script has it.
pub const OPTIONS: &str = "KAFKA_JVM_PERFORMANCE_OPTS";

/// Starts a broker's Java in a process group of its own: a Ctrl-C of the terminal does not reach it.
pub(crate) fn spawn(plan: &Plan, node: &Node, class_path: &str) -> Result<Child> {
    use std::os::unix::process::CommandExt as _;
    let folder = plan.folder(node);
    let said = |error: std::io::Error| format!("broker {}: {error}", node.number);
    let log = std::fs::File::options().create(true).append(true).open(plan.log(node)).map_err(said)?;
    let given = std::env::var(OPTIONS).unwrap_or_default();
    let flags: Vec<&str> = ["-Xms256m", "-Xmx512m"].into_iter().chain(given.split_whitespace()).collect();
    let mut java = java(class_path, &folder, &flags);
    java.arg("kafka.Kafka").arg(folder.join("server.properties")).current_dir(&folder).process_group(0);
    java.stdin(Stdio::null()).stdout(log.try_clone().map_err(said)?).stderr(log);
    let child = java.spawn().map_err(|error| format!("java: {error}: install a JDK, or run cargo xtask setup"))?;
    std::fs::write(folder.join("pid"), child.id().to_string()).map_err(said)?;
    Ok(child)
}

/// A Java with Kafka's classes, its log settings, and these flags.
pub(crate) fn java(class_path: &str, folder: &Path, flags: &[&str]) -> Command {
    let program = std::env::var_os("JAVA_HOME").map_or("java".into(), |home| Path::new(&home).join("bin/java"));
    let mut java = Command::new(program);
    let log = format!("-Dlog4j2.configurationFile={}", folder.join("log4j2.xml").display());
    java.args(flags).arg(log).args(["-cp", class_path]);
    java
}

/// The process id of a broker that runs; `None` when it does not. A process of another program that was given the same
/// id later is not taken for it, nor is one that ended and was not yet reaped.
pub(crate) fn running(plan: &Plan, node: &Node) -> Option<u32> {
    let folder = plan.folder(node);
    let id: u32 = std::fs::read_to_string(folder.join("pid")).ok()?.trim().parse().ok()?;
    let command = std::fs::read(format!("/proc/{id}/cmdline")).ok()?;
    let properties = folder.join("server.properties");
    let is_it = String::from_utf8_lossy(&command).contains(&*properties.to_string_lossy());
    (is_it || command.is_empty() && has_just_begun(id)).then_some(id)
}

/// Whether a process without a command line is one that begins, not one that ended and was not yet reaped.
fn has_just_begun(id: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // "id (name) state ...", where a name may hold anything.
    state.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// Signals a broker that runs.
pub(crate) fn signal(plan: &Plan, node: &Node, signal: Signal) -> Result<()> {
    let id = running(plan, node).ok_or_else(|| format!("broker {} does not run", node.number))?;
    let name = match signal {
        Signal::Term => "TERM",
        Signal::Kill => "KILL",
        Signal::Stop => "STOP",
        Signal::Continue => "CONT",
    };
    // The shell's own kill: the program of that name is not everywhere.
    let script = format!("kill -{name} {id}");
    let status = Command::new("sh").args(["-c", &script]).status().map_err(|error| format!("sh: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("broker {}: {script}: {status}", node.number)) }
}

/// Waits until a broker's process is gone.
pub(crate) fn await_end(plan: &Plan, node: &Node, timeout: Duration) -> Result<()> {
    let deadline = Instant::now() + timeout;
    while let Some(id) = running(plan, node) {
        if Instant::now() >= deadline {
            return Err(format!("broker {} (pid {id}) still runs after {} s", node.number, timeout.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// The end of a broker's log, for an error.
pub(crate) fn log_tail(plan: &Plan, node: &Node) -> String {
    let path = plan.log(node);
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let telling = lines.iter().filter(|line| line.contains(" ERROR ") || line.contains("Exception"));
    let mut shown: Vec<&str> = telling.take(6).copied().collect();
    if shown.is_empty() {
        shown = lines.iter().rev().take(6).rev().copied().collect();
    }
    format!("its log, {}, says:\n  {}", path.display(), shown.join("\n  "))
}
