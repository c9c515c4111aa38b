//! Numbers that explain themselves: what stands beside a number.

use domain::tally::{Tally, Word};
use domain::{Counters, Rate};

/// A campaign's rate of this name, for people; `-` when there is nothing to divide by.
pub(super) fn percent(name: &str, of: &Counters) -> String {
    named(name, of).map_or_else(|| "-".to_owned(), |rate| rate.percent())
}

fn named(name: &str, of: &Counters) -> Option<Rate> {
    domain::rates(of).into_iter().find(|rate| rate.name == name)
}

/// `41 (+12)`: a number and what it would be more by another reckoning.
pub(super) fn with_more(number: u64, with: u64) -> String {
    match with.saturating_sub(number) {
        0 => number.to_string(),
        more => format!("{number} (+{more})"),
    }
}

/// `3 inactive, 1 no address`: parts with their words, most first.
pub(super) fn parts<W: Word>(parts: &Tally<W>, word: fn(W) -> &'static str) -> String {
    let mut parts: Vec<_> = parts.iter().collect();
    parts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    parts.iter().map(|(key, count)| format!("{count} {}", word(*key))).collect::<Vec<_>>().join(", ")
}

/// `1 event`, `2 events`.
pub(super) fn plural(count: u64, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_number_leaves_out_stands_beside_it() {
        assert_eq!(with_more(41, 53), "41 (+12)");
        assert_eq!(with_more(41, 41), "41");
    }
}
