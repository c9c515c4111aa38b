//! The rows behind a tile: as many as its number, from the same moment; those of one status or reason, and those that words
//! find.

use axum::extract::{Path, Query};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use view::{Campaign, Narrow, Recipient, RecipientPage, Tile, WORDS_MAX};

use crate::answer::{Asked, Asking};
use crate::campaign::tile_word;
use crate::campaigns::{PAGE_ROWS, name};
use crate::layout::{self, To, pages, path};
use crate::text::Word;
use crate::{reason, status, then};

#[derive(Default, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    q: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    status: String,
    after: Option<String>,
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
            // What is no word of this tile narrows nothing.
            let part = Narrow::read(tile, &wanted.q, &wanted.reason, &wanted.status).unwrap_or_default();
            let list = (asked.organisation(), campaign.id.as_str(), tile);
            let page = asked.rows.narrowed(list, &part, wanted.after.as_deref(), PAGE_ROWS)?;
            let here = path(&["campaigns", &id, tile.word()]);
            let title = format!("{}{}{}", name(&campaign), asked.locale.colon(), asked.word(tile_word(tile)));
            let main = html! {
                p.trail { a href=(path(&["campaigns", &id])) { (name(&campaign)) } }
                div #heading data-live {
                    h1 { (asked.word(tile_word(tile))) " " span.count { (asked.locale.number(count(&part, tile, &campaign, &page))) } }
                    (narrowed(asked, &part, &here, &page))
                }
                (search(asked, &wanted, &here))
                div #recipients data-live { (table(asked, &page.rows)) }
                (pages(asked, &here, &wanted.query(), page.next.as_deref(), wanted.after.is_none()))
                (layout::export(asked, &["campaigns", &id, "recipients", tile.word()], &narrowing(&part)))
                (then::only_now(asked))
            };
            Ok(Some((title, main)))
        })
        .await
}

impl Wanted {
    fn query(&self) -> [(&str, &str); 3] {
        [("q", &self.q), ("reason", &self.reason), ("status", &self.status)]
    }
}

/// How many rows the whole list has; of a search those that this page found.
fn count(part: &Narrow, tile: Tile, of: &Campaign, page: &RecipientPage) -> u64 {
    part.count(tile, of).unwrap_or_else(|| u64::try_from(page.rows.len()).unwrap_or(u64::MAX))
}

/// What a part is called in an address.
fn narrowing(part: &Narrow) -> [(&str, &str); 1] {
    match part {
        Narrow::All => [("q", "")],
        Narrow::Words(words) => [("q", words)],
        Narrow::Dropped(reason) => [("reason", reason.word())],
        Narrow::Withheld(reason) => [("reason", reason.word())],
        Narrow::Status(status) => [("status", status.word())],
    }
}

/// What the list is narrowed to, and the way back.
fn narrowed(asked: &Asked<'_>, part: &Narrow, here: &str, page: &RecipientPage) -> Markup {
    let locale = &asked.locale;
    let said = match part {
        Narrow::All => return Markup::default(),
        Narrow::Words(_) => format!("{} {}", locale.word(Word::FoundOf), locale.number(page.count)),
        Narrow::Dropped(why) => {
            format!("{}{}{}", locale.word(Word::Reason), locale.colon(), status::said(reason::drop(*why).0, locale))
        }
        Narrow::Withheld(why) => {
            format!("{}{}{}", locale.word(Word::Reason), locale.colon(), status::said(reason::withheld(*why), locale))
        }
        Narrow::Status(status) => {
            format!("{}{}{}", locale.word(Word::Status), locale.colon(), locale.word(status::part(*status)))
        }
    };
    html! {
        p { (said) " · " a href=(here) { (locale.word(Word::ShowAll)) } }
        @if page.next.is_some() && page.rows.len() < PAGE_ROWS { p.hint { (locale.word(Word::SearchGoesOn)) } }
    }
}

fn search(asked: &Asked<'_>, wanted: &Wanted, here: &str) -> Markup {
    html! {
        form.search role="search" action=(here) {
            div.line {
                label for="q" { (asked.word(Word::Search)) }
                input #q type="search" name="q" value=(wanted.q) placeholder=(asked.word(Word::SearchRecipients)) maxlength=(WORDS_MAX);
                button { (asked.word(Word::Search)) }
            }
        }
    }
}

fn table(asked: &Asked<'_>, rows: &[Recipient]) -> Markup {
    const COLUMNS: [Word; 6] =
        [Word::Client, Word::AddressUsed, Word::Status, Word::Reason, Word::StatusSince, Word::FileChanged];
    let head = html! { @for word in COLUMNS { th scope="col" { (asked.word(word)) } } };
    html! {
        @if rows.is_empty() { p.empty { (asked.word(Word::NoRecipients)) } } @else {
            (layout::table(asked.word(Word::Recipients), &head, &html! { @for recipient in rows { (row(asked, recipient)) } }))
        }
    }
}

fn row(asked: &Asked<'_>, recipient: &Recipient) -> Markup {
    let row = &recipient.row;
    html! {
        tr {
            th scope="row" { (client(recipient)) }
            td.any { (recipient.address.as_deref().unwrap_or("–")) }
            td { a href=(To(["messages", &recipient.message])) { (badge(asked, recipient)) } }
            td { (status::reason(row, asked.as_of.time, &asked.locale)) }
            td.date { (row.status_since.map(|at| asked.locale.time(contract::time_of(&at))).unwrap_or_default()) }
            td.date { (recipient.file_changed.map(|at| asked.locale.time(at)).unwrap_or_default()) }
        }
    }
}

/// The client by name, linked; by id where the platform gave no name.
pub(crate) fn client(recipient: &Recipient) -> Markup {
    let id = &recipient.row.client;
    let shown = recipient.name.as_deref().unwrap_or(id);
    html! { @if id.is_empty() { "–" } @else { a href=(To(["clients", id])) { (shown) } } }
}

/// The status as one word.
pub(crate) fn badge(asked: &Asked<'_>, recipient: &Recipient) -> Markup {
    let status = view::status_of(&recipient.row);
    html! { span.badge.(status.word()) { (asked.word(status::word(status))) } }
}
