//! Pieces of texts that a search box finds them by: every three letters in a row, and how each word begins. A term of three
//! letters or more is found anywhere in a text, a shorter one where a word begins; case and accents make no difference.

use std::collections::BTreeSet;

use icu_normalizer::DecomposingNormalizerBorrowed;

/// Letters of a text that it is found by; what comes after them is not.
const LETTERS_MAX: usize = 256;
/// Letters of a piece that may stand anywhere.
const ANYWHERE: usize = 3;
/// Letters of a rest, at the least and at the most: a term of more than a piece, as far as it tells one client from another.
const REST: [usize; 2] = [ANYWHERE + 1, 8];
/// Terms of one search.
const TERMS_MAX: usize = 24;
/// Pieces by which a search looks for texts; which of those have all of its terms, the texts themselves say.
const PIECES_MAX: usize = 12;

/// A text without case and accents.
pub(crate) fn folded(text: &str) -> String {
    let lower = text.to_lowercase();
    let letters = DecomposingNormalizerBorrowed::new_nfkd().normalize(&lower);
    let mut plain = String::with_capacity(letters.len());
    for letter in letters.chars() {
        match letter {
            // Marks that a letter was decomposed into.
            '\u{300}'..='\u{36f}' => {}
            // Letters that are none with a mark, and are written without all the same.
            'ß' => plain.push_str("ss"),
            'æ' => plain.push_str("ae"),
            'œ' => plain.push_str("oe"),
            'ø' => plain.push('o'),
            'ł' => plain.push('l'),
            'đ' | 'ð' => plain.push('d'),
            'ı' => plain.push('i'),
            'ς' => plain.push('σ'),
            // A zero ends a name in keys.
            '\0' => plain.push(' '),
            letter => plain.push(letter),
        }
    }
    plain
}

/// As much of a text as it is found by, without case and accents.
pub(crate) fn searched(text: &str) -> String {
    folded(text).chars().take(LETTERS_MAX).collect()
}

/// The pieces of a text of [`searched`]; the whole of what may be an address is one, too.
pub(crate) fn of_text(text: &str) -> BTreeSet<String> {
    let letters: Vec<char> = text.chars().collect();
    let short = begins(&letters).flat_map(|rest| (1..ANYWHERE).filter_map(|length| rest.get(..length)));
    let whole = Some(&letters[..]).filter(|_| may_be_address(text));
    let pieces = letters.windows(ANYWHERE).chain(short).chain(whole);
    pieces
        .filter(|piece| !piece.iter().any(|letter| letter.is_whitespace()))
        .map(|piece| piece.iter().collect())
        .collect()
}

/// How a text of [`searched`] goes on at each of its places, until the next space: its own rests, and those that begin in an
/// address's domain, which many clients have. A term of as many letters begins one of them wherever it is in the text.
pub(crate) fn rests(text: &str) -> [BTreeSet<String>; 2] {
    let letters: Vec<char> = text.chars().collect();
    let (own, of_domain) = match letters.iter().rposition(|letter| *letter == '@') {
        Some(place) => (0..place + 1, place + 1..letters.len()),
        None => (0..letters.len(), 0..0),
    };
    let [least, most] = REST;
    let rest = |place| {
        let letters = letters.iter().skip(place).take(most).take_while(|letter| !letter.is_whitespace());
        Some(letters.collect::<String>()).filter(|rest| rest.chars().count() >= least)
    };
    [own, of_domain].map(|places| places.filter_map(rest).collect())
}

/// Whether it may be a whole address. The least is `a@b`, which is a piece as it is.
fn may_be_address(text: &str) -> bool {
    text.contains('@') && text.chars().count() > ANYWHERE
}

/// What follows each place where a word begins.
fn begins(letters: &[char]) -> impl Iterator<Item = &[char]> {
    let before = std::iter::once(' ').chain(letters.iter().copied());
    let starts = before.enumerate().filter(|(_, before)| !before.is_alphanumeric()).map(|(place, _)| place);
    starts.filter_map(|place| letters.get(place..))
}

/// What somebody searches for, word by word.
pub(crate) struct Terms(BTreeSet<String>);

impl Terms {
    pub(crate) fn of(text: &str) -> Self {
        Self(folded(text).split_whitespace().take(TERMS_MAX).map(str::to_owned).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that may be a whole address.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str).filter(|term| may_be_address(term))
    }

    /// How rests begin of texts that have the terms which are long enough, the longest first.
    pub(crate) fn rests(&self) -> Vec<String> {
        let [least, most] = REST;
        let mut terms: Vec<&String> = self.0.iter().filter(|term| term.chars().count() >= least).collect();
        terms.sort_by_key(|term| std::cmp::Reverse(term.chars().count()));
        terms.into_iter().map(|term| term.chars().take(most).collect()).collect()
    }

    /// Pieces that are all in the texts that have all terms, the longest term's first.
    pub(crate) fn pieces(&self) -> Vec<String> {
        let mut terms: Vec<Vec<char>> = self.0.iter().map(|term| term.chars().collect()).collect();
        terms.sort_by_key(|term| std::cmp::Reverse(term.len()));
        let mut pieces = Vec::new();
        for term in &terms {
            let last = term.len().saturating_sub(ANYWHERE);
            for start in (0..last).step_by(ANYWHERE).chain([last]) {
                let piece: String = term.iter().skip(start).take(ANYWHERE).collect();
                if !pieces.contains(&piece) && pieces.len() < PIECES_MAX {
                    pieces.push(piece);
                }
            }
        }
        pieces
    }

    /// Whether each term is in one of these texts of [`searched`].
    pub(crate) fn are_in(&self, texts: &[String]) -> bool {
        self.0.iter().all(|term| texts.iter().any(|text| has(text, term)))
    }
}

fn has(text: &str, term: &str) -> bool {
    if term.chars().count() >= ANYWHERE {
        return text.contains(term);
    }
    let letters: Vec<char> = text.chars().collect();
    let term: Vec<char> = term.chars().collect();
    begins(&letters).any(|rest| rest.starts_with(&term))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn finds(text: &str, words: &str) -> bool {
        Terms::of(words).are_in(&[searched(text)])
    }

    #[test]
    fn three_letters_are_found_anywhere_and_fewer_where_a_word_begins() {
        for words in ["zoe", "O'HARA", "har", "o'h", "z", "ha", "Zoé hara", "ZOE\u{301}"] {
            assert!(finds("Zoé O'Hara", words), "{words}");
        }
        for words in ["oe", "ar", "zoe x", "zoeo"] {
            assert!(!finds("Zoé O'Hara", words), "{words}");
        }
        assert!(finds("Sœur Łukasz Weiß", "soeur lukasz weiss"));
        assert!(finds("zoe.h@mail.Example.test", "example.te"));
        assert!(finds("zoe.h@mail.Example.test", "h@mail"));
        assert!(!finds(&format!("{}xyz", "a".repeat(LETTERS_MAX)), "xyz"));
    }

    proptest! {
        #[test]
        fn a_text_that_has_all_terms_has_all_pieces(text in "[a-cÉœ'@. ]{0,12}", words in "[a-cÉ'@. ]{0,6}") {
            let (text, terms) = (searched(&text), Terms::of(&words));
            let (pieces, rests) = (of_text(&text), rests(&text));
            if terms.are_in(&[text]) {
                let has = |begins: &String| rests.iter().flatten().any(|rest| rest.starts_with(begins));
                prop_assert!(terms.rests().iter().all(has), "{rests:?}");
                prop_assert!(terms.pieces().iter().all(|piece| pieces.contains(piece)), "{pieces:?}");
            }
        }
    }
}
