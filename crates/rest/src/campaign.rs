//! One campaign: its numbers, now or of a past instant, its line of sums, what the last recount came to; and its
//! series.

use std::sync::Arc;

use axum::response::Response;
use domain::{Counters, Time};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::ObjectBuilder;
use utoipa::{IntoParams, ToSchema};
use view::{Agreement, Proof, Width};

use crate::answer::{Asked, Asking, Envelope};
use crate::problem::Problem;
use crate::query::{Ids, Read, Then, instant, word, words};
use crate::row::CampaignRow;

/// A campaign in full.
#[derive(Serialize, ToSchema)]
pub(crate) struct CampaignWhole {
    campaign: CampaignRow,
    /// What must hold of the numbers, with its figures.
    invariant: Invariant,
    /// The last recount in the background; null before the first.
    recount: Option<Recount>,
}

/// `sent = pending + delivered + bounced + dropped`.
#[derive(Serialize, ToSchema)]
pub(crate) struct Invariant {
    sent: u64,
    pending: u64,
    delivered: u64,
    bounced: u64,
    dropped: u64,
    holds: bool,
}

/// What a recount of a campaign from its messages' facts came to.
#[derive(Serialize, ToSchema)]
pub(crate) struct Recount {
    /// When, by the wall clock.
    #[schema(format = DateTime)]
    at: String,
    /// Message rows that were read.
    messages: u64,
    /// Facts in them, each an event that is kept.
    events: u64,
    /// By how much the numbers shown and the lengths of the lists are apart from the recount, all together.
    difference: u64,
    /// Whether the published row is the recount at equal offsets; null while the one is ahead of the other.
    published_agrees: Option<bool>,
}

impl From<Proof> for Recount {
    fn from(proof: Proof) -> Self {
        let published_agrees = match proof.published {
            Agreement::Equal => Some(true),
            Agreement::Differs { .. } => Some(false),
            Agreement::NotYet => None,
        };
        let Proof { messages, events, difference, .. } = proof;
        Self { at: proof.at.rfc3339(), messages, events, difference, published_agrees }
    }
}

/// One campaign.
#[utoipa::path(
    get, path = "/v1/orgs/{org}/campaigns/{campaign}", tag = "campaigns", operation_id = "campaign",
    params(("org" = String, Path, description = "The organisation."), ("campaign" = String, Path, description = "The campaign's id."), Then),
    responses((status = 200, description = "Its numbers.", body = Envelope<CampaignWhole>)),
)]
pub(crate) async fn one(
    asking: Asking,
    Ids((_, id)): Ids<(String, String)>,
    Read(then): Read<Then>,
) -> Result<Response, Problem> {
    let at = then.at()?;
    let then = match at {
        Some(at) => Some(asking.counters_at(id.clone(), at).await?),
        None => None,
    };
    Ok(asking.answer(move |asked| whole(asked, &id, then)).await)
}

impl Asking {
    /// Numbers of an instant. Every message is read, a part at a time: the view goes on meanwhile.
    async fn counters_at(&self, id: String, at: Time) -> Result<Counters, Problem> {
        let (turn, view) = (self.turn()?, Arc::clone(&self.rest.view));
        let organisation = self.viewer.organisation.clone();
        let counted = tokio::task::spawn_blocking(move || {
            let counted = view.counters_at(&organisation, &id, at);
            drop(turn);
            counted
        });
        let counted =
            counted.await.map_err(|_| Problem::later("unavailable", "the count was broken off: try again"))?;
        Ok(counted?)
    }
}

fn whole(asked: &Asked<'_>, id: &str, then: Option<Counters>) -> Result<CampaignWhole, Problem> {
    let organisation = &asked.organisation;
    let found = asked.rows.campaign(organisation, id)?.ok_or_else(Problem::not_found)?;
    let campaign = match &then {
        None => CampaignRow::of(&found)?,
        Some(then) => CampaignRow::counting(&found, then)?,
    };
    let recount = asked.view.proof(organisation, id).map(Recount::from).filter(|_| then.is_none());
    let of = then.unwrap_or(found.counters);
    let holds = of.sent == of.pending + of.delivered + of.bounced + of.dropped;
    let (sent, pending, delivered) = (of.sent, of.pending, of.delivered);
    let invariant = Invariant { sent, pending, delivered, bounced: of.bounced, dropped: of.dropped, holds };
    Ok(CampaignWhole { campaign, invariant, recount })
}

#[derive(Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct By {
    /// How long a point lasts.
    #[param(schema_with = widths)]
    by: Option<String>,
    /// Whose hours and days: an IANA time zone. UTC where none is given.
    #[param(example = "America/Toronto")]
    zone: Option<String>,
    /// Points from this instant on.
    #[param(format = DateTime)]
    from: Option<String>,
}

fn widths() -> ObjectBuilder {
    words(["hour", "day"])
}

/// What happened over time.
#[derive(Serialize, ToSchema)]
pub(crate) struct Series {
    /// Points by time; those in which nothing happened are left out.
    points: Vec<Point>,
    /// There is more: ask again from the last point's start.
    more: bool,
}

/// What happened from an instant until the next. Messages are counted once, when it first happened to them: a column adds up to the
/// campaign's number. Opens and clicks are events by persons.
#[derive(Serialize, ToSchema)]
pub(crate) struct Point {
    #[schema(format = DateTime)]
    start: String,
    sent: u64,
    delivered: u64,
    opened: u64,
    clicked: u64,
    opens: u64,
    clicks: u64,
}

impl From<view::Point> for Point {
    fn from(of: view::Point) -> Self {
        let view::Point { start, sent, delivered, opened, clicked, opens, clicks } = of;
        Self { start: start.rfc3339(), sent, delivered, opened, clicked, opens, clicks }
    }
}

/// A campaign over time, by hour or day of a time zone.
#[utoipa::path(
    get, path = "/v1/orgs/{org}/campaigns/{campaign}/series", tag = "campaigns", operation_id = "series",
    params(("org" = String, Path, description = "The organisation."), ("campaign" = String, Path, description = "The campaign's id."), By),
    responses((status = 200, description = "Its points.", body = Envelope<Series>)),
)]
pub(crate) async fn series(
    asking: Asking,
    Ids((_, id)): Ids<(String, String)>,
    Read(wanted): Read<By>,
) -> Result<Response, Problem> {
    let width = word("by", wanted.by.as_deref(), &[Width::Hour, Width::Day], Width::word)?.unwrap_or(Width::Day);
    let from = instant("from", wanted.from.as_deref())?;
    Ok(asking
        .answer(move |asked| {
            known(asked, &id)?;
            let zone = wanted.zone.as_deref().unwrap_or_default();
            let series = asked.rows.series(&asked.organisation, &id, width, zone, from)?;
            Ok(Series { points: series.points.into_iter().map(Point::from).collect(), more: series.more })
        })
        .await)
}

/// Refuses what the organisation has no campaign of.
pub(crate) fn known(asked: &Asked<'_>, id: &str) -> Result<(), Problem> {
    asked.rows.campaign(&asked.organisation, id)?.map(drop).ok_or_else(Problem::not_found)
}
