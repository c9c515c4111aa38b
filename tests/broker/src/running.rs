//! A planned cluster at work: started, awaited, asked, stopped, one broker killed and started again on the same data.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::plan::{Node, Plan};
use crate::process::{self, Signal};
use crate::secrets::Secrets;
use crate::{Result, jars, tools, wire};

/// How long brokers may take to serve. JVMs on a busy machine take their time.
const START_MAX: Duration = Duration::from_secs(120);
/// How long a broker may take to hand over and end.
const STOP_MAX: Duration = Duration::from_secs(60);

/// A cluster whose brokers may run.
#[derive(Clone, Debug)]
pub struct Running {
    plan: Plan,
    secrets: Option<Secrets>,
}

/// Where a broker is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its process id; `None` when it does not run.
    pub process: Option<u32>,
    /// Whether it answers a request, and which brokers it sees.
    pub answer: std::result::Result<Vec<i32>, String>,
}

impl Running {
    /// A cluster as planned, its files written; nothing is started.
    ///
    /// # Errors
    /// Files cannot be written, or certificates not made.
    pub fn new(plan: Plan) -> Result<Self> {
        let running = Self::of(plan)?;
        running.plan.save(running.secrets.as_ref())?;
        Ok(running)
    }

    /// The cluster of a directory; `None` where there is none.
    ///
    /// # Errors
    /// Its files cannot be read.
    pub fn open(dir: &Path) -> Result<Option<Self>> {
        Plan::load(dir)?.map(Self::of).transpose()
    }

    fn of(plan: Plan) -> Result<Self> {
        let said = |error: std::io::Error| format!("{}: {error}", plan.dir.display());
        std::fs::create_dir_all(&plan.dir).map_err(said)?;
        // As /proc shows it of a broker's process.
        let dir = plan.dir.canonicalize().map_err(said)?;
        let secrets = if plan.secure { Some(Secrets::of(&dir)?) } else { None };
        Ok(Self { plan: Plan { dir, ..plan }, secrets })
    }

    /// What it is.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Starts the brokers that do not run, and waits until each answers and sees all.
    ///
    /// # Errors
    /// One ends by itself or does not answer in time: with what its log says.
    pub fn start(&self, said: &mut dyn FnMut(&str)) -> Result<()> {
        self.format_fresh()?;
        for node in self.plan.nodes.iter().filter(|node| process::running(&self.plan, node).is_none()) {
            self.spawn(node)?;
        }
        self.await_ready(said)
    }

