//! What a part of a body comes to: an event, something to leave aside, or something that cannot be read.

use domain::contact::Cause;
use domain::{EventId, Fact, MailClass, Origin, Rank, Time};

use crate::part;

/// What one part of a body, for one recipient, comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A fact about one message and one recipient.
    Event(Box<Reported>),
    /// About a message or its address, and without weight for the message's status.
    Note(Box<Reported<Note>>),
    /// Understood, and nothing that a message keeps.
    Ignored {
        /// The provider's word for it, at most 64 bytes, without addresses.
        kind: String,
        /// One of [`Outcome::WHYS`].
        why: &'static str,
        /// The address that it is about, as given.
        recipient: Option<String>,
    },
    /// Cannot be used: to be kept aside with its reason.
    Rejected {
        /// Why.
        why: Reject,
        /// The part at fault, byte for byte as it stands in the body.
        raw: Vec<u8>,
    },
}

impl Outcome {
    /// Every word that [`Outcome::Ignored`] gives as its why.
    pub const WHYS: [&'static str; 7] =
        ["inbound_mail", "no_change", "no_group", "not_about_a_message", "not_spam", "set_up", "unknown_event"];

    /// Gives the event the id that came beside its body, if it has none of its own; those behind the first with their place.
    pub(crate) fn identify(&mut self, id: &str, place: usize) {
        let own_id = match self {
            Self::Event(report) => &mut report.own_id,
            Self::Note(report) => &mut report.own_id,
            Self::Ignored { .. } | Self::Rejected { .. } => return,
        };
        let id = part::kept(id);
        own_id.get_or_insert_with(|| if place == 0 { id } else { format!("{id}#{place}") });
    }
}

/// Why a body, or a part of it, cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// One of [`Reject::REASONS`]: a dead letter's reason and a metric's label.
    pub reason: &'static str,
    /// What is wrong, for people. Never holds an address, nor any word of the body.
    pub detail: String,
}

impl Reject {
    /// Every reason there is.
    pub const REASONS: [&'static str; 8] = [
        "bad_time",
        "empty_body",
        "no_event",
        "no_recipient",
        "not_an_object",
        "not_json",
        "too_many_facts",
        "unknown_envelope",
    ];

    pub(crate) fn new(reason: &'static str, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }

    pub(crate) fn of(self, raw: &[u8]) -> Outcome {
        Outcome::Rejected { why: self, raw: raw.to_vec() }
    }
}

/// What a provider says beside the facts of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// The address is now on the provider's list of those that get no mail; why, if it is for one of our causes.
    SuppressionAdded(Option<Cause>),
    /// The address is off the provider's list; what it was on it for.
    SuppressionRemoved(Option<Cause>),
    /// A machine answered the mail: out of office, a challenge, a change of address.
    AutoResponded,
}

impl Note {
    /// The note as a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SuppressionAdded(_) => "suppression_added",
            Self::SuppressionRemoved(_) => "suppression_removed",
            Self::AutoResponded => "auto_responded",
        }
    }

    /// What the address is, or was, suppressed for.
    pub const fn cause(self) -> Option<Cause> {
        match self {
            Self::SuppressionAdded(cause) | Self::SuppressionRemoved(cause) => cause,
            Self::AutoResponded => None,
        }
    }
}

/// What is read as the point of an event: a fact, or a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Fact(Fact),
    Note(Note),
}

impl From<Fact> for Said {
    fn from(fact: Fact) -> Self {
        Self::Fact(fact)
    }
}

impl From<Note> for Said {
    fn from(note: Note) -> Self {
        Self::Note(note)
    }
}

