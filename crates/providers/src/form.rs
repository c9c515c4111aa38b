//! Bodies that are forms: URL-encoded as Mandrill and Mailgun's older webhooks post them, or in parts (multipart) where Mailgun attaches
//! files.

use std::borrow::Cow;

use crate::json::Json;

/// Fields that are read of a form.
const FIELDS_MAX: usize = 1_000;

/// A name and its value, decoded.
pub(crate) type Field<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// The fields of a form in their order; nothing if the body is none. A name may repeat; attached files are left out.
pub(crate) fn fields(body: &[u8]) -> Option<Vec<Field<'_>>> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    match body {
        [b'{' | b'[', ..] => None,
        [b'-', b'-', ..] => parts(body),
        _ => {
            let first = body.split(|byte| *byte == b'&').next()?;
            first.contains(&b'=').then(|| encoded(body.trim_ascii_end()))
        }
    }
}

/// The fields as an object of texts, the last first: of equal names [`Json::get`] then finds the one that came first.
pub(crate) fn object(body: &[u8]) -> Option<Json<'static>> {
    let text = |bytes: &[u8]| Cow::Owned(String::from_utf8_lossy(bytes).into_owned());
    let fields = fields(body)?;
    Some(Json::Object(fields.iter().rev().map(|(name, value)| (text(name), Json::Text(text(value)))).collect()))
}

/// What a field of an [`object`] says that repeats: the last word, where `get` finds the first.
pub(crate) fn last<'a>(form: &'a Json<'_>, name: &str) -> Option<&'a str> {
    form.fields().iter().find(|(known, _)| known == name).and_then(|(_, value)| value.words())
}

fn encoded(body: &[u8]) -> Vec<Field<'_>> {
    let pairs = body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).take(FIELDS_MAX);
    let field = |pair| {
        let (name, value) = cut(pair, b"=").unwrap_or((pair, b""));
        (decoded(name), decoded(value))
    };
    pairs.map(field).collect()
}

/// What stands before and behind the first of these bytes.
fn cut<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(mark.len()).position(|window| window == mark)?;
    Some((bytes.get(..at)?, bytes.get(at + mark.len()..)?))
}

/// A blank for each plus, a byte for each percent and two digits; a percent without them stands for itself.
fn decoded(words: &[u8]) -> Cow<'_, [u8]> {
    if !words.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return Cow::Borrowed(words);
    }
    let digit = |at: usize| words.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut out = Vec::with_capacity(words.len());
    let mut place = 0;
    while let Some(byte) = words.get(place) {
        let pair = (*byte == b'%').then(|| Some(digit(place + 1)? << 4 | digit(place + 2)?)).flatten();
        let pair = pair.and_then(|pair| u8::try_from(pair).ok());
        place += if pair.is_some() { 3 } else { 1 };
        out.push(pair.unwrap_or(if *byte == b'+' { b' ' } else { *byte }));
    }
    Cow::Owned(out)
}

/// The parts of a multipart form whose boundary is its first line.
fn parts(body: &[u8]) -> Option<Vec<Field<'_>>> {
    let (boundary, _) = cut(body, b"\n")?;
    let boundary = boundary.trim_ascii_end();
    let mut fields = Vec::new();
    let mut rest = body.get(boundary.len()..)?;
    while fields.len() < FIELDS_MAX {
        let Some((part, behind)) = cut(rest, boundary) else { break };
        fields.extend(part_of(part));
        rest = behind;
    }
    (boundary.len() > 2).then_some(fields)
}

fn part_of(part: &[u8]) -> Option<Field<'_>> {
    let part = part.strip_prefix(b"\r\n").or_else(|| part.strip_prefix(b"\n"))?;
    let (head, value) = cut(part, b"\r\n\r\n").or_else(|| cut(part, b"\n\n"))?;
    let value = value.strip_suffix(b"\r\n").or_else(|| value.strip_suffix(b"\n")).unwrap_or(value);
    let head = std::str::from_utf8(head).ok()?;
    let parameter = |name: &str| {
        let (_, rest) = head.split_once(name)?;
        rest.split_once('"').map(|(value, _)| value)
    };
    let attached = head.contains("filename=") || head.contains("filename*=");
    let name = parameter(" name=\"").filter(|_| !attached)?;
    Some((Cow::Borrowed(name.as_bytes()), Cow::Borrowed(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Option<Vec<(String, String)>> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        fields(body.as_bytes()).map(|fields| fields.iter().map(|(name, value)| (text(name), text(value))).collect())
    }

    fn pairs(pairs: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
        Some(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn fields_are_decoded() {
        assert_eq!(
            read("a=1&b=x+y%20%C3%A4&a=%5B%7B&&c"),
            pairs(&[("a", "1"), ("b", "x y ä"), ("a", "[{"), ("c", "")])
        );
        assert_eq!(read("a=50%&b=%zz%4\r\n"), pairs(&[("a", "50%"), ("b", "%zz%4")]));
        assert_eq!(read("a=b=c"), pairs(&[("a", "b=c")]));
    }

    #[test]
    fn json_and_words_are_no_form() {
        for body in ["{\"a\": \"=\"}", " [1]", "words", "", "--", "--\n"] {
            assert_eq!(read(body), None, "{body}");
        }
    }

    #[test]
    fn parts_are_fields_and_files_are_not() {
        let body = "--B\r\nContent-Disposition: form-data; name=\"event\"\r\n\r\nbounced\r\n--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\nContent-Type: text/plain\r\n\r\n1\r\n--B\r\nContent-Disposition: form-data; name=\"long\"\r\n\r\ntwo\r\nlines\r\n--B--\r\n";
        assert_eq!(read(body), pairs(&[("event", "bounced"), ("long", "two\r\nlines")]));
        let whole = body.len();
        for end in 0..whole {
            read(body.get(..end).unwrap_or_default());
        }
    }
}
