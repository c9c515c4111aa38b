//! One event about a contact: a client, or an address by its hash. Pseudonymous: no name, no address, no content.

use crate::{AddressHash, Arrival, EventId, Scope, Time};

/// Whom an event is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A client, by the platform's id.
    Client(String),
    /// An address, by its hash.
    Address(AddressHash),
}

/// Why an address gets no mail at all, transactional mail included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// It bounced hard.
    Bounce,
    /// Somebody reported spam from it.
    Complaint,
    /// It is not an address.
    Invalid,
    /// The provider has flagged its domain.
    Domain,
}

impl Cause {
    /// Every cause, in the order of `proto/`.
    pub const ALL: [Self; 4] = [Self::Bounce, Self::Complaint, Self::Invalid, Self::Domain];

    /// The cause as a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bounce => "bounce",
            Self::Complaint => "complaint",
            Self::Invalid => "invalid",
            Self::Domain => "domain",
        }
    }
}

/// What happened to a contact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContactFact {
    /// No more mail of this scope.
    Unsubscribed {
        /// What was unsubscribed from.
        scope: Scope,
        /// The message that it was made from, if this contact's register holds it for that message.
        message: Option<String>,
    },
    /// Mail of this scope again.
    Resubscribed {
        /// What was subscribed to again.
        scope: Scope,
        /// The message that it was made from.
        message: Option<String>,
    },
    /// Mail to the address is useless or unwanted.
    Suppressed {
        /// Why.
        cause: Cause,
        /// A drop revealed it: the provider had flagged the address before, maybe not because of this organisation's mail.
        revealed: bool,
        /// The message that showed it.
        message: String,
    },
    /// Of an address: it works again, says the platform. Lifts the suppressions before it.
    Reactivated,
    /// Of a client: uses this address.
    Addressed {
        /// The address.
        address: AddressHash,
        /// A send says so; otherwise the platform's own word, which holds against any send.
        by_send: bool,
    },
    /// Of a client: no longer uses this address.
    Removed {
        /// The address.
        address: AddressHash,
    },
    /// Of a client: a login, a registration, a transaction; never an open or a click.
    Interacted {
        /// A transaction: the only interaction that ends an inactivity.
        transaction: bool,
    },
    /// Of a client: its name or the like changed; the words are in `private`.
    Described,
    /// Of a client: content was put into `private`, nothing else.
    Held,
    /// Of a client: everything personal is to be erased. Cannot be taken back.
    Erased,
}

/// One event about one contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactEvent {
    /// The organisation whose contact it is.
    pub organisation: String,
    /// The contact.
    pub subject: Subject,
    /// Identity; the same event about two subjects has the same identity.
    pub id: EventId,
    /// When it happened.
    pub time: Time,
    /// Version of the decoder that read it; of equal ids the highest version wins.
    pub decoder: u32,
    /// It is taken back.
    pub retracted: bool,
    /// Of what follows a client to an address: when the platform last spoke of that address. Of two copies the later
    /// holds, so that an address that is given up and taken up again ends alike in every order.
    pub version: Time,
    /// What happened.
    pub fact: ContactFact,
    /// The client's row in `private` that was written beside it, for the erasure to find.
    pub part: Option<String>,
    /// How it reached us. Decides nothing.
    pub arrival: Arrival,
}

impl ContactFact {
    /// Whether it can be said of clients, and of addresses.
    const fn said_of(&self) -> (bool, bool) {
        match self {
            Self::Unsubscribed { .. } | Self::Resubscribed { .. } | Self::Suppressed { .. } => (true, true),
            Self::Reactivated => (false, true),
            Self::Addressed { .. } | Self::Removed { .. } | Self::Interacted { .. } => (true, false),
            Self::Described | Self::Held | Self::Erased => (true, false),
        }
    }

    /// The scope of a register that it sets, and whether it unsubscribes.
    pub(crate) const fn register(&self) -> Option<(&Scope, bool)> {
        match self {
            Self::Unsubscribed { scope, .. } => Some((scope, true)),
            Self::Resubscribed { scope, .. } => Some((scope, false)),
            _ => None,
        }
    }

    /// The message that a register's fact was made from.
    pub(crate) fn message(&self) -> Option<&str> {
        match self {
            Self::Unsubscribed { message, .. } | Self::Resubscribed { message, .. } => message.as_deref(),
            _ => None,
        }
    }
}

impl Subject {
    /// Whether such a fact can be said of this subject.
    pub const fn takes(&self, fact: &ContactFact) -> bool {
        let (of_client, of_address) = fact.said_of();
        match self {
            Self::Client(_) => of_client,
            Self::Address(_) => of_address,
        }
    }
}
