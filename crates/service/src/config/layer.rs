//! The layers: file, environment, flags. Owns their order and what of them is ours; a later one wins key by key.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::file::{self, RawAccount};
use super::key::{KEYS, Key, named};
use super::problem::{Origin, Problem, nearest};
use super::{Setting, value};

/// Variables that are not keys: the configuration's own, and those of builds and suites.
const OTHER_VARIABLES: [&str; 3] = ["MAILTALLY_CONFIG", "MAILTALLY_ROCKSDB_LINK", "MAILTALLY_TEST_KAFKA"];

/// Where values are looked for.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// The TOML file.
    pub file: Option<PathBuf>,
    /// Environment variables; those that do not begin with `MAILTALLY_` are nobody's business.
    pub environment: Vec<(String, String)>,
    /// Flags: the flag as it is typed, the key it sets, the value.
    pub flags: Vec<(String, String, String)>,
}

/// Words by key, with where they came from.
#[derive(Default)]
pub(super) struct Raw {
    pub(super) words: BTreeMap<&'static str, (String, Origin)>,
    pub(super) accounts: Vec<RawAccount>,
}

/// All layers, one over the other.
pub(super) fn merged(layers: &Layers, problems: &mut Vec<Problem>) -> Raw {
    let mut raw = layers.file.as_ref().map(|path| file::read(path, problems)).unwrap_or_default();
    for (name, words) in &layers.environment {
        let Some(suffix) = name.strip_prefix("MAILTALLY_") else { continue };
        if OTHER_VARIABLES.contains(&name.as_str()) || is_orchestrators(suffix) {
            continue;
        }
        let origin = Origin::Environment(name.clone());
        match KEYS.iter().find(|key| key.variable() == *name) {
            Some(key) => raw.set(key, words, origin),
            None => {
                let variables: Vec<String> = KEYS.iter().map(Key::variable).collect();
                let near = nearest(name, variables.iter().map(String::as_str));
                problems.push(Problem::of(name, "", origin, &unknown(near)));
            }
        }
    }
    for (flag, name, words) in &layers.flags {
        let origin = Origin::Flag(flag.clone());
        match named(name) {
            Some(key) => raw.set(key, words, origin),
            None => problems.push(Problem::of(name, "", origin, &unknown(nearest(name, names())))),
        }
    }
    raw
}

/// What is said of a key that there is not.
pub(super) fn unknown(near: Option<&str>) -> String {
    near.map_or_else(
        || "is no key: `mailtally config print` lists them".to_owned(),
        |near| format!("is no key: {near} is the nearest one"),
    )
}

/// All names of keys.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|key| key.name)
}

/// Kubernetes puts `MAILTALLY_PORT`, `MAILTALLY_SERVICE_HOST` and the like beside every container of a service's
/// namespace when the service is called mailtally.
fn is_orchestrators(suffix: &str) -> bool {
    let words: Vec<&str> = suffix.split('_').collect();
    words.contains(&"PORT") || (words.contains(&"SERVICE") && words.contains(&"HOST"))
}

impl Raw {
    /// Sets a key over what an earlier layer said.
    pub(super) fn set(&mut self, key: &'static Key, words: &str, origin: Origin) {
        self.words.insert(key.name, (words.to_owned(), origin));
    }

    /// Every key's value; one that cannot be read has its default, so that all problems are found at once.
    pub(super) fn settings(mut self, problems: &mut Vec<Problem>) -> BTreeMap<&'static str, Setting> {
        let mut settings = BTreeMap::new();
        for key in KEYS {
            let given = self.words.remove(key.name);
            let (words, origin) = given.unwrap_or_else(|| (key.default.to_owned(), Origin::Default));
            let read = value::read(key.kind, &words).or_else(|why| {
                let shown = if key.is_secret() { "(secret)" } else { &words };
                problems.push(Problem::of(key.name, shown, origin.clone(), &why));
                value::read(key.kind, key.default)
            });
            if let Ok(value) = read {
                settings.insert(key.name, Setting { value, origin });
            }
        }
        settings
    }
}
