//! Platform events about messages and campaigns: send, refused, withheld, campaign.

use bytes::Bytes;
use contract::proto::platform::v1 as wire;
use contract::proto::{campaign, correlation, private};
use domain::contact::ContactFact;
use domain::{Attribution, Drop, DropReason, Event, Fact, MailClass, Origin, Rank, Scope, WithheldReason};

use super::platform::{Common, DECODER_VERSION};
use super::{platform_contacts, platform_people, text};
use crate::emit::Emit;
use crate::reject::Reject;

const CLASSES: [(&str, MailClass); 3] =
    [("", MailClass::Mass), ("mass", MailClass::Mass), ("transactional", MailClass::Transactional)];

const ORIGINS: [(&str, Origin); 3] =
    [("", Origin::Campaign), ("campaign", Origin::Campaign), ("client_file", Origin::ClientFile)];

/// Drop reasons as the platform writes them, and what each is attached to.
const DROP_REASONS: [(&str, (DropReason, ScopeWord)); 15] = [
    ("", (DropReason::Other, ScopeWord::Message)),
    ("prior_bounce", (DropReason::PriorBounce, ScopeWord::Address)),
    ("unsubscribed", (DropReason::Unsubscribed, ScopeWord::Address)),
    ("prior_spam", (DropReason::PriorSpam, ScopeWord::Address)),
    ("invalid_address", (DropReason::InvalidAddress, ScopeWord::Address)),
    ("domain_flagged", (DropReason::DomainFlagged, ScopeWord::Domain)),
    ("content_spam", (DropReason::ContentSpam, ScopeWord::Campaign)),
    ("content_virus", (DropReason::ContentVirus, ScopeWord::Message)),
    ("quota", (DropReason::Quota, ScopeWord::Account)),
    ("policy_list", (DropReason::PolicyList, ScopeWord::Address)),
    ("sender_error", (DropReason::SenderError, ScopeWord::Message)),
    ("rendering", (DropReason::Rendering, ScopeWord::Message)),
    ("duplicate", (DropReason::Duplicate, ScopeWord::Message)),
    ("suppressed", (DropReason::Suppressed, ScopeWord::Address)),
    ("other", (DropReason::Other, ScopeWord::Message)),
];

const WITHHELD_REASONS: [(&str, WithheldReason); 11] = [
    ("", WithheldReason::Other),
    ("inactive", WithheldReason::Inactive),
    ("client_unsubscribed", WithheldReason::ClientUnsubscribed),
    ("address_unsubscribed", WithheldReason::AddressUnsubscribed),
    ("invalid", WithheldReason::Invalid),
    ("bounced", WithheldReason::Bounced),
    ("spam", WithheldReason::Spam),
    ("domain_flagged", WithheldReason::DomainFlagged),
    ("no_address", WithheldReason::NoAddress),
    ("over_limit", WithheldReason::OverLimit),
    ("other", WithheldReason::Other),
];

#[derive(Clone, Copy)]
enum ScopeWord {
    Address,
    Domain,
    Message,
    Campaign,
    Account,
}

impl ScopeWord {
    const fn scope(self) -> Scope {
        match self {
            Self::Address => Scope::Address,
            Self::Domain => Scope::Domain,
            Self::Message => Scope::Message,
            Self::Campaign => Scope::Campaign,
            Self::Account => Scope::Account,
        }
    }
}

/// A send: the fact, the address used, and what the provider calls the mail.
pub(super) fn send(common: &Common<'_>, send: &wire::Send, emit: &mut Emit<'_>) -> Result<(), Reject> {
    let message = text::id("send.message", &send.message)?;
    let client = text::id("send.client", &send.client)?;
    let address = text::address("send.address", &send.address)?;
    let class = text::one_of("send.class", &send.class, &CLASSES)?;
    let origin = text::one_of("send.origin", &send.origin, &ORIGINS)?;
    let campaign = match origin {
        Origin::ClientFile => text::optional_id("send.campaign", &send.campaign)?,
        Origin::Campaign => text::id("send.campaign", &send.campaign)?,
    };
    let hash = contract::identity::address(&common.settings.address_key, address);
    let attribution = Attribution {
        campaign: some(campaign),
        client: some(client),
        address: Some(hash),
        class: Some(class),
        copy: Some(send.copy),
        origin: Some(origin),
    };
    known(common, send, &attribution, emit)?;
    emit.event(&event(common, message, attribution, &send.provider, Fact::Sent));
    // A copy goes to the sender's or the organisation's address, which is not the client's.
    let linked = if send.copy { ContactFact::Held } else { ContactFact::Addressed { address: hash, by_send: true } };
    used(common, (client, message), (address, send.subject.as_str()), linked, emit);
    Ok(())
}

/// Keeps the address that a message used, or would have used, with its client's rows.
fn used(
    common: &Common<'_>,
    (client, message): (&str, &str),
    (address, subject): (&str, &str),
    linked: ContactFact,
    emit: &mut Emit<'_>,
) {
    if client.is_empty() || address.is_empty() {
        return;
    }
    let mail = private::v1::Mail { address: address.trim().to_owned(), subject: text::words(subject) };
    let row = platform_people::private(common, private::v1::private::Row::Mail(mail));
    let part = format!("mail/{message}");
    emit.private(common.organisation, client, &part, Some(&row));
    platform_contacts::held(common, client, &part, linked, emit);
}

