//! A program under measurement: its CPU time and memory as Linux says, none of the broker's.

use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};

/// Ticks of a second in `/proc`.
const TICKS: f64 = 100.0;

/// A running program; killed when it is dropped.
pub struct Process(Child);

impl Process {
    /// Starts it.
    ///
    /// # Errors
    /// The system's, with the command.
    pub fn start(command: &mut Command) -> Result<Self> {
        let child = command.stdin(Stdio::null()).spawn();
        Ok(Self(child.with_context(|| format!("{command:?}"))?))
    }

    /// In user and kernel mode, all threads.
    ///
    /// # Errors
    /// When it is not there any more.
    pub fn cpu_seconds(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        let after = stat.rsplit(") ").next().unwrap_or_default();
        let ticks = after.split(' ').skip(11).take(2).filter_map(|word| word.parse::<u64>().ok());
        Ok(ticks.sum::<u64>() as f64 / TICKS)
    }

    /// The most memory that it had resident.
    ///
    /// # Errors
    /// When it is not there any more.
    pub fn peak_bytes(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? << 10)
    }

    /// SIGTERM, and waits.
    ///
    /// # Errors
    /// When it cannot be told.
    pub fn stop(mut self) -> Result<()> {
        ended(Command::new("kill").arg(self.0.id().to_string()))?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nothing to do where it has ended.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Runs a program to its end.
///
/// # Errors
/// When it does not end well.
pub fn ended(command: &mut Command) -> Result<()> {
    let status = command.stdout(Stdio::null()).status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}
