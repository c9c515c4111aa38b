//! A campaign by its links, delivery providers and mailbox domains, the largest first.

use axum::response::Response;
use contract::Proto as _;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};
use view::{Error, Snapshot};

use crate::answer::{Asking, Envelope};
use crate::campaign::known;
use crate::problem::Problem;
use crate::query::{Ids, Most, Read, rows};
use crate::schema;

/// The largest of something.
#[derive(Serialize, ToSchema)]
pub(crate) struct Largest<T> {
    rows: Vec<T>,
    /// There are more than were asked for.
    more: bool,
}

/// A link by its template.
#[derive(Serialize, ToSchema)]
pub(crate) struct Link {
    template: String,
    /// Messages in which a person followed it.
    clicked: u64,
    /// Times that persons did.
    clicks: u64,
    /// Times that machines did.
    machine_clicks: u64,
}

/// Messages of one provider or mailbox domain. The numbers of all parts add up to the campaign's, not-sent ones and copies aside.
#[derive(Serialize, ToSchema)]
pub(crate) struct Part {
    /// Its name; empty for messages of which no provider spoke yet, or whose address is not kept.
    name: String,
    counters: PartCounters,
}

/// Counters, as in the topic `campaign-stats`.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct PartCounters(Map<String, Value>);

impl PartialSchema for PartCounters {
    fn schema() -> RefOr<Schema> {
        schema::object(schema::fields("mailtally.campaign.v1.Counters")).into()
    }
}

impl ToSchema for PartCounters {}

impl From<view::Part> for Part {
    fn from(of: view::Part) -> Self {
        let wire = contract::counters::to_wire(&of.counters).encode_to_vec();
        let fields = contract::json::value("mailtally.campaign.v1.Counters", &wire).unwrap_or_default();
        let counters = if let Value::Object(fields) = fields { fields } else { Map::new() };
        Self { name: of.name, counters: PartCounters(counters) }
    }
}

/// The most clicked links of a campaign.
#[utoipa::path(
    get, path = "/v1/orgs/{org}/campaigns/{campaign}/links", tag = "campaigns", operation_id = "links",
    params(("org" = String, Path, description = "The organisation."), ("campaign" = String, Path, description = "The campaign's id."), Most),
    responses((status = 200, description = "Its links, the most clicked first.", body = Envelope<Largest<Link>>)),
)]
pub(crate) async fn links(
    asking: Asking,
    Ids((_, id)): Ids<(String, String)>,
    Read(wanted): Read<Most>,
) -> Result<Response, Problem> {
    let limit = rows(wanted.limit.as_deref())?;
    let link = |of: view::Link| {
        let view::Link { template, clicked, clicks, machine_clicks } = of;
        Link { template, clicked, clicks, machine_clicks }
    };
    Ok(asking
        .answer(move |asked| {
            known(asked, &id)?;
            let found = asked.rows.links(&asked.organisation, &id, limit)?;
            Ok(Largest { rows: found.rows.into_iter().map(link).collect(), more: found.more })
        })
        .await)
}

/// The delivery providers of a campaign's messages: of each, the one that first spoke of it.
#[utoipa::path(
    get, path = "/v1/orgs/{org}/campaigns/{campaign}/providers", tag = "campaigns", operation_id = "providers",
    params(("org" = String, Path, description = "The organisation."), ("campaign" = String, Path, description = "The campaign's id."), Most),
    responses((status = 200, description = "Its providers, the one with most messages first.", body = Envelope<Largest<Part>>)),
)]
pub(crate) async fn providers(
    asking: Asking,
    Ids((_, id)): Ids<(String, String)>,
    Read(wanted): Read<Most>,
) -> Result<Response, Problem> {
    largest(asking, id, &wanted, |rows, org, id, limit| rows.providers(org, id, limit)).await
}

/// The mailbox domains of a campaign's messages: of the addresses used, while they are kept.
#[utoipa::path(
    get, path = "/v1/orgs/{org}/campaigns/{campaign}/domains", tag = "campaigns", operation_id = "domains",
    params(("org" = String, Path, description = "The organisation."), ("campaign" = String, Path, description = "The campaign's id."), Most),
    responses((status = 200, description = "Its domains, the one with most messages first.", body = Envelope<Largest<Part>>)),
)]
pub(crate) async fn domains(
    asking: Asking,
    Ids((_, id)): Ids<(String, String)>,
    Read(wanted): Read<Most>,
) -> Result<Response, Problem> {
    largest(asking, id, &wanted, |rows, org, id, limit| rows.domains(org, id, limit)).await
}

/// How parts are read: of an organisation's campaign, so many.
type Reads = fn(&Snapshot<'_>, &str, &str, usize) -> Result<view::Parts, Error>;

async fn largest(asking: Asking, id: String, wanted: &Most, read: Reads) -> Result<Response, Problem> {
    let limit = rows(wanted.limit.as_deref())?;
    Ok(asking
        .answer(move |asked| {
            known(asked, &id)?;
            let found = read(&asked.rows, &asked.organisation, &id, limit)?;
            Ok(Largest { rows: found.rows.into_iter().map(Part::from).collect(), more: found.more })
        })
        .await)
}
