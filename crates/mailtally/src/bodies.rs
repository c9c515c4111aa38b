//! Raw bytes inside a request: base64 in its JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize as _, Serializer};

/// Writes bodies as a list of base64 texts.
pub(crate) fn serialize<S: Serializer>(bodies: &[Bytes], to: S) -> Result<S::Ok, S::Error> {
    bodies.iter().map(|body| STANDARD.encode(body)).collect::<Vec<String>>().serialize(to)
}

/// Reads what [`serialize`] wrote.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Bytes>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    texts.iter().map(|text| STANDARD.decode(text).map(Bytes::from).map_err(D::Error::custom)).collect()
}
