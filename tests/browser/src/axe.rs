//! Rules of accessibility, by axe-core: a page is handed to it as it is. The library is MPL and not part of the clone;
//! `cargo xtask test` fetches it and says where it is.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::page::Page;

/// Where axe-core is.
pub const VARIABLE: &str = "MAILTALLY_TEST_AXE";

/// The rules that count: WCAG 2.2 AA and the library's own best practices.
const RULES: &str = "{ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }";

/// A rule that a page breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule's name.
    pub rule: String,
    /// What it asks for.
    pub help: String,
    /// Where it is broken: the markup of each place.
    pub places: Vec<String>,
}

impl Page {
    /// What axe-core finds on the page. It fails where it finds nothing that is in order either: then it did not look.
    ///
    /// # Errors
    /// When the library is not where [`VARIABLE`] says.
    pub fn violations(&mut self) -> Result<Vec<Violation>> {
        let path =
            std::env::var(VARIABLE).with_context(|| format!("{VARIABLE} names no axe.min.js: cargo xtask test"))?;
        let library = std::fs::read_to_string(&path).with_context(|| path.clone())?;
        self.evaluate(&format!("{library}; 0"))?;
        let asked = format!(
            "axe.run(document, {RULES}).then(found => ({{ passes: found.passes.length, violations: found.violations }}))"
        );
        let found = self.evaluate(&asked)?;
        if found["passes"].as_u64().unwrap_or(0) < 10 {
            bail!("axe-core looked at nothing: {found}");
        }
        Ok(found["violations"].as_array().context("a list")?.iter().map(violation).collect())
    }
}

fn violation(found: &Value) -> Violation {
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    let nodes = found["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let place = |node: &Value| format!("{} {}", node["html"].as_str().unwrap_or_default(), node["failureSummary"]);
    Violation { rule: text("id"), help: text("help"), places: nodes.iter().map(place).collect() }
}
