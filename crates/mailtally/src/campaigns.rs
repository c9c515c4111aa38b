//! The campaign table: a row a campaign, newest first, as people and as scripts read it.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Result;
use contract::proto::campaign::v1::CampaignStats;
use contract::topic::Topic;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Format;
use crate::reply::Reply;
use crate::request::Place;
use crate::system::System;

/// What can be asked of `campaigns`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) command: Campaigns,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Every campaign's numbers.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub(crate) struct Campaigns {
    /// How they are shown.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Campaigns {
    /// Shows them.
    pub(crate) fn execute(&self, at: &System, reply: &mut Reply<'_>) -> Result<u8> {
        show(at, self.format, reply.out).map(|()| 0)
    }
}

/// Writes every campaign's latest published row.
pub(crate) fn show(system: &System, format: Format, out: &mut dyn Write) -> Result<()> {
    let mut rows: BTreeMap<Vec<u8>, CampaignStats> = BTreeMap::new();
    system.each(Topic::CampaignStats, 0, |_, stored| {
        let key = stored.record.key.unwrap_or_default().to_vec();
        match stored.record.value {
            Some(value) => rows.insert(key, contract::decode("CampaignStats", &value)?),
            None => rows.remove(&key),
        };
        Ok(())
    })?;
    let mut rows: Vec<CampaignStats> = rows.into_values().filter(|row| !row.campaign.is_empty()).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.created_at.map(|at| (at.seconds, at.nanos))));
    if format == Format::Table {
        return table(&rows, out);
    }
    rows.iter().try_for_each(|row| Ok(writeln!(out, "{}", json(row)?)?))
}

fn table(rows: &[CampaignStats], out: &mut dyn Write) -> Result<()> {
    writeln!(
        out,
        "{:<14} {:<28} {:<20} {:>7} {:>7} {:>9} {:>12} {:>12} {:>8}",
        "Organisation",
        "Name",
        "Date created (UTC)",
        "Sent",
        "Open",
        "Open rate",
        "Unsubscribed",
        "Blocked/Spam",
        "Dropped"
    )?;
    for row in rows {
        let counters = row.counters.clone().unwrap_or_default();
        let created = row.created_at.map(|at| contract::time_of(&at).rfc3339()).unwrap_or_default();
        writeln!(
            out,
            "{:<14.14} {:<28.28} {created:<20} {:>7} {:>7} {:>9} {:>12} {:>12} {:>8}",
            row.organisation,
            row.name,
            counters.sent,
            counters.opened,
            rate(counters.opened, counters.sent).map_or_else(|| "-".to_owned(), percent),
            counters.unsubscribed,
            counters.blocked_spam,
            counters.dropped,
        )?;
    }
    Ok(())
}

/// Ten-thousandths, half up; `None` when there is nothing to divide by.
fn rate(numerator: u64, denominator: u64) -> Option<u64> {
    numerator.saturating_mul(20_000).checked_add(denominator)?.checked_div(denominator.saturating_mul(2))
}

fn percent(rate: u64) -> String {
    format!("{}.{:02} %", rate / 100, rate % 100)
}

/// Readers' fields in one flat object, with the rate of the product's own column.
fn json(row: &CampaignStats) -> Result<Value> {
    use contract::Proto as _;
    let Value::Object(mut fields) = contract::json::value("mailtally.campaign.v1.CampaignStats", &row.encode_to_vec())?
    else {
        return Ok(Value::Null);
    };
    fields.remove("sources");
    let counters = match fields.remove("counters") {
        Some(Value::Object(counters)) => counters,
        _ => Map::new(),
    };
    fields.extend(counters);
    let counters = row.counters.clone().unwrap_or_default();
    let rate = rate(counters.opened, counters.sent).map(|rate| format!("{}.{:04}", rate / 10_000, rate % 10_000));
    let rate = rate.and_then(|rate| rate.parse::<serde_json::Number>().ok()).map_or(Value::Null, Value::Number);
    fields.insert("open_rate".to_owned(), rate);
    Ok(Value::Object(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_rounded_half_up_and_absent_without_a_denominator() {
        for (numerator, denominator, expected) in
            [(0, 0, None), (1, 3, Some(3_333)), (2, 3, Some(6_667)), (1, 20_000, Some(1)), (5, 5, Some(10_000))]
        {
            assert_eq!(rate(numerator, denominator), expected, "{numerator}/{denominator}");
        }
    }
}
