//! The rows behind a tile: as many as its number, of the same moment; those of one status or reason, and those that words find.

use axum::response::Response;
use domain::{DropReason, Status, WithheldReason};
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use view::{Campaign, Narrow, Recipient, Tile};

use crate::answer::{Asked, Asking, Envelope};
use crate::export::{self, Format};
use crate::problem::Problem;
use crate::query::{Ids, Read, rows, words};
use crate::row::MessageRow;

#[derive(Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Words of the client's name or address, or the id of a message or client.
    q: Option<String>,
    /// Of `dropped` and `not-sent`: only those with this reason.
    #[param(schema_with = reasons)]
    reason: Option<String>,
    /// Of `sent`: only those of this status.
    #[param(schema_with = statuses)]
    status: Option<String>,
    /// `next` of the part before.
    after: Option<String>,
    /// Rows at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<String>,
    /// `csv` for every row of the filter as RFC 4180.
    #[param(schema_with = export::formats)]
    format: Option<String>,
}

fn reasons() -> ObjectBuilder {
    words(DropReason::ALL.map(DropReason::word).into_iter().chain(WithheldReason::ALL.map(WithheldReason::word)))
}

fn statuses() -> ObjectBuilder {
    words(Status::ALL.map(Status::word))
}

/// A tile's name, for the description.
struct TileName;

impl PartialSchema for TileName {
    fn schema() -> RefOr<Schema> {
        words(Tile::ALL.map(Tile::word)).into()
    }
}

impl ToSchema for TileName {}

/// A part of a tile's list.
#[derive(Serialize, ToSchema)]
pub(crate) struct TilePage {
    /// The tile's number, of the same moment as the rows.
    tile: u64,
    /// Rows of the whole narrowed list; null for a search, which nobody has counted.
    count: Option<u64>,
    /// Its rows. There may be fewer than asked for although there are more.
    rows: Vec<MessageRow>,
    /// `after` of the next part; null at the end.
    next: Option<String>,
}

/// What a request comes to.
struct List {
    campaign: String,
    tile: Tile,
    part: Narrow,
}

impl List {
    fn read(campaign: String, tile: &str, wanted: &Wanted) -> Result<Self, Problem> {
        let tile = Tile::parse(tile).ok_or_else(Problem::not_found)?;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let part = Narrow::read(tile, &text(&wanted.q), &text(&wanted.reason), &text(&wanted.status));
        let part = part.ok_or_else(|| {
            Problem::bad("one of q, reason (of dropped and not-sent, a word of theirs) and status (of sent, a status)")
        })?;
        Ok(Self { campaign, tile, part })
    }

    fn campaign(&self, asked: &Asked<'_>) -> Result<Campaign, Problem> {
        asked.rows.campaign(&asked.organisation, &self.campaign)?.ok_or_else(Problem::not_found)
    }

    fn page(&self, asked: &Asked<'_>, after: Option<&str>, limit: usize) -> Result<TilePage, Problem> {
        let campaign = self.campaign(asked)?;
        let list = (asked.organisation.as_str(), self.campaign.as_str(), self.tile);
        let mut page = asked.rows.narrowed(list, &self.part, after, limit)?;
        asked.rows.complete(&asked.organisation, &mut page)?;
        let now = asked.rows.as_of()?.time;
        let row = |recipient: &Recipient| MessageRow::of(&asked.organisation, recipient, now);
        let rows = page.rows.iter().map(row).collect::<Result<_, _>>()?;
        Ok(TilePage { tile: page.count, count: self.part.count(self.tile, &campaign), rows, next: page.next })
    }
}

/// Messages of one tile of a campaign.
#[utoipa::path(
    get, path = "/v1/orgs/{org}/campaigns/{campaign}/recipients/{tile}", tag = "campaigns", operation_id = "recipients",
    params(
        ("org" = String, Path, description = "The organisation."),
        ("campaign" = String, Path, description = "The campaign's id."),
        ("tile" = inline(TileName), Path, description = "The tile."),
        Wanted,
    ),
    responses((status = 200, description = "A part of the list, with the tile's number.",
        content((Envelope<TilePage> = "application/json"), (String = "text/csv")))),
)]
pub(crate) async fn list(
    asking: Asking,
    Ids((_, campaign, tile)): Ids<(String, String, String)>,
    Read(wanted): Read<Wanted>,
) -> Result<Response, Problem> {
    let limit = rows(wanted.limit.as_deref())?;
    let list = List::read(campaign, &tile, &wanted)?;
    if export::wanted(wanted.format.as_deref())? == Format::Csv {
        return export::csv(
            asking,
            list.tile.word(),
            MessageRow::columns(),
            wanted.after,
            move |asked, after, limit| {
                let page = list.page(asked, after, limit)?;
                Ok((page.rows.into_iter().map(|row| row.0).collect(), page.next))
            },
        )
        .await;
    }
    Ok(asking.answer(move |asked| list.page(asked, wanted.after.as_deref(), limit)).await)
}
