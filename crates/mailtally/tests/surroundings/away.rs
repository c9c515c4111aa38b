//! A broker that stands still for a minute with its connections open.

use std::time::{Duration, Instant};

use broker::{Cluster, Options, Signal};
use engine::{Topic, TopicPartition};
use kafka::Kafka;
use log::Log as _;

use crate::site::{self, Site, until, until_ready};
use crate::support::PATIENCE;
use crate::{sends, sent};

const AWAY: Duration = Duration::from_secs(60);
const SENDS: usize = 40_000;

#[test]
fn a_broker_that_is_away_for_a_minute_is_waited_for_and_everything_is_counted_once() {
    let cluster = Cluster::start(&Options::default()).expect("a cluster");
    let site = Site::at(&cluster.bootstrap());
    site.said(&["topics", "create"]);
    let mut run = site.start("processor", "a");
    until_ready(&mut run);
    let process = run.pid();
    let file = site.file("sends.jsonl", &sends(0, SENDS));
    let all = u64::try_from(SENDS).expect("few");
    let kafka = Kafka::open(kafka::Options::new(&site.servers, &site.prefix)).expect("open");
    let rows = TopicPartition { topic: Topic::new(&format!("{}.message-status.v1", site.prefix)), partition: 0 };
    std::thread::scope(|scope| {
        let producer = scope.spawn(|| site.ask(&["produce", &file]));
        until("rows are written", || kafka.bounds(&rows).expect("bounds").high_watermark > 0);
        cluster.signal(1, Signal::Stop).expect("stopped");
        let began = Instant::now();
        // So it says when a transaction was under way, and only then.
        until("it is not ready, and says since when the log takes nothing", || {
            let (status, body) = run.get("/health/ready");
            status == 503 && body.contains("the log has taken no commit for")
        });
        assert_eq!(run.get("/health/live").0, 200, "that is no reason to restart it");
        std::thread::sleep(AWAY.saturating_sub(began.elapsed()));
        cluster.signal(1, Signal::Continue).expect("goes on");
        assert!(began.elapsed() >= AWAY);
        // It has given up meanwhile, and says that what it wrote is safe: whether it wrote all is not known.
        producer.join().expect("ended");
    });
    let came_back = Instant::now();
    loop {
        let (status, health) = run.get("/health/ready");
        if status == 200 {
            break;
        }
        let said = || site::notes(&site.path("a"));
        assert!(came_back.elapsed() < PATIENCE, "not ready by itself: {health}\n{}", said());
        std::thread::sleep(Duration::from_millis(50));
    }
    println!("ready {:.1} s after the broker came back", came_back.elapsed().as_secs_f64());
    // Written once more, since nobody was told that it was written: what was is the same event.
    let again = site.ask(&["produce", &file]);
    let said = || String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(again.status.success(), "{}\n{}", said(), site::notes(&site.path("a")));
    assert_eq!(sent(&site), all);
    assert!(site.rows(&["reconcile"])[0]["difference"].is_null());
    assert_eq!(run.pid(), process, "the same process all the time");
    run.stop();
}
