//! Which campaign, client and address a message is of, where its facts disagree: the source's rank decides, then the
//! smallest (time, id) (DESIGN.md section 1, Counters).

use crate::{Attribution, Message};

impl Message {
    /// One part of it: that of the first fact of the best rank that says it.
    pub fn said<'a, T>(&'a self, part: impl Fn(&'a Attribution) -> Option<T>) -> Option<T> {
        let said = self.live().filter_map(|entry| Some((entry.rank, part(&entry.attribution)?)));
        // Of equal ones the first: within a rank the order by (time, id) decides.
        said.min_by_key(|(rank, _)| *rank).map(|(_, part)| part)
    }

    /// Each part by itself, as [`Self::said`].
    pub fn attribution(&self) -> Attribution {
        Attribution {
            campaign: self.said(|said| said.campaign.as_ref()).cloned(),
            client: self.said(|said| said.client.as_ref()).cloned(),
            address: self.said(|said| said.address),
            class: self.said(|said| said.class),
            copy: self.said(|said| said.copy),
            origin: self.said(|said| said.origin),
        }
    }
}
