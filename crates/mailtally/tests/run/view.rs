//! The view behind the pages: where it stands is said on `ready`, one command makes it anew, and a damaged one is replaced.

use std::path::Path;

use serde_json::Value;

use crate::dashboard::token;
use crate::live::{Live, over, send, until};

/// What `ready` says of the view.
fn view(live: &Live) -> Value {
    let report: Value = serde_json::from_str(&live.get("/health/ready").1).unwrap_or_default();
    report["view"].clone()
}

fn sent(live: &Live, token: &str) -> Option<u64> {
    let url = format!("http://{}/v1/orgs/acme/campaigns/spring", live.address);
    let mut answer = ureq::get(url).header("Authorization", format!("Bearer {token}")).call().ok()?;
    let answer: Value = serde_json::from_str(&answer.body_mut().read_to_string().ok()?).ok()?;
    (answer["as_of"]["complete"] == true).then(|| answer["data"]["campaign"]["sent"].as_u64())?
}

fn files(of: &Path, ending: &str) -> Vec<std::path::PathBuf> {
    let listed = std::fs::read_dir(of).expect("a directory").map(|file| file.expect("listed").path());
    listed.filter(|path| path.to_string_lossy().ends_with(ending)).collect()
}

#[test]
fn one_command_makes_the_view_anew_while_everything_runs() {
    let root = tempfile::tempdir().expect("directory");
    let live = Live::start(root.path(), &[]);
    let token = token(root.path(), "acme");
    assert_eq!(live.post(&(send("m1", "spring") + &send("m2", "spring"))).0, 200);
    until("both are counted", || sent(&live, &token) == Some(2));
    assert_eq!(view(&live), serde_json::json!({"state": "live"}));
    let done = over(root.path(), &["rebuild", "view"]);
    let (out, notes) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && out.contains("made anew"), "{out} {notes}");
    assert_eq!(sent(&live, &token), Some(2));
    assert_eq!(live.post(&send("m3", "spring")).0, 200);
    until("what comes then", || sent(&live, &token) == Some(3));
    let status = over(root.path(), &["status"]);
    assert!(String::from_utf8_lossy(&status.stdout).ends_with("\npages: live\n"), "{status:?}");
    // Looked at once a second.
    until("its metric", || live.get("/metrics").1.contains("mailtally_view_state{state=\"live\"} 1"));
    let said = live.stop();
    assert!(said.contains("the new view answers"), "{said}");
    let done = over(root.path(), &["rebuild", "view"]);
    let notes = String::from_utf8_lossy(&done.stderr);
    assert!(!done.status.success() && notes.contains("start it, then ask again"), "{notes}");
}

#[test]
fn a_damaged_view_is_put_aside_and_made_anew() {
    let root = tempfile::tempdir().expect("directory");
    let live = Live::start(root.path(), &[]);
    let token = token(root.path(), "acme");
    assert_eq!(live.post(&(send("m1", "spring") + &send("m2", "spring"))).0, 200);
    until("both are counted", || sent(&live, &token) == Some(2));
    live.stop();
    let store = root.path().join("state/view");
    let file = std::fs::read_to_string(store.join("CURRENT")).expect("a database");
    std::fs::write(store.join(file.trim()), b"this is no manifest").expect("damaged");
    let live = Live::start(root.path(), &[]);
    until("everything is there again", || sent(&live, &token) == Some(2));
    assert_eq!(view(&live), serde_json::json!({"state": "live"}));
    assert!(live.stop().contains("the view is put aside and made anew"));
    assert_eq!(files(&root.path().join("state"), "").iter().filter(|path| is_aside(path)).count(), 1);
}

/// A view that was put aside for somebody to look at.
fn is_aside(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("view.aside-"))
}
