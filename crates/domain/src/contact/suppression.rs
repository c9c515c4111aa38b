//! Whether an address is suppressed: by a hard bounce (also one that its message survived), a complaint, as invalid, or
//! with its whole domain. Only the platform's word that it works again lifts that.

use super::{Cause, Contact, ContactFact};
use crate::Time;

/// One cause that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Why.
    pub cause: Cause,
    /// Since the first fact that is not older than the last reactivation. Exact up to the bounds of [`super::bound`].
    pub since: Time,
    /// The message that first showed it.
    pub message: String,
    /// Shown by a drop: the provider had flagged the address before.
    pub revealed: bool,
}

impl Contact {
    /// The causes that hold of an address, by cause. Latest event time wins; a tie is suppressed. Of a client none: its row
    /// knows of them as events, its addresses' rows whether they still hold.
    pub fn suppressions(&self) -> Vec<Suppression> {
        let reactivated = self.live().rfind(|entry| entry.fact == ContactFact::Reactivated).map(|entry| entry.time);
        let holding = |cause: Cause| {
            self.live().find_map(|entry| match &entry.fact {
                ContactFact::Suppressed { cause: of, revealed, message }
                    if *of == cause && Some(entry.time) >= reactivated =>
                {
                    Some(Suppression { cause, since: entry.time, message: message.clone(), revealed: *revealed })
                }
                _ => None,
            })
        };
        if self.is_client { Vec::new() } else { Cause::ALL.into_iter().filter_map(holding).collect() }
    }
}
