//! The TOML file: its keys with their lines, its accounts as they stand there. Unknown keys are named with the nearest.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::key::named;
use super::layer::{Raw, names, unknown};
use super::problem::{Origin, Problem, nearest};

/// Largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// One `[[account]]` as it stands in the file.
pub(super) struct RawAccount {
    pub(super) origin: Origin,
    /// Each field with its line.
    pub(super) fields: Vec<(String, Field, Origin)>,
}

/// A field of an account.
pub(super) enum Field {
    Text(String),
    List(Vec<Self>),
    Table(Vec<(String, Self, Origin)>),
    /// Of another type.
    Other,
}

/// The file's words by key.
pub(super) fn read(path: &Path, problems: &mut Vec<Problem>) -> Raw {
    let whole = Origin::File(path.to_owned(), 1);
    match text(path) {
        Ok(text) => parse(path, &text, problems),
        Err(why) => {
            problems.push(Problem::of("", "", whole, &why));
            Raw::default()
        }
    }
}

fn text(path: &Path) -> Result<String, String> {
    let remedy = "give --config a TOML file that this user can read";
    let bytes = std::fs::metadata(path).map_err(|error| format!("cannot be read ({error}): {remedy}"))?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(format!("has {bytes} bytes, at most {FILE_BYTES_MAX} are read: {remedy}"));
    }
    std::fs::read_to_string(path).map_err(|error| format!("cannot be read ({error}): {remedy}"))
}

/// A file's text, line by line.
struct Source<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Source<'_> {
    fn at(&self, byte: usize) -> Origin {
        let before = self.text.as_bytes().get(..byte).unwrap_or_default();
        Origin::File(self.path.to_owned(), 1 + before.iter().filter(|byte| **byte == b'\n').count())
    }
}

fn parse(path: &Path, text: &str, problems: &mut Vec<Problem>) -> Raw {
    let source = Source { path, text };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = source.at(error.span().map_or(0, |span| span.start));
        let why = format!("is not TOML ({}): mend the line", error.message().lines().next().unwrap_or_default());
        problems.push(Problem::of("", "", at, &why));
    }
    let mut raw = Raw::default();
    take(&source, "", table.get_ref(), &mut raw, problems);
    raw
}

/// Takes a table's keys, and those of the tables in it.
fn take(source: &Source<'_>, above: &str, table: &DeTable<'_>, raw: &mut Raw, problems: &mut Vec<Problem>) {
    for (key, value) in table {
        let name = if above.is_empty() { key.get_ref().to_string() } else { format!("{above}.{}", key.get_ref()) };
        let at = source.at(key.span().start);
        match (named(&name), value.get_ref()) {
            (None, _) if name == "account" => accounts(source, value, &at, raw, problems),
            (None, DeValue::Table(table)) if is_table(&name) => take(source, &name, table, raw, problems),
            (None, _) => problems.push(Problem::of(&name, "", at, &unknown(nearest(&name, names())))),
            (Some(key), value) => match words(value) {
                Some(words) => raw.set(key, &words, at),
                None => problems.push(Problem::of(&name, "", at, &format!("is {}: give one value", kind(value)))),
            },
        }
    }
}

/// Whether keys stand below this name.
fn is_table(name: &str) -> bool {
    names().any(|key| key.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
}

fn words(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => {
            let known = i128::from_str_radix(number.as_str(), number.radix());
            Some(known.map_or_else(|_| number.to_string(), |known| known.to_string()))
        }
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(switch) => Some(switch.to_string()),
        DeValue::Datetime(time) => Some(time.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn accounts(
    source: &Source<'_>,
    value: &Spanned<DeValue<'_>>,
    at: &Origin,
    raw: &mut Raw,
    problems: &mut Vec<Problem>,
) {
    let mut wrong = |origin: Origin| {
        problems.push(Problem::of("account", "", origin, "is no list of tables: write each account as [[account]]"));
    };
    let DeValue::Array(entries) = value.get_ref() else { return wrong(at.clone()) };
    for entry in entries {
        let origin = source.at(entry.span().start);
        match entry.get_ref() {
            DeValue::Table(table) => raw.accounts.push(RawAccount { fields: fields(source, table), origin }),
            _ => wrong(origin),
        }
    }
}

fn fields(source: &Source<'_>, table: &DeTable<'_>) -> Vec<(String, Field, Origin)> {
    let one = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let key: &Spanned<toml::de::DeString<'_>> = key;
        (key.get_ref().to_string(), field(source, value.get_ref()), source.at(key.span().start))
    };
    table.iter().map(one).collect()
}

fn field(source: &Source<'_>, value: &DeValue<'_>) -> Field {
    match value {
        DeValue::String(text) => Field::Text(text.to_string()),
        DeValue::Array(values) => Field::List(values.iter().map(|value| field(source, value.get_ref())).collect()),
        DeValue::Table(table) => Field::Table(fields(source, table)),
        _ => Field::Other,
    }
}
