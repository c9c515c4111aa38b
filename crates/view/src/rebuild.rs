//! A view made anew from the topics beside the one that answers, which it then replaces.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use store::{Stores, shadow};

use crate::follow::Follow;
use crate::place::{Error, View};

/// A view that is being made anew.
pub struct Rebuild {
    view: Arc<View>,
}

impl Rebuild {
    /// Begins beside the view `name`, in an empty store: what an earlier attempt left is removed.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn begin(stores: &dyn Stores, name: &str, log: &str) -> Result<Self, Error> {
        let shadow = shadow(name);
        stores.discard(&shadow)?;
        Ok(Self { view: Arc::new(View::new(stores.open(&shadow)?, log)?) })
    }

    /// The view that is made: to be followed by [`Rebuild::fill`].
    pub const fn view(&self) -> &Arc<View> {
        &self.view
    }

    /// Follows the topics until there is no more, or until `stop`; whether it came to the end.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Behind`].
    pub fn fill(&self, follow: &Follow, stop: &AtomicBool) -> Result<bool, Error> {
        while follow.catch_up(stop)? {}
        self.view.flush()?;
        Ok(!stop.load(Ordering::Acquire))
    }

    /// Puts it in the place of the one that answers, which is followed by nobody meanwhile. Readers wait for the exchange of two
    /// directories, nothing more. Whoever holds [`Rebuild::view`] has let go of it.
    ///
    /// # Errors
    /// [`Error::Store`]; [`Error::Busy`] when the new one is still held.
    pub fn take_over(self, stores: &dyn Stores, name: &str, old: &View) -> Result<(), Error> {
        let view = Arc::into_inner(self.view).ok_or(Error::Busy)?;
        drop(view);
        old.exchange(stores, name)
    }
}
