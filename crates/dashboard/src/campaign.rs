//! One communication: a tile a number, each a link to exactly the rows behind it, with how it is counted beside it.

use axum::extract::Path;
use axum::response::Response;
use domain::rate::{Denominator, Rate};
use domain::{DropReason, Status, WithheldReason};
use maud::{Markup, html};
use view::{Agreement, Campaign, Tile};

use crate::answer::{Asked, Asking};
use crate::campaigns::{created, name};
use crate::layout::path;
use crate::reason;
use crate::status;
use crate::text::Word;

/// The tiles, each with its words and what it is a part of.
const TILES: [(Tile, Word, Word, Option<Denominator>); 8] = [
    (Tile::Sent, Word::Sent, Word::CountedSent, None),
    (Tile::Delivered, Word::Delivered, Word::CountedDelivered, Some(Denominator::Sent)),
    (Tile::Open, Word::Open, Word::CountedOpen, Some(Denominator::Sent)),
    (Tile::Click, Word::Click, Word::CountedClick, Some(Denominator::Sent)),
    (Tile::Bounce, Word::Bounce, Word::CountedBounce, Some(Denominator::Sent)),
    (Tile::Dropped, Word::Dropped, Word::CountedDropped, Some(Denominator::Sent)),
    (Tile::Spam, Word::Spam, Word::CountedSpam, Some(Denominator::Delivered)),
    (Tile::Unsubscribed, Word::Unsubscribed, Word::CountedUnsubscribed, Some(Denominator::Delivered)),
];

pub(crate) async fn page(asking: Asking, Path(id): Path<String>) -> Response {
    asking
        .page(move |asked| {
            let Some(campaign) = asked.rows.campaign(asked.organisation(), &id)? else { return Ok(None) };
            let compared = match asked.rows.agreement(asked.organisation(), &id)? {
                Agreement::Equal => Word::Agrees,
                Agreement::Differs { .. } => Word::Disagrees,
                Agreement::NotYet => Word::CatchingUp,
            };
            Ok(Some((name(&campaign).to_owned(), detail(asked, &campaign, compared))))
        })
        .await
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

fn detail(asked: &Asked<'_>, campaign: &Campaign, compared: Word) -> Markup {
    let row = &campaign.row;
    let facts = [
        (Word::DateCreated, created(asked, campaign)),
        (Word::Subject, row.subject.clone()),
        (Word::Sender, row.sender.clone()),
    ];
    html! {
        p.trail { a href="/campaigns" { (asked.word(Word::BackToCampaigns)) } }
        h1 { (name(campaign)) }
        dl.facts {
            @for (word, said) in facts {
                @if !said.is_empty() { div { dt { (asked.word(word)) } dd { (said) } } }
            }
        }
        @if let Some(reason) = campaign.all_dropped() {
            @let (what, remedy) = reason::drop(reason);
            p.alert { (asked.word(Word::EveryMailDropped)) " " (status::said(what, &asked.locale)) ". " (status::said(remedy, &asked.locale)) }
        }
        div #numbers data-live {
            ul.tiles { @for tile in TILES { (shown(asked, campaign, tile)) } }
            (sums(asked, campaign, &compared))
            div.halves { (by_status(asked, campaign)) (by_reason(asked, campaign)) }
        }
    }
}

