//! The alerts under `deploy/prometheus`, checked and fired by Prometheus' own `promtool`.

use std::process::Command;

use crate::run::run;
use crate::setup;

/// What `promtool` is asked, in order.
const ASKED: [&[&str]; 3] =
    [&["check", "rules", "alerts.yml"], &["test", "rules", "alerts_test.yml"], &["check", "config", "prometheus.yml"]];

/// Checks the rules, fires each alert once and keeps it silent once, and checks the configuration that loads them.
pub(crate) fn check() -> Result<(), String> {
    let folder = setup::root().join("deploy/prometheus");
    ASKED.iter().try_for_each(|asked| run(Command::new("promtool").args(*asked).current_dir(&folder)))
}
