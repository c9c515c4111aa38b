//! One client: the Email State with cause and remedy, and every mail sent to them or withheld from them; now or at an instant.

use axum::extract::{Path, Query};
use axum::response::Response;
use domain::Time;
use domain::contact::state::Holding;
use maud::{Markup, html};
use serde::Deserialize;
use view::{Client, Mail, Recipient};

use crate::answer::{Asked, Asking};
use crate::campaigns::PAGE_ROWS;
use crate::layout::{self, pages, path};
use crate::login::now;
use crate::recipients::badge;
use crate::text::Word;
use crate::then::Then;
use crate::{chain, status};

#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    at: String,
    after: Option<String>,
}

pub(crate) async fn page(asking: Asking, Path(id): Path<String>, Query(wanted): Query<Wanted>) -> Response {
    asking
        .page(move |asked| {
            let (then, after) = (Then::of(asked, &wanted.at), wanted.after.as_deref());
            let organisation = asked.organisation();
            let found = asked.rows.client_until(organisation, &id, then.at, after, PAGE_ROWS)?;
            let Some(client) = found else { return Ok(None) };
            let states = asked.rows.states(organisation, &id, then.at.unwrap_or_else(clock))?;
            let listed = asked.rows.listed(organisation, &id)?;
            let name = client.name.clone().unwrap_or_else(|| id.clone());
            let here = path(&["clients", &id]);
            let main = html! {
                p.trail { a href="/clients" { (asked.word(Word::Clients)) } }
                h1 { (name) }
                dl.facts {
                    div { dt { (asked.word(Word::ClientId)) } dd { code { (id) } } }
                    @if !listed.addresses.is_empty() {
                        div { dt { (asked.word(Word::Addresses)) } @for address in &listed.addresses { dd.any { (address) } } }
                    }
                }
                (then.form(asked, &here))
                div #client data-live {
                    @if states.is_empty() && client.mails.is_empty() && then.at.is_some() {
                        p.empty { (asked.word(Word::NobodyThen)) }
                    } @else { (email_state(asked, &states)) (mails(asked, &id, &client, &then)) }
                }
                (pages(asked, &here, &[then.query()], client.next.as_deref(), after.is_none()))
            };
            Ok(Some((name, main)))
        })
        .await
}

/// Now, as inactivity is judged by.
pub(crate) fn clock() -> Time {
    Time::from_micros(now().saturating_mul(1_000_000))
}

fn email_state(asked: &Asked<'_>, states: &[Holding]) -> Markup {
    html! {
        section.states {
            h2 { (asked.word(Word::EmailState)) }
            ul.holdings { @for holding in states { li { (chain::holding(asked, holding)) } } }
        }
    }
}

fn mails(asked: &Asked<'_>, id: &str, client: &Client, then: &Then) -> Markup {
    const COLUMNS: [Word; 5] = [Word::Happened, Word::Campaign, Word::AddressUsed, Word::Status, Word::Reason];
    let was = |mail: &Mail| match then.at {
        Some(at) => mail.recipient.at(at),
        None => Some(mail.recipient.clone()),
    };
    let head = html! { @for word in COLUMNS { th scope="col" { (asked.word(word)) } } };
    let rows = html! { @for mail in &client.mails { @if let Some(recipient) = was(mail) { (row(asked, id, mail, &recipient, then)) } } };
    html! {
        h2 { (asked.word(Word::Emails)) }
        @if client.mails.is_empty() { p.empty { (asked.word(Word::NoMails)) } } @else {
            (layout::table(asked.word(Word::Emails), &head, &rows))
        }
    }
}

fn row(asked: &Asked<'_>, id: &str, mail: &Mail, recipient: &Recipient, then: &Then) -> Markup {
    let campaign = &recipient.row.campaign;
    let message = path(&["messages", &recipient.message]);
    html! {
        tr {
            td.date { (mail.at.map(|at| asked.locale.time(at)).unwrap_or_default()) }
            th scope="row" {
                @if campaign.is_empty() { (asked.word(Word::ClientFileMail)) } @else {
                    a href=(path(&["campaigns", campaign])) { (if mail.campaign.is_empty() { campaign } else { &mail.campaign }) }
                }
                details { summary { (asked.word(Word::ShowBody)) }
                    iframe.body sandbox="" loading="lazy" title=(asked.word(Word::BodyTitle))
                        src=(path(&["clients", id, "mails", &recipient.message, "body"])) {}
                }
            }
            td.any { (recipient.address.as_deref().unwrap_or("–")) }
            td { a href=(layout::address(&message, &[then.query()])) { (badge(asked, recipient)) } }
            td { (status::reason(&recipient.row, then.at.unwrap_or(asked.as_of.time), &asked.locale)) }
        }
    }
}
