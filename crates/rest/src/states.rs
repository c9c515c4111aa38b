//! What stands in the way of mail: Email States of one client or of many, and the send check; now or at any instant.

use axum::response::Response;
use domain::MailClass;
use domain::contact::check::Mail;
use domain::contact::state::Holding;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use view::{Checked, STATES_MAX};

use crate::answer::{Asking, Envelope};
use crate::problem::{Problem, Written};
use crate::query::{Body, Ids, Read, Then, instant, word};

/// One Email State that holds.
#[derive(Serialize, ToSchema)]
pub(crate) struct State {
    /// `spam`, `invalid`, `undeliverable`, `unsubscribed`, `inactive`, `no_address` or `ok`.
    state: &'static str,
    /// When it began; null for a client that never had an address.
    #[schema(format = DateTime)]
    since: Option<String>,
    /// The message that caused it.
    message: Option<String>,
    /// The hash of the address that it is about; null when it is the client.
    address_hash: Option<String>,
    /// Of `unsubscribed`: the list; null for all mass mail.
    list: Option<String>,
    /// Of suppressions: `bounce`, `complaint`, `invalid` or `domain`.
    cause: Option<&'static str>,
    /// The provider had flagged the address before, maybe not because of this organisation's mail.
    revealed: bool,
    /// What ends it, in English; null for `ok`.
    lifted_by: Option<&'static str>,
}

impl State {
    pub(crate) fn of(holding: &Holding) -> Self {
        let list = match &holding.scope {
            Some(domain::Scope::List(list)) => Some(list.clone()),
            _ => None,
        };
        Self {
            state: holding.state.word(),
            since: holding.since.map(domain::Time::rfc3339),
            message: holding.message.clone().filter(|message| !message.is_empty()),
            address_hash: holding.address.map(|hash| contract::json::hex(&hash.0)),
            list,
            cause: holding.cause.map(|(cause, _)| cause.word()),
            revealed: holding.cause.is_some_and(|(_, revealed)| revealed),
            lifted_by: holding.lifted_by.map(domain::contact::state::LiftedBy::words),
        }
    }
}

/// A client's Email States, the gravest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClientStates {
    client: String,
    /// False when the organisation knows no such client at that time; then there are no states.
    known: bool,
    /// `ok` alone when nothing stands in the way.
    states: Vec<State>,
}

impl ClientStates {
    pub(crate) fn of(client: String, states: &[Holding]) -> Self {
        Self { client, known: !states.is_empty(), states: states.iter().map(State::of).collect() }
    }
}

/// The Email State of one client.
#[utoipa::path(
    get, path = "/v1/orgs/{org}/clients/{client}/email-state", tag = "clients", operation_id = "email_state",
    params(("org" = String, Path, description = "The organisation."), ("client" = String, Path, description = "The client's id."), Then),
    responses((status = 200, description = "What holds, with cause and remedy.", body = Envelope<ClientStates>)),
)]
pub(crate) async fn of_client(
    asking: Asking,
    Ids((_, client)): Ids<(String, String)>,
    Read(then): Read<Then>,
) -> Result<Response, Problem> {
    let at = then.at()?;
    Ok(asking
        .answer(move |asked| {
            let states = asked.rows.states(&asked.organisation, &client, at.unwrap_or(asked.now))?;
            if states.is_empty() && asked.rows.client(&asked.organisation, &client, None, 1)?.is_none() {
                return Err(Problem::not_found());
            }
            Ok(ClientStates::of(client, &states))
        })
        .await)
}

/// Whose states.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatesAsked {
    /// Ids of clients.
    #[schema(max_items = 500)]
    clients: Vec<String>,
    /// As of this instant by event time, known what is known now.
    #[schema(format = DateTime)]
    as_of: Option<String>,
}

