//! Custom data that a provider gives back as a map of its own.

use std::borrow::Cow;

use crate::json::{self, Json};
use crate::mapping::Labels;
use crate::part;

/// Custom data: nothing, an object, JSON text of one, or `name:value` pairs between bars; what else stands there holds nothing.
pub(crate) struct Metadata<'a>(Option<Cow<'a, Json<'a>>>);

impl<'a> Metadata<'a> {
    /// Of a field in whatever shape: absent, null, `{}`, `[]`, text.
    pub(crate) fn of(field: Option<&'a Json<'a>>) -> Self {
        Self(match field {
            Some(map @ Json::Object(_)) => Some(Cow::Borrowed(map)),
            Some(Json::Text(text)) => of_text(text).map(Cow::Owned),
            _ => None,
        })
    }

    /// The words of the datum of this name; of equal names in another case if there is none.
    pub(crate) fn words(&self, name: &str) -> Option<&str> {
        let map = self.0.as_deref()?;
        map.words_of(name).or_else(|| part::any_case(map, name))
    }
}

impl Labels for Metadata<'_> {
    fn custom(&self, name: &str) -> Option<String> {
        self.words(name).map(part::kept)
    }

    fn tag(&self, _: &str) -> Option<String> {
        None
    }
}

/// JSON text of an object, or `name:value|name:value` as Brevo's documentation shows its header.
fn of_text(text: &str) -> Option<Json<'_>> {
    let text = text.trim();
    if text.starts_with('{') {
        return json::read(text.as_bytes()).filter(|json| matches!(json, Json::Object(_)));
    }
    let pair = |words: &'_ str| {
        let (name, value) = words.split_once(':')?;
        Some((name.trim().to_owned().into(), Json::Text(value.trim().to_owned().into())))
    };
    text.split('|').map(pair).collect::<Option<Vec<_>>>().map(Json::Object)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(field: &str, name: &str) -> Option<String> {
        let json = json::read(field.as_bytes()).unwrap();
        Metadata::of(Some(&json)).words(name).map(str::to_owned)
    }

    #[test]
    fn custom_data_come_in_many_shapes_and_never_fail() {
        for field in [
            r#"{"A": "x"}"#,
            r#"{"a": "x"}"#,
            r#"{"a": ["x", "y"]}"#,
            r#""{\"a\": \"x\"}""#,
            r#"" {\"b\": 1, \"a\": \"x\"} ""#,
            r#""b:1|a: x""#,
            r#""a:x""#,
        ] {
            assert_eq!(read(field, "a").as_deref(), Some("x"), "{field}");
        }
        assert_eq!(read(r#"{"a": 17}"#, "a").as_deref(), Some("17"));
        for field in ["{}", "[]", "null", "\"\"", "\"words\"", r#""{broken""#, r#"{"a": null}"#, r#"["a:x"]"#, "7"] {
            assert_eq!(read(field, "a"), None, "{field}");
        }
        assert_eq!(Metadata::of(None).words("a"), None);
    }
}
