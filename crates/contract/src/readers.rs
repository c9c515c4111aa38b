//! Rows as their readers see them, in JSON: the fields of `proto/` without those that only the folds need, and a campaign's
//! rates. What the `.json` topics hold and what commands print.

use serde_json::{Map, Value};

use crate::proto::campaign::v1::CampaignStats;
use crate::{Error, Proto as _, counters, json, key};

/// Fields of a message's row that only the fold needs.
const FOLDS_ONLY: [&str; 3] = ["facts", "said", "beyond"];

/// A campaign's row in one flat object, with its rates: 0 to 1, null without a denominator.
///
/// # Errors
/// [`Error::Malformed`].
pub fn campaign(row: &CampaignStats) -> Result<Map<String, Value>, Error> {
    let mut fields = object(json::value("mailtally.campaign.v1.CampaignStats", &row.encode_to_vec())?);
    fields.remove("sources");
    let counted = fields.remove("counters").map(object).unwrap_or_default();
    fields.extend(counted);
    let counted = counters::from_wire(&row.counters.clone().unwrap_or_default())?;
    for rate in domain::rates(&counted) {
        let number = rate.decimal().and_then(|words| words.parse().ok());
        fields.insert(rate.name.to_owned(), number.map_or(Value::Null, Value::Number));
    }
    Ok(fields)
}

/// A message's row: whose it is, by its key, then its fields. The address is the hash of one.
///
/// # Errors
/// [`Error::Malformed`].
pub fn message(key: &[u8], row: &[u8]) -> Result<Map<String, Value>, Error> {
    let [organisation, message] = key::strings::<2>(key).unwrap_or_default();
    let named = [("organisation", organisation), ("message", message)];
    let mut fields: Map<String, Value> =
        named.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    fields.extend(object(json::value("mailtally.message.v1.MessageState", row)?));
    FOLDS_ONLY.iter().for_each(|field| drop(fields.remove(*field)));
    Ok(fields)
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(fields) = value { fields } else { Map::new() }
}
