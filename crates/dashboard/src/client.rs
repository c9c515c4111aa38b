//! One client: the Email State with cause and remedy, and every mail sent to them or withheld from them.

use axum::extract::{Path, Query};
use axum::response::Response;
use domain::Time;
use domain::contact::state::Holding;
use maud::{Markup, html};
use view::{Client, Mail};

use crate::answer::{Asked, Asking};
use crate::campaigns::PAGE_ROWS;
use crate::layout::{pages, path};
use crate::login::now;
use crate::recipients::{Wanted, badge};
use crate::status;
use crate::text::Word;

pub(crate) async fn page(asking: Asking, Path(id): Path<String>, Query(wanted): Query<Wanted>) -> Response {
    asking
        .page(move |asked| {
            let found = asked.rows.client(asked.organisation(), &id, wanted.after.as_deref(), PAGE_ROWS)?;
            let Some(client) = found else { return Ok(None) };
            let at = Time::from_micros(now().saturating_mul(1_000_000));
            let states = asked.rows.states(asked.organisation(), &id, at)?;
            let name = client.name.clone().unwrap_or_else(|| id.clone());
            let main = html! {
                p.trail { a href="/campaigns" { (asked.word(Word::BackToCampaigns)) } }
                h1 { (name) }
                div #client data-live { (email_state(asked, &states)) (mails(asked, &id, &client)) }
                (pages(asked, &path(&["clients", &id]), &[], client.next.as_deref(), wanted.after.is_none()))
            };
            Ok(Some((name, main)))
        })
        .await
}

fn email_state(asked: &Asked<'_>, states: &[Holding]) -> Markup {
    html! {
        section.states {
            h2 { (asked.word(Word::EmailState)) }
            ul { @for holding in states {
                @let (sign, words) = status::state(holding.state);
                li {
                    span.sign aria-hidden="true" { (sign) } " " strong { (status::said(words, &asked.locale)) }
                    @if let Some(since) = holding.since { " " (asked.word(Word::Since)) " " (asked.locale.time(since)) }
                    @if let Some(message) = holding.message.as_deref().filter(|message| !message.is_empty()) {
                        ", " a href=(path(&["messages", message])) { (asked.word(Word::BecauseOfMessage)) }
                    }
                    @if let Some(lifted) = holding.lifted_by {
                        p.hint { (asked.word(Word::LiftedBy)) ": " (status::said(status::lifted(lifted), &asked.locale)) }
                    }
                }
            } }
        }
    }
}

fn mails(asked: &Asked<'_>, id: &str, client: &Client) -> Markup {
    const COLUMNS: [Word; 5] = [Word::Happened, Word::Campaign, Word::AddressUsed, Word::Status, Word::Reason];
    html! {
        h2 { (asked.word(Word::Emails)) }
        @if client.mails.is_empty() { p.empty { (asked.word(Word::NoMails)) } } @else {
            div.scroll tabindex="0" role="region" aria-label=(asked.word(Word::Emails)) {
                table {
                    thead { tr { @for word in COLUMNS { th scope="col" { (asked.word(word)) } } } }
                    tbody { @for mail in &client.mails { (row(asked, id, mail)) } }
                }
            }
        }
    }
}

fn row(asked: &Asked<'_>, id: &str, mail: &Mail) -> Markup {
    let recipient = &mail.recipient;
    let campaign = &recipient.row.campaign;
    html! {
        tr {
            td { (mail.at.map(|at| asked.locale.time(at)).unwrap_or_default()) }
            th scope="row" {
                @if campaign.is_empty() { (asked.word(Word::ClientFileMail)) } @else {
                    a href=(path(&["campaigns", campaign])) { (if mail.campaign.is_empty() { campaign } else { &mail.campaign }) }
                }
                details { summary { (asked.word(Word::ShowBody)) }
                    iframe.body sandbox="" loading="lazy" title=(asked.word(Word::BodyTitle))
                        src=(path(&["clients", id, "mails", &recipient.message, "body"])) {}
                }
            }
            td { (recipient.address.as_deref().unwrap_or("–")) }
            td { a href=(path(&["messages", &recipient.message])) { (badge(asked, recipient)) } }
            td { (status::reason(&recipient.row, asked.as_of.time, &asked.locale)) }
        }
    }
}
