//! Tokens that were seen: a provider whose signature does not cover the body must not have one signature used for two events.

use std::collections::{BTreeMap, BTreeSet};

use domain::Time;

use crate::check::{Refusal, Token};

/// Microseconds that a token is kept: a request that is older is refused anyway.
const KEPT_MICROS: i64 = 24 * 3_600 * 1_000_000;
/// Tokens that are kept; beyond, the oldest goes.
const TOKENS_MAX: usize = 500_000;

/// The tokens of the last day, each with what was said under it. Bounded: 500,000 tokens, some 100 MB at most.
#[derive(Debug, Default)]
pub struct Replays {
    said: BTreeMap<String, (Time, [u8; 32])>,
    by_age: BTreeSet<(Time, String)>,
}

impl Replays {
    /// Whether this token may be used for what the request says. The same request again is a retry and stays good; so does a token
    /// that has been forgotten.
    ///
    /// # Errors
    /// [`Refusal::Replayed`] when the token stood for something else before.
    pub fn admit(&mut self, token: &Token, now: Time) -> Result<(), Refusal> {
        self.forget(now);
        if let Some((_, subject)) = self.said.get(&token.words) {
            return if *subject == token.subject { Ok(()) } else { Err(Refusal::Replayed) };
        }
        self.said.insert(token.words.clone(), (now, token.subject));
        self.by_age.insert((now, token.words.clone()));
        Ok(())
    }

    fn forget(&mut self, now: Time) {
        let oldest = now.plus_micros(-KEPT_MICROS);
        while self.by_age.first().is_some_and(|(seen, _)| *seen < oldest) || self.by_age.len() >= TOKENS_MAX {
            if let Some((_, words)) = self.by_age.pop_first() {
                self.said.remove(&words);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(words: &str, subject: u8) -> Token {
        Token { words: words.to_owned(), subject: [subject; 32] }
    }

    #[test]
    fn a_token_stands_for_one_event() {
        let mut seen = Replays::default();
        let now = Time::from_micros(KEPT_MICROS * 10);
        assert_eq!(seen.admit(&token("a", 1), now), Ok(()));
        assert_eq!(seen.admit(&token("a", 1), now), Ok(()), "a retry");
        assert_eq!(seen.admit(&token("a", 2), now), Err(Refusal::Replayed));
        assert_eq!(seen.admit(&token("b", 2), now), Ok(()));
        assert_eq!(seen.admit(&token("a", 2), now.plus_micros(KEPT_MICROS + 1)), Ok(()), "forgotten");
        assert_eq!(seen.said.len(), 1);
    }
}
