//! Stops and kills: in order between two batches, at once at a second signal, and at any time without a loss.

use std::time::{Duration, Instant};

use crate::live::{Live, over, send, sent, settle, until};

#[test]
fn a_signal_stops_it_in_order_and_the_next_start_has_everything() {
    for signal in ["TERM", "INT"] {
        let root = tempfile::tempdir().expect("directory");
        let live = Live::start(root.path(), &[]);
        let lines: String = (0..500).map(|n| send(&format!("m{n}"), "spring")).collect();
        assert_eq!(live.post(&lines).0, 200);
        live.signal(signal);
        let begun = Instant::now();
        let (code, said) = live.ended();
        assert_eq!(code, Some(0), "{said}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{said}");
        assert!(said.contains("stopping") && said.contains("stopped"), "{said}");
        assert!(!root.path().join("run.json").exists());
        settle(root.path());
        assert!(over(root.path(), &["reconcile"]).status.success());
        assert_eq!(sent(root.path(), "spring"), 500);
    }
}

#[test]
fn acknowledged_events_survive_a_kill_at_any_time() {
    let root = tempfile::tempdir().expect("directory");
    let mut acknowledged = 0;
    for round in 0..5 {
        let live = Live::from(crate::live::run(root.path(), &[]), root.path());
        let before = acknowledged;
        std::thread::scope(|scope| {
            let killer = scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(150 + 90 * round));
                live.signal("KILL");
            });
            for n in 0.. {
                let lines: String = (0..50).map(|m| send(&format!("m{round}-{n}-{m}"), "spring")).collect();
                if live.post(&lines).0 != 200 {
                    break;
                }
                acknowledged += 50;
            }
            killer.join().expect("killed");
        });
        assert_eq!(live.ended().0, None, "it was killed");
        assert!(acknowledged > before, "nothing was taken before the kill: this round shows nothing");
    }
    settle(root.path());
    let report = over(root.path(), &["reconcile"]);
    assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stdout));
    let counted = sent(root.path(), "spring");
    // A request whose answer the kill cut off may be in: 50 events a round.
    assert!(counted >= acknowledged && counted <= acknowledged + 250, "{acknowledged} acknowledged, {counted} counted");
}

#[test]
fn a_lost_state_directory_is_restored_from_the_log() {
    let root = tempfile::tempdir().expect("directory");
    let live = Live::start(root.path(), &[]);
    let lines: String = (0..300).map(|n| send(&format!("m{n}"), "spring")).collect();
    assert_eq!(live.post(&lines).0, 200);
    until("folded", || sent(root.path(), "spring") == 300);
    live.stop();
    std::fs::remove_dir_all(root.path().join("state")).expect("removed");
    let live = Live::start(root.path(), &[]);
    let (_, metrics) = live.get("/metrics");
    assert!(metrics.contains("mailtally_restores_total{fold=\"messages\",kind=\"restore\"}"), "{metrics}");
    // A duplicate is known only if the state came back.
    assert_eq!(live.post(&send("m7", "spring")).0, 200);
    assert_eq!(live.post(&send("m-new", "spring")).0, 200);
    until("folded", || sent(root.path(), "spring") == 301);
    live.stop();
    assert!(over(root.path(), &["reconcile"]).status.success());
}

#[test]
fn under_load_it_stops_in_time_and_what_was_accepted_is_in() {
    let root = tempfile::tempdir().expect("directory");
    let live = Live::start(root.path(), &[]);
    let acknowledged: u64 = std::thread::scope(|scope| {
        let post = |client: u64| {
            let live = &live;
            move || {
                let mut taken = 0;
                for n in 0.. {
                    let lines: String = (0..100).map(|m| send(&format!("m{client}-{n}-{m}"), "spring")).collect();
                    if live.post(&lines).0 != 200 {
                        break;
                    }
                    taken += 100;
                }
                taken
            }
        };
        let clients: Vec<_> = (0..4).map(|client| scope.spawn(post(client))).collect();
        until("load", || sent(root.path(), "spring") > 500);
        let begun = Instant::now();
        live.signal("TERM");
        let taken = clients.into_iter().map(|client| client.join().expect("ended")).sum();
        until("the end", || !root.path().join("run.json").exists());
        assert!(begun.elapsed() < Duration::from_secs(10));
        taken
    });
    let (code, said) = live.ended();
    assert_eq!(code, Some(0), "in order, not by force: {said}");
    settle(root.path());
    let counted = sent(root.path(), "spring");
    // Four requests may have been answered to clients that did not hear it.
    assert!(counted >= acknowledged && counted <= acknowledged + 400, "{acknowledged} acknowledged, {counted} counted");
    assert!(over(root.path(), &["reconcile"]).status.success());
}
