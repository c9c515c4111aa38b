//! The rows behind a tile: as many as its number, from the same moment.

use axum::extract::{Path, Query};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use view::{Recipient, Tile};

use crate::answer::{Asked, Asking};
use crate::campaign::tile_word;
use crate::campaigns::{PAGE_ROWS, name};
use crate::layout::{pages, path};
use crate::status;
use crate::text::Word;

#[derive(Deserialize)]
pub(crate) struct Wanted {
    pub(crate) after: Option<String>,
}

pub(crate) async fn page(
    asking: Asking,
    Path((id, tile)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Response {
    asking
        .page(move |asked| {
            let found = asked.rows.campaign(asked.organisation(), &id)?.zip(Tile::parse(&tile));
            let Some((campaign, tile)) = found else { return Ok(None) };
            let page = asked.rows.recipients(asked.organisation(), &id, tile, wanted.after.as_deref(), PAGE_ROWS)?;
            let here = path(&["campaigns", &id, tile.word()]);
            let title = format!("{}: {}", name(&campaign), asked.word(tile_word(tile)));
            let main = html! {
                p.trail { a href=(path(&["campaigns", &id])) { (name(&campaign)) } }
                div #recipients data-live {
                    h1 { (asked.word(tile_word(tile))) " " span.count { (asked.locale.number(page.count)) } }
                    (table(asked, &page.rows))
                }
                (pages(asked, &here, &[], page.next.as_deref(), wanted.after.is_none()))
            };
            Ok(Some((title, main)))
        })
        .await
}

fn table(asked: &Asked<'_>, rows: &[Recipient]) -> Markup {
    const COLUMNS: [Word; 6] =
        [Word::Client, Word::AddressUsed, Word::Status, Word::Reason, Word::StatusSince, Word::FileChanged];
    html! {
        @if rows.is_empty() { p.empty { (asked.word(Word::NoRecipients)) } } @else {
            div.scroll tabindex="0" role="region" aria-label=(asked.word(Word::Recipients)) {
                table {
                    thead { tr { @for word in COLUMNS { th scope="col" { (asked.word(word)) } } } }
                    tbody { @for recipient in rows { (row(asked, recipient)) } }
                }
            }
        }
    }
}

fn row(asked: &Asked<'_>, recipient: &Recipient) -> Markup {
    let row = &recipient.row;
    html! {
        tr {
            th scope="row" { (client(recipient)) }
            td { (recipient.address.as_deref().unwrap_or("–")) }
            td { a href=(path(&["messages", &recipient.message])) { (badge(asked, recipient)) } }
            td { (status::reason(row, asked.as_of.time, &asked.locale)) }
            td { (row.status_since.map(|at| asked.locale.time(contract::time_of(&at))).unwrap_or_default()) }
            td { (recipient.file_changed.map(|at| asked.locale.time(at)).unwrap_or_default()) }
        }
    }
}

/// The client by name, linked; by id where the platform gave no name.
pub(crate) fn client(recipient: &Recipient) -> Markup {
    let id = &recipient.row.client;
    let shown = recipient.name.as_deref().unwrap_or(id);
    html! { @if id.is_empty() { "–" } @else { a href=(path(&["clients", id])) { (shown) } } }
}

/// The status as one word.
pub(crate) fn badge(asked: &Asked<'_>, recipient: &Recipient) -> Markup {
    let status = status::of(&recipient.row);
    html! { span.badge.(status::class(status)) { (asked.word(status::word(status))) } }
}
