//! What the providers' formats share: bodies of one or many parts, each with its outcomes, and fields of several shapes.

use domain::entry::REASON_BYTES_MAX;

use crate::identity::cut;
use crate::json::{self, Json};
use crate::outcome::{Outcome, Reject};
use crate::scrub::scrub;

/// Bytes of any raw field that is kept: more than any id may have, so that one that is too long is still seen to be.
const FIELD_BYTES_MAX: usize = 4_096;
/// Tags and categories that are kept of a message: SES takes 50, SendGrid 10.
const TAGS_MAX: usize = 64;
/// Bytes of the provider's word for an event that is left aside.
const KIND_BYTES_MAX: usize = 64;

/// Reads every part of a body: the elements of an array, or a bare object; and of a file, all bodies in it. What is cut off or
/// broken is rejected alone.
pub(crate) fn each(body: &[u8], read: impl Fn(&[u8]) -> Vec<Outcome>) -> Result<Vec<Outcome>, Reject> {
    let bodies = json::values(body);
    if bodies.is_empty() {
        return Err(Reject::new("empty_body", "the body is empty"));
    }
    if !bodies.iter().any(|body| body.starts_with(b"[") || body.starts_with(b"{")) {
        return Err(Reject::new("not_json", "the body is neither a JSON array nor a JSON object"));
    }
    Ok(bodies.into_iter().flat_map(parts).flat_map(read).collect())
}

/// The parts of one body. A list that was cut off behind a whole element stands behind its elements, to be rejected: nothing else
/// would say that there was more.
fn parts(body: &[u8]) -> Vec<&[u8]> {
    let Some(json::Parts { mut elements, closed }) = json::split(body) else { return vec![body] };
    if !closed && elements.last().is_none_or(|last| json::read(last).is_some()) {
        elements.push(body);
    }
    elements
}

/// Reads the elements of the list in this field of a part, each alone; a part without such a list is one element.
pub(crate) fn within(raw: &[u8], field: &str, read: impl Fn(&[u8]) -> Vec<Outcome>) -> Vec<Outcome> {
    match json::field(raw, field).filter(|list| list.starts_with(b"[")) {
        Some(list) => parts(list).into_iter().flat_map(read).collect(),
        None => read(raw),
    }
}

/// Reads one part, which must be an object.
pub(crate) fn read(raw: &[u8], outcomes: impl Fn(&Json<'_>) -> Result<Vec<Outcome>, Reject>) -> Vec<Outcome> {
    object(raw).and_then(|json| outcomes(&json)).unwrap_or_else(|why| vec![why.of(raw)])
}

/// The object that these bytes are.
pub(crate) fn object(raw: &[u8]) -> Result<Json<'_>, Reject> {
    match json::read(raw) {
        None => Err(Reject::new("not_json", format!("{} bytes that are no JSON value", raw.len()))),
        Some(json @ Json::Object(_)) => Ok(json),
        Some(_) => Err(Reject::new("not_an_object", "a JSON value, but no object")),
    }
}

/// An event that no message keeps.
pub(crate) fn ignored(kind: &str, why: &'static str, recipient: Option<&str>) -> Outcome {
    let kind = cut(&scrub(kind), KIND_BYTES_MAX).to_owned();
    Outcome::Ignored { kind, why, recipient: recipient.map(str::to_owned) }
}

/// A provider's words as a fact keeps them: without addresses, bounded.
pub(crate) fn clean(words: Option<&str>) -> String {
    cut(&scrub(words.unwrap_or_default()), REASON_BYTES_MAX).to_owned()
}

/// A raw field as a report keeps it: bounded, since one long field may be said of many recipients.
pub(crate) fn kept(words: &str) -> String {
    cut(words, FIELD_BYTES_MAX).to_owned()
}

/// Tags as a report keeps them: the first ones.
pub(crate) fn tags(words: impl Iterator<Item = String>) -> Vec<String> {
    words.take(TAGS_MAX).collect()
}

/// A list of recipients changed, and nothing says by whom.
pub(crate) fn no_recipient() -> Reject {
    Reject::new("no_recipient", "names no recipient")
}

/// Tags in a field that is absent, null, one word, a list of words, or JSON text of a list.
pub(crate) fn tags_in(field: Option<&Json<'_>>) -> Vec<String> {
    let Some(field) = field else { return Vec::new() };
    let inner = field.words().filter(|words| words.starts_with('[')).and_then(|words| json::read(words.as_bytes()));
    let field = match &inner {
        Some(list @ Json::Array(_)) if field.text().is_some() => list,
        _ => field,
    };
    let one = if let Json::Array(elements) = field { elements.as_slice() } else { std::slice::from_ref(field) };
    tags(one.iter().filter_map(Json::words).map(kept))
}

/// The words of the last field of this name in whatever case.
pub(crate) fn any_case<'a>(json: &'a Json<'_>, name: &str) -> Option<&'a str> {
    json.fields().iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.words())
}
