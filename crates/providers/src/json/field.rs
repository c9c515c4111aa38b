//! A field of an object whose value is left unread, so that what is broken in it breaks alone.

use std::borrow::Cow;
use std::ops::Range;

use super::Reader;

/// The bytes of the value of the last field of this name; nothing if there is none, or if these bytes are no object. What
/// is broken behind the names is passed over.
pub(crate) fn field<'a>(object: &'a [u8], name: &str) -> Option<&'a [u8]> {
    object.get(place(object, name)?)
}

/// Where those bytes stand.
pub(crate) fn place(object: &[u8], name: &str) -> Option<Range<usize>> {
    let mut reader = Reader { bytes: object, place: 0 };
    reader.blanks();
    reader.take(b'{')?;
    let mut found = None;
    while let Some((known, value)) = reader.next_field() {
        if known == name {
            found = Some(value);
        }
        if reader.take(b',').is_none() {
            break;
        }
    }
    found
}

impl<'a> Reader<'a> {
    /// The next name, and where its value stands: up to the comma or brace that ends it.
    fn next_field(&mut self) -> Option<(Cow<'a, str>, Range<usize>)> {
        self.blanks();
        let name = self.string()?;
        self.blanks();
        self.take(b':')?;
        self.blanks();
        let start = self.place;
        while self.peek().is_some_and(|next| !matches!(next, b',' | b'}')) {
            self.skip(b",}");
        }
        Some((name, start..start + self.since(start).trim_ascii_end().len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_unread() {
        let cases: [(&str, Option<&str>); 9] = [
            (r#"{"a": 1, "events": [{"b": "}"}, 2 ] }"#, Some(r#"[{"b": "}"}, 2 ]"#)),
            (r#" {"events":[{"broken" 7}, {"c":[1]}],"z":1}"#, Some(r#"[{"broken" 7}, {"c":[1]}]"#)),
            (r#"{"events": [1], "events": [2]}"#, Some("[2]")),
            (r#"{"ev\u0065nts": {}}"#, Some("{}")),
            (r#"{"events": [{"cut": "#, Some(r#"[{"cut":"#)),
            (r#"{"b": {"events": []}}"#, None),
            (r#"{"events" []}"#, None),
            (r#"["events"]"#, None),
            ("", None),
        ];
        for (object, expected) in cases {
            assert_eq!(field(object.as_bytes(), "events"), expected.map(str::as_bytes), "{object}");
        }
    }
}