/// A fact (or a note) as a provider reports it, with all that the report says of its message. Fields other than `fact` are raw: they may hold
/// addresses and personal data. Each is bounded (4 KiB, 64 tags).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported<F = Fact> {
    /// What happened. Of a fact, its texts are already scrubbed, its link is a template; both are bounded.
    pub fact: F,
    /// When, by the provider, in full precision. Not checked against any bound. None when the provider does not say: then it happened
    /// no later than the request came.
    pub time: Option<Time>,
    /// Identity by meaning: a hash of what in the payload makes this event one event, the same however often and under whatever
    /// ids of its own the provider repeats it (level 2 of `providers.md`). Never depends on how the event is understood.
    pub id: EventId,
    /// The provider's own id of this event (level 1); not stable at every provider, so [`Reported::id`] is the one to dedupe by.
    pub own_id: Option<String>,
    /// The provider's id of the message, as its send call returned it: no angle brackets, no suffix. May be zeros, see
    /// [`Reported::named_message`].
    pub provider_message_id: Option<String>,
    /// The address, as given, without a name beside it. None when the provider does not say whose event it is.
    pub recipient: Option<String>,
    /// The organisation that the payload claims. Whoever posts may claim anything: the account says what it may claim.
    pub organisation: Option<String>,
    /// Our message id.
    pub message: Option<String>,
    /// Our campaign id.
    pub campaign: Option<String>,
    /// Our client id.
    pub client: Option<String>,
    /// How much this event's word about its campaign counts: custom data, or tags.
    pub rank: Rank,
    /// A copy to the sender or the organisation, when the custom data says so.
    pub copy: Option<bool>,
    /// Where the mail was written, when the custom data says so.
    pub origin: Option<Origin>,
    /// Mass or transactional, when the custom data says so.
    pub class: Option<MailClass>,
    /// Tags and categories, in their order.
    pub tags: Vec<String>,
    /// The words of the receiving server or of the provider.
    pub reason: Option<String>,
    /// The provider's own class of it, such as `Permanent/General` or `Invalid Address`.
    pub classification: Option<String>,
    /// Who opened or clicked, by its own word.
    pub user_agent: Option<String>,
    /// The link that was followed.
    pub url: Option<String>,
    /// The rule that made an open or click a machine's or a person's; none when nothing says so.
    pub agent_rule: Option<&'static str>,
}

impl<F> Reported<F> {
    /// A report that says nothing else yet.
    pub(crate) fn new(fact: F, time: impl Into<Option<Time>>) -> Self {
        Self {
            fact,
            time: time.into(),
            id: EventId::default(),
            own_id: None,
            provider_message_id: None,
            recipient: None,
            organisation: None,
            message: None,
            campaign: None,
            client: None,
            rank: Rank::CustomData,
            copy: None,
            origin: None,
            class: None,
            tags: Vec::new(),
            reason: None,
            classification: None,
            user_agent: None,
            url: None,
            agent_rule: None,
        }
    }

    /// The provider's id of the message where it is one: Postmark writes zeros for what is about no message, such as a suppression
    /// by hand, and in the posts that try a webhook out.
    pub fn named_message(&self) -> Option<&str> {
        self.provider_message_id.as_deref().filter(|id| !id.chars().all(|character| matches!(character, '0' | '-')))
    }

    /// Both keys of the event, the provider's own first if there is one; then [`Reported::id`] in hexadecimal digits.
    pub fn event_keys(&self) -> Vec<String> {
        let id: String = self.id.0.iter().map(|byte| format!("{byte:02x}")).collect();
        self.own_id.clone().into_iter().chain([id]).collect()
    }
    /// The same report of another fact.
    pub(crate) fn of<G>(self, fact: G) -> Reported<G> {
        Reported {
            fact,
            time: self.time,
            id: self.id,
            own_id: self.own_id,
            provider_message_id: self.provider_message_id,
            recipient: self.recipient,
            organisation: self.organisation,
            message: self.message,
            campaign: self.campaign,
            client: self.client,
            rank: self.rank,
            copy: self.copy,
            origin: self.origin,
            class: self.class,
            tags: self.tags,
            reason: self.reason,
            classification: self.classification,
            user_agent: self.user_agent,
            url: self.url,
            agent_rule: self.agent_rule,
        }
    }
}

impl Outcome {
    /// A fact, or a note of a recipient. (A fact of nobody is still told: whoever keeps facts knows what it needs of them.)
    pub(crate) fn told(mut report: Reported<Said>) -> Result<Self, Reject> {
        match std::mem::replace(&mut report.fact, Said::Note(Note::AutoResponded)) {
            Said::Fact(fact) => Ok(Self::Event(Box::new(report.of(fact)))),
            Said::Note(_) if report.recipient.is_none() => Err(part::no_recipient()),
            Said::Note(note) => Ok(Self::Note(Box::new(report.of(note)))),
        }
    }
}
