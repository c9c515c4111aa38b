//! Reads JSON as providers write it. Unlike a general reader it keeps the words of numbers (no rounding through floats), never
//! recurses deeper than it is told, and lets one broken element of a batch break alone.

mod field;

use std::borrow::Cow;

pub(crate) use field::{field, place};

/// Levels that are read; a value that lies deeper is skipped unread and stands as [`Json::Null`].
const DEPTH_MAX: usize = 16;

/// A value. Numbers keep their words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json<'a> {
    /// `null`, or what lies deeper than [`DEPTH_MAX`].
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it was written.
    Number(&'a str),
    /// A string, unescaped; what is no Unicode (bad UTF-8, half a surrogate pair) is U+FFFD.
    Text(Cow<'a, str>),
    /// A list.
    Array(Vec<Json<'a>>),
    /// Names and values in their order; a name may repeat.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// The field of this name. Of equal names the last holds, as in most readers.
    pub(crate) fn get(&self, name: &str) -> Option<&Json<'a>> {
        self.fields().iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The field at the end of this path.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Json<'a>> {
        path.iter().try_fold(self, |json, name| json.get(name))
    }

    /// The fields of an object; of anything else none.
    pub(crate) fn fields(&self) -> &[(Cow<'a, str>, Json<'a>)] {
        if let Self::Object(fields) = self { fields } else { &[] }
    }

    /// The elements of a list; of anything else none.
    pub(crate) fn elements(&self) -> &[Json<'a>] {
        if let Self::Array(elements) = self { elements } else { &[] }
    }

    /// A string, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// A string, a number or a boolean in its words, trimmed; nothing if that is empty. Of a list the first that says something.
    pub(crate) fn words(&self) -> Option<&str> {
        let words = match self {
            Self::Text(text) => text.trim(),
            Self::Number(number) => number,
            Self::Bool(true) => "true",
            Self::Bool(false) => "false",
            Self::Array(elements) => {
                return elements.iter().filter(|one| !matches!(one, Self::Array(_))).find_map(Self::words);
            }
            Self::Null | Self::Object(_) => return None,
        };
        (!words.is_empty()).then_some(words)
    }

    /// The words of the field of this name.
    pub(crate) fn words_of(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Self::words)
    }
}

/// Reads one value and nothing after it.
pub(crate) fn read(bytes: &[u8]) -> Option<Json<'_>> {
    let mut reader = Reader { bytes, place: 0 };
    let value = reader.value(0)?;
    reader.blanks();
    (reader.place == bytes.len()).then_some(value)
}

/// The values that follow each other in a body, with or without white space between them, a byte order mark before them
/// dropped. What is no value runs to the next line's end.
pub(crate) fn values(body: &[u8]) -> Vec<&[u8]> {
    let mut reader = Reader { bytes: body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body), place: 0 };
    let mut found = Vec::new();
    loop {
        reader.blanks();
        let Some(next) = reader.peek() else { return found };
        let start = reader.place;
        if matches!(next, b'{' | b'[') {
            reader.skip(b"");
        } else {
            reader.pass_line();
        }
        found.push(reader.since(start));
    }
}

/// A list whose elements are unread, so that a broken one breaks alone.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    /// The elements; holes between commas are left out. One that never ends has taken the rest with it.
    pub(crate) elements: Vec<&'a [u8]>,
    /// Whether the list ends.
    pub(crate) closed: bool,
}

/// The parts of a list; nothing if it is no list.
pub(crate) fn split(list: &[u8]) -> Option<Parts<'_>> {
    let mut reader = Reader { bytes: list, place: 0 };
    reader.blanks();
    reader.take(b'[')?;
    let mut elements = Vec::new();
    while reader.peek().is_some_and(|next| next != b']') {
        let start = reader.place;
        while reader.peek().is_some_and(|next| !matches!(next, b',' | b']')) {
            reader.skip(b",]");
        }
        elements.push(reader.since(start).trim_ascii());
        reader.take(b',');
    }
    elements.retain(|element| !element.is_empty());
    Some(Parts { elements, closed: reader.take(b']').is_some() })
}

