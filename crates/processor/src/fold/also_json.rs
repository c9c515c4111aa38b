//! The `.json` topics: the readers' fields of the rows of a batch, in the same transaction, under the same keys and in the
//! same partition. Only where the installation is set so.

use bytes::Bytes;
use contract::topic::Topic;
use contract::{Error, readers};
use engine::{Effects, Output, Record, TopicPartition};

use crate::settings::Settings;

/// Adds the rows of a batch as JSON.
pub(crate) fn publish(settings: &Settings, topic: Topic, partition: u32, effects: &mut Effects) {
    if !settings.json_topics {
        return;
    }
    let to = TopicPartition { topic: settings.topic(topic), partition };
    let record = |(key, row): &(Bytes, Option<Bytes>)| {
        // A row that the fold itself has just written is whole; one that could not be shown is left as it was.
        let value = row.as_ref().map(|row| shown(topic, key, row)).transpose().ok()?;
        let headers = effects.row_headers.clone();
        let record = Record { key: Some(key.clone()), value, headers, timestamp_ms: effects.row_timestamp_ms };
        Some(Output { to: to.clone(), record })
    };
    let rows: Vec<Output> = effects.rows.iter().filter_map(record).collect();
    effects.outputs.extend(rows);
}

fn shown(topic: Topic, key: &[u8], row: &[u8]) -> Result<Bytes, Error> {
    let fields = match topic {
        Topic::CampaignStatsJson => readers::campaign(&contract::decode("CampaignStats", row)?)?,
        _ => readers::message(key, row)?,
    };
    Ok(serde_json::Value::Object(fields).to_string().into())
}
