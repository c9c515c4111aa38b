//! One communication: a tile a number, each a link to exactly the rows behind it, with how it is counted beside it.

use axum::extract::{Path, Query};
use axum::response::Response;
use domain::Counters;
use domain::rate::{Denominator, Rate};
use maud::{Markup, html};
use serde::Deserialize;
use view::{Campaign, Error, Tile};

use crate::answer::{Asked, Asking};
use crate::campaigns::{created, name};
use crate::layout::path;
use crate::text::Word;
use crate::then::Then;
use crate::{parts, past, proof, reason, series, shares, status};

/// A tile, its words, and what its rates divide by.
pub(crate) type Line = (Tile, Word, Word, &'static [Denominator]);

const OF_SENT: &[Denominator] = &[Denominator::Sent];
const OF_DELIVERED: &[Denominator] = &[Denominator::Delivered];
const OF_BOTH: &[Denominator] = &[Denominator::Sent, Denominator::Delivered];

/// The tiles.
pub(crate) const TILES: [Line; 8] = [
    (Tile::Sent, Word::Sent, Word::CountedSent, &[]),
    (Tile::Delivered, Word::Delivered, Word::CountedDelivered, OF_SENT),
    (Tile::Open, Word::Open, Word::CountedOpen, OF_BOTH),
    (Tile::Click, Word::Click, Word::CountedClick, OF_BOTH),
    (Tile::Bounce, Word::Bounce, Word::CountedBounce, OF_SENT),
    (Tile::Dropped, Word::Dropped, Word::CountedDropped, OF_SENT),
    (Tile::Spam, Word::Spam, Word::CountedSpam, OF_DELIVERED),
    (Tile::Unsubscribed, Word::Unsubscribed, Word::CountedUnsubscribed, OF_DELIVERED),
];

#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    by: String,
    #[serde(default)]
    at: String,
}

pub(crate) async fn page(asking: Asking, Path(id): Path<String>, Query(wanted): Query<Wanted>) -> Response {
    let past = match asking.counters_at(&id, &wanted.at).await {
        Ok(past) => past,
        Err(response) => return response,
    };
    asking
        .page(move |asked| {
            let Some(campaign) = asked.rows.campaign(asked.organisation(), &id)? else { return Ok(None) };
            let main = html! {
                p.trail { a href="/campaigns" { (asked.word(Word::BackToCampaigns)) } }
                h1 { (name(&campaign)) }
                (facts(asked, &campaign))
                (Then::of(asked, &wanted.at).form(asked, &path(&["campaigns", &id])))
                @match &past {
                    Some(of) => (past::numbers(asked, of)),
                    None => (now(asked, &campaign, &wanted.by)?),
                }
            };
            Ok(Some((name(&campaign).to_owned(), main)))
        })
        .await
}

fn now(asked: &Asked<'_>, campaign: &Campaign, by: &str) -> Result<Markup, Error> {
    let id = campaign.id.as_str();
    Ok(html! {
        div #numbers data-live {
            ul.tiles { @for tile in TILES { (shown(asked, campaign, tile)) } }
            (proof::section(asked, campaign)?)
            div.halves { (shares::by_status(asked, campaign)) (shares::by_reason(asked, campaign)) }
            (series::section(asked, id, by)?)
            (parts::links(asked, id)?)
            (parts::providers(asked, id)?)
            (parts::domains(asked, id)?)
        }
    })
}

/// The word of a tile in a heading.
pub(crate) const fn tile_word(tile: Tile) -> Word {
    match tile {
        Tile::Sent => Word::Sent,
        Tile::Pending => Word::Pending,
        Tile::Delivered => Word::Delivered,
        Tile::Open => Word::Open,
        Tile::Click => Word::Click,
        Tile::Bounce => Word::Bounce,
        Tile::Blocked => Word::Blocked,
        Tile::Dropped => Word::Dropped,
        Tile::Spam => Word::Spam,
        Tile::BlockedSpam => Word::BlockedSpam,
        Tile::Unsubscribed => Word::Unsubscribed,
        Tile::NotSent => Word::NotSent,
        Tile::Copy => Word::Copies,
    }
}

fn facts(asked: &Asked<'_>, campaign: &Campaign) -> Markup {
    let row = &campaign.row;
    let facts = [
        (Word::DateCreated, created(asked, campaign)),
        (Word::Subject, row.subject.clone()),
        (Word::Sender, row.sender.clone()),
    ];
    html! {
        dl.facts {
            @for (word, said) in facts {
                @if !said.is_empty() { div { dt { (asked.word(word)) } dd { (said) } } }
            }
        }
        @if let Some(reason) = campaign.all_dropped() {
            @let (what, remedy) = reason::drop(reason);
            p.alert { (asked.word(Word::EveryMailDropped)) " " (status::said(what, &asked.locale)) ". " (status::said(remedy, &asked.locale)) }
        }
    }
}

fn shown(asked: &Asked<'_>, campaign: &Campaign, (tile, word, counted, of): Line) -> Markup {
    let (locale, counters) = (&asked.locale, &campaign.counters);
    let number = tile.count(counters);
    let link = |tile: Tile| path(&["campaigns", &campaign.id, tile.word()]);
    html! {
        li.tile.(tile.word()) {
            a href=(link(tile)) { span.label { (locale.word(word)) } strong { (locale.number(number)) } }
            (apart(asked, tile, counters))
            @for of in of { p { (rate(asked, number, *of, counters)) } }
            @if tile == Tile::Bounce {
                p { a href=(link(Tile::Blocked)) { (locale.word(Word::OfWhichBlocked)) " " (locale.number(counters.blocked)) } }
            }
            details { summary { (locale.word(Word::HowCounted)) }
                p { (locale.word(counted)) }
                @for of in of {
                    @let (denominator, _, named) = denominator(*of, counters);
                    p { (locale.word(Word::Denominator)) " " (locale.word(named)) (locale.colon()) (locale.number(number)) " / " (locale.number(denominator)) }
                }
            }
        }
    }
}

/// What is kept apart from a tile's number: machines, and how often rather than how many.
fn apart(asked: &Asked<'_>, tile: Tile, of: &Counters) -> Markup {
    let (machines, times, word) = match tile {
        Tile::Open => (of.opened_with_machine.saturating_sub(of.opened), of.opens, Word::TotalOpens),
        Tile::Click => (of.clicked_with_machine.saturating_sub(of.clicked), of.clicks, Word::TotalClicks),
        _ => return Markup::default(),
    };
    let locale = &asked.locale;
    html! {
        @if machines > 0 { p { "(+" (locale.number(machines)) " " (locale.word(Word::ByPrivacyProxy)) ")" } }
        @if times > 0 {
            p { @if of.totals_at_least > 0 { (locale.word(Word::AtLeast)) " " } (locale.number(times)) " " (locale.word(word)) }
        }
    }
}

/// What a rate divides by: the number, the words behind a rate, and its own name.
fn denominator(of: Denominator, counters: &Counters) -> (u64, Word, Word) {
    match of {
        Denominator::Sent => (counters.sent, Word::OfSent, Word::Sent),
        Denominator::Delivered => (counters.delivered, Word::OfDelivered, Word::Delivered),
        Denominator::Opened => (counters.opened, Word::OfOpened, Word::Open),
    }
}

pub(crate) fn rate(asked: &Asked<'_>, numerator: u64, of: Denominator, counters: &Counters) -> String {
    let (denominator, said, _) = denominator(of, counters);
    format!("{} {}", asked.locale.percent(Rate { name: "", numerator, denominator, of }), asked.word(said))
}
