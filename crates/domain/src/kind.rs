//! The kinds of facts a message can collect, with their qualifiers (`providers.md` section 8).

/// What happened to one message for one recipient. Arrival order never matters (I4).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// The mail was handed to the provider, or the provider says that it took it.
    Sent,
    /// The provider keeps the mail for later.
    Queued,
    /// A delivery attempt failed for now.
    Deferred {
        /// The receiving side's words, scrubbed of addresses.
        reason: String,
    },
    /// The receiving server took the mail.
    Delivered,
    /// The receiving server refused the mail for good.
    Bounced {
        /// Why, as a class.
        class: BounceClass,
        /// The provider marks it as reported after an acceptance (out of band).
        asynchronous: bool,
        /// The receiving side's words, scrubbed of addresses.
        reason: String,
    },
    /// The provider, or its API, did not try.
    Dropped(Drop),
    /// The mail was displayed, or its images were fetched.
    Opened(Agent),
    /// A link of the mail was followed.
    Clicked {
        /// Who followed it.
        agent: Agent,
        /// The link by its template: scrubbed of addresses and of our own per-recipient parameters.
        link: String,
    },
    /// The recipient reported the mail as spam.
    Complained,
    /// The recipient asked for no more mail through this message.
    Unsubscribed {
        /// What was unsubscribed from.
        scope: Scope,
        /// It came from the register, so it is not sent back to it.
        from_register: bool,
    },
    /// An unsubscribe of this message was lifted.
    Resubscribed {
        /// What was subscribed to again.
        scope: Scope,
        /// It came from the register, so it is not sent back to it.
        from_register: bool,
    },
    /// The platform did not send: a row of its own, outside Sent.
    Withheld(WithheldReason),
}

/// Why a receiving server refused (`providers.md` section 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BounceClass {
    /// The address does not work: it is suppressed.
    Hard,
    /// Given up after temporary failures.
    Soft,
    /// Refused for reputation, policy or content: the address is not suppressed.
    Block,
    /// The provider could not say.
    Undetermined,
}

/// A mail that nobody tried to deliver.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Drop {
    /// Why, as a class.
    pub reason: DropReason,
    /// What the cause is attached to.
    pub scope: Scope,
    /// The provider's words, scrubbed of addresses.
    pub text: String,
}

/// Why a provider dropped a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DropReason {
    /// The address, or its domain, bounced before.
    PriorBounce,
    /// The provider has the address unsubscribed.
    Unsubscribed,
    /// The address reported spam before.
    PriorSpam,
    /// The address is not one.
    InvalidAddress,
    /// The address's domain is flagged by the provider.
    DomainFlagged,
    /// The content looks like spam.
    ContentSpam,
    /// The content holds a virus.
    ContentVirus,
    /// The account's quota is used up.
    Quota,
    /// The list's quality is too poor for the provider.
    PolicyList,
    /// The sender's request or settings are wrong.
    SenderError,
    /// The template could not be rendered.
    Rendering,
    /// Another copy goes to the same address.
    Duplicate,
    /// On the provider's list for a reason it does not say.
    Suppressed,
    /// Anything else; the words are kept.
    Other,
}

/// What a cause, an unsubscribe or a suppression is attached to.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// All mass mail of the organisation.
    #[default]
    Organisation,
    /// One list, group, topic or stream of the organisation.
    List(String),
    /// One address.
    Address,
    /// One mailbox domain.
    Domain,
    /// One message.
    Message,
    /// One campaign.
    Campaign,
    /// The account at the provider.
    Account,
}

/// Who opened or clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Agent {
    /// A person, as far as the provider can tell.
    Human,
    /// A privacy proxy, a scanner, a prefetcher.
    Machine,
    /// The provider does not say; counts as a person.
    Unknown,
}

/// Whether suppression by unsubscribe and inactivity applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MailClass {
    /// Newsletters, promotions: withheld from the unsubscribed and the inactive.
    #[default]
    Mass,
    /// Invoices, receipts, notices: ignores unsubscribe and inactivity.
    Transactional,
}

/// Why the platform did not send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WithheldReason {
    /// No interaction for the organisation's inactivity period.
    Inactive,
    /// The client unsubscribed.
    ClientUnsubscribed,
    /// The address is unsubscribed.
    AddressUnsubscribed,
    /// The address is not one.
    Invalid,
    /// The address hard-bounced.
    Bounced,
    /// The address reported spam.
    Spam,
    /// The address's domain is flagged by the provider.
    DomainFlagged,
    /// The client has no address.
    NoAddress,
    /// More clients than one request may have.
    OverLimit,
    /// Anything else the platform says.
    Other,
}

impl Agent {
    /// The agent as a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Machine => "machine",
            Self::Unknown => "unknown",
        }
    }
}

impl BounceClass {
    /// Every class, in the order of `proto/`.
    pub const ALL: [Self; 4] = [Self::Hard, Self::Soft, Self::Block, Self::Undetermined];

    /// The class as a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
            Self::Block => "block",
            Self::Undetermined => "undetermined",
        }
    }
}

impl DropReason {
    /// Every reason, in the order of `proto/`.
    pub const ALL: [Self; 14] = [
        Self::PriorBounce,
        Self::Unsubscribed,
        Self::PriorSpam,
        Self::InvalidAddress,
        Self::DomainFlagged,
        Self::ContentSpam,
        Self::ContentVirus,
        Self::Quota,
        Self::PolicyList,
        Self::SenderError,
        Self::Rendering,
        Self::Duplicate,
        Self::Suppressed,
        Self::Other,
    ];

    /// The reason as a word, as `proto/` spells it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::PriorBounce => "prior_bounce",
            Self::Unsubscribed => "unsubscribed",
            Self::PriorSpam => "prior_spam",
            Self::InvalidAddress => "invalid_address",
            Self::DomainFlagged => "domain_flagged",
            Self::ContentSpam => "content_spam",
            Self::ContentVirus => "content_virus",
            Self::Quota => "quota",
            Self::PolicyList => "policy_list",
            Self::SenderError => "sender_error",
            Self::Rendering => "rendering",
            Self::Duplicate => "duplicate",
            Self::Suppressed => "suppressed",
            Self::Other => "other",
        }
    }
}

impl WithheldReason {
    /// Every reason, in the order of `proto/`.
    pub const ALL: [Self; 10] = [
        Self::Inactive,
        Self::ClientUnsubscribed,
        Self::AddressUnsubscribed,
        Self::Invalid,
        Self::Bounced,
        Self::Spam,
        Self::DomainFlagged,
        Self::NoAddress,
        Self::OverLimit,
        Self::Other,
    ];

    /// The reason as a word, as `proto/` spells it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::ClientUnsubscribed => "client_unsubscribed",
            Self::AddressUnsubscribed => "address_unsubscribed",
            Self::Invalid => "invalid",
            Self::Bounced => "bounced",
            Self::Spam => "spam",
            Self::DomainFlagged => "domain_flagged",
            Self::NoAddress => "no_address",
            Self::OverLimit => "over_limit",
            Self::Other => "other",
        }
    }
}
