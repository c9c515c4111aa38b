//! Why a mail was refused: what holds of the client or the address, the mail that caused it, and what happened to that mail;
//! each a link. And Email States as sign, words, since when and what lifts them.

use domain::Scope;
use domain::contact::state::{EmailState, Holding};
use maud::{Markup, html};
use view::{Cause, End, Explanation, Refusal};

use crate::answer::Asked;
use crate::layout::path;
use crate::message::fact;
use crate::text::Word;
use crate::{reason, status};

pub(crate) fn section(asked: &Asked<'_>, cause: &Cause) -> Markup {
    let locale = &asked.locale;
    let (heading, why) = match cause.refusal {
        Refusal::Dropped(why) => (Word::IsDropped, reason::drop(why).0),
        Refusal::Withheld(why) => (Word::IsNotSent, reason::withheld(why)),
    };
    let end = match cause.end {
        End::Explained => None,
        End::Itself => Some(Word::EndItself),
        End::Provider => Some(Word::EndProvider),
        End::ProvidersList => Some(Word::EndProvidersList),
    };
    html! {
        section.chain {
            h2 { (asked.word(Word::Why)) }
            p { (locale.time(cause.at)) (locale.colon()) strong { (asked.word(heading)) } ", " (status::said(why, locale)) "." }
            @if !cause.links.is_empty() {
                p { (asked.word(Word::WhyChain)) (locale.colon()) }
                ul.holdings { @for link in &cause.links { (explained(asked, link)) } }
            }
            @if let Some(end) = end { p { (asked.word(end)) } }
        }
    }
}

fn explained(asked: &Asked<'_>, link: &Explanation) -> Markup {
    html! {
        li {
            (holding(asked, &link.holding))
            @if let (Some(entry), Some(message)) = (&link.fact, &link.holding.message) {
                p { (asked.word(Word::CausedBy)) " " a href=(path(&["messages", message])) { (asked.word(Word::TheMail)) " " code { (message) } }
                    (asked.locale.colon()) (asked.locale.time(entry.time)) ", " (fact(asked, &entry.fact)) }
            }
        }
    }
}

/// A state by sign and word; the sign alone says nothing to who cannot see it.
pub(crate) fn sign(asked: &Asked<'_>, holding: &Holding) -> Markup {
    let (sign, words) = status::state(holding.state);
    html! { span.sign aria-hidden="true" { (sign) } " " strong { (status::said(words, &asked.locale)) } }
}

/// A state with since when, because of which mail, and what lifts it.
pub(crate) fn holding(asked: &Asked<'_>, holding: &Holding) -> Markup {
    let locale = &asked.locale;
    html! {
        (sign(asked, holding))
        @if holding.state == EmailState::Unsubscribed { " (" (whose(asked, holding)) ")" }
        @if let Some((cause, revealed)) = holding.cause {
            ", " (status::said(status::cause(cause), locale)) @if revealed { " (" (asked.word(Word::Revealed)) ")" }
        }
        @if let Some(since) = holding.since { " " (asked.word(Word::Since)) " " (locale.time(since)) }
        @if let Some(message) = holding.message.as_deref().filter(|message| !message.is_empty()) {
            ", " a href=(path(&["messages", message])) { (asked.word(Word::BecauseOfMessage)) }
        }
        @if let Some(lifted) = holding.lifted_by {
            p.hint { (asked.word(Word::LiftedBy)) (locale.colon()) (status::said(status::lifted(lifted), locale)) }
        }
    }
}

/// Whose register, and of which list where it is of one.
fn whose(asked: &Asked<'_>, holding: &Holding) -> Markup {
    let whose = if holding.address.is_some() { Word::OfTheAddress } else { Word::OfTheClient };
    html! {
        (asked.word(whose))
        @if let Some(Scope::List(list)) = &holding.scope { ", " (asked.word(Word::OfTheList)) " " q { (list) } }
    }
}
