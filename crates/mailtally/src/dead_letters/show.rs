//! One letter with its bytes: the only command that shows what may be personal data in it.

use anyhow::{Result, bail};
use contract::json::hex;
use contract::proto::webhook::v1::Webhook;
use contract::topic::Topic;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::letter::{self, Letter};
use super::list::rfc3339;
use crate::Format;
use crate::reply::Reply;
use crate::scan::Steps;
use crate::system::System;

/// Which one, and how.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub(crate) struct Show {
    /// Its id, as `dead-letters list --each` says it.
    id: String,
    /// How it is shown.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Show {
    pub(super) fn execute(&self, at: &System, reply: &mut Reply<'_>) -> Result<u8> {
        let letter = find(at, &self.id, reply)?;
        let mut headers = Map::new();
        for (name, value) in letter.record.headers.iter() {
            headers.insert(name.to_owned(), String::from_utf8_lossy(value).into());
        }
        let value = letter.record.value.as_deref();
        let row = json!({
            "id": self.id, "time": rfc3339(letter.record.timestamp_ms), "headers": headers,
            "key_hex": letter.record.key.as_deref().map(hex), "value_hex": value.map(hex), "value": decoded(&letter, at),
        });
        match self.format {
            Format::Json => writeln!(reply.out, "{row}")?,
            Format::Table => {
                for (name, value) in row.as_object().into_iter().flatten() {
                    let text = if name == "value" || name == "headers" { format!("{value:#}") } else { word(value) };
                    writeln!(reply.out, "{name:<9} {text}")?;
                }
            }
        }
        Ok(0)
    }
}

/// The letter of an id.
pub(super) fn find(at: &System, text: &str, reply: &mut Reply<'_>) -> Result<Letter> {
    let id = letter::id(text)?;
    let source = at.partition(Topic::DeadLetters, id.0);
    let mut steps = Steps::new("reading", 1, reply.progress);
    let mut found = None;
    if id.0 < at.settings.partitions {
        at.scan(&source, id.1..id.1.saturating_add(1), &mut steps, |stored| {
            found = Some(Letter { id, record: stored.record });
            Ok(())
        })?;
    }
    match found {
        Some(letter) => Ok(letter),
        None => bail!("there is no dead letter {text}: it has expired, or take one from `dead-letters list --each`"),
    }
}

/// The value as JSON, as far as it is what its topic says; a webhook's body, too, when it is JSON itself.
fn decoded(letter: &Letter, at: &System) -> Value {
    let (Some((topic, ..)), Some(bytes)) = (letter.origin(at), letter.record.value.as_deref()) else {
        return Value::Null;
    };
    let Some(message) = topic.value() else { return Value::Null };
    let Ok(mut value) = contract::json::value(message, bytes) else { return Value::Null };
    if topic == Topic::Webhooks
        && let (Some(fields), Ok(webhook)) = (value.as_object_mut(), contract::decode::<Webhook>("Webhook", bytes))
        && let Ok(body) = serde_json::from_slice::<Value>(&webhook.body)
    {
        fields.insert("body".to_owned(), body);
    }
    value
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| if value.is_null() { "-".to_owned() } else { value.to_string() }, str::to_owned)
}
