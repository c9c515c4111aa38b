//! The addresses of a client, and what of the client's registers goes on to each of them. The platform's own word about an
//! address holds against any send; without one a send links it.

use std::collections::BTreeMap;

use super::{Contact, ContactEntry, ContactFact};
use crate::{AddressHash, Time};

/// What is known of one address of a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// The platform's last word: when, and whether the client uses it.
    pub said: Option<(Time, bool)>,
    /// The last send to it.
    pub sent: Option<Time>,
    /// When the platform last spoke of it, taken back or not.
    version: Time,
}

impl Link {
    /// Whether the client uses it.
    pub fn is_current(&self) -> bool {
        self.said.map_or(self.sent.is_some(), |(_, used)| used)
    }

    /// Whether what the client did at `time` holds for it too: it is used, or was then.
    fn follows(&self, time: Time) -> bool {
        self.is_current() || self.said.is_some_and(|(removed, _)| time <= removed)
    }
}

/// A fact of a client's register that an address is to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// The address.
    pub address: AddressHash,
    /// The fact, without the message: that one's own address holds it for it. Retracted when it does not follow.
    pub entry: ContactEntry,
}

impl Contact {
    /// Every address that was ever the client's, by hash.
    pub fn links(&self) -> BTreeMap<AddressHash, Link> {
        let mut links: BTreeMap<AddressHash, Link> = BTreeMap::new();
        for row in self.rows() {
            let entry = &row.copy;
            let (address, used, by_send) = match &entry.fact {
                ContactFact::Addressed { address, by_send } => (*address, true, *by_send),
                ContactFact::Removed { address } => (*address, false, false),
                _ => continue,
            };
            let link = links.entry(address).or_default();
            if !by_send {
                link.version = link.version.max(entry.time);
            }
            match (row.live, by_send) {
                (false, _) => {}
                (true, true) => link.sent = link.sent.max(Some(entry.time)),
                // A tie between the two words is a used address: it gets a warning too many rather than one too few.
                (true, false) => link.said = link.said.max(Some((entry.time, used))),
            }
        }
        links
    }

    /// The addresses that the client uses, without those known only from before its erasure.
    pub fn addresses(&self) -> Vec<AddressHash> {
        self.visible().filter(|(_, link)| link.is_current()).map(|(address, _)| address).collect()
    }

    /// The addresses that the client no longer uses, each with when the platform said so.
    pub fn removed_addresses(&self) -> Vec<(AddressHash, Time)> {
        let removed = |(address, link): (AddressHash, Link)| match link.said {
            Some((time, false)) => Some((address, time)),
            _ => None,
        };
        self.visible().filter_map(removed).collect()
    }

    fn visible(&self) -> impl Iterator<Item = (AddressHash, Link)> {
        let erased = self.erased_at();
        self.links().into_iter().filter(move |(_, link)| link.said.map(|(time, _)| time).max(link.sent) > erased)
    }

    /// What the addresses are to know of the client's registers, those added later too. Every fact of the registers goes
    /// to every address ever linked, as holding or as taken back, so that no order of events shows.
    pub fn followed(&self) -> Vec<Followed> {
        if self.spoken_copies().next().is_none() {
            return Vec::new();
        }
        let mut followed = Vec::new();
        for (address, link) in self.links() {
            for row in self.spoken_copies() {
                let entry = ContactEntry {
                    retracted: !row.live || !link.follows(row.copy.time),
                    version: link.version,
                    fact: without_message(&row.copy.fact),
                    ..row.copy.clone()
                };
                followed.push(Followed { address, entry });
            }
        }
        followed
    }
}

fn without_message(fact: &ContactFact) -> ContactFact {
    match fact {
        ContactFact::Unsubscribed { scope, .. } => ContactFact::Unsubscribed { scope: scope.clone(), message: None },
        ContactFact::Resubscribed { scope, .. } => ContactFact::Resubscribed { scope: scope.clone(), message: None },
        other => other.clone(),
    }
}
