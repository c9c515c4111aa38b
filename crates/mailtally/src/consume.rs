//! `mailtally consume`: every topic can be read from a shell script.

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use contract::topic::Topic;
use engine::Stored;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::reply::Reply;
use crate::request::Place;
use crate::system::System;

/// How a record is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// One object a record, the value by the field names of `proto/`.
    Json,
    /// One line a record, for people: partition, offset, time, key, and the value's JSON.
    Table,
    /// Key and value as hexadecimal.
    Hex,
}

/// What can be asked of `consume`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) command: Consume,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// A topic to print.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub(crate) struct Consume {
    /// The topic: its full name, or the part between prefix and version.
    topic: String,
    /// First offset of each partition.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How a record is printed.
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
}

impl Consume {
    /// Prints what is there and ends.
    pub(crate) fn execute(&self, at: &System, reply: &mut Reply<'_>) -> Result<u8> {
        let known = || Topic::ALL.map(Topic::short).join(", ");
        let topic = Topic::parse(&self.topic, &at.settings.prefix)
            .with_context(|| format!("no topic {}: one of {}", self.topic, known()))?;
        at.each(topic, self.from, |partition, stored| {
            let record = shown(topic, partition, &stored, self.format);
            match self.format {
                Format::Table => writeln!(reply.out, "{}", line(&record, &stored))?,
                Format::Json | Format::Hex => writeln!(reply.out, "{record}")?,
            }
            Ok(())
        })?;
        Ok(0)
    }
}

/// A record in one line; nothing in it moves the cursor.
fn line(record: &Value, stored: &Stored) -> String {
    let time = domain::Time::from_micros(stored.record.timestamp_ms.saturating_mul(1_000)).rfc3339();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let key: Vec<String> = record["key"].as_array().into_iter().flatten().map(text).collect();
    let words = format!(
        "{:>3} {:>10} {time:<20} {:<48} {}",
        record["partition"],
        stored.offset,
        key.join(" "),
        record["value"]
    );
    words.chars().filter(|letter| !letter.is_control()).collect()
}

fn shown(topic: Topic, partition: u32, stored: &Stored, format: Format) -> Value {
    let record = &stored.record;
    let bytes = |bytes: Option<&[u8]>| bytes.map_or(Value::Null, |bytes| Value::from(contract::json::hex(bytes)));
    let raw = || bytes(record.value.as_deref());
    let value = match (format, topic.value(), record.value.as_deref()) {
        (Format::Json | Format::Table, None, Some(value)) if topic.is_json() => {
            serde_json::from_slice(value).unwrap_or_else(|_| raw())
        }
        (Format::Json | Format::Table, Some(message), Some(value)) => {
            contract::json::value(message, value).unwrap_or_else(|_| raw())
        }
        _ => raw(),
    };
    let parts = contract::key::decode(record.key.as_deref().unwrap_or_default()).unwrap_or_default();
    let is_hash = |part: &[u8]| matches!(parts[..], [_, b"address", hash] if hash == part && hash.len() == 16);
    let word = |part: &&[u8]| match is_hash(part) {
        true => contract::json::hex(part),
        false => String::from_utf8_lossy(part).into_owned(),
    };
    let words = || parts.iter().map(|part| Value::from(word(part))).collect();
    let key = if format != Format::Hex { Value::Array(words()) } else { bytes(record.key.as_deref()) };
    let header =
        |(name, value): (&str, &[u8])| (name.to_owned(), Value::from(String::from_utf8_lossy(value).into_owned()));
    let headers: serde_json::Map<String, Value> = record.headers.iter().map(header).collect();
    json!({"partition": partition, "offset": stored.offset, "key": key, "headers": headers, "value": value})
}
