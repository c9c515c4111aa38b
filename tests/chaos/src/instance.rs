//! One `mailtally processor`: started, killed, frozen, stopped; it keeps its name and, unless that is lost, its disk.

use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::site::{GROUP, Site};

/// How long an orderly end may take.
const STOP_MAX: Duration = Duration::from_secs(60);
/// Between two looks at a process.
const LOOK: Duration = Duration::from_millis(10);

/// An instance, running or not.
pub(crate) struct Instance {
    pub(crate) name: String,
    data: PathBuf,
    notes: PathBuf,
    child: Option<Child>,
}

impl Instance {
    pub(crate) fn new(site: &Site, name: &str) -> Self {
        let (data, notes) = (site.path(name), site.path(&format!("{name}.log")));
        Self { name: name.to_owned(), data, notes, child: None }
    }

    /// Starts it. Whether it is of use is for others to see.
    pub(crate) fn start(&mut self, site: &Site) -> Result<()> {
        ensure!(self.child.is_none(), "{} runs", self.name);
        let notes = std::fs::File::options().create(true).append(true).open(&self.notes)?;
        let mut command = site.mailtally(&["processor"], &self.data);
        command.arg("--set").arg(format!("kafka.instance={}", self.name));
        command.stdout(Stdio::null()).stderr(notes);
        self.child = Some(command.spawn().context("start a processor")?);
        Ok(())
    }

    pub(crate) fn is_started(&self) -> bool {
        self.child.is_some()
    }

    /// Whether this process, and not one before it, has said that it runs: it takes signals from then on.
    pub(crate) fn is_up(&self) -> bool {
        let said = std::fs::read(self.data.join("run.json")).unwrap_or_default();
        let said: serde_json::Value = serde_json::from_slice(&said).unwrap_or_default();
        let pid = said.get("pid").and_then(serde_json::Value::as_u64);
        self.child.as_ref().is_some_and(|child| pid == Some(child.id().into()))
    }

    /// Whether a member of the group is one of its workers.
    pub(crate) fn is_worker(&self, member: &str) -> bool {
        let worker = member.strip_prefix(GROUP).and_then(|rest| rest.strip_prefix('-'));
        worker.and_then(|rest| rest.strip_prefix(self.name.as_str())).is_some_and(|rest| rest.starts_with('-'))
    }

    /// `kill -9`; returns when the process is gone. An error when it was gone before.
    pub(crate) fn kill(&mut self) -> Result<()> {
        let mut child = self.child.take().with_context(|| format!("{} does not run", self.name))?;
        if let Some(status) = child.try_wait()? {
            bail!("{} had ended by itself: {status}; {}", self.name, self.last_words());
        }
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Deletes its data directory.
    pub(crate) fn lose_disk(&self) -> Result<()> {
        ensure!(self.child.is_none(), "{} runs", self.name);
        std::fs::remove_dir_all(&self.data).with_context(|| self.data.display().to_string())
    }

    /// SIGSTOP; returns when the system says that it stands still.
    pub(crate) fn freeze(&self) -> Result<()> {
        let pid = self.pid()?;
        kill_process(pid, Signal::STOP)?;
        let begun = Instant::now();
        loop {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()))?;
            if stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T')) {
                return Ok(());
            }
            ensure!(begun.elapsed() < STOP_MAX, "{} does not stand still", self.name);
            std::thread::sleep(LOOK);
        }
    }

    /// SIGCONT.
    pub(crate) fn thaw(&self) -> Result<()> {
        Ok(kill_process(self.pid()?, Signal::CONT)?)
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        let status = self.child.as_mut().map(Child::try_wait).transpose()?.flatten();
        if status.is_some() {
            self.child = None;
        }
        Ok(status)
    }

    /// SIGTERM; an orderly end or an error.
    pub(crate) fn stop(&mut self) -> Result<()> {
        kill_process(self.pid()?, Signal::TERM)?;
        let begun = Instant::now();
        while begun.elapsed() < STOP_MAX {
            if let Some(status) = self.ended()? {
                ensure!(status.success(), "{} was stopped and ended with {status}; {}", self.name, self.last_words());
                return Ok(());
            }
            std::thread::sleep(LOOK);
        }
        bail!("{} does not end {} s after SIGTERM", self.name, STOP_MAX.as_secs())
    }

    /// The end of what it has said.
    pub(crate) fn last_words(&self) -> String {
        let notes = std::fs::read_to_string(&self.notes).unwrap_or_default();
        let lines: Vec<&str> = notes.lines().rev().take(8).collect();
        format!("it said last:\n  {}", lines.into_iter().rev().collect::<Vec<_>>().join("\n  "))
    }

    fn pid(&self) -> Result<Pid> {
        let child = self.child.as_ref().with_context(|| format!("{} does not run", self.name))?;
        Ok(Pid::from_child(child))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // Also one that is frozen ends by this.
            child.kill().ok();
            child.wait().ok();
        }
    }
}
