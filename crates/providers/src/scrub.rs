//! Takes mail addresses out of providers' words. When in doubt a neighbour goes too: state must never hold an address.

use std::ops::Range;

/// What stands where an address stood.
const MARK: &str = "[address]";
/// Characters of a quoted local part, or of a host by its number, that are looked over; RFC 5321 allows 64, all escaped 128.
const QUOTED_MAX: usize = 160;

/// The text with every mail address replaced by `[address]`: also percent-encoded (once or more often), between angle brackets,
/// with a quoted local part, with a host by its number, and with letters of any script. The rest stays as it is.
///
/// ```
/// # use providers::scrub;
/// assert_eq!(scrub("550 5.1.1 <ada@example.com>... User unknown"), "550 5.1.1 <[address]>... User unknown");
/// assert_eq!(scrub("https://example.com/?m=ada%2Bx%40example.com&a=b"), "https://example.com/?m=[address]&a=b");
/// ```
pub fn scrub(text: &str) -> String {
    let text = Text::of(text);
    let mut out = String::with_capacity(text.raw.len());
    let mut done = 0;
    for address in text.addresses() {
        out.push_str(text.raw.get(done..text.byte(address.start)).unwrap_or_default());
        out.push_str(MARK);
        done = text.byte(address.end);
    }
    out.push_str(text.raw.get(done..).unwrap_or_default());
    out
}

/// A text as characters, percent-encoding undone, each with the byte that it begins at.
struct Text<'a> {
    raw: &'a str,
    characters: Vec<(char, usize)>,
}

impl<'a> Text<'a> {
    fn of(raw: &'a str) -> Self {
        let mut characters = Vec::new();
        let mut place = 0;
        while let Some(character) = raw.get(place..).and_then(|rest| rest.chars().next()) {
            let encoded = (character == '%').then(|| raw.get(place + 1..).and_then(decoded)).flatten();
            let (means, length) = encoded.unwrap_or((character, character.len_utf8()));
            characters.push((means, place));
            place += length;
        }
        Self { raw, characters }
    }

    fn at(&self, place: usize) -> Option<char> {
        self.characters.get(place).map(|(character, _)| *character)
    }

    fn before(&self, place: usize) -> Option<char> {
        place.checked_sub(1).and_then(|place| self.at(place))
    }

    fn byte(&self, place: usize) -> usize {
        self.characters.get(place).map_or(self.raw.len(), |(_, byte)| *byte)
    }

    /// Where the addresses stand, in order, none touching another.
    fn addresses(&self) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for (at, (character, _)) in self.characters.iter().enumerate() {
            let done = found.last().map_or(0, |last| last.end);
            if !matches!(character, '@' | '\u{ff20}') || at < done {
                continue;
            }
            match found.last_mut() {
                Some(last) if last.end == at => last.end = self.host_end(at + 1),
                _ => {
                    let start = self.local_start(done, at);
                    if start < at {
                        found.push(start..self.host_end(at + 1));
                    }
                }
            }
        }
        found
    }

    /// Where the local part that ends before `end` begins, not before `done`.
    fn local_start(&self, done: usize, end: usize) -> usize {
        let mut start = end;
        if self.before(end) == Some('"') {
            start = self.quote_start(done, end - 1);
        }
        while start > done && self.before(start).is_some_and(is_local) && !self.names_parameter(done, start - 1) {
            start -= 1;
        }
        let opening = |place| self.at(place).is_some_and(|character| matches!(character, '\'' | '`' | '.' | '*' | '!'));
        while start < end && opening(start) {
            start += 1;
        }
        start
    }

    /// Where the quoted string that closes at `close` opens; `close` itself if it does not open within reach.
    fn quote_start(&self, done: usize, close: usize) -> usize {
        let reach = done.max(close.saturating_sub(QUOTED_MAX));
        let opens = |place: &usize| self.at(*place) == Some('"') && self.before(*place) != Some('\\');
        (reach..close).rev().find(opens).unwrap_or(close)
    }

    /// Whether the character here is the `=` between a parameter of a link and its value.
    fn names_parameter(&self, done: usize, place: usize) -> bool {
        if self.at(place) != Some('=') {
            return false;
        }
        let mut start = place;
        let of_name = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-' | '.' | '[' | ']');
        while start > done && self.before(start).is_some_and(of_name) {
            start -= 1;
        }
        self.before(start).is_some_and(|character| matches!(character, '?' | '&' | ';' | '#'))
    }

    /// Where the host that begins at `start` ends.
    fn host_end(&self, start: usize) -> usize {
        if self.at(start) == Some('[') {
            let close =
                (start..self.characters.len().min(start + QUOTED_MAX)).find(|place| self.at(*place) == Some(']'));
            return close.map_or(start, |close| close + 1);
        }
        let mut end = start;
        while self.at(end).is_some_and(is_host) {
            end += 1;
        }
        while end > start && self.before(end).is_some_and(|character| matches!(character, '.' | '-' | '_')) {
            end -= 1;
        }
        end
    }
}

