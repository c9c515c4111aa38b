//! What became of a communication's messages, one word each, as shares of Sent; and why some were not sent or dropped. Every
//! number leads to its rows.

use domain::rate::{Denominator, Rate};
use domain::{DropReason, Status, WithheldReason};
use maud::{Markup, html};
use plotters::prelude::RGBColor;
use view::{Campaign, Tile};

use crate::answer::Asked;
use crate::chart::{Said, shares};
use crate::layout::{address, path};
use crate::text::Word;
use crate::{reason, status};

/// Statuses in the order of the bar, from good to bad, with their colours.
const BAR: [(Status, RGBColor); 8] = [
    (Status::Click, RGBColor(0x0b, 0x6b, 0x3a)),
    (Status::Open, RGBColor(0x2f, 0x9e, 0x63)),
    (Status::Delivered, RGBColor(0x8f, 0xcf, 0xab)),
    (Status::Sent, RGBColor(0xb8, 0xc0, 0xcc)),
    (Status::Unsubscribed, RGBColor(0xd9, 0x8a, 0x1f)),
    (Status::Bounce, RGBColor(0xe0, 0x6c, 0x66)),
    (Status::Dropped, RGBColor(0xa8, 0x20, 0x1a)),
    (Status::Spam, RGBColor(0x6d, 0x11, 0x0d)),
];

pub(crate) fn by_status(asked: &Asked<'_>, campaign: &Campaign) -> Markup {
    let (locale, of) = (&asked.locale, &campaign.counters);
    let here = path(&["campaigns", &campaign.id, Tile::Sent.word()]);
    let there: Vec<(Status, u64)> =
        BAR.iter().map(|(word, _)| (*word, of.by_status.get(*word))).filter(|(_, count)| *count > 0).collect();
    let share = |numerator| locale.percent(Rate { name: "", numerator, denominator: of.sent, of: Denominator::Sent });
    let words = there.iter().map(|(word, count)| format!("{} {}", locale.word(status::part(*word)), share(*count)));
    let description = words.collect::<Vec<_>>().join(", ");
    let said = Said { id: "by-status", title: locale.word(Word::StatusChart), description: &description };
    let bar = BAR.map(|(word, colour)| (colour, of.by_status.get(word)));
    html! {
        section {
            h2 { (locale.word(Word::ByStatus)) }
            @if of.sent > 0 { (shares(&said, &bar)) }
            table.plain {
                thead { tr {
                    th scope="col" { (locale.word(Word::Status)) }
                    th.number scope="col" { (locale.word(Word::Messages)) }
                    th.number scope="col" { (locale.word(Word::ShareOfSent)) }
                } }
                tbody { @for (word, count) in there {
                    tr {
                        th scope="row" { span.key.(word.word()) aria-hidden="true" {} " " (locale.word(status::part(word))) }
                        td.number { a href=(address(&here, &[("status", word.word())])) { (locale.number(count)) } }
                        td.number { (share(count)) }
                    }
                } }
            }
        }
    }
}

pub(crate) fn by_reason(asked: &Asked<'_>, campaign: &Campaign) -> Markup {
    let (locale, of) = (&asked.locale, &campaign.counters);
    let link = |tile: Tile| path(&["campaigns", &campaign.id, tile.word()]);
    let drops = DropReason::ALL
        .iter()
        .map(|why| (of.dropped_by.get(*why), why.word(), status::said(reason::drop(*why).0, locale)));
    let withheld = WithheldReason::ALL
        .iter()
        .map(|why| (of.not_sent_by.get(*why), why.word(), status::said(reason::withheld(*why), locale)));
    let groups =
        [(Tile::Dropped, Word::Dropped, drops.collect::<Vec<_>>()), (Tile::NotSent, Word::NotSent, withheld.collect())];
    html! {
        section {
            h2 { (locale.word(Word::ByReason)) }
            @for (tile, word, reasons) in groups {
                h3 { a href=(link(tile)) { (locale.word(word)) " " (locale.number(tile.count(of))) } }
                ul.reasons { @for (count, why, said) in reasons.into_iter().filter(|(count, ..)| *count > 0) {
                    li { a href=(address(&link(tile), &[("reason", why)])) { (locale.number(count)) } " " (said) }
                } }
            }
            p.hint { (locale.word(Word::CountedNotSent)) }
            @if of.copies > 0 { p { a href=(link(Tile::Copy)) { (locale.word(Word::Copies)) " " (locale.number(of.copies)) } } }
        }
    }
}
