//! One event: a fact, when it happened, what it says about its message, and how it came to us.

use std::borrow::Cow;

use crate::{Fact, MailClass, Time};

/// Identity of an event: the first 16 bytes of a SHA-256 over the raw payload's identity, never over its interpretation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub [u8; 16]);

/// HMAC-SHA256 of a normalised address under the installation's key, first 16 bytes. State never holds an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressHash(pub [u8; 16]);

/// How much an event's word about its message's campaign counts. Lower wins (DESIGN.md section 1, Counters).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// The mailer's own send.
    Send,
    /// Our ids in the provider's custom data.
    CustomData,
    /// Tags or categories.
    Tags,
}

/// Where a mail was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// A campaign, automated ones too.
    #[default]
    Campaign,
    /// One client's own file: shown only in that client's Emails, counted in no campaign.
    ClientFile,
}

/// What an event says about its message. Every part may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attribution {
    /// The campaign's id, chosen by the mailer.
    pub campaign: Option<String>,
    /// The client's id, chosen by the platform.
    pub client: Option<String>,
    /// The address used, by its hash.
    pub address: Option<AddressHash>,
    /// Mass or transactional, when the event says so.
    pub class: Option<MailClass>,
    /// A copy to the sender or the organisation: counted in no number.
    pub copy: Option<bool>,
    /// Where the mail was written, when the event says so.
    pub origin: Option<Origin>,
}

/// Where a record stands in a log.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourcePosition {
    /// The intake topic's name without its prefix; one of few, so nothing is allocated for each fact.
    pub topic: Cow<'static, str>,
    /// The partition.
    pub partition: u32,
    /// The offset.
    pub offset: u64,
}

/// When and where an event's first copy reached us. No status, counter or order depends on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arrival {
    /// Receipt time.
    pub received: Time,
    /// The intake record that brought it.
    pub source: SourcePosition,
}

/// One normalised, pseudonymous event about one message and one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The organisation that the message belongs to.
    pub organisation: String,
    /// The message's id, chosen by the mailer.
    pub message: String,
    /// Identity, from the raw payload.
    pub id: EventId,
    /// When it happened, in the words of whoever reports it.
    pub time: Time,
    /// Version of the decoder that read it; of equal ids the highest version wins.
    pub decoder: u32,
    /// A mended decoder takes the event back.
    pub retracted: bool,
    /// How much its attribution counts.
    pub rank: Rank,
    /// What it says about the message.
    pub attribution: Attribution,
    /// The delivery provider that reported it; empty for the platform's own.
    pub provider: String,
    /// What happened.
    pub fact: Fact,
    /// How it reached us.
    pub arrival: Arrival,
}
