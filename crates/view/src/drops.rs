//! Mails that a provider dropped for what is lifted here: its list still has the address, and drops the next mail, too, until
//! somebody removes it there.

use std::sync::{Mutex, PoisonError};

use crate::cause::End;
use crate::fold::Named;
use crate::place::{Error, View};

/// Drops that wait until every topic is read to its end; beyond, they are looked at sooner.
const WAITING_MAX: usize = 10_000;

/// What is known of drops.
#[derive(Default)]
pub(crate) struct Drops(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// Messages by organisation and id, dropped since the last look.
    waiting: Vec<Named>,
    lifted: u64,
}

impl Drops {
    /// These became dropped; whether it is time to look.
    pub(crate) fn add(&self, dropped: Vec<Named>) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.waiting.extend(dropped);
        known.waiting.len() > WAITING_MAX
    }
}

impl View {
    /// Mails that were seen to become dropped for a suppression or an unsubscribe that is lifted here, since the view was opened.
    pub fn lifted_drops(&self) -> u64 {
        self.drops.0.lock().unwrap_or_else(PoisonError::into_inner).lifted
    }

    /// Looks at the drops that came since the last look: what lifts them may stand in another topic.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) fn look_at_drops(&self) -> Result<(), Error> {
        let waiting = std::mem::take(&mut self.drops.0.lock().unwrap_or_else(PoisonError::into_inner).waiting);
        let (mut lifted, mut example) = (0, None);
        for (organisation, message) in waiting {
            let cause = self.snapshot().cause(&organisation, &message)?;
            if cause.is_some_and(|cause| cause.end == End::ProvidersList) {
                lifted += 1;
                example.get_or_insert((organisation, message));
            }
        }
        if let Some((organisation, message)) = example {
            self.drops.0.lock().unwrap_or_else(PoisonError::into_inner).lifted += lifted;
            tracing::warn!(
                mails = lifted,
                organisation,
                message,
                "dropped by the provider for what is lifted here: remove the address from the provider's list"
            );
        }
        Ok(())
    }
}
