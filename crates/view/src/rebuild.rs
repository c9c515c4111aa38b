//! A view made anew from the topics beside the one that answers, which it then replaces.

use std::sync::Arc;

use store::{Stores, shadow};

use crate::place::{Error, View};

/// A view that is being made anew.
pub(crate) struct Rebuild {
    view: Arc<View>,
}

impl Rebuild {
    /// Begins beside the view `name`, in an empty store: what an earlier attempt left is removed.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) fn begin(stores: &dyn Stores, name: &str, log: &str) -> Result<Self, Error> {
        let shadow = shadow(name);
        stores.discard(&shadow)?;
        Ok(Self { view: Arc::new(View::new(stores.open(&shadow)?, log)?) })
    }

    /// The view that is made.
    pub(crate) const fn view(&self) -> &Arc<View> {
        &self.view
    }

    /// Puts it in the place of the one that answers, which is followed by nobody meanwhile. Readers wait for the exchange of two
    /// directories, nothing more. Whoever holds [`Rebuild::view`] has let go of it.
    ///
    /// # Errors
    /// [`Error::Store`]; [`Error::Busy`] when the new one is still held.
    pub(crate) fn take_over(self, stores: &dyn Stores, name: &str, old: &View) -> Result<(), Error> {
        let view = Arc::into_inner(self.view).ok_or(Error::Busy)?;
        drop(view);
        old.exchange(stores, name)
    }
}
