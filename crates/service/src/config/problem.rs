//! What is wrong with a configuration: key, value, origin and remedy in one line.

use std::fmt;
use std::path::PathBuf;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// No layer gave one.
    Default,
    /// A line of the file.
    File(PathBuf, usize),
    /// An environment variable.
    Environment(String),
    /// A flag of the command line.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key; empty where it is the whole layer.
    pub key: String,
    /// The value, shortened; never a secret.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
    /// What is wrong with it and what would be right.
    pub why: String,
}

impl Problem {
    /// A problem of one key.
    pub(super) fn of(key: &str, value: &str, origin: Origin, why: &str) -> Self {
        let shown: String = value.chars().filter(|c| !c.is_control()).take(80).collect();
        Self { key: key.to_owned(), value: shown, origin, why: why.to_owned() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.key.as_str(), self.value.as_str()) {
            ("", _) => write!(f, "{}: {}", self.origin, self.why),
            (key, "") => write!(f, "{}: {key} {}", self.origin, self.why),
            (key, value) => write!(f, "{}: {key} = {value} {}", self.origin, self.why),
        }
    }
}

/// Everything that is wrong, in the order of layers and lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Problems {}

/// The known name that looks most like this one, if any is near enough to be meant.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let by_distance = |candidate: &'a str| {
        let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
        // A key in the wrong table is as near as one with a wrong letter.
        let misplaced = if last(name) == last(candidate) { 1 } else { usize::MAX };
        (distance(name, candidate).min(misplaced), candidate)
    };
    let (distance, best) = known.map(by_distance).min()?;
    (distance <= 1.max(name.len() / 3)).then_some(best)
}

/// Letters to insert, delete or change (Levenshtein), a swap of neighbours counting as two.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (place, letter) in (1..).zip(left.chars()) {
        let mut next = vec![place];
        let pairs = row.windows(2).zip(&right);
        for (pair, other) in pairs {
            let [diagonal, above] = pair else { continue };
            let before = next.last().copied().unwrap_or(0);
            next.push((before + 1).min(above + 1).min(diagonal + usize::from(letter != *other)));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_one_that_can_be_meant() {
        let known = || ["partitions", "prefix", "commit.linger_ms", "listen"].into_iter();
        for (name, expected) in [
            ("partition", Some("partitions")),
            ("lisetn", Some("listen")),
            ("linger_ms", Some("commit.linger_ms")),
            ("commit.lingerms", Some("commit.linger_ms")),
            ("colour", None),
        ] {
            assert_eq!(nearest(name, known()), expected, "{name}");
        }
    }
}
