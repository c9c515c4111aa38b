//! The list of communications, newest first: the columns as the product's users know them.

use axum::extract::Query;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use contract::proto::event::v1::MailClass;
use domain::rate::{Denominator, Rate};
use maud::{Markup, html};
use serde::Deserialize;
use view::{Campaign, Filter, Tile};

use crate::answer::{Asked, Asking};
use crate::layout::{pages, path};
use crate::reason;
use crate::status;
use crate::text::Word;

/// Rows of a page.
pub(crate) const PAGE_ROWS: usize = 50;
/// Longest search that is looked at, in characters.
const WORDS_MAX: usize = 200;

#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    q: String,
    #[serde(default)]
    class: String,
    after: Option<String>,
}

pub(crate) async fn home() -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, HeaderValue::from_static("/campaigns"))]).into_response()
}

pub(crate) async fn page(asking: Asking, Query(wanted): Query<Wanted>) -> Response {
    asking
        .page(move |asked| {
            let class = match wanted.class.as_str() {
                "mass" => Some(MailClass::Mass),
                "transactional" => Some(MailClass::Transactional),
                _ => None,
            };
            let filter = Filter { words: wanted.q.chars().take(WORDS_MAX).collect(), class };
            let page = asked.rows.campaigns(asked.organisation(), &filter, wanted.after.as_deref(), PAGE_ROWS)?;
            let query = [("q", wanted.q.as_str()), ("class", wanted.class.as_str())];
            let main = html! {
                h1 { (asked.word(Word::Communications)) }
                (search(asked, &wanted))
                div #campaigns data-live { (table(asked, &page.rows)) }
                (pages(asked, "/campaigns", &query, page.next.as_deref(), wanted.after.is_none()))
            };
            Ok(Some((asked.word(Word::Communications).to_owned(), main)))
        })
        .await
}

fn search(asked: &Asked<'_>, wanted: &Wanted) -> Markup {
    let classes = [("", Word::AllClasses), ("mass", Word::Mass), ("transactional", Word::Transactional)];
    html! {
        form.search role="search" action="/campaigns" {
            label for="q" { (asked.word(Word::Search)) }
            input #q type="search" name="q" value=(wanted.q) placeholder=(asked.word(Word::SearchHint)) maxlength=(WORDS_MAX);
            select name="class" aria-label=(asked.word(Word::AllClasses)) {
                @for (value, word) in classes {
                    option value=(value) selected[value == wanted.class] { (asked.word(word)) }
                }
            }
            button { (asked.word(Word::Search)) }
        }
    }
}

fn table(asked: &Asked<'_>, rows: &[Campaign]) -> Markup {
    const NUMBERS: [Word; 5] = [Word::Sent, Word::Open, Word::OpenRate, Word::Unsubscribed, Word::BlockedSpam];
    html! {
        @if rows.is_empty() { p.empty { (asked.word(Word::NoCampaigns)) } } @else {
            div.scroll tabindex="0" role="region" aria-label=(asked.word(Word::Communications)) {
                table {
                    thead { tr {
                        th scope="col" { (asked.word(Word::Name)) }
                        th scope="col" { (asked.word(Word::DateCreated)) }
                        @for word in NUMBERS { th.number scope="col" { (asked.word(word)) } }
                    } }
                    tbody { @for campaign in rows { (row(asked, campaign)) } }
                }
            }
        }
    }
}

fn row(asked: &Asked<'_>, campaign: &Campaign) -> Markup {
    let (locale, of) = (&asked.locale, &campaign.counters);
    let cell = |tile: Tile| {
        html! { td.number { a href=(path(&["campaigns", &campaign.id, tile.word()])) { (locale.number(tile.count(of))) } } }
    };
    html! {
        tr {
            th scope="row" {
                a href=(path(&["campaigns", &campaign.id])) { (name(campaign)) }
                @if campaign.row.automated { " " span.tag { (asked.word(Word::Automated)) } }
                @if campaign.row.class() == MailClass::Transactional { " " span.tag { (asked.word(Word::Transactional)) } }
                @if let Some(reason) = campaign.all_dropped() {
                    p.alert { (asked.word(Word::EveryMailDropped)) " " (status::said(reason::drop(reason).0, locale)) }
                }
            }
            td { (created(asked, campaign)) }
            (cell(Tile::Sent))
            (cell(Tile::Open))
            td.number { (locale.percent(open_rate(campaign))) }
            (cell(Tile::Unsubscribed))
            (cell(Tile::BlockedSpam))
        }
    }
}

/// The title that the sender gave; the id while nobody gave one.
pub(crate) fn name(campaign: &Campaign) -> &str {
    if campaign.row.name.is_empty() { &campaign.id } else { &campaign.row.name }
}

pub(crate) fn created(asked: &Asked<'_>, campaign: &Campaign) -> String {
    campaign.row.created_at.map(|at| asked.locale.time(contract::time_of(&at))).unwrap_or_default()
}

/// Open / Sent, as the product's users know it.
fn open_rate(campaign: &Campaign) -> Rate {
    let of = &campaign.counters;
    Rate { name: "open_rate", numerator: of.opened, denominator: of.sent, of: Denominator::Sent }
}
