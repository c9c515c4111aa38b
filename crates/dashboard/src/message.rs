//! One message: what it is now or was at an instant, what that means, why it was refused, and everything that happened, with
//! when it was known and from where.

use axum::extract::{Path, Query};
use axum::response::Response;
use contract::topic::Topic;
use domain::{Agent, Entry, Fact};
use maud::{Markup, html};
use serde::Deserialize;
use view::{Message, Recipient, Step};

use crate::answer::{Asked, Asking};
use crate::campaigns::name;
use crate::layout::path;
use crate::recipients::{badge, client};
use crate::status::{self, said};
use crate::text::Word;
use crate::then::Then;
use crate::{chain, reason};

#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    at: String,
}

pub(crate) async fn page(asking: Asking, Path(id): Path<String>, Query(wanted): Query<Wanted>) -> Response {
    asking
        .page(move |asked| {
            let Some(message) = asked.rows.message(asked.organisation(), &id)? else { return Ok(None) };
            let then = Then::of(asked, &wanted.at);
            let campaign = asked.rows.campaign(asked.organisation(), &message.recipient.row.campaign)?;
            let cause = asked.rows.cause(asked.organisation(), &id)?;
            let cause = cause.filter(|cause| then.at.is_none_or(|at| cause.at <= at));
            let was = match then.at {
                Some(at) => message.recipient.at(at),
                None => Some(message.recipient.clone()),
            };
            let main = html! {
                p.trail {
                    @match &campaign {
                        Some(campaign) => a href=(path(&["campaigns", &campaign.id])) { (name(campaign)) },
                        None => (asked.word(Word::ClientFileMail)),
                    }
                }
                h1 { (asked.word(Word::Message)) " " code { (id) } }
                (then.form(asked, &path(&["messages", &id])))
                div #message data-live {
                    @match &was {
                        Some(recipient) => (standing(asked, recipient, &then)),
                        None => p.empty { (asked.word(Word::NotYetThen)) },
                    }
                    @if let Some(cause) = &cause { (chain::section(asked, cause)) }
                    (timeline(asked, &message, &then))
                }
            };
            Ok(Some((format!("{} {id}", asked.word(Word::Message)), main)))
        })
        .await
}

fn standing(asked: &Asked<'_>, recipient: &Recipient, then: &Then) -> Markup {
    let locale = &asked.locale;
    let since = recipient.row.status_since.map(|at| locale.time(contract::time_of(&at))).unwrap_or_default();
    let reason = status::reason(&recipient.row, then.at.unwrap_or(asked.as_of.time), locale);
    html! {
        dl.facts {
            div { dt { (asked.word(Word::Status)) } dd { (badge(asked, recipient)) " " (asked.word(Word::Since)) " " (since) } }
            @if !reason.is_empty() { div { dt { (asked.word(Word::Reason)) } dd { (reason) } } }
            div { dt { (asked.word(Word::Client)) } dd { (client(recipient)) } }
            div { dt { (asked.word(Word::AddressUsed)) } dd.any { (recipient.address.as_deref().unwrap_or(asked.word(Word::NotKept))) } }
        }
        @if let Some(remedy) = status::remedy(&recipient.row, locale) {
            p.remedy { strong { (asked.word(Word::WhatToDo)) (asked.locale.colon()) } (remedy) }
        }
    }
}

fn timeline(asked: &Asked<'_>, message: &Message, then: &Then) -> Markup {
    let happened = |step: &&Step| then.at.is_none_or(|at| step.entry.time <= at);
    html! {
        h2 { (asked.word(Word::Timeline)) }
        ol.timeline { @for one in message.steps.iter().filter(happened) { (step(asked, one)) } }
        @if message.more { p.hint { (asked.word(Word::MoreThanKept)) } }
    }
}

fn step(asked: &Asked<'_>, step: &Step) -> Markup {
    let (entry, locale) = (&step.entry, &asked.locale);
    let source = &entry.arrival.source;
    html! {
        li class=[(!step.counts).then_some("void")] {
            time { (locale.time(entry.time)) }
            p.any { (fact(asked, &entry.fact))
                @if let Some(now) = step.status { " → " span.badge.(now.word()) { (asked.word(status::word(now))) } } }
            @if !step.counts { p.hint { (asked.word(Word::NotCounted)) } }
            p.hint {
                (asked.word(Word::Arrived)) " " (locale.time(entry.arrival.received)) " " (asked.word(Word::From)) " "
                @if let Some(origin) = origin(asked, entry) { (origin) ", " }
                code { (source.topic) "/" (source.partition) "@" (source.offset) }
            }
        }
    }
}

/// Who told it: the platform, whichever provider its send names, or a provider.
fn origin<'a>(asked: &Asked<'_>, entry: &'a Entry) -> Option<&'a str> {
    let is_platforms = *entry.arrival.source.topic == *Topic::Platform.short();
    let provider = Some(&*entry.provider).filter(|provider| !provider.is_empty());
    if is_platforms { Some(asked.word(Word::ThePlatform)) } else { provider }
}

/// What happened, in words.
pub(crate) fn fact(asked: &Asked<'_>, fact: &Fact) -> Markup {
    let locale = &asked.locale;
    let say = |english, french| said((english, french), locale);
    let by = |agent: &Agent| match agent {
        Agent::Human => say("by a person", "par une personne"),
        Agent::Machine => say("by a machine", "par une machine"),
        Agent::Unknown => say("by somebody", "par quelqu'un"),
    };
    let (what, words): (String, &str) = match fact {
        Fact::Sent => (say("Sent", "Envoyé").to_owned(), ""),
        Fact::Queued => (say("Queued by the provider", "Mis en file par le fournisseur").to_owned(), ""),
        Fact::Deferred { reason } => {
            (say("A try failed for now", "Un essai a échoué pour l'instant").to_owned(), reason)
        }
        Fact::Delivered => (say("Delivered", "Livré").to_owned(), ""),
        Fact::Bounced { class, reason, .. } => (
            format!("{}{}{}", say("Bounced", "Rebond"), locale.colon(), said(reason::bounce(*class).0, locale)),
            reason,
        ),
        Fact::Dropped(drop) => (
            format!("{}{}{}", say("Dropped", "Abandonné"), locale.colon(), said(reason::drop(drop.reason).0, locale)),
            &drop.text,
        ),
        Fact::Opened(agent) => (format!("{} {}", say("Opened", "Ouvert"), by(agent)), ""),
        Fact::Clicked { agent, link } => (format!("{} {}", say("Clicked", "Cliqué"), by(agent)), link),
        Fact::Complained => (say("Reported as spam", "Signalé comme pourriel").to_owned(), ""),
        Fact::Unsubscribed { .. } => (say("Unsubscribed", "Désabonné").to_owned(), ""),
        Fact::Resubscribed { .. } => (say("Subscribed again", "Réabonné").to_owned(), ""),
        Fact::Withheld(reason) => (
            format!("{}{}{}", say("Not sent", "Non envoyé"), locale.colon(), said(reason::withheld(*reason), locale)),
            "",
        ),
    };
    html! { (what) @if !words.is_empty() { " " q { (words) } } }
}
