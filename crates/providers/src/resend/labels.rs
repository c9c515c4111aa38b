//! What a Resend event brings back of the mail: tags by name, and its headers.

use crate::json::{self, Json};
use crate::mapping::{Labels, Mapping};
use crate::metadata::Metadata;
use crate::part;

/// Tags and headers of a mail.
pub(super) struct Words<'a> {
    /// Tags by name: an object, or a list of names and values.
    named: Vec<(&'a str, &'a str)>,
    /// Headers, in their order.
    headers: Vec<(&'a str, &'a str)>,
}

impl<'a> Words<'a> {
    /// Of the event's `data`.
    pub(super) fn of(data: &'a Json<'a>) -> Self {
        Self { named: pairs(data.get("tags")), headers: pairs(data.get("headers")) }
    }

    /// All tags in words: those of an `X-Tags` header, then the named as `name=value` but for those that carry our ids.
    pub(super) fn tags(&self, mapping: &Mapping) -> Vec<String> {
        let plain = self.headers("X-Tags").flat_map(listed);
        let others = self.named.iter().filter(|(name, _)| !mapping.names(name));
        let named = others.map(|(name, value)| part::kept(&format!("{name}={value}")));
        part::tags(plain.chain(named))
    }

    /// The values of the headers of this name, in whatever case.
    fn headers(&self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}

/// Names and values of an object, or of a list of `{name, value}`.
fn pairs<'a>(field: Option<&'a Json<'a>>) -> Vec<(&'a str, &'a str)> {
    match field {
        Some(Json::Object(fields)) => {
            fields.iter().filter_map(|(name, value)| Some((name.as_ref(), value.words()?))).collect()
        }
        Some(Json::Array(entries)) => {
            entries.iter().filter_map(|entry| Some((entry.words_of("name")?, entry.words_of("value")?))).collect()
        }
        _ => Vec::new(),
    }
}

/// The tags of a header: JSON text of a list, or words between commas.
fn listed(words: &str) -> Vec<String> {
    match json::read(words.as_bytes()) {
        Some(list @ Json::Array(_)) => part::tags_in(Some(&list)),
        _ => words.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(part::kept).collect(),
    }
}

impl Labels for Words<'_> {
    fn custom(&self, name: &str) -> Option<String> {
        let header = || {
            let mut named = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
            named.next().map(|(_, value)| part::kept(value))
        };
        let metadata = || {
            let mut values = self.headers("X-Metadata").filter_map(|value| json::read(value.as_bytes()));
            values.find_map(|json| Metadata::of(Some(&json)).custom(name))
        };
        self.tag(name).or_else(header).or_else(metadata)
    }

    fn tag(&self, name: &str) -> Option<String> {
        self.named.iter().find(|(known, _)| *known == name).map(|(_, value)| part::kept(value))
    }
}
