//! One value: read from a layer's words by its kind. A refusal says what would be right.

use std::fmt;
use std::net::SocketAddr;

use super::key::Kind;

/// A value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text, a path or a word.
    Text(String),
    /// A number, in the unit that the key names.
    Number(u64),
    /// True or false.
    Switch(bool),
    /// IP address and port.
    Socket(SocketAddr),
}

impl Value {
    /// The number, if it is one.
    pub(super) fn number(&self) -> Option<u64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    /// The address, if it is one.
    pub(super) fn socket(&self) -> Option<SocketAddr> {
        if let Self::Socket(socket) = self { Some(*socket) } else { None }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Switch(switch) => write!(f, "{switch}"),
            Self::Socket(socket) => write!(f, "{socket}"),
        }
    }
}

/// The value that these words are.
///
/// # Errors
/// What is wrong with them and what would be right.
pub(super) fn read(kind: Kind, words: &str) -> Result<Value, String> {
    let words = words.trim();
    match kind {
        Kind::Path | Kind::Secret | Kind::Text => Ok(Value::Text(words.to_owned())),
        Kind::Name => name(words),
        Kind::Whole(least, most) => within(words.parse().ok(), least, most)
            .ok_or_else(|| format!("is no whole number from {least} to {most}: give one")),
        Kind::Bytes(least, most) => within(bytes(words), least, most).ok_or_else(|| {
            format!("is no number of bytes from {} to {}: give digits, or e.g. 64 MiB", sized(least), sized(most))
        }),
        Kind::Switch => words.parse().map(Value::Switch).map_err(|_| "is neither true nor false: give one".to_owned()),
        Kind::Socket => words
            .parse()
            .map(Value::Socket)
            .map_err(|_| "is no IP address and port: write it like 127.0.0.1:8425 or [::1]:8425".to_owned()),
        Kind::Word(known) if known.contains(&words) => Ok(Value::Text(words.to_owned())),
        Kind::Word(known) => Err(format!("is none of: {}", known.join(", "))),
    }
}

fn name(words: &str) -> Result<Value, String> {
    let is_good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    if (1..=100).contains(&words.len()) && words.bytes().all(is_good) {
        return Ok(Value::Text(words.to_owned()));
    }
    Err("is no name: give 1 to 100 of a to z, 0 to 9, dot, underscore and hyphen".to_owned())
}

fn within(number: Option<u64>, least: u64, most: u64) -> Option<Value> {
    number.filter(|number| (least..=most).contains(number)).map(Value::Number)
}

/// `1048576`, `1024 KiB` and `1 MiB` are the same.
fn bytes(words: &str) -> Option<u64> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40)];
    let unit = units.iter().find_map(|(unit, power)| Some((words.strip_suffix(unit)?, *power)));
    let (digits, power) = unit.unwrap_or((words, 0));
    digits.trim().replace('_', "").parse::<u64>().ok()?.checked_mul(1 << power)
}

/// Bytes in the largest unit that gives a whole number.
pub(super) fn sized(bytes: u64) -> String {
    let units = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let fits = |(_, power): &&(&str, u32)| bytes > 0 && bytes.trailing_zeros() >= *power;
    let unit = units.iter().find(fits);
    unit.map_or_else(|| bytes.to_string(), |(unit, power)| format!("{} {unit}", bytes >> power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_take_units_and_bounds() {
        let kind = Kind::Bytes(1024, 1 << 30);
        for (words, bytes) in [("1024", 1024), ("1 KiB", 1024), ("64MiB", 64 << 20), ("1_048_576", 1 << 20)] {
            assert_eq!(read(kind, words), Ok(Value::Number(bytes)), "{words}");
        }
        for words in ["1023", "2 GiB", "64 MB", "-1", "", "1.5 MiB", "99999999999999999999 GiB"] {
            let why = read(kind, words).expect_err(words);
            assert_eq!(why, "is no number of bytes from 1 KiB to 1 GiB: give digits, or e.g. 64 MiB");
        }
    }
}
