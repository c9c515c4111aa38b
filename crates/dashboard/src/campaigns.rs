//! The list of communications: the columns as the product's users know them, newest first or in any of their orders, filtered
//! by what stands in the address.

use axum::extract::Query;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use contract::proto::event::v1::MailClass;
use domain::rate::{Denominator, Rate};
use maud::{Markup, html};
use view::{Campaign, Round, Sort, Tile};

use crate::answer::{Asked, Asking};
use crate::filter::{self, Wanted};
use crate::layout::{To, address, pages, table};
use crate::reason;
use crate::status;
use crate::text::Word;
use crate::then;

/// Rows of a page.
pub(crate) const PAGE_ROWS: usize = 50;

/// Columns: the heading, the order that a click on it asks for, whether they are numbers.
const COLUMNS: [(Word, Sort, bool); 7] = [
    (Word::Name, Sort::Name, false),
    (Word::DateCreated, Sort::Created, false),
    (Word::Sent, Sort::Sent, true),
    (Word::Open, Sort::Opened, true),
    (Word::OpenRate, Sort::OpenRate, true),
    (Word::Unsubscribed, Sort::Unsubscribed, true),
    (Word::BlockedSpam, Sort::BlockedSpam, true),
];

pub(crate) async fn home() -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, HeaderValue::from_static("/campaigns"))]).into_response()
}

pub(crate) async fn page(asking: Asking, Query(wanted): Query<Wanted>) -> Response {
    asking
        .page(move |asked| {
            let read = wanted.read(&asked.locale);
            let after = wanted.after.as_deref();
            let page = asked.rows.campaigns_by(asked.organisation(), &read.list, after, PAGE_ROWS)?;
            let without = asked.rows.count_unsubscribed_without_mail(asked.organisation(), PAGE_ROWS)?;
            let main = html! {
                h1 { (asked.word(Word::Communications)) }
                (filter::form(asked, &wanted, &read))
                div #campaigns data-live {
                    @if page.rows.is_empty() { p.empty { (asked.word(Word::NoCampaigns)) } } @else {
                        (list(asked, &wanted, read.list.sort, without, &page.rows))
                    }
                    @if let Some(round) = asked.view.round(asked.organisation()) { (proof(asked, &round)) }
                }
                (pages(asked, "/campaigns", &wanted.query(), page.next.as_deref(), after.is_none()))
                (wanted.export(asked, &read))
                (then::only_now(asked))
            };
            Ok(Some((asked.word(Word::Communications).to_owned(), main)))
        })
        .await
}

/// The table. A heading sorts; beside that of Unsubscribed stand those who did so without any mail.
fn list(asked: &Asked<'_>, wanted: &Wanted, sort: Sort, without: (usize, bool), rows: &[Campaign]) -> Markup {
    let to = |sort: Sort| address("/campaigns", &wanted.sorted(sort));
    let way = |of: Sort| (of == sort).then_some(if of == Sort::Name { "ascending" } else { "descending" });
    let head = html! {
        @for (word, of, is_number) in COLUMNS {
            th.number[is_number] scope="col" aria-sort=[way(of)] {
                a.sort href=(to(of)) title=(asked.word(Word::SortedBy)) { (asked.word(word)) }
                @if way(of).is_some() { span aria-hidden="true" { (if of == Sort::Name { " ▲" } else { " ▼" }) } }
                @if of == Sort::Unsubscribed && without.0 > 0 {
                    br; a.apart href="/unsubscribed" { "+" (without.0) @if without.1 { "+" } " " (asked.word(Word::WithoutMail)) }
                }
            }
        }
    };
    table(asked.word(Word::Communications), &head, &html! { @for campaign in rows { (row(asked, campaign)) } })
}

fn row(asked: &Asked<'_>, campaign: &Campaign) -> Markup {
    let (locale, of) = (&asked.locale, &campaign.counters);
    let proxies = of.opened_with_machine.saturating_sub(of.opened);
    let to = |tile: Tile| To(["campaigns", campaign.id.as_str(), tile.word()]);
    let number = |tile: Tile| locale.number(tile.count(of));
    html! {
        tr {
            th scope="row" {
                a href=(To(["campaigns", &campaign.id])) { (name(campaign)) }
                @if campaign.row.automated { " " span.tag { (asked.word(Word::Automated)) } }
                @if campaign.row.class() == MailClass::Transactional { " " span.tag { (asked.word(Word::Transactional)) } }
                @if let Some(reason) = campaign.all_dropped() {
                    p.alert { (asked.word(Word::EveryMailDropped)) " " (status::said(reason::drop(reason).0, locale)) }
                }
            }
            td.date { (created(asked, campaign)) }
            td.number { a href=(to(Tile::Sent)) { (number(Tile::Sent)) } }
            td.number { a href=(to(Tile::Open)) { (number(Tile::Open)) }
                @if proxies > 0 { span.apart { "(+" (locale.number(proxies)) " " (asked.word(Word::ByPrivacyProxy)) ")" } } }
            td.number { (locale.percent(open_rate(campaign))) }
            td.number { a href=(to(Tile::Unsubscribed)) { (number(Tile::Unsubscribed)) } }
            td.number { a href=(to(Tile::BlockedSpam)) { (number(Tile::BlockedSpam)) } }
        }
    }
}

/// What the recount of all communications came to.
fn proof(asked: &Asked<'_>, round: &Round) -> Markup {
    let locale = &asked.locale;
    html! {
        p.hint.alert[round.difference > 0] {
            (locale.number(round.campaigns)) " " (asked.word(Word::AllRecounted)) " " (locale.number(round.events)) " "
            (asked.word(Word::EventsLastAt)) " " time { (locale.clock(round.at)) } (locale.colon())
            (asked.word(Word::Difference)) " " (locale.number(round.difference)) "."
            @if round.passed_over > 0 { " " (locale.number(round.passed_over)) " " (asked.word(Word::PassedOver)) "." }
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
