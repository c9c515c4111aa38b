//! Why the numbers of a communication can be believed: the sums that hold at every moment with their figures, whether what was
//! published says the same, and the last recount in the background.

use domain::Status;
use maud::{Markup, html};
use view::{Agreement, Campaign, Error, Proof, Tile};

use crate::answer::Asked;
use crate::layout::path;
use crate::status;
use crate::text::Word;

pub(crate) fn section(asked: &Asked<'_>, campaign: &Campaign) -> Result<Markup, Error> {
    let compared = match asked.rows.agreement_of(asked.organisation(), campaign)? {
        Agreement::Equal => Word::Agrees,
        Agreement::Differs { .. } => Word::Disagrees,
        Agreement::NotYet => Word::CatchingUp,
    };
    Ok(html! {
        section.proof {
            p { (asked.word(Word::TheSums)) }
            (sums(asked, campaign))
            p.proved.alert[compared == Word::Disagrees] { (asked.word(compared)) }
            (recount(asked, campaign))
        }
    })
}

fn sums(asked: &Asked<'_>, campaign: &Campaign) -> Markup {
    let (locale, of) = (&asked.locale, &campaign.counters);
    let part = |word: Word, number: u64| format!("{} {}", locale.word(word), locale.number(number));
    let words = Status::ALL.into_iter().filter(|status| of.by_status.get(*status) > 0);
    let words: Vec<String> = words.map(|word| part(status::part(word), of.by_status.get(word))).collect();
    html! {
        p.sum { (part(Word::Sent, of.sent)) " = "
            a href=(path(&["campaigns", &campaign.id, Tile::Pending.word()])) { (part(Word::Pending, of.pending)) }
            " + " (part(Word::Delivered, of.delivered)) " + " (part(Word::Bounce, of.bounced)) " + " (part(Word::Dropped, of.dropped)) }
        p.sum { (part(Word::Click, of.clicked)) " ≤ " (part(Word::Open, of.opened)) " ≤ " (part(Word::Delivered, of.delivered)) }
        @if !words.is_empty() {
            p.sum { (part(Word::Sent, of.sent)) " = " (words.join(" + ")) " (" (locale.word(Word::ByStatus)) ")" }
        }
    }
}

/// The last recount; one that is not of these numbers is asked for anew, and the page hears of it.
fn recount(asked: &Asked<'_>, campaign: &Campaign) -> Markup {
    let known = asked.view.proof(asked.organisation(), &campaign.id);
    let is_of_these = known.as_ref().is_some_and(|proof| proof.counters == campaign.counters);
    if !is_of_these {
        asked.view.ask_recount(asked.organisation(), &campaign.id);
    }
    html! {
        @match &known {
            None => p.proved { (asked.word(Word::RecountComing)) },
            Some(proof) => (told(asked, proof)),
        }
        @if known.is_some() && !is_of_these { p.proved { (asked.word(Word::RecountOlder)) } }
        details { summary { (asked.word(Word::WhatIsCompared)) } p { (asked.word(Word::WhatIsComparedText)) } }
    }
}

fn told(asked: &Asked<'_>, proof: &Proof) -> Markup {
    let locale = &asked.locale;
    html! {
        p.proved.alert[proof.difference > 0] {
            (locale.word(Word::RecountedFrom)) " " (locale.number(proof.events)) " " (locale.word(Word::EventsOf)) " "
            (locale.number(proof.messages)) " " (locale.word(Word::MessagesAt)) " " time { (locale.clock(proof.at)) } (locale.colon())
            strong { (locale.word(Word::Difference)) " " (locale.number(proof.difference)) } "."
        }
    }
}
