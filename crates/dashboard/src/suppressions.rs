//! Addresses and clients from which mail is withheld, with the mail that each is because of.

use axum::extract::Query;
use axum::response::Response;
use domain::contact::Subject;
use domain::contact::state::{EmailState, Holding};
use maud::{Markup, html};
use serde::Deserialize;
use view::{Error, Suppressed};

use crate::answer::{Asked, Asking};
use crate::campaigns::PAGE_ROWS;
use crate::layout::{self, pages, table};
use crate::text::Word;
use crate::{chain, clients, recipients, then};

#[derive(Deserialize)]
pub(crate) struct Wanted {
    after: Option<String>,
}

pub(crate) async fn page(asking: Asking, Query(wanted): Query<Wanted>) -> Response {
    asking
        .page(move |asked| {
            let after = wanted.after.as_deref();
            let page = asked.rows.suppressions(asked.organisation(), after, PAGE_ROWS)?;
            let head = html! { @for word in [Word::Whom, Word::WhatHolds] { th scope="col" { (asked.word(word)) } } };
            let rows = html! { @for one in &page.rows { (row(asked, one)?) } };
            let main = html! {
                h1 { (asked.word(Word::Suppressions)) }
                p.hint { (asked.word(Word::SuppressionsText)) }
                div #suppressions data-live {
                    @if page.rows.is_empty() { p.empty { (asked.word(Word::NoSuppressions)) } } @else {
                        (table(asked.word(Word::Suppressions), &head, &rows))
                    }
                }
                (pages(asked, "/suppressions", &[], page.next.as_deref(), after.is_none()))
                (layout::export(asked, &["suppressions"], &[]))
                (then::only_now(asked))
            };
            Ok(Some((asked.word(Word::Suppressions).to_owned(), main)))
        })
        .await
}

fn row(asked: &Asked<'_>, one: &Suppressed) -> Result<Markup, Error> {
    Ok(html! {
        tr {
            th.any scope="row" { (whom(asked, one)?) }
            td { ul.holdings { @for holding in &one.holdings { li { (chain::holding(asked, holding)) } } } }
        }
    })
}

/// The client, or the address as far as a mail of it is known.
fn whom(asked: &Asked<'_>, one: &Suppressed) -> Result<Markup, Error> {
    Ok(match (&one.subject, &one.mail) {
        (Subject::Client(id), _) => clients::named(asked, &asked.rows.listed(asked.organisation(), id)?),
        (Subject::Address(_), Some(mail)) => html! {
            (recipients::client(mail)) br; span.any { (mail.address.as_deref().unwrap_or(asked.word(Word::NotKept))) }
        },
        (Subject::Address(hash), None) => html! {
            // Nothing but a client's own account sets a register without naming a mail.
            (asked.word(if one.holdings.iter().all(by_account) { Word::AddressOfAccount } else { Word::AnAddress })) br; code { (contract::json::hex(hash.0.get(..6).unwrap_or_default())) "…" }
        },
    })
}

fn by_account(holding: &Holding) -> bool {
    holding.state == EmailState::Unsubscribed && holding.message.as_deref().is_none_or(str::is_empty)
}
