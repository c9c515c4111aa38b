//! What an SES event brings back of the mail: message tags, and headers where the configuration includes them.

use crate::json::{self, Json};
use crate::mapping::{Labels, Mapping};
use crate::part;

/// Tags and headers of a mail.
pub(super) struct Words<'a, 'b> {
    mail: &'a Json<'b>,
    /// Tags of the sender's own by name; SES's `ses:*` are left out.
    named: Vec<(&'a str, &'a str)>,
}

impl<'a, 'b> Words<'a, 'b> {
    /// Of the `mail` object. Identity feedback has no tags, or empty ones, but may have the header that they were given in.
    pub(super) fn of(mail: &'a Json<'b>) -> Self {
        let tags = mail.get("tags").map(Json::fields).unwrap_or_default();
        let mut named: Vec<_> = tags.iter().flat_map(|(name, values)| each(name, values)).collect();
        named.retain(|(name, _)| !name.starts_with("ses:"));
        if named.is_empty() {
            let header = headers(mail, "X-SES-MESSAGE-TAGS");
            named = header.flat_map(|value| value.split(',')).filter_map(pair).collect();
        }
        Self { mail, named }
    }

    /// All tags in words: `X-Tag` headers, then named tags as `name=value` but for those that carry our ids.
    pub(super) fn tags(&self, mapping: &Mapping) -> Vec<String> {
        let plain = headers(self.mail, "X-Tag").map(part::kept);
        let others = self.named.iter().filter(|(name, _)| !mapping.names(name));
        let named = others.map(|(name, value)| part::kept(&format!("{name}={value}")));
        part::tags(plain.chain(named))
    }
}

/// The values of a tag, which are a list.
fn each<'a>(name: &'a str, values: &'a Json<'_>) -> impl Iterator<Item = (&'a str, &'a str)> {
    let values = if let Json::Array(values) = values { values.as_slice() } else { std::slice::from_ref(values) };
    values.iter().filter_map(move |value| Some((name, value.words()?)))
}

/// A tag as the header gives it.
fn pair(words: &str) -> Option<(&str, &str)> {
    let (name, value) = words.split_once('=')?;
    Some((name.trim(), value.trim())).filter(|(name, value)| !name.is_empty() && !value.is_empty())
}

/// The values of the headers of this name, in whatever case.
fn headers<'a>(mail: &'a Json<'_>, name: &str) -> impl Iterator<Item = &'a str> {
    let headers = mail.get("headers").map(Json::elements).unwrap_or_default();
    headers.iter().filter_map(move |header| {
        header.words_of("name").filter(|known| known.eq_ignore_ascii_case(name)).and_then(|_| header.words_of("value"))
    })
}

impl Labels for Words<'_, '_> {
    fn custom(&self, name: &str) -> Option<String> {
        let header = || headers(self.mail, name).next().map(part::kept);
        let metadata = || {
            let mut values = headers(self.mail, "X-Metadata").filter_map(|value| json::read(value.as_bytes()));
            values.find_map(|json| part::any_case(&json, name).map(part::kept))
        };
        self.tag(name).or_else(header).or_else(metadata)
    }

    fn tag(&self, name: &str) -> Option<String> {
        self.named.iter().find(|(known, _)| *known == name).map(|(_, value)| part::kept(value))
    }
}
