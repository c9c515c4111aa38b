//! `mailtally run`: opens or makes the data directory, folds, keeps it up, answers HTTP; until a signal, or until it cannot go
//! on. `mailtally processor` is the same without an intake, one of many over Kafka. A kill at any time is safe; an orderly stop
//! only makes the next start faster.

mod commands;
pub(crate) mod control;
mod door;
mod identity;
mod letters;
mod metered;
mod pages;
mod recount;
mod signals;
mod unmatched;
mod upkeep;
mod waiting;
mod watch;

use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use api::{Appender, Edges, Server};
use dashboard::Dashboard;
use engine::TaskId;
use processor::driver::Running;
use service::config::Config;
use service::health::{Board, TaskReport};
use service::{logging, metric};

use crate::place::Place;
use crate::space;
use crate::system::{Folds, Medium, System, now_ms};
use crate::terminal::Bar;
pub(crate) use door::over as front_door;
pub(crate) use pages::TOKENS;

use commands::LiveCommands;
use control::Control;
use metered::Metered;
use signals::Signals;
use watch::Watch;

/// How long an orderly stop may take before the process ends anyway: what is not flushed is replayed.
const STOP_MAX: Duration = Duration::from_secs(10);
/// How long requests that were accepted may take to be answered at a stop.
const ANSWERS_MAX: Duration = Duration::from_secs(3);
/// Files that a log and its stores of some dozen partitions keep open.
const OPEN_FILES_MIN: u64 = 4_096;
/// How often the workers and the signals are looked at.
const TICK: Duration = Duration::from_millis(100);

/// What can be asked of `run`.
#[derive(Default, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Where HTTP listens [default: the configuration's, else 127.0.0.1:8425].
    #[arg(long)]
    pub(crate) listen: Option<SocketAddr>,
    /// Go on without what a damage report lists; the damaged database stays beside the new one.
    #[arg(long)]
    pub(crate) accept_loss: bool,
}

/// What can be asked of `processor`.
#[derive(clap::Args)]
pub(crate) struct Processor {
    #[command(flatten)]
    place: Place,
    /// Where health, metrics and commands listen [default: the configuration's, else 127.0.0.1:8425].
    #[arg(long)]
    listen: Option<SocketAddr>,
}

/// What can be asked of `gateway`.
#[derive(clap::Args)]
pub(crate) struct Gateway {
    #[command(flatten)]
    place: Place,
    /// Where health, metrics and commands listen [default: the configuration's, else 127.0.0.1:8425].
    #[arg(long)]
    listen: Option<SocketAddr>,
}

/// What a process does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Everything.
    All,
    /// It only folds.
    Processor,
    /// It only takes webhooks in.
    Gateway,
}

impl Processor {
    /// Folds until it is told to stop. Exit codes as those of `run`.
    pub(crate) fn run(self) -> Result<ExitCode> {
        Arguments { place: self.place, listen: self.listen, accept_loss: false }.run_as(Role::Processor)
    }
}

impl Gateway {
    /// Takes webhooks in until it is told to stop. Exit codes as those of `run`.
    pub(crate) fn run(self) -> Result<ExitCode> {
        Arguments { place: self.place, listen: self.listen, accept_loss: false }.run_as(Role::Gateway)
    }
}

impl Arguments {
    /// Runs until it is told to stop. Exit code 0 then; 1 when it cannot go on, 2 when the configuration is wrong.
    pub(crate) fn run(&self) -> Result<ExitCode> {
        self.run_as(Role::All)
    }

