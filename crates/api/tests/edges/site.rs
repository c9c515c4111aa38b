//! The edges over a log in memory.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api::frame::Frame;
use api::{Answer, Appender, CONNECTIONS_MAX, Commands, Edges, Room, Running, Server};
use contract::topic::Topic;
use engine::{Counts, Offset, Output, State, TaskId, TopicPartition};
use log::model::Model;
use log::{Cleanup, Error, Log, ReadLimit, TopicSpec};
use metrics_exporter_prometheus::PrometheusBuilder;
use processor::settings::Settings;
use processor::topology::topology;
use service::config::Secret;
use service::health::Board;

/// What clients show.
pub(crate) const TOKEN: &str = "client-token-0123456789";
/// What the command line shows.
pub(crate) const COMMAND_TOKEN: &str = "command-token-0123456789";

pub(crate) struct Site {
    pub(crate) at: SocketAddr,
    pub(crate) model: Model,
    pub(crate) slow: Arc<Slow>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) board: Arc<Board>,
    pub(crate) server: Server,
}

/// Edges that ask for no token.
pub(crate) async fn open() -> Site {
    site(None).await
}

/// Edges; with the client's token, if wanted.
pub(crate) async fn site(token: Option<&str>) -> Site {
    let model = Model::new("test");
    let settings = Settings::new("mailtally", 4, b"key".to_vec());
    let spec = TopicSpec {
        name: settings.topic(Topic::Platform),
        partitions: 4,
        cleanup: Cleanup::Delete { retention_ms: None },
    };
    model.create_topic(&spec).expect("a topic");
    let slow = Arc::new(Slow { model: model.clone(), appends: AtomicUsize::new(0) });
    let board = Arc::new(Board::new(&topology(&settings), [TASK], 0));
    board.observe(&[(TASK, State::Running)], &[], &Counts::default(), 0);
    let edges = Edges {
        settings: Arc::clone(&settings),
        appender: Some(Appender::start(Arc::clone(&slow) as Arc<dyn Log>).expect("a thread")),
        board: Arc::clone(&board),
        metrics: PrometheusBuilder::new().build_recorder().handle(),
        token: token.map(Secret::new),
        commands: Arc::new(Echo),
        command_token: Secret::new(COMMAND_TOKEN),
        room: Room::default(),
        running: Running::default(),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a socket");
    let server = api::serve(listener, api::router(Arc::new(edges), true), CONNECTIONS_MAX).expect("served");
    Site { at: server.address(), model, slow, settings, board, server }
}

pub(crate) const TASK: TaskId = TaskId { fold: 0, partition: 0 };

impl Site {
    /// Events in the log.
    pub(crate) fn appended(&self) -> usize {
        let limit = ReadLimit { records: 1_000_000, bytes: usize::MAX };
        let read = |partition| {
            let source = TopicPartition { topic: self.settings.topic(Topic::Platform), partition };
            self.model.read(&source, 0, limit).expect("read").records.len()
        };
        (0..4).map(read).sum()
    }
}

/// Says what it was asked, in more bytes than a frame holds if asked for `big`.
struct Echo;

impl Commands for Echo {
    fn execute(&self, request: &[u8], answer: &mut Answer) {
        let size = if request == b"big" { 3 << 20 } else { 1 };
        answer.say(&Frame::Out(request.repeat(size))).expect("heard");
        answer.say(&Frame::Exit(3)).expect("heard");
    }
}

/// A log whose appends take as long as an fsync of a slow disk, and are counted.
pub(crate) struct Slow {
    model: Model,
    appends: AtomicUsize,
}

impl Slow {
    pub(crate) fn appends(&self) -> usize {
        self.appends.load(Ordering::SeqCst)
    }
}

impl Log for Slow {
    log::forward!(model: id, create_topic, topics, bounds, read, poll, release, join, committed, producer, version, wait);

    fn append(&self, records: Vec<Output>) -> Result<Vec<Offset>, Error> {
        self.appends.fetch_add(1, Ordering::SeqCst);
        // What a slow disk takes: requests that come meanwhile share the next append.
        std::thread::sleep(Duration::from_millis(20));
        self.model.append(records)
    }
}

/// A good event as JSON.
pub(crate) fn send(message: &str) -> String {
    format!(
        r#"{{"organisation":"acme","time":"2026-05-01T10:00:00Z","send":{{"message":"{message}","campaign":"spring","client":"k1","address":"ada@example.org"}}}}"#
    )
}

/// The same as protobuf, behind its length.
pub(crate) fn delimited(message: &str) -> Vec<u8> {
    use contract::Proto as _;
    let event = contract::json::platform_event(send(message).as_bytes()).expect("good");
    let mut bytes = Vec::new();
    bytes.write_all(&event.encode_length_delimited_to_vec()).expect("written");
    bytes
}
