//! Rows for scripts: one object a row, the field names of `proto/`, times RFC 3339 UTC.

use anyhow::Result;
use contract::Proto as _;
use contract::proto::campaign::v1::CampaignStats;
use serde_json::{Map, Value};

use super::recipients::Recipient;

/// A campaign's readers' fields in one flat object, with its rates.
pub(crate) fn campaign(row: &CampaignStats) -> Result<Value> {
    Ok(Value::Object(contract::readers::campaign(row)?))
}

/// A recipient: whose it is, then the readers' fields of the message's row.
pub(crate) fn recipient(organisation: &str, recipient: &Recipient) -> Result<Value> {
    let row = contract::json::value("mailtally.message.v1.MessageState", &recipient.row.encode_to_vec())?;
    let mut fields = object(row);
    for internal in ["facts", "said", "beyond"] {
        fields.remove(internal);
    }
    // The row knows the address by its hash; the address itself comes from `private`.
    fields.remove("address");
    let named = [("organisation", organisation), ("message", recipient.message.as_str())];
    let mut out: Map<String, Value> = named.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let known = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
    out.insert("client_name".to_owned(), known(&recipient.name));
    out.insert("address".to_owned(), known(&recipient.address));
    let changed = recipient.file_changed.map(|at| Value::from(at.rfc3339()));
    out.insert("client_changed_at".to_owned(), changed.unwrap_or(Value::Null));
    out.extend(fields);
    Ok(Value::Object(out))
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(fields) = value { fields } else { Map::new() }
}
