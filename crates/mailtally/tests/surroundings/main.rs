//! Bad surroundings of a processor over Kafka: what an operator, a disk or a broker does to it while it folds. Each is told in one
//! clear line or stalls what it concerns, and nothing is lost or counted twice. A run that did not deliver its fault fails.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says what it expects by failing"
)]

mod away;
mod disk;
mod lag;
mod retention;
mod settings;
#[path = "../kafka/site.rs"]
#[allow(dead_code, reason = "not every suite needs all of it")]
mod site;
#[path = "../support/mod.rs"]
mod support;
mod topics;

use std::sync::OnceLock;

use broker::{Cluster, Options};

use site::Site;

/// The broker that these tests share: its topics are deleted, cut and altered, so it is nobody else's.
fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(&Options::default()).expect("a cluster"))
}

/// An installation on it, with its topics.
fn made() -> Site {
    let site = Site::at(&cluster().bootstrap());
    site.said(&["topics", "create"]);
    site
}

/// Sends of one campaign, from one number to another.
fn sends(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|n| support::send(&format!("m{n}"), "spring")).collect()
}

/// Writes them and waits until they are folded.
fn produce(site: &Site, from: usize, to: usize) {
    let file = site.file("sends.jsonl", &sends(from, to));
    site.said(&["produce", &file]);
}

/// What the campaigns count as sent.
fn sent(site: &Site) -> u64 {
    site.rows(&["campaigns"]).iter().map(|row| row["sent"].as_u64().unwrap_or(0)).sum()
}

/// The one line with which an instance ended.
fn last_words(site: &Site, instance: &str) -> String {
    let notes = site::notes(&site.path(instance));
    let said: Vec<&str> = notes.lines().filter(|line| line.starts_with("mailtally: ")).collect();
    let [said] = said[..] else { panic!("one line: {notes}") };
    said.to_owned()
}