struct Reader<'a> {
    bytes: &'a [u8],
    place: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.place).copied()
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        (self.peek() == Some(wanted)).then(|| self.place += 1)
    }

    fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.place).unwrap_or_default()
    }

    fn while_it(&mut self, is: impl Fn(u8) -> bool) -> &'a [u8] {
        let start = self.place;
        while self.peek().is_some_and(&is) {
            self.place += 1;
        }
        self.since(start)
    }

    fn blanks(&mut self) {
        self.while_it(|byte| byte.is_ascii_whitespace());
    }

    fn pass_line(&mut self) {
        self.while_it(|byte| byte != b'\n');
    }

    /// Passes over one thing without reading it: a balanced list or object, a string, or any run of bytes up to one of
    /// `stop` or the next of those. Needs no stack, always moves on, and ends at the end of the bytes at the latest.
    fn skip(&mut self, stop: &[u8]) {
        let mut depth = 0_usize;
        while let Some(next) = self.peek() {
            match next {
                b'"' => self.skip_string(),
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if next != b'"' {
                self.place += 1;
            }
            let outside = depth == 0 && self.peek().is_none_or(|after| stop.is_empty() || stop.contains(&after));
            if outside || (depth == 0 && matches!(next, b'}' | b']' | b'"')) {
                return;
            }
        }
    }

    fn skip_string(&mut self) {
        self.place += 1;
        while let Some(next) = self.peek() {
            self.place += if next == b'\\' { 2 } else { 1 };
            if next == b'"' {
                break;
            }
        }
        self.place = self.place.min(self.bytes.len());
    }

    fn value(&mut self, depth: usize) -> Option<Json<'a>> {
        self.blanks();
        let nested = matches!(self.peek()?, b'{' | b'[');
        if nested && depth >= DEPTH_MAX {
            self.skip(b"");
            return Some(Json::Null);
        }
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string().map(Json::Text),
            b't' => self.word(b"true", Json::Bool(true)),
            b'f' => self.word(b"false", Json::Bool(false)),
            b'n' => self.word(b"null", Json::Null),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &[u8], means: Json<'a>) -> Option<Json<'a>> {
        self.bytes.get(self.place..)?.starts_with(word).then(|| self.place += word.len())?;
        Some(means)
    }

    fn number(&mut self) -> Option<Json<'a>> {
        let words = self.while_it(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'));
        let digits = words.strip_prefix(b"-").unwrap_or(words);
        digits.first().is_some_and(u8::is_ascii_digit).then_some(())?;
        std::str::from_utf8(words).ok().map(Json::Number)
    }

    fn array(&mut self, depth: usize) -> Option<Json<'a>> {
        self.take(b'[')?;
        let mut elements = Vec::new();
        self.blanks();
        if self.take(b']').is_some() {
            return Some(Json::Array(elements));
        }
        loop {
            elements.push(self.value(depth + 1)?);
            self.blanks();
            if self.take(b']').is_some() {
                return Some(Json::Array(elements));
            }
            self.take(b',')?;
        }
    }

    fn object(&mut self, depth: usize) -> Option<Json<'a>> {
        self.take(b'{')?;
        let mut fields = Vec::new();
        self.blanks();
        if self.take(b'}').is_some() {
            return Some(Json::Object(fields));
        }
        loop {
            self.blanks();
            let name = self.string()?;
            self.blanks();
            self.take(b':')?;
            fields.push((name, self.value(depth + 1)?));
            self.blanks();
            if self.take(b'}').is_some() {
                return Some(Json::Object(fields));
            }
            self.take(b',')?;
        }
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        self.take(b'"')?;
        let plain = self.while_it(|byte| !matches!(byte, b'"' | b'\\'));
        if self.take(b'"').is_some() {
            return Some(String::from_utf8_lossy(plain));
        }
        let mut text = String::from_utf8_lossy(plain).into_owned();
        while self.take(b'"').is_none() {
            self.take(b'\\')?;
            text.push(self.escaped()?);
            text.push_str(&String::from_utf8_lossy(self.while_it(|byte| !matches!(byte, b'"' | b'\\'))));
        }
        Some(Cow::Owned(text))
    }

    fn escaped(&mut self) -> Option<char> {
        let escape = self.peek()?;
        self.place += 1;
        Some(match escape {
            b'"' | b'\\' | b'/' => char::from(escape),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.code_point(),
            _ => return None,
        })
    }

    /// The character of a `\u` escape, or of two that make a pair.
    fn code_point(&mut self) -> Option<char> {
        let first = self.unit()?;
        if (0xd800..0xdc00).contains(&first) {
            let before = self.place;
            let second = (self.take(b'\\').is_some() && self.take(b'u').is_some()).then(|| self.unit()).flatten();
            if let Some(second @ 0xdc00..0xe000) = second {
                return char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00));
            }
            self.place = before;
        }
        Some(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn unit(&mut self) -> Option<u32> {
        let digits = std::str::from_utf8(self.bytes.get(self.place..self.place + 4)?).ok()?;
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(())?;
        self.place += 4;
        u32::from_str_radix(digits, 16).ok()
    }
}

#[cfg(test)]
mod tests;
