//! One campaign: its tiles, the sums that hold between them with their figures, and what its row is made of.

use anyhow::Result;
use contract::Proto as _;
use contract::proto::campaign::v1::{CampaignPartial, CampaignStats, campaign_partial::Part};
use contract::topic::Topic;
use contract::{counters, key};
use domain::{Counters, Time};

use super::absent;
use crate::reply::Reply;
use crate::scan::Steps;
use crate::system::System;
use crate::{Format, rows, show};

pub(super) fn show(at: &System, organisation: &str, id: &str, format: Format, reply: &mut Reply<'_>) -> Result<u8> {
    let key = key::campaign(organisation, id);
    let source = at.settings.partition_of(Topic::CampaignStats, &key);
    let mut steps = Steps::new("reading", at.length(&source)?, reply.progress);
    let found = at.newest(&source, &mut steps, |found| found == &key[..])?.remove(&key);
    let Some(value) = found.and_then(|stored| stored.record.value) else {
        return absent(reply, &format!("campaign {id} of {organisation}"), "mailtally campaigns lists all");
    };
    if format == Format::Json {
        writeln!(reply.out, "{}", contract::json::value("mailtally.campaign.v1.CampaignStats", &value)?)?;
        return Ok(0);
    }
    let row: CampaignStats = contract::decode("CampaignStats", &value)?;
    show::campaign::write(reply.out, &row, &rows::organisations(at)?)?;
    let held = counters::from_wire(&row.counters.clone().unwrap_or_default())?;
    let violations = invariants(&held, reply)?;
    sources(&row, reply)?;
    Ok(u8::from(violations > 0))
}

/// What must hold, with the figures; how much of it does not.
fn invariants(held: &Counters, reply: &mut Reply<'_>) -> Result<usize> {
    let Counters { sent, pending, delivered, bounced, dropped, clicked, opened, .. } = held;
    let by_status: u64 = held.by_status.sum();
    writeln!(
        reply.out,
        "\n  sent {sent} = pending {pending} + delivered {delivered} + bounced {bounced} + dropped {dropped}"
    )?;
    writeln!(reply.out, "  clicked {clicked} <= opened {opened} <= delivered {delivered}; rows by status {by_status}")?;
    let violations = held.violations();
    violations.iter().try_for_each(|violation| writeln!(reply.out, "  VIOLATED: {violation}"))?;
    Ok(violations.len())
}

fn sources(row: &CampaignStats, reply: &mut Reply<'_>) -> Result<()> {
    writeln!(reply.out, "\n  sources of the row (generation, offset, fold version, as of):")?;
    for source in &row.sources {
        let partial = source.partial.clone().unwrap_or_default();
        let CampaignPartial { generation, offset, as_of_us, first_sent_us, fold_version, part } = partial;
        let as_of = Time::from_micros(as_of_us).rfc3339();
        match part {
            Some(Part::Definition(definition)) => {
                let time = definition.time.map(|time| contract::time_of(&time).rfc3339()).unwrap_or_default();
                writeln!(reply.out, "    definition  {} ({time}), as of {as_of}", definition.name)?;
            }
            Some(Part::Counters(numbers)) => {
                let first = Time::from_micros(first_sent_us).rfc3339();
                let first = if first_sent_us == 0 { String::new() } else { format!(", first send {first}") };
                writeln!(
                    reply.out,
                    "    partition {:<4} {generation}, {offset}, {fold_version}, {as_of}: sent {}, delivered {}, {} bytes{first}",
                    source.source,
                    numbers.sent,
                    numbers.delivered,
                    numbers.encoded_len()
                )?;
            }
            None => {}
        }
    }
    Ok(())
}
