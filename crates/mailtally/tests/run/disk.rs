//! A full disk: a clear line and an end, nothing acknowledged is lost, and it goes on when there is space again.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::live::{Live, over, run, send, sent, settle, until};

#[test]
fn an_intake_closes_before_the_disk_is_full() {
    let root = tempfile::tempdir().expect("directory");
    let live = Live::from(run(root.path(), &["--set", "disk_headroom_bytes=512 TiB"]), root.path());
    until("the intake is closed", || live.get("/health/ready").1.contains("intake_closed"));
    let (status, answer) = live.post(&send("m1", "spring"));
    assert_eq!(status, 503);
    assert!(answer.contains("disk_headroom_bytes") && answer.contains("free some"), "{answer}");
    assert_eq!(live.get("/health/live").0, 200, "that is no reason to restart it");
    live.stop();
}

/// The binary under a limit of so many KiB a file, as a quota sets it: writing beyond it fails.
fn limited(kib: u32, data: &Path) -> Command {
    let script = format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" \"$@\"");
    let mut command = Command::new("bash");
    let arguments = ["run", "--listen", "127.0.0.1:0", "--set", "disk_headroom_bytes=0", "--data"];
    command.args(["-c", &script, env!("CARGO_BIN_EXE_mailtally")]).args(arguments).arg(data);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

#[test]
fn without_space_it_does_not_start_and_leaves_nothing_broken() {
    let root = tempfile::tempdir().expect("directory");
    let done = limited(0, root.path()).output().expect("it runs");
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    Live::start(root.path(), &[]).stop();
}

/// Posts until something is refused; how many events are acknowledged then, with those before.
fn filled(live: &Live, mut acknowledged: u64) -> u64 {
    loop {
        let lines: String =
            (0..200).map(|n| send(&format!("m{}-{:032}", acknowledged + n, n * 7919), "spring")).collect();
        let (status, answer) = live.post(&lines);
        if status != 200 {
            assert!(status == 503 || status == 0, "{status}: {answer}");
            return acknowledged;
        }
        acknowledged += 200;
        assert!(acknowledged < 100_000, "the limit was never met");
    }
}

#[test]
fn a_log_that_cannot_grow_ends_the_run_with_one_line_and_loses_nothing() {
    let root = tempfile::tempdir().expect("directory");
    let mut live = Live::from(limited(512, root.path()), root.path());
    let mut acknowledged = filled(&live, 0);
    // A limit a file, unlike a full disk, may let the log go on in another file: then it takes events until it cannot.
    while live.goes_on() {
        acknowledged = filled(&live, acknowledged);
    }
    let (code, said) = live.ended();
    assert_eq!(code, Some(1), "{said}");
    let last = said.lines().filter(|line| line.starts_with("mailtally: ")).collect::<Vec<_>>();
    assert_eq!(last.len(), 1, "{said}");
    assert!(acknowledged > 0, "something was acknowledged");
    // With space again everything acknowledged is there.
    settle(root.path());
    assert!(sent(root.path(), "spring") >= acknowledged);
    assert!(over(root.path(), &["reconcile"]).status.success());
}
