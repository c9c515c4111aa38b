//! The body of a mail: as it was sent, or made again from its campaign's template by plain `{{field}}` replacement.

use contract::key as canonical;
use contract::proto::platform::v1::Attachment;
use contract::proto::private::v1::private::Row;

use crate::place::{Error, Snapshot};

/// Bytes of a body made from a template at most: what a given one may have.
const BYTES_MAX: usize = 1 << 20;

/// A body, where one is known.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// As it was handed to the provider.
    AsSent(ContentParts),
    /// Made from the campaign's template and the message's fields.
    Rendered(ContentParts),
    /// Nobody gave it, or it was erased.
    NotGiven,
}

/// What a body is made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContentParts {
    /// HTML, as given: never to be shown but in a sandbox.
    pub html: String,
    /// Plain text.
    pub text: String,
    /// Attachments as name and size.
    pub attachments: Vec<Attachment>,
}

impl Snapshot<'_> {
    /// The body of a message.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn content(&self, organisation: &str, message: &str) -> Result<Content, Error> {
        let Some(recipient) = self.recipient(organisation, message)? else { return Ok(Content::NotGiven) };
        let row = recipient.row;
        let own = self.body(organisation, &row.client, message)?.unwrap_or_default();
        if !own.html.is_empty() || !own.text.is_empty() {
            return Ok(Content::AsSent(ContentParts { html: own.html, text: own.text, attachments: own.attachments }));
        }
        if self.private(&canonical::private(organisation, &row.client, "erased"))?.is_some() {
            return Ok(Content::NotGiven);
        }
        let template = canonical::private(organisation, "", &format!("campaign/{}", row.campaign));
        let Some(Row::Body(template)) = self.private(&template)? else { return Ok(Content::NotGiven) };
        Ok(Content::Rendered(ContentParts {
            html: filled(&template.html, |name| own.fields.get(name).map(|value| escaped(value))),
            text: filled(&template.text, |name| own.fields.get(name).cloned()),
            attachments: template.attachments,
        }))
    }
}

/// A template with its fields; what is no field of the message stays as it stands.
fn filled(template: &str, field: impl Fn(&str) -> Option<String>) -> String {
    let (mut made, mut rest) = (String::with_capacity(template.len()), template);
    while let Some((before, after)) = rest.split_once("{{") {
        made.push_str(before);
        let named = after.split_once("}}").and_then(|(name, after)| Some((field(name.trim())?, after)));
        match named {
            Some((value, after)) if made.len() + value.len() + after.len() <= BYTES_MAX => {
                made.push_str(&value);
                rest = after;
            }
            _ => {
                made.push_str("{{");
                rest = after;
            }
        }
    }
    made.push_str(rest);
    made
}

/// A field is text: in HTML it makes no element.
fn escaped(value: &str) -> String {
    let mut safe = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn fields_are_replaced_once_and_what_is_none_stays() {
        let fields: BTreeMap<&str, &str> = BTreeMap::from([("name", "{{name}} <b>"), ("", "x")]);
        let of = |template| filled(template, |name| fields.get(name).map(|value| escaped(value)));
        assert_eq!(of("Hi {{ name }}, {{other}} {{"), "Hi {{name}} &lt;b&gt;, {{other}} {{");
    }
}
