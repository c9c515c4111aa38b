//! Schemas of rows that `proto/` defines: made from its descriptors, as the rows' JSON is, so that the two cannot differ.

use contract::json::Shape;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type,
};

/// The fields of a message of `proto/`.
pub(crate) fn fields(message: &'static str) -> Vec<(String, Shape)> {
    // A message that is not there makes a schema without fields, which the test of the document finds.
    contract::json::shape(message).unwrap_or_default()
}

/// An object of these fields, each of which is always there.
pub(crate) fn object(fields: impl IntoIterator<Item = (String, Shape)>) -> ObjectBuilder {
    fields
        .into_iter()
        .fold(ObjectBuilder::new(), |object, (name, shape)| object.property(&name, schema(&shape)).required(name))
}

/// The schema of what stands in a field.
pub(crate) fn schema(shape: &Shape) -> Schema {
    let one = |of: Type| ObjectBuilder::new().schema_type(of);
    let or_null = |of: Type| ObjectBuilder::new().schema_type(SchemaType::from_iter([of, Type::Null]));
    match shape {
        Shape::Bool => one(Type::Boolean).into(),
        Shape::Integer => one(Type::Integer).format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64))).into(),
        Shape::Number => one(Type::Number).into(),
        Shape::Text => one(Type::String).into(),
        Shape::Hex => one(Type::String).pattern(Some("^([0-9a-f]{2})*$")).into(),
        Shape::Time => or_null(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).into(),
        Shape::Word(words) => {
            let words = words.iter().map(|word| serde_json::Value::from(word.as_str()));
            or_null(Type::String).enum_values(Some(words.chain([serde_json::Value::Null]))).into()
        }
        Shape::Object(fields) => object(fields.iter().cloned()).into(),
        Shape::List(of) => ArrayBuilder::new().items(RefOr::from(schema(of))).into(),
        Shape::Map(of) => {
            let values = AdditionalProperties::RefOr(schema(of).into());
            one(Type::Object).additional_properties(Some(values)).into()
        }
    }
}

/// The schema of a text that may be null.
pub(crate) fn text_or_null(description: &str) -> Schema {
    let kinds = SchemaType::from_iter([Type::String, Type::Null]);
    ObjectBuilder::new().schema_type(kinds).description(Some(description)).into()
}