/// Says which message a provider's id means, when the send names one.
fn known(common: &Common<'_>, send: &wire::Send, said: &Attribution, emit: &mut Emit<'_>) -> Result<(), Reject> {
    let provider = text::optional_id("send.provider", &send.provider)?;
    let account = text::optional_id("send.account", &send.account)?;
    let id = text::optional_id("send.provider_message_id", &send.provider_message_id)?;
    if id.is_empty() {
        return Ok(());
    }
    if provider.is_empty() {
        return Err(Reject::field("missing_field", "send.provider", "is required beside provider_message_id"));
    }
    let hash = said.address.unwrap_or_default();
    let known = correlation::v1::Known {
        organisation: common.organisation.to_owned(),
        message: send.message.clone(),
        campaign: said.campaign.clone().unwrap_or_default(),
        client: said.client.clone().unwrap_or_default(),
        address: Bytes::copy_from_slice(&hash.0),
    };
    let said = correlation::v1::Correlation {
        organisation: common.organisation.to_owned(),
        said: Some(correlation::v1::correlation::Said::Known(known)),
        time_us: common.time.micros(),
        organisations: Vec::new(),
    };
    emit.correlation([provider, account, id.trim_matches(['<', '>'])], Some(&hash.0), &said);
    Ok(())
}

/// The provider's API said no: a send and a drop.
pub(super) fn refused(common: &Common<'_>, refused: &wire::Refused, emit: &mut Emit<'_>) -> Result<(), Reject> {
    let message = text::id("refused.message", &refused.message)?;
    let (reason, scope) = text::one_of("refused.reason", &refused.reason, &DROP_REASONS)?;
    let attribution = attribution(
        common,
        text::optional_id("refused.campaign", &refused.campaign)?,
        text::optional_id("refused.client", &refused.client)?,
        &refused.address,
        "refused.address",
    )?;
    let words = text::scrubbed(&text::words(&refused.text));
    let drop = Drop { reason, scope: scope.scope(), text: words };
    let linked =
        attribution.address.map_or(ContactFact::Held, |address| ContactFact::Addressed { address, by_send: true });
    emit.event(&event(common, message, attribution, "", Fact::Dropped(drop)));
    used(common, (refused.client.as_str(), message), (refused.address.as_str(), ""), linked, emit);
    Ok(())
}

/// The platform did not send: a row of its own under an id made of what it names.
pub(super) fn withheld(common: &Common<'_>, withheld: &wire::Withheld, emit: &mut Emit<'_>) -> Result<(), Reject> {
    let campaign = text::id("withheld.campaign", &withheld.campaign)?;
    let client = text::id("withheld.client", &withheld.client)?;
    let reason = text::one_of("withheld.reason", &withheld.reason, &WITHHELD_REASONS)?;
    let attribution = attribution(common, campaign, client, &withheld.address, "withheld.address")?;
    let named = contract::identity::event(&[campaign.as_bytes(), client.as_bytes()]);
    let message = format!("withheld-{}", contract::json::hex(&named.0));
    emit.event(&event(common, &message, attribution, "", Fact::Withheld(reason)));
    used(common, (client, &message), (withheld.address.as_str(), ""), ContactFact::Held, emit);
    Ok(())
}

/// A campaign's definition, among its partials.
pub(super) fn campaign(common: &Common<'_>, given: &wire::Campaign, emit: &mut Emit<'_>) -> Result<(), Reject> {
    let campaign = text::id("campaign.campaign", &given.campaign)?;
    if given.name.is_empty() {
        return Err(Reject::field("missing_field", "campaign.name", "is required: the title that the sender gave"));
    }
    let class = text::one_of("campaign.class", &given.class, &CLASSES)?;
    let definition = campaign::v1::Definition {
        name: text::words(&given.name),
        time: Some(contract::timestamp_of(common.time)),
        class: contract::event::class_to_wire(class).into(),
        automated: given.automated,
        sender: text::words(&given.sender),
        subject: text::words(&given.subject),
    };
    let partial = campaign::v1::CampaignPartial {
        as_of_us: common.time.micros(),
        part: Some(campaign::v1::campaign_partial::Part::Definition(definition)),
        ..campaign::v1::CampaignPartial::default()
    };
    emit.partial(common.organisation, campaign, "definition", &partial);
    Ok(())
}

fn attribution(
    common: &Common<'_>,
    campaign: &str,
    client: &str,
    address: &str,
    field: &'static str,
) -> Result<Attribution, Reject> {
    let hash = match address {
        "" => None,
        given => Some(contract::identity::address(&common.settings.address_key, text::address(field, given)?)),
    };
    Ok(Attribution { campaign: some(campaign), client: some(client), address: hash, ..Attribution::default() })
}

pub(super) fn event(common: &Common<'_>, message: &str, said: Attribution, provider: &str, fact: Fact) -> Event {
    Event {
        organisation: common.organisation.to_owned(),
        message: message.to_owned(),
        id: common.id,
        time: common.time,
        decoder: DECODER_VERSION,
        retracted: false,
        rank: Rank::Send,
        attribution: said,
        provider: provider.to_owned(),
        fact,
        arrival: common.arrival.clone(),
    }
}

pub(super) fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