    /// Starts one broker on its data, and waits until it answers and sees the brokers that run.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_one(&self, number: u16) -> Result<()> {
        let node = self.plan.node(number)?;
        if process::running(&self.plan, node).is_none() {
            self.spawn(node)?;
        }
        let alive = self.plan.nodes.iter().filter(|node| process::running(&self.plan, node).is_some()).count();
        self.await_answer(node, alive, Instant::now() + START_MAX)
    }

    /// SIGKILL; returns when the process is gone.
    ///
    /// # Errors
    /// It does not run.
    pub fn kill(&self, number: u16) -> Result<()> {
        let node = self.plan.node(number)?;
        process::signal(&self.plan, node, Signal::Kill)?;
        process::await_end(&self.plan, node, STOP_MAX)
    }

    /// SIGTERM; returns when the process is gone.
    ///
    /// # Errors
    /// It does not run, or does not end in time.
    pub fn stop(&self, number: u16) -> Result<()> {
        let node = self.plan.node(number)?;
        process::signal(&self.plan, node, Signal::Term)?;
        process::await_end(&self.plan, node, STOP_MAX)
    }

    /// Signals one broker, and returns at once.
    ///
    /// # Errors
    /// It does not run.
    pub fn signal(&self, number: u16, signal: Signal) -> Result<()> {
        process::signal(&self.plan, self.plan.node(number)?, signal)
    }

    /// SIGTERM to all, SIGKILL to those that do not end in time (without a majority a broker waits for one). Returns how
    /// many ran.
    ///
    /// # Errors
    /// One cannot be ended.
    pub fn down(&self) -> Result<usize> {
        let alive = |node: &&Node| process::running(&self.plan, node).is_some();
        let running: Vec<&Node> = self.plan.nodes.iter().filter(alive).collect();
        for node in &running {
            process::signal(&self.plan, node, Signal::Term)?;
            process::signal(&self.plan, node, Signal::Continue)?;
        }
        for node in &running {
            if process::await_end(&self.plan, node, Duration::from_secs(20)).is_err() {
                self.kill(node.number)?;
            }
        }
        Ok(running.len())
    }

    /// SIGTERM where it runs, and a start on the same data; waits until it serves.
    ///
    /// # Errors
    /// It does not end or does not come up.
    pub fn restart(&self, number: u16) -> Result<()> {
        if self.process(self.plan.node(number)?).is_some() {
            self.stop(number)?;
        }
        self.start_one(number)
    }

    /// Removes what a cluster that does not run left in its directory.
    ///
    /// # Errors
    /// Something cannot be removed.
    pub fn wipe(&self) -> Result<()> {
        let secrets = self.secrets.iter().map(|_| self.plan.dir.join("secrets"));
        for folder in self.plan.nodes.iter().map(|node| self.plan.folder(node)).chain(secrets) {
            std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        self.plan.forget()
    }

    /// A broker's process id; `None` when it does not run.
    #[must_use]
    pub fn process(&self, node: &Node) -> Option<u32> {
        process::running(&self.plan, node)
    }

    /// Where a broker is.
    #[must_use]
    pub fn status(&self, node: &Node) -> Status {
        let process = process::running(&self.plan, node);
        Status { process, answer: wire::brokers(node.client, self.secrets.as_ref()) }
    }

    /// Runs one of Kafka's own tools by its class, as the super user, and returns what it prints.
    ///
    /// # Errors
    /// It fails: with what it printed.
    pub fn tool(&self, class: &str, arguments: &[&str]) -> Result<String> {
        let admin = self.secrets.as_ref().map(Secrets::client_properties);
        // Past what stands in front of the brokers.
        let addresses: Vec<String> =
            self.plan.nodes.iter().map(|node| format!("127.0.0.1:{}", node.internal)).collect();
        tools::run(&self.plan, &addresses.join(","), admin.as_deref(), class, arguments)
    }

    /// Runs one of Kafka's own tools with the settings in a file of `client.properties`: as another user.
    ///
    /// # Errors
    /// It fails: with what it printed.
    pub fn tool_as(&self, settings: &Path, class: &str, arguments: &[&str]) -> Result<String> {
        tools::run(&self.plan, &self.plan.bootstrap(), Some(settings), class, arguments)
    }

    /// The authority's certificate of a secure cluster, in PEM.
    #[must_use]
    pub fn authority(&self) -> Option<std::path::PathBuf> {
        self.secrets.as_ref().map(Secrets::authority)
    }

    /// A user's password in a secure cluster. There are `admin` (super user), `mailtally` and `stranger`.
    ///
    /// # Errors
    /// No such user, or the cluster is not secure.
    pub fn password(&self, user: &str) -> Result<String> {
        self.secrets.as_ref().ok_or("the cluster has no users: it is not secure")?.password(user)
    }

    fn spawn(&self, node: &Node) -> Result<()> {
        let mut child = process::spawn(&self.plan, node, &jars::class_path()?)?;
        // Somebody must reap it where this process outlives it.
        std::thread::spawn(move || child.wait());
        Ok(())
    }

    fn format_fresh(&self) -> Result<()> {
        let fresh = |node: &&Node| !self.plan.folder(node).join("data/meta.properties").exists();
        let fresh: Vec<&Node> = self.plan.nodes.iter().filter(fresh).collect();
        let scram = self.secrets.as_ref().map_or(Ok(Vec::new()), Secrets::scram)?;
        // A formatting is a JVM: all at once.
        std::thread::scope(|scope| {
            let scram = &scram;
            let format = |node| scope.spawn(move || tools::format(&self.plan, node, scram));
            let all: Vec<_> = fresh.into_iter().map(format).collect();
            all.into_iter().try_for_each(|one| one.join().unwrap_or_else(|_| Err("formatting panicked".to_owned())))
        })
    }

    fn await_ready(&self, said: &mut dyn FnMut(&str)) -> Result<()> {
        let began = Instant::now();
        let count = self.plan.nodes.len();
        for node in &self.plan.nodes {
            self.await_answer(node, count, began + START_MAX)?;
            let Node { number, client, .. } = node;
            said(&format!(
                "broker {number} of {count} answers at 127.0.0.1:{client} ({} s)",
                began.elapsed().as_secs()
            ));
        }
        Ok(())
    }

    /// Until a broker answers and sees so many.
    fn await_answer(&self, node: &Node, count: usize, deadline: Instant) -> Result<()> {
        loop {
            if process::running(&self.plan, node).is_none() {
                return Err(format!("broker {} ended; {}", node.number, process::log_tail(&self.plan, node)));
            }
            let answer = wire::brokers(node.client, self.secrets.as_ref());
            if answer.as_ref().is_ok_and(|seen| seen.len() >= count) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let tail = process::log_tail(&self.plan, node);
                return Err(format!("broker {} does not serve, its last answer was {answer:?}; {tail}", node.number));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