    fn run_as(&self, role: Role) -> Result<ExitCode> {
        let mut place = self.place.clone();
        place.set.extend(self.listen.map(|listen| format!("listen={listen}")));
        let config = place.config()?;
        if role != Role::All && config.kafka.is_none() {
            let why =
                "is missing: instances share the work of Kafka's topics; over an embedded log `mailtally run` does all";
            return Err(config.problem("kafka.bootstrap_servers", why).into());
        }
        logging::start(&config.log);
        let open_files = space::open_files();
        if open_files < OPEN_FILES_MIN {
            tracing::warn!(
                open_files,
                "few files may be open: raise the limit (ulimit -n) to {OPEN_FILES_MIN} or more"
            );
        }
        let listeners = Listeners::bind(&config, role)?;
        let opened = match role {
            Role::Gateway => System::to_take(&config),
            Role::All | Role::Processor => System::to_fold(&config, self.accept_loss),
        };
        let mut system = opened.map_err(with_remedy)?;
        let rendered = metric::start().context("start the metrics")?;
        metrics::gauge!(metric::BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        if let Medium::Embedded(log) = &system.medium {
            log.accepted_losses().iter().for_each(|loss| tracing::warn!(loss, "this log has lost something before"));
        }
        let workers = if role == Role::Gateway { 0 } else { config.workers };
        let board = Arc::new(board(&system, workers));
        let metered = Arc::new(Metered::new(Arc::clone(&system.log), Arc::clone(&board)));
        system.log = Arc::clone(&metered) as Arc<dyn log::Log>;
        system.folds = Folds::Live(Arc::clone(&board));
        let live = Live::start(&config, Arc::new(system), board, metered, role)?;
        let done = live.serve(listeners, rendered, &config);
        live.stop(done)
    }
}

/// A board of all tasks; of those that the group gives this instance, where a group shares them.
fn board(system: &System, workers: u32) -> Board {
    match &system.medium {
        Medium::Embedded(_) => Board::new(&system.topology, system.tasks(), now_ms()),
        Medium::Kafka(..) => {
            let board = Board::new(&system.topology, [], now_ms());
            board.await_group((0..workers).map(|place| system.worker_name(place)));
            board
        }
    }
}

/// A damage report ends with accepting the loss: here is how.
fn with_remedy(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref() {
        Some(embedded::OpenError::Damaged(damage)) if damage.acceptable() => anyhow!("{error} (run --accept-loss)"),
        _ => error,
    }
}

/// The sockets, bound before the data directory is touched.
struct Listeners {
    clients: TcpListener,
    /// The command line's own, where the clients' can be reached from elsewhere.
    commands: Option<TcpListener>,
    /// For webhooks, where any are taken.
    webhooks: Option<TcpListener>,
}

impl Listeners {
    fn bind(config: &Config, role: Role) -> Result<Self> {
        let bind = |key: &str, address: SocketAddr| {
            let listener = TcpListener::bind(address).and_then(|listener| {
                listener.set_nonblocking(true)?;
                Ok(listener)
            });
            listener.map_err(|error| {
                anyhow!("cannot listen on {address} ({error}): stop the process that has it, or set {key} to another address")
            })
        };
        let clients = bind("listen", config.listen)?;
        let own = !config.listen.ip().is_loopback();
        let commands = own.then(|| bind("listen", SocketAddr::from(([127, 0, 0, 1], 0)))).transpose()?;
        let taken = door::is_open(config, role);
        let webhooks = taken.then(|| bind("gateway.listen", config.gateway.listen)).transpose()?;
        Ok(Self { clients, commands, webhooks })
    }
}

/// Everything that turns over.
struct Live {
    system: Arc<System>,
    board: Arc<Board>,
    workers: Vec<Running>,
    stop: Arc<AtomicBool>,
    threads: Vec<std::thread::JoinHandle<()>>,
    /// The pages, where this process has them.
    dashboard: Option<Arc<Dashboard>>,
    signals: Signals,
    role: Role,
}

impl Live {
    fn start(
        config: &Config,
        system: Arc<System>,
        board: Arc<Board>,
        metered: Arc<Metered>,
        role: Role,
    ) -> Result<Self> {
        let signals = Signals::listen()?;
        let stop = Arc::new(AtomicBool::new(false));
        let shares = matches!(system.medium, Medium::Kafka(..));
        let of = if role == Role::Gateway {
            0
        } else if shares {
            config.workers
        } else {
            config.workers.min(system.settings.partitions)
        };
        let worker = |place: u32| {
            let board = Arc::clone(&board);
            let held = metrics::gauge!(metric::OVERLAY_BYTES, "worker" => place.to_string());
            let observe = move |seen: processor::driver::Observation| {
                if shares {
                    board.share(place, &seen.states, now_ms());
                }
                board.observe(&seen.states, &seen.waits, &seen.counts, now_ms());
                held.set(f64::from(u32::try_from(seen.held_bytes).unwrap_or(u32::MAX)));
            };
            system.start(place, of, Box::new(observe))
        };
        let workers = (0..of).map(worker).collect::<Result<Vec<_>>>()?;
        let mut watch = Watch::new(Arc::clone(&system), Arc::clone(&board), metered, config.disk_headroom_bytes);
        watch.only_disk = role == Role::Gateway;
        let pages = if role == Role::All { Some(pages::start(&system, &stop)?) } else { None };
        if let Some((pages, _)) = &pages {
            watch.view = Some(Arc::clone(&pages.view));
            let view = Arc::clone(&pages.view);
            board.has_view(move || pages::report(&view));
        }
        let mut threads = vec![watch.start(&stop)?];
        if let Medium::Embedded(log) = &system.medium {
            threads.push(upkeep::start(log, &stop)?);
        }
        let mut dashboard = None;
        if let Some((pages, thread)) = pages {
            threads.extend([thread, recount::start(&pages.view, &stop)?]);
            dashboard = Some(pages);
        }
        Ok(Self { system, board, workers, stop, threads, dashboard, signals, role })
    }

