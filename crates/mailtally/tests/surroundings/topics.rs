//! Topics that are others than those that were folded.

use crate::site::{Site, until};
use crate::support::Run;
use crate::{cluster, last_words, made, produce, sent, site};

const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";

fn topic(site: &Site, part: &str) -> String {
    format!("{}.{part}.v1", site.prefix)
}

/// Deletes a topic and makes it again, as somebody who wants to empty it.
fn recreate(site: &Site, part: &str) {
    let name = topic(site, part);
    std::thread::scope(|scope| {
        let deleting = scope.spawn(|| cluster().tool(TOPICS, &["--delete", "--topic", &name]));
        // The tool takes a while to end after the topic is gone.
        until("it is made again", || {
            let output = site.ask(&["topics", "create", "--format", "json"]);
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            said.lines().any(|line| line.contains(&name) && line.contains(r#""made""#))
        });
        deleting.join().expect("ended").expect("deleted");
    });
}

/// Waits until an instance says this of its partitions.
fn until_it_says(run: &mut Run, words: &str) {
    until(words, || {
        let (status, body) = run.get("/health/ready");
        status == 503 && body.contains(words)
    });
}

#[test]
fn an_input_that_was_deleted_and_made_again_stops_the_process_and_its_stores_are_not_used() {
    let site = made();
    let mut run = site.start("processor", "a");
    site::until_ready(&mut run);
    produce(&site, 0, 40);
    recreate(&site, "events");
    assert_eq!(run.ended().code(), Some(1));
    let said = last_words(&site, "a");
    assert!(said.contains(&topic(&site, "events")) && said.contains("was deleted and made again"), "{said}");
    assert!(said.contains("put the old one back, or begin anew"), "{said}");

    let mut again = site.start("processor", "a");
    until_it_says(&mut again, "the input topic was deleted and made again since this store was written");
    assert_eq!(sent(&site), 40, "what was published stands");
    again.stop();
}

#[test]
fn a_state_topic_that_was_deleted_and_made_again_stops_the_process_and_nothing_is_restored_from_it() {
    let site = made();
    let mut run = site.start("processor", "a");
    site::until_ready(&mut run);
    produce(&site, 0, 40);
    recreate(&site, "message-status");
    assert_eq!(run.ended().code(), Some(1));
    let said = last_words(&site, "a");
    assert!(said.contains(&topic(&site, "message-status")) && said.contains("was deleted and made again"), "{said}");
    let mut again = site.start("processor", "a");
    until_it_says(&mut again, "the state topic was deleted and made again since this store was written");
    again.stop();
}

#[test]
fn partitions_that_grew_stop_the_process_and_every_start_after() {
    let site = made();
    let mut run = site.start("processor", "a");
    site::until_ready(&mut run);
    produce(&site, 0, 40);
    let events = topic(&site, "events");
    cluster().tool(TOPICS, &["--alter", "--topic", &events, "--partitions", "6"]).expect("altered");
    assert_eq!(run.ended().code(), Some(1));
    let said = last_words(&site, "a");
    assert!(said.contains(&format!("{events} has 6 partitions now and had 4")), "{said}");
    let said = site::refused(&site.ask(&["processor"]), 1, &[&events, "6 partitions", "never change in place"]);
    assert!(said.contains("wanted 4"), "{said}");
}
