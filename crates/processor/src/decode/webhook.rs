//! One provider's request: each fact and recipient in it goes to its message, or to the correlations when only the
//! provider's message id says which; what cannot be used is dead-lettered alone, so that its neighbours count.

use contract::Proto as _;
use contract::proto::correlation::v1::{Correlation, correlation::Said};
use contract::proto::webhook::v1::Webhook;
use domain::{Arrival, Attribution, Event, SourcePosition, Time};
use providers::{DECODER_VERSION, Outcome, Provider, Reported};

use super::{Source, text};
use crate::accounts::Account;
use crate::emit::Emit;
use crate::reject::Reject;
use crate::settings::Settings;

/// What one part of a request became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It went to this (organisation, message).
    Message(String, String),
    /// It waits for, or found, its send under this key of the correlations; with the event's id.
    Correlated(bytes::Bytes, [u8; 16]),
    /// It says nothing that a message keeps, and why.
    Ignored(&'static str),
    /// It cannot be used: it is with the dead letters.
    Rejected(Reject),
}

/// A request with what decides how it is read.
struct Request<'a> {
    settings: &'a Settings,
    source: &'a Source<'a>,
    webhook: Webhook,
    account: &'a Account,
    arrival: Arrival,
}

/// Decodes the record of the intake.
///
/// # Errors
/// Why the request as a whole is refused.
pub fn decode(settings: &Settings, source: &Source<'_>, emit: &mut Emit<'_>) -> Result<(), (String, Reject)> {
    fates(settings, source, emit).map(|_| ()).map_err(|why| (String::new(), why))
}

/// Decodes a request and says what became of each part, in the order of the body.
///
/// # Errors
/// Why the request as a whole is refused.
pub fn fates(settings: &Settings, source: &Source<'_>, emit: &mut Emit<'_>) -> Result<Vec<Fate>, Reject> {
    let webhook = parse(source.stored.record.value.as_deref())?;
    let provider = provider(&webhook.provider)?;
    let account = account(settings, &webhook)?;
    let headers: Vec<(&str, &str)> =
        webhook.headers.iter().map(|header| (header.name.as_str(), header.value.as_str())).collect();
    let outcomes = provider.read(&headers, &webhook.body, &account.mapping).map_err(|why| Reject {
        reason: why.reason,
        field: "body",
        detail: why.detail,
    })?;
    let received = webhook
        .received_at
        .as_ref()
        .map_or_else(|| Time::from_micros(source.stored.record.timestamp_ms.saturating_mul(1_000)), contract::time_of);
    let position =
        SourcePosition { topic: source.topic.into(), partition: source.origin.partition, offset: source.stored.offset };
    let arrival = Arrival { received, source: position };
    let request = Request { settings, source, webhook, account, arrival };
    Ok(outcomes.into_iter().map(|outcome| request.part(outcome, emit)).collect())
}

fn parse(value: Option<&[u8]>) -> Result<Webhook, Reject> {
    match value {
        None | Some([]) => Err(Reject::record("empty_value", "the record has no value: write a Webhook")),
        Some(bytes) => contract::decode("Webhook", bytes)
            .map_err(|error| Reject::record("not_protobuf", format!("{error}: write mailtally.webhook.v1.Webhook"))),
    }
}

fn provider(name: &str) -> Result<&'static Provider, Reject> {
    providers::provider(name).ok_or_else(|| {
        let known: Vec<&str> = providers::ALL.iter().map(|provider| provider.name).collect();
        Reject::field("unknown_provider", "provider", format!("is none of: {}", known.join(", ")))
    })
}

fn account<'a>(settings: &'a Settings, webhook: &Webhook) -> Result<&'a Account, Reject> {
    let name = (webhook.provider.clone(), webhook.account.clone());
    settings.accounts.get(&name).ok_or_else(|| {
        let detail = "is not configured: add an [[account]] that binds it to its organisations, then redrive this";
        Reject::field("unknown_account", "account", detail)
    })
}