    /// Answers HTTP until a signal, or until something cannot go on.
    fn serve(
        &self,
        mut listeners: Listeners,
        rendered: metrics_exporter_prometheus::PrometheusHandle,
        config: &Config,
    ) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let token = control::token()?;
        let running = api::Running::default();
        let intake = || Appender::start(Arc::clone(&self.system.log));
        let edges = Arc::new(Edges {
            settings: Arc::clone(&self.system.settings),
            appender: (self.role == Role::All).then(intake).transpose()?,
            board: Arc::clone(&self.board),
            metrics: rendered,
            token: config.token.clone(),
            commands: Arc::new(LiveCommands::new(Arc::clone(&self.system))),
            command_token: token.clone(),
            room: api::Room::default(),
            running: running.clone(),
        });
        let webhooks =
            listeners.webhooks.is_some().then(|| door::gateway(&self.system, &self.board, config)).transpose()?;
        let door = listeners.webhooks.take();
        let pages = self.dashboard.as_ref().map(pages::router).unwrap_or_default();
        let mut servers = runtime.block_on(async { open(listeners, &edges, pages) })?;
        drop(edges);
        let reached = servers.last().map(Server::address).context("a listener")?;
        let clients = servers.first().map(Server::address).context("a listener")?;
        let door =
            door.zip(webhooks).map(|(listener, gateway)| runtime.block_on(async { door::open(listener, gateway) }));
        servers.extend(door.transpose()?);
        let door = servers.last().map(Server::address).filter(|last| *last != reached);
        let control = Control::write(&self.system.root, reached, door, &token)?;
        tracing::info!(listen = %clients, webhooks = ?door, data = %self.system.root.display(), "running");
        let done = self.turn_over();
        control.remove();
        runtime.block_on(async {
            for server in servers {
                server.stop(ANSWERS_MAX).await;
            }
        });
        runtime.shutdown_timeout(Duration::from_millis(500));
        running.wait(ANSWERS_MAX);
        done
    }

    /// Returns when it is to stop; with an error when it must.
    fn turn_over(&self) -> Result<()> {
        let mut starting = Some(Bar::new());
        loop {
            if starting.as_ref().is_some_and(|bar| self.has_started(bar)) {
                starting = None;
            }
            if let Some(signal) = self.signals.first(TICK) {
                tracing::info!(signal, "stopping");
                return Ok(());
            }
            if let Some(why) = self.board.failed() {
                bail!("{why}");
            }
            self.break_off();
            if self.workers.iter().any(Running::has_ended) {
                self.board.fail("a folding thread ended");
                return Ok(());
            }
        }
    }

    /// Shows on a terminal how far the restores are; true when nothing is left of them.
    fn has_started(&self, bar: &Bar) -> bool {
        let tasks = self.board.report(now_ms()).tasks;
        let percent = |task: &TaskReport| match task.state {
            "live" | "stalled" => 100,
            _ => task.progress.map_or(0, |progress| progress.percent),
        };
        let all = u64::try_from(tasks.len()).unwrap_or(0).saturating_mul(100);
        let done = tasks.iter().map(percent).sum();
        if done < all {
            bar.show_words("restoring, % of all tasks", done, Some(all));
        }
        done == all
    }

    /// Stops the partitions whose breaker is to stop them.
    fn break_off(&self) {
        for ((intake, partition), why) in self.system.settings.breakers.stopping() {
            let input =
                self.system.topology.folds.iter().position(|fold| fold.name.strip_prefix("decode-") == Some(intake));
            let Some(fold) = input.and_then(|fold| u8::try_from(fold).ok()) else { continue };
            let task = TaskId { fold, partition };
            if self.board.is_live(task) {
                self.workers.iter().for_each(|worker| worker.stall(task, why.clone()));
            }
        }
    }

    /// Stops the workers between two batches and flushes; a second signal, or too long a wait, ends the process at once.
    fn stop(self, done: Result<()>) -> Result<ExitCode> {
        self.signals.end_at_second(Instant::now() + STOP_MAX);
        self.stop.store(true, Ordering::Release);
        let mut ended = Ok(());
        for worker in self.workers {
            ended = worker.stop().map_err(anyhow::Error::msg).and(ended);
        }
        for thread in self.threads {
            // A thread that panicked has said so; what it kept up is kept up by the next start.
            thread.join().ok();
        }
        close(self.system);
        done.and(ended)?;
        tracing::info!("stopped");
        Ok(ExitCode::SUCCESS)
    }
}

/// Closes the data directory here: a thread that did so while the process ends would have RocksDB taken from under it.
fn close(system: Arc<System>) {
    let until = Instant::now() + ANSWERS_MAX;
    while Arc::strong_count(&system) > 1 && Instant::now() < until {
        std::thread::sleep(TICK);
    }
    drop(system);
}

/// Connections take at most a quarter of the files that may be open: the databases need theirs.
fn open(listeners: Listeners, edges: &Arc<Edges>, pages: axum::Router) -> std::io::Result<Vec<Server>> {
    let connections = u32::try_from(space::open_files() / 4).unwrap_or(u32::MAX);
    let alone = listeners.commands.is_none();
    let clients = tokio::net::TcpListener::from_std(listeners.clients)?;
    let mut servers = vec![api::serve(clients, api::router(Arc::clone(edges), alone).merge(pages), connections)?];
    if let Some(commands) = listeners.commands {
        let commands = tokio::net::TcpListener::from_std(commands)?;
        servers.push(api::serve(commands, api::router(Arc::clone(edges), true), connections)?);
    }
    Ok(servers)
}
