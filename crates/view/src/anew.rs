//! The wish for a view made anew, and what becomes of it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::standing::Share;

/// Whether a view is made anew beside the one that answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Anew {
    /// No.
    #[default]
    No,
    /// It is to be; nobody has begun.
    Asked,
    /// It is, and so far.
    Making(Share),
    /// The last attempt came to nothing; the old one answers as before.
    Failed(String),
}

/// The wish, and who waits for it or for what becomes of it.
#[derive(Default)]
pub(crate) struct Wish {
    state: Mutex<Anew>,
    changed: Condvar,
}

impl Wish {
    /// Wished, unless somebody has already.
    pub(crate) fn ask(&self) {
        let mut state = self.lock();
        if matches!(*state, Anew::No | Anew::Failed(_)) {
            *state = Anew::Asked;
            self.changed.notify_all();
        }
    }

    pub(crate) fn set(&self, state: Anew) {
        *self.lock() = state;
        self.changed.notify_all();
    }

    pub(crate) fn get(&self) -> Anew {
        self.lock().clone()
    }

    /// What is, after the next change or this time.
    pub(crate) fn wait(&self, longest: Duration) -> Anew {
        let state = self.changed.wait_timeout(self.lock(), longest).unwrap_or_else(PoisonError::into_inner).0;
        state.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Anew> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_had_once_until_it_came_to_something() {
        let wish = Wish::default();
        wish.ask();
        assert_eq!(wish.get(), Anew::Asked);
        wish.set(Anew::Making(Share { done: 1, of: 2 }));
        wish.ask();
        assert_eq!(wish.wait(Duration::ZERO), Anew::Making(Share { done: 1, of: 2 }), "it is being made");
        wish.set(Anew::Failed("the disk is full".to_owned()));
        wish.ask();
        assert_eq!(wish.get(), Anew::Asked);
    }
}
