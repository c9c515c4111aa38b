//! The front door of the real binary: what a provider posts is counted; what was answered with 2xx is in the log and folded exactly
//! once, over twenty kills.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

mod support;

#[path = "support/providers.rs"]
mod providers_at_work;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use providers_at_work::{Pace, Worked, judge, work};
use serde_json::Value;
use support::{Run, binary, rows, said, send};

/// Accounts of providers whose secret is a word.
const ACCOUNTS: [(&str, &str); 6] = [
    ("brevo", "basic:ada:pw"),
    ("mailersend", "k1"),
    ("mailgun", "k1"),
    ("mandrill", "k1"),
    ("postmark", "basic:ada:pw"),
    ("unisender_go", "k1"),
];

/// A configuration with an account `main` at each of them, and its secrets beside it.
fn configuration(root: &Path) -> String {
    let account = |(provider, secret): (&str, &str)| {
        let file = root.join(format!("{provider}.secret"));
        std::fs::write(&file, secret).expect("written");
        let mapping = match provider {
            "mailersend" => "mapping = { message = \"category:mailtally_message:\" }\n",
            _ => "",
        };
        let file = file.display();
        format!(
            "[[account]]\nprovider = \"{provider}\"\norganisations = [\"acme\"]\nsecrets = [\"file:{file}\"]\n{mapping}"
        )
    };
    let text: String = ACCOUNTS.into_iter().map(account).collect();
    let file = root.join("mailtally.toml");
    std::fs::write(&file, format!("[gateway]\nlisten = \"127.0.0.1:0\"\n{text}")).expect("written");
    file.to_str().expect("a path").to_owned()
}

/// Where webhooks come in.
fn door(run: &mut Run, data: &Path) -> String {
    run.address();
    let control: Value = serde_json::from_slice(&std::fs::read(data.join("run.json")).expect("a file")).expect("JSON");
    control["webhooks"].as_str().expect("a door").to_owned()
}

/// Posts a delivery by `mailtally webhook send`; whether it was kept.
fn post(root: &Path, door: &str, provider: &str, message: &str) -> bool {
    let (to, secret) = (format!("http://{door}/v1/webhooks/{provider}/main"), root.join(format!("{provider}.secret")));
    let mut command = binary();
    command.args(["webhook", "send", "--provider", provider, "--to", &to, "--message", message, "--secret-file"]);
    command.arg(secret).output().expect("the binary runs").status.success()
}

#[test]
fn what_providers_post_is_counted_and_strangers_are_not() {
    let root = tempfile::tempdir().expect("directory");
    let (data, file) = (root.path().join("data"), configuration(root.path()));
    let mut run = Run::start(&data, &["--config", &file]);
    let door = door(&mut run, &data);
    let sends: Vec<String> = ACCOUNTS.iter().map(|(provider, _)| send(provider, "spring")).collect();
    assert_eq!(run.post(&sends), Some(ACCOUNTS.len()));
    for (provider, _) in ACCOUNTS {
        assert!(post(root.path(), &door, provider, provider), "{provider}");
    }
    std::fs::write(root.path().join("mailgun.secret"), "k2").expect("written");
    assert!(!post(root.path(), &door, "mailgun", "mailgun"));
    // Commands through the live run answer from what is folded.
    said(&data, &["produce", "/dev/null"]);
    let row = &rows(&data, &["campaigns", "--format", "json"])[0];
    assert_eq!((row["sent"].as_u64(), row["delivered"].as_u64()), (Some(6), Some(6)), "{row}");
    let metrics = run.get("/metrics").1;
    assert!(
        metrics.contains(r#"mailtally_webhooks_refused_total{provider="mailgun",reason="wrong_signature"} 1"#),
        "{metrics}"
    );
    assert!(metrics.contains(r#"mailtally_webhooks_total{provider="brevo",outcome="logged"} 1"#), "{metrics}");
    run.stop();
    said(&data, &["reconcile"]);
}

/// Kills of the process while all providers post.
const KILLS: usize = 20;
/// Little by little: every story is told in any case.
const PACE: Pace = Pace { events: |_| 40, round: 20, pause: Duration::from_millis(400) };
/// Lines of one request.
const BATCH: usize = 500;

#[test]
fn twenty_kills_lose_nothing_that_was_answered_and_count_nothing_twice() {
    let root = tempfile::tempdir().expect("directory");
    let (data, file) = (root.path().join("data"), providers_at_work::configuration(root.path()));
    let start = || Run::start(&data, &["--config", &file]);
    let (end, begun) = (AtomicBool::new(false), std::time::Instant::now());
    let (worked, mut run) = std::thread::scope(|scope| {
        let working = scope.spawn(|| work(&data, &PACE, &end));
        for kill in 0..KILLS {
            let started = std::time::Instant::now();
            let mut run = start();
            run.address();
            // The life of a process that is killed is no condition: some are short, some long, none shorter than twice its start:
            // who is mostly away is given up.
            let life = Duration::from_millis(150 + 61 * u64::try_from(kill % 10).expect("small"));
            std::thread::sleep(life.max(2 * started.elapsed()));
            drop(run);
        }
        let mut run = start();
        run.address();
        end.store(true, Ordering::SeqCst);
        (working.join().expect("they end"), run)
    });
    eprintln!("posted after {:?}", begun.elapsed());
    let failed: u64 = worked.iter().map(|worked| worked.done.failed).sum();
    assert!(failed >= 20, "the kills were felt: {failed}");
    let sends: Vec<String> = worked.iter().flat_map(Worked::sends).collect();
    let events: usize = worked.iter().map(Worked::events).sum();
    for lines in sends.chunks(BATCH) {
        assert_eq!(run.post(lines), Some(lines.len()));
    }
    said(&data, &["produce", "/dev/null"]);
    eprintln!("{} sends and {events} events folded after {:?}", sends.len(), begun.elapsed());
    judge(&worked, &rows(&data, &["campaigns", "--format", "json"]));
    run.stop();
    said(&data, &["reconcile"]);
}
