//! Events whose provider's message id no send has named yet: how many wait where, and since when.

use anyhow::Result;
use contract::json::hex;
use contract::key;
use contract::proto::correlation::v1::CorrelationState;
use contract::topic::Topic;
use domain::Time;
use serde_json::json;

use crate::Format;
use crate::reply::Reply;
use crate::scan::Steps;
use crate::show::grid;
use crate::system::{System, now_ms};

pub(super) fn show(at: &System, format: Format, reply: &mut Reply<'_>) -> Result<u8> {
    let mut cells = Vec::new();
    for partition in 0..at.settings.partitions {
        let source = at.partition(Topic::CorrelationState, partition);
        let mut steps = Steps::new("reading", at.length(&source)?, reply.progress);
        for (key, stored) in at.newest(&source, &mut steps, |_| true)? {
            let row: CorrelationState = contract::decode("CorrelationState", &stored.record.value.unwrap_or_default())?;
            let Some([provider, account, id, recipient]): Option<[&[u8]; 4]> =
                key::decode(&key).and_then(|parts| parts.try_into().ok())
            else {
                continue;
            };
            if row.waiting.is_empty() {
                continue;
            }
            let word = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
            let received = row.waiting.iter().filter_map(|waiting| waiting.event.as_ref());
            let oldest = received.map(|event| event.time_us.saturating_add(event.received_after_us)).min().unwrap_or(0);
            let since = Time::from_micros(oldest).rfc3339();
            let age = now_ms().saturating_sub(oldest.div_euclid(1_000)).max(0) / 1_000;
            if format == Format::Json {
                let row = json!({
                    "provider": word(provider), "account": word(account), "provider_message_id": word(id),
                    "recipient": if recipient.is_empty() { None } else { Some(hex(recipient)) },
                    "waiting": row.waiting.len(), "known": row.known.is_some(), "since": since, "age_seconds": age,
                });
                writeln!(reply.out, "{row}")?;
                continue;
            }
            let recipient = if recipient.is_empty() { "all".to_owned() } else { hex(recipient) };
            let waiting = row.waiting.len().to_string();
            let account = format!("{}/{}", word(provider), word(account));
            cells.push(vec![account, word(id), recipient, waiting, since, days(age)]);
        }
    }
    if format == Format::Table {
        let columns = [
            ("Account", false, 30),
            ("Provider's message id", false, 60),
            ("Recipient (hash)", false, 32),
            ("Events", true, 6),
            ("Since", false, 27),
            ("Age", true, 12),
        ];
        if cells.is_empty() {
            writeln!(reply.out, "no event waits for its send")?;
            return Ok(0);
        }
        grid::lines(&columns, &cells).iter().try_for_each(|line| writeln!(reply.out, "{line}"))?;
    }
    Ok(0)
}

fn days(seconds: i64) -> String {
    match seconds {
        ..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
