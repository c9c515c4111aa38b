//! One partition of a topic: where it begins and ends, which folds read it and how far they are.

use anyhow::{Context as _, Result};
use contract::topic::Topic;
use serde_json::{Value, json};

use super::absent;
use crate::Format;
use crate::reply::Reply;
use crate::system::System;

pub(super) fn show(at: &System, name: &str, partition: u32, format: Format, reply: &mut Reply<'_>) -> Result<u8> {
    let known = || Topic::ALL.map(Topic::short).join(", ");
    let topic =
        Topic::parse(name, &at.settings.prefix).with_context(|| format!("no topic {name}: one of {}", known()))?;
    let source = at.partition(topic, partition);
    if partition >= at.settings.partitions {
        let how = format!("it has partitions 0 to {}", at.settings.partitions.saturating_sub(1));
        return absent(reply, &source.to_string(), &how);
    }
    let bounds = at.log.bounds(&source)?;
    let bytes = at.topic_bytes(&source.topic);
    let mut folds = Vec::new();
    for fold in at.topology.folds.iter().filter(|fold| fold.input == source.topic) {
        let committed = at.committed_of(fold, &source)?;
        let lag = at.lag(&source, committed, bounds)?;
        folds.push((fold.name, committed, lag));
    }
    if format == Format::Json {
        let fold = |(name, committed, lag): &(&str, Option<u64>, u64)| json!({"fold": name, "committed": committed, "lag": lag});
        let folds: Vec<Value> = folds.iter().map(fold).collect();
        let row = json!({
            "topic": source.topic.name(), "partition": partition, "start": bounds.start,
            "high_watermark": bounds.high_watermark, "topic_bytes": bytes, "folds": folds,
        });
        writeln!(reply.out, "{row}")?;
        return Ok(0);
    }
    writeln!(reply.out, "{source}: offsets {} to {}", bounds.start, bounds.high_watermark)?;
    if let Some(bytes) = bytes {
        writeln!(reply.out, "  the topic has {bytes} bytes in {} partitions", at.settings.partitions)?;
    }
    for (name, committed, lag) in folds {
        let committed = committed.map_or_else(|| "nothing".to_owned(), |offset| format!("up to {offset}"));
        writeln!(reply.out, "  fold {name} has committed {committed}, {lag} behind")?;
    }
    Ok(0)
}
