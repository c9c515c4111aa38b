//! Plain clusters: they start, survive what is done to one broker, and leave nothing behind.

use broker::{Cluster, Options, Signal};

const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";

#[test]
fn one_broker_keeps_its_data_through_a_kill_and_a_restart_and_leaves_nothing() {
    let cluster = Cluster::start(&Options::default()).unwrap();
    cluster.tool(TOPICS, &["--create", "--topic", "kept", "--partitions", "2"]).unwrap();
    cluster.kill(1).unwrap();
    let node = cluster.plan().node(1).unwrap().clone();
    assert_eq!(cluster.status(&node).process, None);
    assert!(cluster.status(&node).answer.is_err());
    cluster.start_one(1).unwrap();
    cluster.restart(1).unwrap();
    assert_eq!(cluster.tool(TOPICS, &["--list"]).unwrap().trim(), "kept");

    let (dir, status) = (cluster.dir().to_owned(), cluster.status(&node));
    assert_eq!(status.answer, Ok(vec![1]));
    drop(cluster);
    assert!(!dir.exists());
    let running = std::fs::read(format!("/proc/{}/cmdline", status.process.unwrap())).unwrap_or_default();
    assert!(running.is_empty(), "the broker's process is gone");
}

#[test]
fn three_brokers_serve_while_one_is_away_or_stands_still() {
    let cluster = Cluster::start(&Options { brokers: 3, ..Options::default() }).unwrap();
    cluster.tool(TOPICS, &["--create", "--topic", "kept", "--partitions", "3"]).unwrap();
    cluster.kill(2).unwrap();
    cluster.signal(3, Signal::Stop).unwrap();
    cluster.signal(3, Signal::Continue).unwrap();
    assert!(cluster.tool(TOPICS, &["--describe", "--topic", "kept"]).unwrap().contains("ReplicationFactor: 3"));
    cluster.start_one(2).unwrap();
    let node = cluster.plan().node(2).unwrap();
    assert_eq!(cluster.status(node).answer.map(|seen| seen.len()), Ok(3));
}

#[test]
fn clients_are_told_the_advertised_port() {
    let advertised = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = advertised.local_addr().unwrap().port();
    let cluster = Cluster::start(&Options { advertised: vec![port], ..Options::default() }).unwrap();
    assert_eq!(cluster.bootstrap(), format!("127.0.0.1:{port}"));
    assert_ne!(cluster.plan().nodes[0].client, port);
}
