//! One platform event: validated, and given to the decoder of its kind. `mailtally check`, the HTTP intake and the
//! processor ask this one function.

use contract::proto::platform::v1::{PlatformEvent, platform_event::Event as Kind};
use domain::{Arrival, EventId, SourcePosition, Time};

use super::{Source, platform_contacts, platform_facts, platform_people, text};
use crate::emit::Emit;
use crate::reject::Reject;
use crate::settings::Settings;

/// Version of the platform decoder: of equal event ids the highest version wins.
pub const DECODER_VERSION: u32 = 1;

/// What every kind of platform event has: for whom, when, which one, and how it came.
pub struct Common<'a> {
    /// The installation.
    pub settings: &'a Settings,
    /// The organisation.
    pub organisation: &'a str,
    /// When it happened.
    pub time: Time,
    /// Its identity.
    pub id: EventId,
    /// How it reached us.
    pub arrival: Arrival,
}

/// Decodes the record of an intake.
///
/// # Errors
/// The organisation that it claims, if it could be read, and why it is refused.
pub fn decode(settings: &Settings, source: &Source<'_>, emit: &mut Emit<'_>) -> Result<(), (String, Reject)> {
    let event = parse(source.stored.record.value.as_deref()).map_err(|why| (String::new(), why))?;
    let received = Time::from_micros(source.stored.record.timestamp_ms.saturating_mul(1_000));
    let arrival = Arrival {
        received,
        source: SourcePosition {
            topic: source.topic.into(),
            partition: source.origin.partition,
            offset: source.stored.offset,
        },
    };
    event_of(settings, &event, arrival, emit).map_err(|why| (event.organisation.clone(), why))
}

/// Decodes one event that arrived so.
///
/// # Errors
/// Why it is refused: field and remedy.
pub fn event_of(
    settings: &Settings,
    event: &PlatformEvent,
    arrival: Arrival,
    emit: &mut Emit<'_>,
) -> Result<(), Reject> {
    let common = Common {
        settings,
        organisation: text::organisation(&event.organisation)?,
        time: text::time(event.time.as_ref(), arrival.received)?,
        id: identity(event)?,
        arrival,
    };
    let kind = event.event.as_ref().ok_or_else(|| {
        Reject::field("unknown_kind", "event", "names no kind that this version knows: see proto/platform.proto")
    })?;
    match kind {
        Kind::Send(send) => platform_facts::send(&common, send, emit),
        Kind::Refused(refused) => platform_facts::refused(&common, refused, emit),
        Kind::Withheld(withheld) => platform_facts::withheld(&common, withheld, emit),
        Kind::Campaign(campaign) => platform_facts::campaign(&common, campaign, emit),
        Kind::Body(body) => platform_people::body(&common, body, emit),
        Kind::Client(client) => platform_people::client(&common, client, emit),
        Kind::Settings(organisation) => platform_people::organisation(&common, organisation, emit),
        Kind::Address(address) => platform_contacts::address(&common, address, emit),
        Kind::Preference(preference) => platform_contacts::preference(&common, preference, emit),
        Kind::Interaction(interaction) => platform_contacts::interaction(&common, interaction, emit),
        Kind::Transaction(transaction) => platform_contacts::transaction(&common, transaction, emit),
        Kind::Erase(erase) => platform_contacts::erase(&common, erase, emit),
    }
}

fn parse(value: Option<&[u8]>) -> Result<PlatformEvent, Reject> {
    match value {
        None | Some([]) => Err(Reject::record("empty_value", "the record has no value: write a PlatformEvent")),
        Some(bytes) => contract::decode("PlatformEvent", bytes).map_err(|error| {
            Reject::record("not_protobuf", format!("{error}: write mailtally.platform.v1.PlatformEvent as protobuf"))
        }),
    }
}

/// The writer's id when given, else all of the event's bytes: a retry is a duplicate, a change is another event.
fn identity(event: &PlatformEvent) -> Result<EventId, Reject> {
    use contract::Proto as _;
    let given = text::optional_id("id", &event.id)?;
    let bytes = if given.is_empty() { event.encode_to_vec() } else { given.as_bytes().to_vec() };
    let form: &[u8] = if given.is_empty() { b"bytes" } else { b"id" };
    Ok(contract::identity::event(&[b"platform", event.organisation.as_bytes(), form, &bytes]))
}
