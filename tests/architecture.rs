//! The layout as a test: who may depend on whom, who may name a foreign system, how long a file may be. Think hard
//! before changing these tables.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Each crate and the crates of ours that it may name, tests aside.
const ARROWS: [(&str, &[&str]); 20] = [
    ("domain", &[]),
    ("providers", &["domain"]),
    ("contract", &["domain"]),
    ("engine", &[]),
    ("oracle", &["domain"]),
    ("log", &["engine"]),
    ("embedded", &["engine", "log"]),
    ("kafka", &["engine", "log"]),
    ("store", &["engine"]),
    ("service", &["engine", "providers"]),
    ("view", &["contract", "domain", "engine", "log", "store"]),
    ("processor", &["contract", "domain", "engine", "log", "providers", "store"]),
    ("dashboard", &["contract", "domain", "view"]),
    ("rest", &["contract", "dashboard", "domain", "view"]),
    ("api", &["contract", "domain", "engine", "log", "processor", "service"]),
    ("gateway", &["api", "contract", "domain", "engine", "log", "providers", "service"]),
    (
        "mailtally",
        &[
            "api",
            "contract",
            "dashboard",
            "demo",
            "domain",
            "embedded",
            "engine",
            "gateway",
            "kafka",
            "log",
            "oracle",
            "processor",
            "providers",
            "rest",
            "service",
            "simulators",
            "store",
            "view",
        ],
    ),
    ("demo", &["contract", "domain"]),
    ("simulators", &["domain", "providers"]),
    ("xtask", &["broker"]),
];

/// Foreign systems, and the only crates that may name them. (`tests/chaos` names rdkafka on purpose: its readers share no code with
/// the adapter that they judge.)
const OWNERS: [(&str, &[&str]); 2] = [("rocksdb", &["embedded", "store"]), ("rdkafka", &["kafka"])];

/// Lines of a file.
const LINES_MAX: usize = 500;

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates")
}

/// Names under `[dependencies]` of a crate.
fn dependencies(name: &str) -> BTreeSet<String> {
    let manifest = std::fs::read_to_string(crates().join(name).join("Cargo.toml")).expect("a manifest");
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap_or_default();
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    lines
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn arrows_point_up_the_list_of_members() {
    let ours: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    for (name, allowed) in ARROWS {
        for dependency in dependencies(name).iter().filter(|dependency| ours.contains(dependency.as_str())) {
            assert!(allowed.contains(&dependency.as_str()), "{name} may not depend on {dependency}");
        }
    }
}

#[test]
fn a_foreign_system_has_its_owners() {
    for (name, _) in ARROWS {
        let named = dependencies(name);
        for (system, owners) in OWNERS {
            assert!(!named.contains(system) || owners.contains(&name), "{name} may not name {system}");
        }
    }
}

#[test]
fn every_file_says_what_it_owns_and_is_short() {
    let mut files = Vec::new();
    sources(&crates(), &mut files);
    assert!(files.len() > 50, "the tree is there");
    for file in files {
        let text = std::fs::read_to_string(&file).expect("readable");
        assert!(text.starts_with("//!"), "{} does not begin with what it owns", file.display());
        assert!(text.lines().count() <= LINES_MAX, "{} is over {LINES_MAX} lines", file.display());
    }
}
