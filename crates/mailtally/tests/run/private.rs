//! No address, subject, body, client's name or provider's words in a log line, a metric or a health answer.

use serde_json::Value;

use crate::live::{Live, over, until};

/// A word that stands in every field that an outsider fills.
const CANARY: &str = "canary7f3";

fn lines() -> String {
    let bad_kinds = [
        format!(
            r#"{{"organisation":"acme","time":"2026-05-01T10:00:00Z","send":{{"message":"m1","campaign":"spring","client":"k1","address":"{CANARY}@example.org","subject":"{CANARY} offer"}}}}"#
        ),
        format!(
            r#"{{"organisation":"acme","time":"2026-05-01T10:00:00Z","refused":{{"message":"m2","campaign":"spring","client":"k1","address":"{CANARY}@example.org","reason":"other","text":"550 {CANARY}"}}}}"#
        ),
        format!(
            r#"{{"organisation":"acme","time":"2026-05-01T10:00:00Z","client":{{"client":"k1","name":"{CANARY}"}}}}"#
        ),
        format!(
            r#"{{"organisation":"acme","time":"2026-05-01T10:00:00Z","body":{{"message":"m1","client":"k1","html":"<p>{CANARY}</p>"}}}}"#
        ),
        format!(
            r#"{{"organisation":"acme","time":"2026-05-01T10:00:00Z","send":{{"message":"m3","campaign":"spring","client":"k1","address":"{CANARY}"}}}}"#
        ),
        format!(r#"{{"organisation":"acme","{CANARY}":1}}"#),
        format!("{CANARY}\u{1b}[31m\u{0}"),
        format!(r#"{{"organisation":"{CANARY}","time":"1970-01-01T00:00:00Z","send":{{"message":"{CANARY}"}}}}"#),
    ];
    bad_kinds.map(|line| line + "\n").concat()
}

fn batch() -> String {
    format!(
        r#"[{{"event":"bounce","email":"{CANARY}@example.org","timestamp":1777629605,"sg_event_id":"e1","reason":"550 {CANARY}","mailtally_organisation":"acme","mailtally_message":"m1","category":["{CANARY}"]}},
            {{"event":"{CANARY}","email":"{CANARY}@example.org","timestamp":1777629605}},
            {{"event":"open","email":"{CANARY}@example.org","timestamp":"{CANARY}","sg_event_id":"e3"}},
            {{"event":"click","url":"https://example.org/?u={CANARY}@example.org","email":"x","timestamp":1777629605,"mailtally_organisation":"{CANARY}"}}]"#
    )
}

#[test]
fn nothing_personal_is_in_a_log_line_or_a_label() {
    let root = tempfile::tempdir().expect("directory");
    let (data, file) = (root.path().join("data"), root.path().join("batch.json"));
    let config = root.path().join("mailtally.toml");
    std::fs::write(&config, "[[account]]\nprovider = \"sendgrid\"\norganisations = [\"acme\"]\n").expect("written");
    let config = config.to_str().expect("a path");
    let more = ["--config", config, "--set", "log.level=trace", "--set", "log.format=json"];
    let live = Live::start(&data, &more);
    let (status, answer) = live.post(&lines());
    assert!(status == 207 && answer.contains("\"taken\""), "{answer}");
    live.post(CANARY);
    let broken = live.get(&format!("/{CANARY}?address={CANARY}@example.org"));
    assert_eq!(broken.0, 404);
    for body in [batch(), CANARY.to_owned(), format!("{{\"{CANARY}\":")] {
        std::fs::write(&file, body).expect("written");
        let told =
            over(&data, &["ingest", "--provider", "sendgrid", file.to_str().expect("a path"), "--config", config]);
        assert!(!told.stdout.is_empty(), "{}", String::from_utf8_lossy(&told.stderr));
    }
    until("the dead letters", || live.get("/metrics").1.contains("mailtally_dead_letters_total"));
    for path in ["/metrics", "/health/ready", "/health/live"] {
        let (_, said) = live.get(path);
        assert!(!said.contains(CANARY), "{path} says {said}");
    }
    let said = live.stop();
    assert!(said.lines().count() > 10, "at this level it says something: {said}");
    for line in said.lines() {
        assert!(!line.contains(CANARY), "{line}");
        let json: Value = serde_json::from_str(line).expect("one JSON object a line");
        assert!(json["level"].is_string() && json["timestamp"].is_string(), "{line}");
    }
    // It is where it belongs: in the dead letters and the private rows.
    let kept = over(&data, &["consume", "private"]).stdout;
    assert!(String::from_utf8_lossy(&kept).contains(CANARY));
}