fn shown(
    asked: &Asked<'_>,
    campaign: &Campaign,
    (tile, word, counted, of): (Tile, Word, Word, Option<Denominator>),
) -> Markup {
    let (locale, counters) = (&asked.locale, &campaign.counters);
    let number = tile.count(counters);
    let rate = of.map(|of| {
        let (denominator, said) = match of {
            Denominator::Sent => (counters.sent, Word::OfSent),
            _ => (counters.delivered, Word::OfDelivered),
        };
        format!("{} {}", locale.percent(Rate { name: "", numerator: number, denominator, of }), locale.word(said))
    });
    let apart = match tile {
        Tile::Open => counters.opened_with_machine.saturating_sub(counters.opened),
        Tile::Click => counters.clicked_with_machine.saturating_sub(counters.clicked),
        _ => 0,
    };
    html! {
        li.tile.(tile.word()) {
            a href=(path(&["campaigns", &campaign.id, tile.word()])) {
                span.label { (locale.word(word)) }
                strong { (locale.number(number)) }
            }
            @if apart > 0 { p { "(+" (locale.number(apart)) " " (locale.word(Word::ByPrivacyProxy)) ")" } }
            @if let Some(rate) = rate { p { (rate) } }
            @if tile == Tile::Bounce {
                p { a href=(path(&["campaigns", &campaign.id, Tile::Blocked.word()])) {
                    (locale.word(Word::OfWhichBlocked)) " " (locale.number(counters.blocked))
                } }
            }
            details { summary { (locale.word(Word::HowCounted)) } p { (locale.word(counted)) } }
        }
    }
}

/// The sums that hold at every moment, with their figures, and whether the published row says the same.
fn sums(asked: &Asked<'_>, campaign: &Campaign, compared: &Word) -> Markup {
    let (locale, of) = (&asked.locale, &campaign.counters);
    let part = |word: Word, number: u64| format!("{} {}", locale.word(word), locale.number(number));
    html! {
        section.proof {
            p { (locale.word(Word::TheSums)) }
            p.sum { (part(Word::Sent, of.sent)) " = "
                a href=(path(&["campaigns", &campaign.id, Tile::Pending.word()])) { (part(Word::Pending, of.pending)) }
                " + " (part(Word::Delivered, of.delivered)) " + " (part(Word::Bounce, of.bounced)) " + " (part(Word::Dropped, of.dropped)) }
            p.sum { (part(Word::Click, of.clicked)) " ≤ " (part(Word::Open, of.opened)) " ≤ " (part(Word::Delivered, of.delivered)) }
            p.proved.alert[*compared == Word::Disagrees] { (locale.word(*compared)) }
        }
    }
}

fn by_status(asked: &Asked<'_>, campaign: &Campaign) -> Markup {
    let (locale, of) = (&asked.locale, &campaign.counters);
    html! {
        section {
            h2 { (locale.word(Word::ByStatus)) }
            table.bars {
                @for status in Status::ALL.iter().filter(|status| of.by_status.get(**status) > 0) {
                    @let count = of.by_status.get(*status);
                    tr {
                        th scope="row" { (locale.word(status::word(*status))) }
                        td { meter.(status::class(*status)) min="0" max=(of.sent.max(1)) value=(count)
                            aria-label=(locale.word(status::word(*status))) { (count) } }
                        td.number { (locale.number(count)) }
                    }
                }
            }
        }
    }
}

fn by_reason(asked: &Asked<'_>, campaign: &Campaign) -> Markup {
    let (locale, of) = (&asked.locale, &campaign.counters);
    let link = |tile: Tile| path(&["campaigns", &campaign.id, tile.word()]);
    let drops = DropReason::ALL
        .iter()
        .map(|reason| (of.dropped_by.get(*reason), status::said(reason::drop(*reason).0, locale)));
    let withheld = WithheldReason::ALL
        .iter()
        .map(|reason| (of.not_sent_by.get(*reason), status::said(reason::withheld(*reason), locale)));
    let groups =
        [(Tile::Dropped, Word::Dropped, drops.collect::<Vec<_>>()), (Tile::NotSent, Word::NotSent, withheld.collect())];
    html! {
        section {
            h2 { (locale.word(Word::ByReason)) }
            @for (tile, word, reasons) in groups {
                h3 { a href=(link(tile)) { (locale.word(word)) " " (locale.number(tile.count(of))) } }
                ul { @for (count, reason) in reasons.into_iter().filter(|(count, _)| *count > 0) {
                    li { (locale.number(count)) " " (reason) }
                } }
            }
            p.hint { (locale.word(Word::CountedNotSent)) }
            @if of.copies > 0 { p { a href=(link(Tile::Copy)) { (locale.word(Word::Copies)) " " (locale.number(of.copies)) } } }
        }
    }
}
