//! Alerts, their tests, the runbook, the dashboard and the table of metrics name the same things. What `promtool`
//! itself says of them is a step of its own of `cargo xtask test`.

use std::collections::BTreeSet;

use serde_json::Value;
use service::metric::ALL;

const ALERTS: &str = include_str!("../../../../deploy/prometheus/alerts.yml");
const FIRED: &str = include_str!("../../../../deploy/prometheus/alerts_test.yml");
const RUNBOOK: &str = include_str!("../../../../deploy/runbook.md");
const DASHBOARD: &str = include_str!("../../../../deploy/grafana/mailtally.json");

/// Columns of Grafana's grid.
const COLUMNS: u64 = 24;

/// Each alert with the text of its rule.
fn alerts() -> Vec<(&'static str, &'static str)> {
    let rules = ALERTS.split("- alert: ").skip(1);
    rules.map(|rule| rule.split_once('\n').expect("a rule has lines")).map(|(name, rule)| (name.trim(), rule)).collect()
}

/// Metrics of ours that a text names; series of a histogram under its name.
fn named(text: &str) -> BTreeSet<&str> {
    let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    let known = |word: &str| ALL.iter().any(|metric| metric.name == word);
    let base = |word: &'_ str| -> Option<usize> {
        let endings = ["_bucket", "_sum", "_count"].into_iter().filter_map(|ending| word.strip_suffix(ending));
        endings.filter(|name| known(name)).map(str::len).next()
    };
    words
        .filter(|word| word.starts_with("mailtally_"))
        .map(|word| if known(word) { word } else { base(word).and_then(|length| word.get(..length)).unwrap_or(word) })
        .collect()
}

#[test]
fn every_alert_has_its_paragraph_and_every_paragraph_its_alert() {
    let sections: Vec<&str> = RUNBOOK.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let names: Vec<&str> = alerts().iter().map(|(name, _)| *name).collect();
    assert!(names.len() >= 12, "{names:?}");
    assert_eq!(names.iter().copied().collect::<BTreeSet<_>>(), sections.iter().copied().collect::<BTreeSet<_>>());
    for (name, rule) in alerts() {
        let link = format!("runbook_url: runbook.md#{}", name.to_lowercase());
        assert!(rule.contains(&link), "{name} does not link to its paragraph: {link}");
        let severities = ["critical", "warning"].map(|severity| rule.contains(&format!("severity: {severity} ")));
        assert!(severities.contains(&true), "{name} has no severity");
        for part in ["summary:", "description:", "expr:"] {
            assert!(rule.contains(part), "{name} has no {part}");
        }
        let paragraph = RUNBOOK.split(&format!("## {name}\n")).nth(1).and_then(|rest| rest.split("\n## ").next());
        for part in ["*Symptom*", "*For users*", "*Look*", "*Do*", "*Worry*"] {
            assert!(paragraph.is_some_and(|paragraph| paragraph.contains(part)), "{name}: its paragraph has no {part}");
        }
    }
}

#[test]
fn links_within_the_runbook_lead_somewhere() {
    let anchors: BTreeSet<String> =
        RUNBOOK.lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_lowercase).collect();
    let links = RUNBOOK.split("](#").skip(1).filter_map(|rest| rest.split(')').next());
    for link in links {
        assert!(anchors.contains(link), "#{link}");
    }
}

#[test]
fn every_alert_is_fired_and_kept_silent() {
    let (healthy, fired) =
        FIRED.split_once("- name: MailtallyNoLiveInstance fires").expect("the healthy test is first");
    for (name, _) in alerts() {
        let silent = healthy.matches(&format!("alertname: {name}, ")).count();
        assert!(silent >= 3, "{name} is not asked for in healthy series");
        let fires = fired.split("\n      - alertname: ").any(|case| {
            case.strip_prefix(name).is_some_and(|case| case.starts_with('\n') && case.contains("- exp_labels:"))
        });
        assert!(fires, "{name} is never fired");
    }
}

#[test]
fn what_is_drawn_and_alerted_on_is_measured() {
    let known: BTreeSet<&str> = ALL.iter().map(|metric| metric.name).collect();
    for (file, text) in [("alerts", ALERTS), ("alerts_test", FIRED), ("dashboard", DASHBOARD), ("runbook", RUNBOOK)] {
        let unknown: Vec<_> = named(text).difference(&known).copied().collect();
        assert!(unknown.is_empty(), "{file} names what is not in the table: {unknown:?}");
    }
}

/// Panels of the dashboard.
fn panels(dashboard: &Value) -> &Vec<Value> {
    dashboard["panels"].as_array().expect("panels")
}

#[test]
fn the_dashboard_is_what_grafana_imports() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("JSON");
    assert!(dashboard["id"].is_null(), "an import has no number of another Grafana's");
    assert!(dashboard["schemaVersion"].as_u64().is_some_and(|version| version >= 36), "panels name their data source");
    for text in ["uid", "title"] {
        assert!(dashboard[text].as_str().is_some_and(|text| !text.is_empty()), "{text}");
    }
    let variables: Vec<_> = dashboard["templating"]["list"].as_array().expect("variables").iter().collect();
    assert_eq!(variables.iter().map(|variable| &variable["name"]).collect::<Vec<_>>(), ["datasource", "instance"]);
    let mut ids = BTreeSet::new();
    for panel in panels(&dashboard) {
        let title = panel["title"].as_str().expect("a title");
        assert!(ids.insert(panel["id"].as_u64().expect("an id")), "{title}: its id is another's");
        if panel["type"] == "row" {
            continue;
        }
        assert!(panel["description"].as_str().is_some_and(|text| text.ends_with('.')), "{title} says what it shows");
        assert!(["stat", "timeseries"].contains(&panel["type"].as_str().expect("a type")), "{title}");
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
        assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{title} has no unit");
        let targets = panel["targets"].as_array().expect("targets");
        let references: BTreeSet<&str> = targets.iter().filter_map(|target| target["refId"].as_str()).collect();
        assert!(!targets.is_empty() && references.len() == targets.len(), "{title}: {references:?}");
        for target in targets {
            assert!(target["expr"].as_str().is_some_and(|expr| expr.contains("$instance")), "{title}: {target}");
        }
    }
}

#[test]
fn no_panel_covers_another() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let place = |panel: &Value| ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().expect("a place"));
    let mut taken = BTreeSet::new();
    for panel in panels(&dashboard) {
        let [x, y, w, h] = place(panel);
        assert!(w > 0 && h > 0 && x + w <= COLUMNS, "{}", panel["title"]);
        for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(taken.insert(cell), "{} covers another", panel["title"]);
        }
    }
}