impl Request<'_> {
    fn part(&self, outcome: Outcome, emit: &mut Emit<'_>) -> Fate {
        match outcome {
            Outcome::Event(reported) => self.event(&reported, emit).unwrap_or_else(|why| {
                self.dead_letter(None, &reported.organisation, &why, emit);
                Fate::Rejected(why)
            }),
            Outcome::Note(reported) => Fate::Ignored(reported.fact.word()),
            Outcome::Ignored { why, .. } => Fate::Ignored(why),
            Outcome::Rejected { why, raw } => {
                let why = Reject { reason: why.reason, field: "body", detail: why.detail };
                self.dead_letter(Some(raw), &None, &why, emit);
                Fate::Rejected(why)
            }
        }
    }

    fn event(&self, reported: &Reported, emit: &mut Emit<'_>) -> Result<Fate, Reject> {
        let organisation = self.organisation(reported)?;
        let event = self.normalised(reported, organisation.unwrap_or_default())?;
        if let (Some(organisation), Some(message)) = (organisation, &reported.message) {
            text::id("message", message)?;
            emit.event(&event);
            return Ok(Fate::Message(organisation.to_owned(), message.clone()));
        }
        self.correlate(reported, organisation, &event, emit)
    }

    /// The organisation that the event is of: the one that it names, if its account may speak for it, else the account's only.
    fn organisation<'r>(&'r self, reported: &'r Reported) -> Result<Option<&'r str>, Reject> {
        match reported.organisation.as_deref() {
            Some(named) if self.account.speaks_for(named) => Ok(Some(named)),
            Some(_) => {
                let detail = "names an organisation that this account is not bound to: bind it in [[account]]";
                Err(Reject::field("foreign_organisation", "organisation", detail))
            }
            None => Ok(self.account.only()),
        }
    }

    fn normalised(&self, reported: &Reported, organisation: &str) -> Result<Event, Reject> {
        let address = reported.recipient.as_deref();
        let address = address.map(|given| contract::identity::address(&self.settings.address_key, given));
        let id = |field, id: &Option<String>| match id {
            Some(id) => text::optional_id(field, id).map(|id| Some(id.to_owned())),
            None => Ok(None),
        };
        let (provider, account) = (self.webhook.provider.as_bytes(), self.webhook.account.as_bytes());
        Ok(Event {
            organisation: organisation.to_owned(),
            message: reported.message.clone().unwrap_or_default(),
            id: contract::identity::event(&[b"webhook", provider, account, &reported.id.0]),
            time: text::believable("time", reported.time.unwrap_or(self.arrival.received), self.arrival.received)?,
            decoder: DECODER_VERSION,
            retracted: false,
            rank: reported.rank,
            attribution: Attribution {
                campaign: id("campaign", &reported.campaign)?,
                client: id("client", &reported.client)?,
                address,
                class: reported.class,
                copy: reported.copy,
                origin: reported.origin,
            },
            provider: self.webhook.provider.clone(),
            fact: reported.fact.clone(),
            arrival: self.arrival.clone(),
        })
    }

    /// Without our message id the provider's decides, once the send has named it.
    fn correlate(
        &self,
        reported: &Reported,
        organisation: Option<&str>,
        event: &Event,
        emit: &mut Emit<'_>,
    ) -> Result<Fate, Reject> {
        let message = reported.named_message().ok_or_else(|| {
            Reject::field("no_message", "message", "names neither our message id nor the provider's: pass ours at send")
        })?;
        let said = Correlation {
            organisation: organisation.unwrap_or_default().to_owned(),
            said: Some(Said::Event(contract::event::to_wire(event))),
            time_us: event.time.micros(),
            organisations: organisation
                .map_or_else(|| self.account.organisations.clone(), |named| vec![named.to_owned()]),
        };
        let id =
            [self.webhook.provider.as_str(), self.webhook.account.as_str(), text::optional_id("message", message)?];
        let address = event.attribution.address.map(|hash| hash.0);
        emit.correlation(id, address.as_ref(), &said);
        let [provider, account, message] = id;
        Ok(Fate::Correlated(contract::key::correlation(provider, account, message, address.as_ref()), event.id.0))
    }

    /// A part is kept as a request of its own, so that it can be redriven without its neighbours; without bytes of its
    /// own it is the whole request.
    fn dead_letter(&self, part: Option<Vec<u8>>, organisation: &Option<String>, why: &Reject, emit: &mut Emit<'_>) {
        let claimed = organisation.as_deref().unwrap_or_default();
        let Some(body) = part else {
            return emit.dead_letter(self.source.origin, self.source.stored, claimed, why);
        };
        let alone = Webhook { body: body.into(), ..self.webhook.clone() };
        let mut stored = self.source.stored.clone();
        stored.record.value = Some(alone.encode_to_vec().into());
        emit.dead_letter(self.source.origin, &stored, claimed, why);
    }
}
