//! JSON of any record, one object a row: field names of `proto/`, times RFC 3339 UTC, enum values as short lower-case
//! words, bytes as hexadecimal, 64-bit integers as numbers. Made for people and scripts, never read back into state;
//! only platform events are read from JSON, by protobuf's own mapping.

use std::sync::LazyLock;

use domain::Time;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value,
};
use serde_json::{Map, Value as Json};

use crate::Error;

static POOL: LazyLock<Option<DescriptorPool>> =
    LazyLock::new(|| DescriptorPool::decode(&include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"))[..]).ok());

/// Longest JSON line that is read as a platform event, in bytes.
pub const LINE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// The value of a topic as a JSON object.
///
/// # Errors
/// [`Error::Malformed`] when the bytes are not that message.
pub fn value(message: &'static str, bytes: &[u8]) -> Result<Json, Error> {
    let descriptor = descriptor(message)?;
    let decoded = DynamicMessage::decode(descriptor, bytes)
        .map_err(|error| Error::Malformed { what: message, detail: error.to_string() })?;
    Ok(object(&decoded))
}

/// A platform event from one JSON object, by protobuf's JSON mapping; unknown fields are refused by name.
///
/// # Errors
/// [`Error::Malformed`] with the parser's words, which name the field.
pub fn platform_event(line: &[u8]) -> Result<crate::proto::platform::v1::PlatformEvent, Error> {
    const WHAT: &str = "mailtally.platform.v1.PlatformEvent";
    let malformed = |detail: String| Error::Malformed { what: "PlatformEvent", detail };
    if line.len() > LINE_BYTES_MAX {
        return Err(malformed(format!("{} bytes, at most {LINE_BYTES_MAX} are taken", line.len())));
    }
    let mut reader = serde_json::Deserializer::from_slice(line);
    let message = DynamicMessage::deserialize(descriptor(WHAT)?, &mut reader)
        .and_then(|message| reader.end().map(|()| message))
        .map_err(|error| malformed(error.to_string()))?;
    message.transcode_to().map_err(|error| malformed(error.to_string()))
}

/// What [`value`] writes of a message, field by field in its order: for readers that describe it.
///
/// # Errors
/// [`Error::Malformed`] when `proto/` has no such message.
pub fn shape(message: &'static str) -> Result<Vec<(String, Shape)>, Error> {
    Ok(fields(&descriptor(message)?))
}

/// What stands in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// True or false.
    Bool,
    /// A whole number.
    Integer,
    /// A fraction.
    Number,
    /// Text.
    Text,
    /// Bytes as hexadecimal.
    Hex,
    /// An instant, RFC 3339 in UTC, or null.
    Time,
    /// One of these words, or null.
    Word(Vec<String>),
    /// An object.
    Object(Vec<(String, Shape)>),
    /// A list.
    List(Box<Shape>),
    /// An object from any word to this.
    Map(Box<Shape>),
}

fn fields(of: &MessageDescriptor) -> Vec<(String, Shape)> {
    of.fields().map(|field| (name(&field).0, shape_of(&field))).collect()
}

fn shape_of(field: &FieldDescriptor) -> Shape {
    let kind = field.kind();
    let one = match &kind {
        _ if name(field).1 => Shape::Time,
        Kind::Bool => Shape::Bool,
        Kind::Double | Kind::Float => Shape::Number,
        Kind::String => Shape::Text,
        Kind::Bytes => Shape::Hex,
        Kind::Enum(of) => Shape::Word(of.values().filter_map(|value| word(value.name(), of.name())).collect()),
        Kind::Message(entry) if field.is_map() => {
            return Shape::Map(Box::new(shape_of(&entry.map_entry_value_field())));
        }
        Kind::Message(of) if of.full_name() == "google.protobuf.Timestamp" => Shape::Time,
        Kind::Message(of) => Shape::Object(fields(of)),
        _ => Shape::Integer,
    };
    if field.is_list() { Shape::List(Box::new(one)) } else { one }
}

/// A field's name in JSON, and whether it holds an instant in microseconds.
fn name(field: &FieldDescriptor) -> (String, bool) {
    let micros = field.name().ends_with("_us") && !field.name().ends_with("_after_us");
    (if micros { field.name().trim_end_matches("_us") } else { field.name() }.to_owned(), micros)
}

fn descriptor(message: &'static str) -> Result<MessageDescriptor, Error> {
    POOL.as_ref()
        .and_then(|pool| pool.get_message_by_name(message))
        .ok_or_else(|| Error::Malformed { what: message, detail: "no such message in proto/".to_owned() })
}

fn object(message: &DynamicMessage) -> Json {
    let mut out = Map::new();
    for field in message.descriptor().fields() {
        if field.containing_oneof().is_some() && !message.has_field(&field) {
            continue;
        }
        if field.supports_presence() && !message.has_field(&field) {
            out.insert(field.name().to_owned(), Json::Null);
            continue;
        }
        let (name, micros) = name(&field);
        out.insert(name, render(&message.get_field(&field), &field.kind(), micros));
    }
    Json::Object(out)
}

fn render(value: &Value, kind: &Kind, micros: bool) -> Json {
    match value {
        Value::Bool(value) => Json::from(*value),
        Value::I64(0) if micros => Json::Null,
        Value::I64(value) if micros => Json::from(Time::from_micros(*value).rfc3339()),
        Value::I32(value) => Json::from(*value),
        Value::I64(value) => Json::from(*value),
        Value::U32(value) => Json::from(*value),
        Value::U64(value) => Json::from(*value),
        Value::F32(value) => Json::from(*value),
        Value::F64(value) => Json::from(*value),
        Value::String(value) => Json::from(value.as_str()),
        Value::Bytes(value) => Json::from(hex(value)),
        Value::EnumNumber(number) => enum_word(*number, kind),
        Value::Message(message) => nested(message),
        Value::List(values) => Json::Array(values.iter().map(|value| render(value, kind, micros)).collect()),
        Value::Map(entries) => map(entries, kind),
    }
}

fn map(entries: &std::collections::HashMap<MapKey, Value>, kind: &Kind) -> Json {
    let value_kind = kind.as_message().map(|entry| entry.map_entry_value_field().kind());
    let mut sorted: Vec<(String, Json)> = entries
        .iter()
        .map(|(key, value)| {
            let key = key.as_str().map_or_else(|| format!("{key:?}"), str::to_owned);
            (key, value_kind.as_ref().map_or(Json::Null, |kind| render(value, kind, false)))
        })
        .collect();
    sorted.sort_by(|left, right| left.0.cmp(&right.0));
    Json::Object(sorted.into_iter().collect())
}

fn nested(message: &DynamicMessage) -> Json {
    if message.descriptor().full_name() != "google.protobuf.Timestamp" {
        return object(message);
    }
    message
        .transcode_to::<prost_types::Timestamp>()
        .map_or(Json::Null, |timestamp| Json::from(crate::time_of(&timestamp).rfc3339()))
}

fn enum_word(number: i32, kind: &Kind) -> Json {
    let Some(descriptor) = kind.as_enum() else { return Json::from(number) };
    let Some(value) = descriptor.get_value(number) else { return Json::from(number) };
    word(value.name(), descriptor.name()).map_or(Json::Null, Json::from)
}

/// `STATUS_OPEN` of the enum `Status` as `open`; nothing of an unset value.
fn word(value: &str, of: &str) -> Option<String> {
    let prefix: String = of
        .chars()
        .enumerate()
        .flat_map(|(place, letter)| {
            (place > 0 && letter.is_uppercase()).then_some('_').into_iter().chain(letter.to_uppercase())
        })
        .collect();
    let word = value.strip_prefix(&prefix).unwrap_or(value).trim_start_matches('_').to_lowercase();
    (word != "unspecified").then_some(word)
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        write!(out, "{byte:02x}").ok();
        out
    })
}
