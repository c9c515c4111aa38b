//! Which campaign, client and address a message is of, where its facts disagree: the source's rank decides, then the
//! smallest (time, id) (DESIGN.md section 1, Counters).

use crate::entry::Entry;
use crate::{Attribution, Message};

impl Message {
    /// Each part by itself: the first fact of the best rank that says it.
    pub fn attribution(&self) -> Attribution {
        let mut said = Attribution::default();
        let mut entries: Vec<&Entry> = self.live().collect();
        // Stable: within a rank the order by (time, id) stays.
        entries.sort_by_key(|entry| entry.rank);
        for entry in entries {
            let next = &entry.attribution;
            said.campaign = said.campaign.or_else(|| next.campaign.clone());
            said.client = said.client.or_else(|| next.client.clone());
            said.address = said.address.or(next.address);
            said.class = said.class.or(next.class);
            said.copy = said.copy.or(next.copy);
            said.origin = said.origin.or(next.origin);
        }
        said
    }
}