/// The Email States of up to 500 clients, in the order asked.
#[utoipa::path(
    post, path = "/v1/orgs/{org}/email-states", tag = "clients", operation_id = "email_states",
    params(("org" = String, Path, description = "The organisation.")),
    request_body = StatesAsked,
    responses(
        (status = 200, description = "One entry a client.", body = Envelope<Vec<ClientStates>>),
        (status = 422, description = "More than 500 clients.", body = Written, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn of_clients(
    asking: Asking,
    Ids(_): Ids<String>,
    Body(wanted): Body<StatesAsked>,
) -> Result<Response, Problem> {
    let at = instant("as_of", wanted.as_of.as_deref())?;
    if wanted.clients.len() > STATES_MAX {
        return Err(view::Error::TooMany { given: wanted.clients.len(), most: STATES_MAX }.into());
    }
    Ok(asking
        .answer(move |asked| {
            let states = asked.rows.states_of(&asked.organisation, &wanted.clients, at.unwrap_or(asked.now))?;
            Ok(wanted
                .clients
                .into_iter()
                .zip(&states)
                .map(|(client, held)| ClientStates::of(client, held))
                .collect::<Vec<_>>())
        })
        .await)
}

/// A send that is planned.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendAsked {
    /// Ids of clients, each of whom is checked once.
    clients: Vec<String>,
    /// `mass` (the default) or `transactional`: inactivity and unsubscribes do not withhold the latter.
    class: Option<String>,
    /// The list that it is of: its register counts beside the organisation's.
    list: Option<String>,
    /// When it is sent; now where nothing is said. A past instant tells why a client did not get that day's mail.
    #[schema(format = DateTime)]
    at: Option<String>,
}

/// Whether a mail may go to a client.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClientVerdict {
    client: String,
    /// Whether the organisation knows the id; to whom it does not know, nothing may go.
    known: bool,
    /// `send` or `withhold`.
    verdict: &'static str,
    /// The hash of the address that it is about: of those that the client uses the one with least against it.
    address_hash: Option<String>,
    /// Every reason against it, the gravest first.
    reasons: Vec<Hindrance>,
    /// No interaction is on record, so inactivity could not be judged.
    no_activity_on_record: bool,
}

/// A reason to withhold a mail.
#[derive(Serialize, ToSchema)]
pub(crate) struct Hindrance {
    /// The word, as a `withheld` event gives it.
    reason: &'static str,
    state: State,
}

impl ClientVerdict {
    fn of(checked: Checked) -> Self {
        let goes = checked.is_known && checked.verdict.may_send();
        let reason = |of: &domain::contact::check::Hindrance| Hindrance {
            reason: of.reason.word(),
            state: State::of(&of.holding),
        };
        Self {
            known: checked.is_known,
            verdict: if goes { "send" } else { "withhold" },
            address_hash: checked.address.map(|hash| contract::json::hex(&hash.0)),
            reasons: checked.verdict.hindrances.iter().map(reason).collect(),
            no_activity_on_record: checked.verdict.no_activity_on_record,
            client: checked.client,
        }
    }
}

/// Before a send: to whom it may go, and for each of the others why not.
#[utoipa::path(
    post, path = "/v1/orgs/{org}/send-check", tag = "clients", operation_id = "send_check",
    params(("org" = String, Path, description = "The organisation.")),
    request_body = SendAsked,
    responses(
        (status = 200, description = "One verdict a client, in the order asked.", body = Envelope<Vec<ClientVerdict>>),
        (status = 422, description = "More distinct clients than one send may have.", body = Written,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn send_check(
    asking: Asking,
    Ids(_): Ids<String>,
    Body(wanted): Body<SendAsked>,
) -> Result<Response, Problem> {
    let name = |class| if class == MailClass::Mass { "mass" } else { "transactional" };
    let classes = [MailClass::Mass, MailClass::Transactional];
    let class = word("class", wanted.class.as_deref(), &classes, name)?.unwrap_or(MailClass::Mass);
    let at = instant("at", wanted.at.as_deref())?;
    let list = wanted.list.filter(|list| !list.is_empty());
    Ok(asking
        .answer(move |asked| {
            let mail = Mail { class, list, at: at.unwrap_or(asked.now) };
            let checked = asked.rows.send_check(&asked.organisation, &wanted.clients, &mail)?;
            Ok(checked.into_iter().map(ClientVerdict::of).collect::<Vec<_>>())
        })
        .await)
}
