//! The month into the intakes, as its mailer and providers would put it there.

use anyhow::Result;
use bytes::Bytes;
use contract::topic::Topic;
use demo::{Intake, Item};
use engine::{Output, Record, TopicPartition};

use crate::ingest;
use crate::system::System;

/// The month is not this month: what is kept for 30 days elsewhere stays here to be looked at.
const HEAD: &str = "[retention]
intake_days = 3650
correlations_days = 3650
dead_letters_days = 3650

[log]
level = \"warn\"
";
/// Items of one append.
const APPEND_ITEMS_MAX: usize = 2_000;

/// The demo's configuration: what was set for it but secrets, and each organisation's account at its provider, named like it.
pub(super) fn configuration(set: &[(String, String)]) -> String {
    let is_shown = |key: &str| service::config::KEYS.iter().any(|known| known.name == key && !known.is_secret());
    let set = set.iter().filter(|(key, _)| is_shown(key));
    let set: String = set.map(|(key, value)| format!("{key} = {value:?}\n")).collect();
    let account = |organisation: &demo::Organisation| {
        let (id, provider) = (organisation.id, organisation.provider);
        format!("\n[[account]]\nprovider = \"{provider}\"\nname = \"{id}\"\norganisations = [\"{id}\"]\n")
    };
    let accounts: String = demo::ORGANISATIONS.iter().map(account).collect();
    format!("# The demo's configuration; deploy/mailtally.toml explains every key.\n{set}{HEAD}{accounts}")
}

/// Appends what the month brings, in its order; `tell` hears how many items are appended.
pub(super) fn append(system: &System, items: &[Item], mut tell: impl FnMut(u64)) -> Result<()> {
    let mut appended = 0_u64;
    for chunk in items.chunks(APPEND_ITEMS_MAX) {
        let mut outputs = Vec::with_capacity(chunk.len());
        for item in chunk {
            appended += 1;
            outputs.push(output(system, appended, item));
        }
        system.log.append(outputs)?;
        tell(appended);
    }
    Ok(())
}

/// Requests go by their hash; platform events, whose keys are free, go around.
fn output(system: &System, number: u64, item: &Item) -> Output {
    match &item.intake {
        Intake::Platform(event) => {
            let turn = number.checked_rem(u64::from(system.settings.partitions)).unwrap_or(0);
            let partition = u32::try_from(turn).unwrap_or(0);
            let to = TopicPartition { topic: system.settings.topic(Topic::Platform), partition };
            let value = Some(Bytes::copy_from_slice(event));
            Output { to, record: Record { value, timestamp_ms: item.received_ms, ..Record::default() } }
        }
        Intake::Webhook { provider, account, body } => {
            let record = ingest::record(provider, account, &Bytes::copy_from_slice(body), item.received_ms);
            let key = record.key.clone().unwrap_or_default();
            Output { to: system.settings.partition_of(Topic::Webhooks, &key), record }
        }
    }
}
