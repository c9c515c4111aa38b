//! What was typed after `cargo xtask kafka ACTION`.

use std::path::PathBuf;

use broker::{Plan, Running};

/// Kafka's own port.
const PORT: u16 = 9092;

/// The flags and the broker's number, with what holds without them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) dir: PathBuf,
    pub(super) wipe: bool,
    pub(super) yes: bool,
    brokers: u16,
    port: u16,
    secure: bool,
    advertise: Vec<u16>,
    number: Option<u16>,
}

/// Where a cluster is when nothing else is said.
pub(super) fn dir() -> PathBuf {
    broker::cache().join("kafka")
}

impl Default for Wanted {
    fn default() -> Self {
        let (wipe, yes, secure) = (false, false, false);
        Self { dir: dir(), wipe, yes, brokers: 1, port: PORT, secure, advertise: Vec::new(), number: None }
    }
}

impl Wanted {
    pub(super) fn parse(words: &[String]) -> Result<Self, String> {
        let mut wanted = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} wants a value"));
            match word.as_str() {
                "--wipe" => wanted.wipe = true,
                "--yes" => wanted.yes = true,
                "--secure" => wanted.secure = true,
                "--dir" => wanted.dir = value()?.into(),
                "--brokers" => wanted.brokers = number(word, value()?)?,
                "--port" => wanted.port = number(word, value()?)?,
                "--advertise" => {
                    wanted.advertise = value()?.split(',').map(|port| number(word, port)).collect::<Result<_, _>>()?;
                }
                other if !other.starts_with('-') => wanted.number = Some(number("broker", other)?),
                other => return Err(format!("{other} is not known: cargo xtask kafka names what is")),
            }
        }
        match wanted.brokers {
            1 | 3 => Ok(wanted),
            other => Err(format!("--brokers {other}: 1, or 3 which bear the loss of one")),
        }
    }

    /// The cluster that is to be up.
    pub(super) fn plan(&self) -> Result<Plan, String> {
        if self.advertise.len() > usize::from(self.brokers) {
            return Err(format!("--advertise names {} ports for {} brokers", self.advertise.len(), self.brokers));
        }
        Plan::at(&self.dir, self.brokers, self.port, &self.advertise, self.secure)
    }

    /// Whether a cluster that is there is the one to be up: the same, or whichever where no flag says more.
    pub(super) fn is(&self, there: &Plan) -> bool {
        let whichever = *self == Self { dir: self.dir.clone(), yes: self.yes, ..Self::default() };
        whichever || self.plan().is_ok_and(|plan| there.nodes == plan.nodes && there.secure == plan.secure)
    }

    /// The cluster that is there, and the broker that was named.
    pub(super) fn broker(&self) -> Result<(Running, u16), String> {
        let number = self.number.ok_or("which broker? they are numbered from 1")?;
        let cluster = Running::open(&self.dir)?.ok_or_else(|| format!("no cluster in {}", self.dir.display()))?;
        Ok((cluster, number))
    }
}

fn number(of: &str, word: &str) -> Result<u16, String> {
    word.parse().map_err(|_| format!("{of} {word}: a number up to {} is wanted", u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Wanted, String> {
        Wanted::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn without_flags_the_cluster_that_is_there_is_the_one_that_is_wanted() {
        let there = parse("--brokers 3 --dir /d").unwrap().plan().unwrap();
        for (line, is) in [("", true), ("--brokers 3", true), ("--brokers 3 --port 1", false), ("--secure", false)] {
            assert_eq!(parse(line).unwrap().is(&there), is, "{line}");
        }
    }

    #[test]
    fn flags_are_read_and_wrong_ones_named() {
        let plan = parse("--brokers 3 --port 7000 --secure --dir /d --advertise 8000,8010").unwrap().plan().unwrap();
        assert!(plan.secure && plan.dir.ends_with("d"));
        assert_eq!(plan.bootstrap(), "127.0.0.1:8000,127.0.0.1:8010,127.0.0.1:7020");
        assert_eq!(parse("").unwrap().plan().unwrap().bootstrap(), "127.0.0.1:9092");
        assert_eq!(parse("3").unwrap().number, Some(3));
        for (wrong, said) in [
            ("--brokers 2", "1, or 3"),
            ("--port x", "--port x"),
            ("--port", "wants a value"),
            ("--often", "--often"),
            ("x", "broker x"),
        ] {
            assert!(parse(wrong).unwrap_err().contains(said), "{wrong}");
        }
        assert!(parse("--advertise 1,2").unwrap().plan().is_err());
    }
}
