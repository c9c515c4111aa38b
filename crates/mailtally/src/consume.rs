//! `mailtally consume`: every topic can be read from a shell script.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use contract::topic::Topic;
use engine::Stored;
use serde_json::{Value, json};

use crate::system::System;

/// How a record is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One object a record, the value by the field names of `proto/`.
    Json,
    /// Key and value as hexadecimal.
    Hex,
}

/// Prints what is there and ends.
pub(crate) fn run(data: &Path, topic: &str, from: u64, format: Format) -> Result<ExitCode> {
    let known = || Topic::ALL.map(Topic::short).join(", ");
    let topic = Topic::parse(topic, "mailtally").with_context(|| format!("no topic {topic}: one of {}", known()))?;
    let system = System::open(data)?;
    system.each(topic, from, |partition, stored| {
        println!("{}", shown(topic, partition, &stored, format));
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

fn shown(topic: Topic, partition: u32, stored: &Stored, format: Format) -> Value {
    let record = &stored.record;
    let bytes = |bytes: Option<&[u8]>| bytes.map_or(Value::Null, |bytes| Value::from(contract::json::hex(bytes)));
    let raw = || bytes(record.value.as_deref());
    let value = match (format, topic.value(), record.value.as_deref()) {
        (Format::Json, Some(message), Some(value)) => contract::json::value(message, value).unwrap_or_else(|_| raw()),
        _ => raw(),
    };
    let parts = contract::key::decode(record.key.as_deref().unwrap_or_default()).unwrap_or_default();
    let words = || parts.iter().map(|part| Value::from(String::from_utf8_lossy(part).into_owned())).collect();
    let key = if format == Format::Json { Value::Array(words()) } else { bytes(record.key.as_deref()) };
    let header =
        |(name, value): (&str, &[u8])| (name.to_owned(), Value::from(String::from_utf8_lossy(value).into_owned()));
    let headers: serde_json::Map<String, Value> = record.headers.iter().map(header).collect();
    json!({"partition": partition, "offset": stored.offset, "key": key, "headers": headers, "value": value})
}
