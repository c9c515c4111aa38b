//! The month into the intakes: its mailer publishes, its providers post to the front door.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use bytes::Bytes;
use contract::topic::Topic;
use demo::{Intake, Item};
use engine::{Output, Record, TopicPartition};

use super::door::{Door, Request};
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
/// Items of one append, and of the requests between two.
const CHUNK_ITEMS: usize = 2_000;

/// The demo's configuration: what was set for it but secrets, and each organisation's account at its provider, named like it, with
/// what its requests are checked with in a file of the provider's name in `secrets`.
pub(super) fn configuration(set: &[(String, String)], secrets: &Path) -> String {
    let is_shown = |key: &str| service::config::KEYS.iter().any(|known| known.name == key && !known.is_secret());
    let set = set.iter().filter(|(key, _)| is_shown(key));
    let set: String = set.map(|(key, value)| format!("{key} = {value:?}\n")).collect();
    let account = |organisation: &demo::Organisation| {
        let (id, provider) = (organisation.id, organisation.provider);
        let secret = format!("file:{}", secrets.join(provider).display());
        format!(
            "\n[[account]]\nprovider = {provider:?}\nname = {id:?}\norganisations = [{id:?}]\nsecrets = [{secret:?}]\n"
        )
    };
    let accounts: String = demo::ORGANISATIONS.iter().map(account).collect();
    format!("# The demo's configuration; deploy/mailtally.toml explains every key.\n{set}{HEAD}{accounts}")
}

/// Takes in what the month brings, in its order; `tell` hears how many items are in.
pub(super) fn take_in(system: &System, door: &Door, items: &[Item], mut tell: impl FnMut(u64)) -> Result<()> {
    let mut taken = 0_u64;
    for chunk in items.chunks(CHUNK_ITEMS) {
        let mut outputs = Vec::with_capacity(chunk.len());
        // What goes to one partition stays in order: the same seed gives the same rows.
        let mut rows: BTreeMap<u32, Vec<Request<'_>>> = BTreeMap::new();
        for item in chunk {
            taken += 1;
            let received_ms = item.received_ms;
            match &item.intake {
                Intake::Platform(event) => outputs.push(published(system, taken, event, received_ms)),
                Intake::Webhook { provider, account, signed_ms, body } => {
                    let request = Request { provider, account, signed_ms: *signed_ms, received_ms, body };
                    let kept = kept(system, &request);
                    match demo::ORGANISATIONS.iter().any(|known| known.id == *account) {
                        true => rows.entry(kept.to.partition).or_default().push(request),
                        // It was kept when its account was still configured.
                        false => outputs.push(kept),
                    }
                }
            }
        }
        system.log.append(outputs)?;
        door.post(&rows.into_values().collect::<Vec<_>>())?;
        tell(taken);
    }
    Ok(())
}

/// Platform events, whose keys are free, go around.
fn published(system: &System, number: u64, event: &[u8], received_ms: i64) -> Output {
    let turn = number.checked_rem(u64::from(system.settings.partitions)).unwrap_or(0);
    let partition = u32::try_from(turn).unwrap_or(0);
    let to = TopicPartition { topic: system.settings.topic(Topic::Platform), partition };
    let value = Some(Bytes::copy_from_slice(event));
    Output { to, record: Record { value, timestamp_ms: received_ms, ..Record::default() } }
}

fn kept(system: &System, request: &Request<'_>) -> Output {
    let body = Bytes::copy_from_slice(request.body);
    let record = ingest::record(request.provider, request.account, &body, request.received_ms);
    let key = record.key.clone().unwrap_or_default();
    Output { to: system.settings.partition_of(Topic::Webhooks, &key), record }
}
