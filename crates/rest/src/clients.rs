//! Clients: all by name or those whom words find, one with their Email State, and the mails of one.

use axum::response::Response;
use domain::Time;
use domain::contact::state::Holding;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use view::{ClientPage, Listed, Mail, WORDS_MAX};

use crate::answer::{Asked, Asking, Envelope, Page};
use crate::problem::Problem;
use crate::query::{Ids, Part, Read, Then, instant, rows};
use crate::row::MessageRow;
use crate::states::ClientStates;

#[derive(Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Words that name or addresses hold, without case and accents; of one or two letters where a word begins.
    q: Option<String>,
    /// `next` of the part before.
    after: Option<String>,
    /// Rows at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<String>,
}

/// A client with their Email States as they are now.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClientRow {
    /// The name, where the platform gave it and it is not erased.
    name: Option<String>,
    /// Addresses, a few at most: they tell one from another of the same name. Empty where all are erased.
    addresses: Vec<String>,
    #[serde(flatten)]
    states: ClientStates,
}

impl ClientRow {
    fn of(listed: Listed, held: &[Holding]) -> Self {
        let Listed { client, name, addresses } = listed;
        Self { name, addresses, states: ClientStates::of(client, held) }
    }
}

fn page(asked: &Asked<'_>, found: ClientPage) -> Result<Page<ClientRow>, Problem> {
    let ids: Vec<String> = found.rows.iter().map(|row| row.client.clone()).collect();
    let states = asked.rows.states_of(&asked.organisation, &ids, asked.now)?;
    let rows = found.rows.into_iter().zip(&states);
    let row = |(listed, held): (Listed, &Vec<_>)| ClientRow::of(listed, held);
    Ok(Page { rows: rows.map(row).collect(), next: found.next })
}

/// Clients of the organisation, by name.
#[utoipa::path(
    get, path = "/v1/orgs/{org}/clients", tag = "clients", operation_id = "clients",
    params(("org" = String, Path, description = "The organisation."), Wanted),
    responses((status = 200, description = "A part of the list.", body = Envelope<Page<ClientRow>>)),
)]
pub(crate) async fn list(asking: Asking, Ids(_): Ids<String>, Read(wanted): Read<Wanted>) -> Result<Response, Problem> {
    let limit = rows(wanted.limit.as_deref())?;
    Ok(asking
        .answer(move |asked| {
            let words: String = wanted.q.unwrap_or_default().chars().take(WORDS_MAX).collect();
            let found = asked.rows.clients(&asked.organisation, &words, wanted.after.as_deref(), limit)?;
            page(asked, found)
        })
        .await)
}

/// Clients who unsubscribed in their account and not from a mail: they are in no campaign's number.
#[utoipa::path(
    get, path = "/v1/orgs/{org}/unsubscribed", tag = "clients", operation_id = "unsubscribed",
    params(("org" = String, Path, description = "The organisation."), Part),
    responses((status = 200, description = "A part of the list.", body = Envelope<Page<ClientRow>>)),
)]
pub(crate) async fn unsubscribed(
    asking: Asking,
    Ids(_): Ids<String>,
    Read(wanted): Read<Part>,
) -> Result<Response, Problem> {
    let limit = rows(wanted.limit.as_deref())?;
    Ok(asking
        .answer(move |asked| {
            let after = wanted.after.as_deref();
            let found = asked.rows.unsubscribed_without_mail(&asked.organisation, after, limit)?;
            page(asked, found)
        })
        .await)
}

/// One client.
#[utoipa::path(
    get, path = "/v1/orgs/{org}/clients/{client}", tag = "clients", operation_id = "client",
    params(("org" = String, Path, description = "The organisation."), ("client" = String, Path, description = "The client's id."), Then),
    responses((status = 200, description = "Name and Email States.", body = Envelope<ClientRow>)),
)]
pub(crate) async fn one(
    asking: Asking,
    Ids((_, client)): Ids<(String, String)>,
    Read(then): Read<Then>,
) -> Result<Response, Problem> {
    let at = then.at()?;
    Ok(asking
        .answer(move |asked| {
            asked.rows.client(&asked.organisation, &client, None, 1)?.ok_or_else(Problem::not_found)?;
            let held = asked.rows.states(&asked.organisation, &client, at.unwrap_or(asked.now))?;
            Ok(ClientRow::of(asked.rows.listed(&asked.organisation, &client)?, &held))
        })
        .await)
}

#[derive(Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Mailed {
    /// As of this instant by event time, known what is known now.
    #[param(format = DateTime)]
    as_of: Option<String>,
    /// `next` of the part before.
    after: Option<String>,
    /// Rows at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<String>,
}

/// A mail of a client.
#[derive(Serialize, ToSchema)]
pub(crate) struct Email {
    /// When the first thing happened to it.
    #[schema(format = DateTime)]
    first: Option<String>,
    /// The campaign's name; null for a mail from the client's file, or while nobody named it.
    campaign_name: Option<String>,
    message: MessageRow,
}

/// The mails that were sent to a client or withheld from them, the newest first.
#[utoipa::path(
    get, path = "/v1/orgs/{org}/clients/{client}/emails", tag = "clients", operation_id = "emails",
    params(("org" = String, Path, description = "The organisation."), ("client" = String, Path, description = "The client's id."), Mailed),
    responses((status = 200, description = "A part of the list.", body = Envelope<Page<Email>>)),
)]
pub(crate) async fn emails(
    asking: Asking,
    Ids((_, client)): Ids<(String, String)>,
    Read(wanted): Read<Mailed>,
) -> Result<Response, Problem> {
    let (at, limit) = (instant("as_of", wanted.as_of.as_deref())?, rows(wanted.limit.as_deref())?);
    Ok(asking
        .answer(move |asked| {
            let after = wanted.after.as_deref();
            let found = asked.rows.client_until(&asked.organisation, &client, at, after, limit)?;
            let found = found.ok_or_else(Problem::not_found)?;
            let rows = found.mails.iter().filter_map(|mail| email(asked, mail, at).transpose());
            Ok(Page { rows: rows.collect::<Result<_, Problem>>()?, next: found.next })
        })
        .await)
}

fn email(asked: &Asked<'_>, mail: &Mail, at: Option<Time>) -> Result<Option<Email>, Problem> {
    let was = at.map_or_else(|| Some(mail.recipient.clone()), |at| mail.recipient.at(at));
    let Some(was) = was else { return Ok(None) };
    let seen = at.unwrap_or(asked.rows.as_of()?.time);
    let campaign_name = Some(mail.campaign.clone()).filter(|name| !name.is_empty());
    let message = MessageRow::of(&asked.organisation, &was, seen)?;
    Ok(Some(Email { first: mail.at.map(Time::rfc3339), campaign_name, message }))
}
