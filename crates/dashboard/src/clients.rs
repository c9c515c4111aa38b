//! The clients of an organisation with their Email States, and those who unsubscribed without any mail.

use axum::extract::Query;
use axum::response::Response;
use domain::contact::state::Holding;
use maud::{Markup, html};
use serde::Deserialize;
use view::{ClientPage, Error, Listed, WORDS_MAX};

use crate::answer::{Asked, Asking};
use crate::campaigns::PAGE_ROWS;
use crate::client::clock;
use crate::layout::{pages, path, table};
use crate::text::Word;
use crate::{chain, then};

#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    q: String,
    after: Option<String>,
}

/// All by name, or those whom words find.
pub(crate) async fn page(asking: Asking, Query(wanted): Query<Wanted>) -> Response {
    asking
        .page(move |asked| {
            let (words, after) = (wanted.q.chars().take(WORDS_MAX).collect::<String>(), wanted.after.as_deref());
            let page = asked.rows.clients(asked.organisation(), &words, after, PAGE_ROWS)?;
            let is_short = page.next.is_some() && page.rows.len() < PAGE_ROWS;
            let main = html! {
                h1 { (asked.word(Word::Clients)) }
                form.search role="search" action="/clients" { div.line {
                    label for="q" { (asked.word(Word::Search)) }
                    input #q type="search" name="q" value=(wanted.q) placeholder=(asked.word(Word::SearchClients)) maxlength=(WORDS_MAX);
                    button { (asked.word(Word::Search)) }
                } }
                p.hint { (asked.word(Word::ClientsText)) }
                div #clients data-live {
                    (list(asked, &page, Word::Clients)?)
                    @if is_short { p.hint { (asked.word(Word::SearchGoesOn)) } }
                }
                (pages(asked, "/clients", &[("q", &wanted.q)], page.next.as_deref(), after.is_none()))
            };
            Ok(Some((asked.word(Word::Clients).to_owned(), main)))
        })
        .await
}

/// Those who are in no communication's number.
pub(crate) async fn unsubscribed(asking: Asking, Query(wanted): Query<Wanted>) -> Response {
    asking
        .page(move |asked| {
            let after = wanted.after.as_deref();
            let page = asked.rows.unsubscribed_without_mail(asked.organisation(), after, PAGE_ROWS)?;
            let main = html! {
                p.trail { a href="/campaigns" { (asked.word(Word::BackToCampaigns)) } }
                h1 { (asked.word(Word::UnsubscribedWithoutMail)) }
                p { (asked.word(Word::UnsubscribedWithoutMailText)) }
                div #clients data-live { (list(asked, &page, Word::UnsubscribedWithoutMail)?) }
                (pages(asked, "/unsubscribed", &[], page.next.as_deref(), after.is_none()))
                (then::only_now(asked))
            };
            Ok(Some((asked.word(Word::UnsubscribedWithoutMail).to_owned(), main)))
        })
        .await
}

fn list(asked: &Asked<'_>, page: &ClientPage, label: Word) -> Result<Markup, Error> {
    if page.rows.is_empty() {
        return Ok(html! { p.empty { (asked.word(Word::NoClients)) } });
    }
    let ids: Vec<String> = page.rows.iter().map(|row| row.client.clone()).collect();
    let states = asked.rows.states_of(asked.organisation(), &ids, clock())?;
    let head = html! {
        @for word in [Word::Client, Word::EmailState, Word::StatusSince] { th scope="col" { (asked.word(word)) } }
    };
    let rows = html! { @for (listed, states) in page.rows.iter().zip(&states) { (row(asked, listed, states)) } };
    Ok(table(asked.word(label), &head, &rows))
}

fn row(asked: &Asked<'_>, listed: &Listed, states: &[Holding]) -> Markup {
    // The client's register and those of the addresses are one word here.
    let repeats = |place: usize, holding: &Holding| states.iter().take(place).any(|known| known.state == holding.state);
    let words =
        states.iter().enumerate().filter(|(place, holding)| !repeats(*place, holding)).map(|(_, holding)| holding);
    html! {
        tr {
            th.any scope="row" { (named(asked, listed)) }
            td { ul.signs { @for holding in words { li { (chain::sign(asked, holding)) } } } }
            td.date { (states.iter().filter_map(|holding| holding.since).max().map(|at| asked.locale.time(at)).unwrap_or_default()) }
        }
    }
}

/// A client by name, linked, with what tells them from others of that name: addresses and id. By id alone where there is no name.
pub(crate) fn named(asked: &Asked<'_>, listed: &Listed) -> Markup {
    let id = &listed.client;
    html! {
        a href=(path(&["clients", id])) { (listed.name.as_deref().unwrap_or(id)) }
        @for address in &listed.addresses { span.apart.any { (address) } }
        @if listed.name.is_some() { span.apart.any { (asked.word(Word::ClientId)) " " code { (id) } } }
    }
}
