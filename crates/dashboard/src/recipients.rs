//! The rows behind a tile: as many as its number, from the same moment; those of one status or reason, and those that words
//! find.

use axum::extract::{Path, Query};
use axum::response::Response;
use contract::event;
use contract::proto::message::v1::MessageState;
use domain::{DropReason, Status, WithheldReason};
use maud::{Markup, html};
use serde::Deserialize;
use view::{Campaign, Error, Recipient, RecipientPage, Tile};

use crate::answer::{Asked, Asking};
use crate::campaign::tile_word;
use crate::campaigns::{PAGE_ROWS, name};
use crate::filter::WORDS_MAX;
use crate::layout::{self, pages, path};
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

/// Which of a tile's rows.
enum Part {
    All,
    Found,
    Dropped(DropReason),
    Withheld(WithheldReason),
    Status(Status),
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
            let part = wanted.part(tile);
            let page = wanted.rows(asked, &campaign, tile, &part)?;
            let here = path(&["campaigns", &id, tile.word()]);
            let title = format!("{}: {}", name(&campaign), asked.word(tile_word(tile)));
            let main = html! {
                p.trail { a href=(path(&["campaigns", &id])) { (name(&campaign)) } }
                div #heading data-live {
                    h1 { (asked.word(tile_word(tile))) " " span.count { (asked.locale.number(part.count(&campaign, &page))) } }
                    (narrowed(asked, &part, &here, &page))
                }
                (search(asked, &wanted, &here))
                div #recipients data-live { (table(asked, &page.rows)) }
                (pages(asked, &here, &wanted.query(), page.next.as_deref(), wanted.after.is_none()))
                (then::only_now(asked))
            };
            Ok(Some((title, main)))
        })
        .await
}

impl Wanted {
    fn part(&self, tile: Tile) -> Part {
        let status = Status::ALL.into_iter().find(|known| status::class(*known) == self.status);
        let dropped = DropReason::ALL.into_iter().find(|known| known.word() == self.reason);
        let withheld = WithheldReason::ALL.into_iter().find(|known| known.word() == self.reason);
        match tile {
            _ if !self.q.trim().is_empty() => Part::Found,
            Tile::Sent => status.map_or(Part::All, Part::Status),
            Tile::Dropped => dropped.map_or(Part::All, Part::Dropped),
            Tile::NotSent => withheld.map_or(Part::All, Part::Withheld),
            _ => Part::All,
        }
    }

    fn rows(&self, asked: &Asked<'_>, of: &Campaign, tile: Tile, part: &Part) -> Result<RecipientPage, Error> {
        let (list, after) = ((asked.organisation(), of.id.as_str(), tile), self.after.as_deref());
        match part {
            Part::All => asked.rows.recipients(list.0, list.1, tile, after, PAGE_ROWS),
            Part::Found => {
                let words: String = self.q.chars().take(WORDS_MAX).collect();
                asked.rows.find_recipients(list, &words, after, PAGE_ROWS)
            }
            part => asked.rows.recipients_where(list, |row| part.lets(row), after, PAGE_ROWS),
        }
    }

    fn query(&self) -> [(&str, &str); 3] {
        [("q", &self.q), ("reason", &self.reason), ("status", &self.status)]
    }
}

impl Part {
    fn lets(&self, row: &MessageState) -> bool {
        match self {
            Self::All | Self::Found => true,
            Self::Dropped(reason) => event::drop_from_wire(row.drop).is_ok_and(|known| known == *reason),
            Self::Withheld(reason) => event::withheld_from_wire(row.withheld).is_ok_and(|known| known == *reason),
            Self::Status(status) => status::of(row) == *status,
        }
    }

    /// How many rows the whole list has; of a search those that this page found.
    fn count(&self, of: &Campaign, page: &RecipientPage) -> u64 {
        match self {
            Self::All => page.count,
            Self::Found => u64::try_from(page.rows.len()).unwrap_or(u64::MAX),
            Self::Dropped(reason) => of.counters.dropped_by.get(*reason),
            Self::Withheld(reason) => of.counters.not_sent_by.get(*reason),
            Self::Status(status) => of.counters.by_status.get(*status),
        }
    }
}

/// What the list is narrowed to, and the way back.
fn narrowed(asked: &Asked<'_>, part: &Part, here: &str, page: &RecipientPage) -> Markup {
    let locale = &asked.locale;
    let said = match part {
        Part::All => return Markup::default(),
        Part::Found => format!("{} {}", locale.word(Word::FoundOf), locale.number(page.count)),
        Part::Dropped(why) => format!("{}: {}", locale.word(Word::Reason), status::said(reason::drop(*why).0, locale)),
        Part::Withheld(why) => {
            format!("{}: {}", locale.word(Word::Reason), status::said(reason::withheld(*why), locale))
        }
        Part::Status(status) => format!("{}: {}", locale.word(Word::Status), locale.word(status::word(*status))),
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
            td { a href=(path(&["messages", &recipient.message])) { (badge(asked, recipient)) } }
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
    html! { @if id.is_empty() { "–" } @else { a href=(path(&["clients", id])) { (shown) } } }
}

/// The status as one word.
pub(crate) fn badge(asked: &Asked<'_>, recipient: &Recipient) -> Markup {
    let status = status::of(&recipient.row);
    html! { span.badge.(status::class(status)) { (asked.word(status::word(status))) } }
}
