//! The embedded log with the published topics, the view that follows them, and the dashboard's server, as `mailtally run` wires them.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;
use std::time::Instant;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::Path as Place;
use axum::routing::get;
use bytes::Bytes;
use contract::topic::Topic;
use dashboard::{Access, Dashboard, Role, Viewer, grant};
use embedded::{Embedded, Shared};
use engine::{Output, Record, TopicPartition};
use log::{Cleanup, Log, TopicSpec};
use processor::memory::Memory;
use store::{Rocks, Stores};
use view::{Follow, Keep, TOPICS, View};

use crate::rows::{ORGANISATION, Published, Size};

/// Partitions of every topic, as of a new data directory of the product.
const PARTITIONS: u32 = 4;
/// Folds of the product, which share the memory.
const FOLDS: usize = 4;
/// Rows of one append.
const APPEND_ROWS: usize = 5_000;
const PREFIX: &str = "mailtally";
/// The view's store.
const VIEW: &str = "view";

/// A log and a view.
pub(crate) struct Site {
    log: Arc<dyn Log>,
    stores: Arc<dyn Stores>,
    pub(crate) view: Arc<View>,
}

impl Site {
    pub(crate) fn open(folder: &Path, memory_bytes: usize) -> Result<Self> {
        let memory = Memory::of(memory_bytes, usize::try_from(PARTITIONS)? * FOLDS);
        let shared = Shared::new(memory.cache_bytes, memory.memtable_bytes);
        let stores = Rocks::sharing(&folder.join("state"), &shared.cache, &shared.write_buffers)?.for_single_rows();
        let options =
            embedded::Options { tail_bytes: memory.tail_bytes, shared: Some(shared), ..embedded::Options::default() };
        let log: Arc<dyn Log> = Arc::new(Embedded::open(folder.join("log"), options)?);
        for topic in TOPICS {
            let cleanup = Cleanup::Compact { tombstone_ms: 7 * 86_400_000 };
            log.create_topic(&TopicSpec {
                name: engine::Topic::new(&topic.name(PREFIX)),
                partitions: PARTITIONS,
                cleanup,
            })?;
        }
        let stores: Arc<dyn Stores> = Arc::new(stores);
        let view = Arc::new(View::new(stores.open(VIEW)?, &log.id().0)?);
        Ok(Self { log, stores, view })
    }

    /// Keeps the view beside whoever looks at it, until `stop`.
    pub(crate) fn keep(&self, stop: &Arc<AtomicBool>) -> Result<JoinHandle<()>> {
        let keep = Keep { follow: self.follow(), stores: Arc::clone(&self.stores), name: VIEW };
        Ok(keep.start(stop)?)
    }

    fn follow(&self) -> Follow {
        let (log, view) = (Arc::clone(&self.log), Arc::clone(&self.view));
        Follow { log, view, prefix: PREFIX.to_owned(), partitions: PARTITIONS, now_ms: || 0 }
    }

    pub(crate) fn append(&self, rows: Vec<Published>) -> Result<u64> {
        let count = u64::try_from(rows.len())?;
        let output = |(topic, key, value): Published| Output {
            to: TopicPartition {
                topic: engine::Topic::new(&topic.name(PREFIX)),
                partition: contract::key::partition(&key, PARTITIONS),
            },
            record: Record { key: Some(key), value: Some(value.into()), ..Record::default() },
        };
        self.log.append(rows.into_iter().map(output).collect())?;
        Ok(count)
    }
}

/// Appends all rows; how many.
pub(crate) fn fill(folder: &Path, memory_bytes: usize, size: Size) -> Result<u64> {
    let site = Site::open(folder, memory_bytes)?;
    let (mut waiting, mut count) = (Vec::new(), 0);
    let all = size.people().map(Ok).chain((0..size.campaigns).map(|campaign| size.campaign(campaign)));
    for rows in all {
        for row in rows? {
            waiting.push(row);
            if waiting.len() == APPEND_ROWS {
                count += site.append(std::mem::take(&mut waiting))?;
            }
        }
    }
    Ok(count + site.append(waiting)?)
}

/// Lets the view read everything that is there; rows and seconds.
pub(crate) fn follow(folder: &Path, memory_bytes: usize) -> Result<(u64, f64)> {
    let site = Site::open(folder, memory_bytes)?;
    let follow = site.follow();
    let begun = Instant::now();
    let stop = AtomicBool::new(false);
    while follow.catch_up(&stop)? {}
    let seconds = begun.elapsed().as_secs_f64();
    let rows = TOPICS.iter().map(|topic| site.read(*topic)).sum::<Result<u64>>()?;
    Ok((rows, seconds))
}

impl Site {
    fn read(&self, topic: Topic) -> Result<u64> {
        (0..PARTITIONS).map(|partition| Ok(self.view.snapshot().position(topic, partition)?)).sum()
    }
}

/// The dashboard on a free port of loopback, with one route more that answers so many bytes.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    _runtime: tokio::runtime::Runtime,
}

/// Serves a view whose folder has its tokens, too.
pub(crate) fn serve(folder: &Path, view: Arc<View>) -> Result<Served> {
    let tokens = folder.join("tokens");
    let viewer = Viewer { organisation: ORGANISATION.into(), role: Role::Viewer, name: "Ada".into() };
    let token = grant(&tokens, &viewer).context("grant")?;
    let pages = dashboard::router(Arc::new(Dashboard::new(view, Arc::new(Access::new(tokens)))));
    let pages = pages.merge(Router::new().route("/static/{bytes}", get(fixed)));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    runtime.spawn(async move { axum::serve(listener, pages).await });
    Ok(Served { address, token, _runtime: runtime })
}

/// So many bytes that were there before.
async fn fixed(Place(bytes): Place<usize>) -> Bytes {
    static ALL: [u8; 1 << 20] = [b'x'; 1 << 20];
    Bytes::from_static(ALL.get(..bytes).unwrap_or(&ALL))
}