/// The character that is percent-encoded behind a `%`, and the length with the `%`. An encoding that was itself encoded is undone
/// as well; bytes beyond ASCII stand for a letter.
fn decoded(rest: &str) -> Option<(char, usize)> {
    let pair = |at: usize| {
        let digits = rest.get(at..at + 2)?;
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u8::from_str_radix(digits, 16).ok()).flatten()
    };
    let mut at = 0;
    while pair(at) == Some(b'%') && pair(at + 2).is_some() {
        at += 2;
    }
    let byte = pair(at)?;
    Some((if byte.is_ascii() { char::from(byte) } else { 'ä' }, at + 3))
}

/// Of a local part, but for what delimits parts of a link: `/ ? & #`.
fn is_local(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!$%'*+-=^_`{|}~.".contains(character) || is_foreign(character)
}

fn is_host(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '.' | '_') || is_foreign(character)
}

/// A letter, digit or mark beyond ASCII: all but blanks, controls and what scripts write between words.
fn is_foreign(character: char) -> bool {
    let between = match character {
        '\u{ab}' | '\u{bb}' | '\u{ff20}' => true,
        '\u{200c}' | '\u{200d}' | '\u{3002}' | '\u{ff0e}' => false,
        '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{3020}' | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' => true,
        '\u{ff3b}'..='\u{ff3d}' | '\u{ff5b}'..='\u{ff65}' => true,
        _ => false,
    };
    !character.is_ascii() && !between && !character.is_whitespace() && !character.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_go_and_the_rest_stays() {
        let cases = [
            ("no address here, 5.1.1 (in reply to RCPT)", "no address here, 5.1.1 (in reply to RCPT)"),
            ("550 5.1.1 <ada@example.com>: Recipient", "550 5.1.1 <[address]>: Recipient"),
            ("ada@example.com.", "[address]."),
            ("'ada.l+x@mail.example.com' unknown, bob@b.example", "'[address]' unknown, [address]"),
            ("\"ada lovelace\"@example.com is full", "[address] is full"),
            ("to \"a\\\"b c\"@example.com;x", "to [address];x"),
            ("<ada@[192.0.2.1]> <ada@[IPv6:2001:db8::1]>", "<[address]> <[address]>"),
            ("дарья@пример.испытание — нет", "[address] — нет"),
            ("用户@例子.公司。", "[address]"),
            ("ada%40example.com", "[address]"),
            ("ada%2540example.com", "[address]"),
            ("%22ada%20l%22%40example%2Ecom%20x", "[address]%20x"),
            (
                "https://x.example/u/ada%40example.com/b?m=bob@example.com&c=d",
                "https://x.example/u/[address]/b?m=[address]&c=d",
            ),
            (
                "https://x.example/?to=https%3A%2F%2Fy%3Fm%3Dada%40example.com%26c",
                "https://x.example/?to=https%3A%2F%2Fy%3Fm%3D[address]%26c",
            ),
            ("<bounce+7-ada=example.com@relay.example>", "<[address]>"),
            ("a@b@c d", "[address] d"),
            ("mailto:o'brien@example.com?x", "mailto:[address]?x"),
            ("root@localhost", "[address]"),
            ("meet @ five, @ada, price @5", "meet @ five, @ada, price @5"),
            ("m%C3%BCller@example.com 100%", "[address] 100%"),
            ("ada\u{ff20}example.com", "[address]"),
            ("user unknown: ada@", "user unknown: [address]"),
            ("", ""),
        ];
        for (given, expected) in cases {
            assert_eq!(scrub(given), expected, "{given}");
            assert_eq!(scrub(expected), expected, "once is enough");
        }
    }
}
