//! Before a send: to whom it may go, and for each of the others why not. The only page that enforces how many clients one send
//! may have.

use std::collections::BTreeMap;

use axum::Form;
use axum::response::Response;
use domain::MailClass;
use domain::contact::check::{CLIENTS_MAX, Mail};
use maud::{Markup, html};
use serde::Deserialize;
use view::{Checked, Error};

use crate::answer::{Asked, Asking, Made};
use crate::client::clock;
use crate::filter::{field, select};
use crate::layout::table;
use crate::text::Word;
use crate::then::Then;
use crate::{chain, clients, reason, status};

/// Clients that this page checks at once, whatever an organisation's limit is.
const PAGE_MAX: u32 = 1_000;

/// What was filled in.
#[derive(Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    clients: String,
    #[serde(default)]
    class: String,
    #[serde(default)]
    list: String,
    #[serde(default)]
    at: String,
}

/// A client as it was given, and by which id it is known.
type Given = BTreeMap<String, String>;

pub(crate) async fn form(asking: Asking) -> Response {
    asking.page(|asked| page(asked, &Filled::default(), &Markup::default())).await
}

pub(crate) async fn check(asking: Asking, Form(filled): Form<Filled>) -> Response {
    asking
        .page(move |asked| {
            let answer = answer(asked, &filled)?;
            page(asked, &filled, &answer)
        })
        .await
}

fn limit(asked: &Asked<'_>) -> Result<u32, Error> {
    let said = asked.said.as_ref().map_or(0, |said| said.send_limit);
    Ok(if said == 0 { CLIENTS_MAX } else { said.min(PAGE_MAX) })
}

fn page(asked: &Asked<'_>, filled: &Filled, answer: &Markup) -> Made {
    let word = |word| asked.word(word);
    // A browser complains of what is no date and time.
    let at = Then::of(asked, &filled.at).at.map(|at| asked.locale.field(at)).unwrap_or_default();
    let classes = [("mass", word(Word::Mass)), ("transactional", word(Word::Transactional))];
    let main = html! {
        h1 { (word(Word::SendCheck)) }
        p { (word(Word::SendCheckText)) }
        p.hint { (word(Word::AtMost)) " " (asked.locale.number(u64::from(limit(asked)?))) }
        form.check method="post" action="/send-check" {
            label.wide { span { (word(Word::CheckClients)) }
                textarea name="clients" rows="6" required { (filled.clients) } }
            div.fields {
                (select("class", word(Word::Kind), &filled.class, &classes))
                (field("list", "text", word(Word::CheckList), &filled.list))
                (field("at", "datetime-local", word(Word::CheckAt), &at))
            }
            button { (word(Word::Check)) }
        }
        (answer)
    };
    Ok(Some((word(Word::SendCheck).to_owned(), main)))
}

fn answer(asked: &Asked<'_>, filled: &Filled) -> Result<Markup, Error> {
    let then = Then::of(asked, &filled.at);
    let class = if filled.class == "transactional" { MailClass::Transactional } else { MailClass::Mass };
    let list = Some(filled.list.trim().to_owned()).filter(|list| !list.is_empty());
    let mail = Mail { class, list, at: then.at.unwrap_or_else(clock) };
    let lines = filled.clients.split(['\n', ',', ';']).map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    if lines.is_empty() {
        return Ok(html! { p.alert role="alert" { (asked.word(Word::NobodyGiven)) } });
    }
    // Counted before anybody is looked up.
    let most = limit(asked)?;
    if let Err(over) = domain::contact::check::within_limit(lines.iter().map(String::as_str), most) {
        return Ok(html! { p.alert role="alert" {
            (asked.word(Word::TooManyClients)) " " (over.clients) " " (asked.word(Word::ChecksOfClients)) " " (over.limit) "."
        } });
    }
    let (ids, given) = known(asked, &lines, &mail)?;
    let checked = asked.rows.send_check(asked.organisation(), &ids, &mail)?;
    shown(asked, &then, &checked, &given)
}

/// The clients that the lines name: by id, else by an address or name that exactly one client has.
fn known(asked: &Asked<'_>, lines: &[String], mail: &Mail) -> Result<(Vec<String>, Given), Error> {
    let mut given = Given::new();
    let mut ids = Vec::with_capacity(lines.len());
    for line in lines {
        let is_id = !asked.rows.states(asked.organisation(), line, mail.at)?.is_empty()
            || asked.rows.name(asked.organisation(), line)?.is_some();
        let found = if is_id { Vec::new() } else { asked.rows.clients(asked.organisation(), line, None, 2)?.rows };
        let id = match found.as_slice() {
            [only] => only.client.clone(),
            _ => line.clone(),
        };
        given.insert(id.clone(), line.clone());
        ids.push(id);
    }
    Ok((ids, given))
}

fn shown(asked: &Asked<'_>, then: &Then, checked: &[Checked], given: &Given) -> Result<Markup, Error> {
    let number = |count: usize| asked.locale.number(u64::try_from(count).unwrap_or(u64::MAX));
    let go = checked.iter().filter(|one| one.is_known && one.verdict.may_send()).count();
    let head =
        html! { @for word in [Word::Client, Word::Verdict, Word::Reason] { th scope="col" { (asked.word(word)) } } };
    let rows = html! { @for one in checked { (row(asked, one, given)?) } };
    Ok(html! {
        section #verdicts {
            (then.said(asked))
            p role="status" { strong { (number(go)) } " " (asked.word(Word::MayGo)) ", "
                strong { (number(checked.len() - go)) } " " (asked.word(Word::Withheld)) "." }
            (table(asked.word(Word::Verdict), &head, &rows))
        }
    })
}

fn row(asked: &Asked<'_>, one: &Checked, given: &Given) -> Result<Markup, Error> {
    let listed = asked.rows.listed(asked.organisation(), &one.client)?;
    let goes = one.is_known && one.verdict.may_send();
    let (sign, word, class) = if goes { ("✓", Word::Send, "delivered") } else { ("✕", Word::Withhold, "bounce") };
    Ok(html! {
        tr {
            th.any scope="row" {
                @if one.is_known { (clients::named(asked, &listed)) }
                @else { (given.get(&one.client).unwrap_or(&one.client)) }
            }
            td { span.badge.(class) { span aria-hidden="true" { (sign) " " } (asked.word(word)) } }
            td {
                @if !one.is_known { (asked.word(Word::UnknownClient)) } @else {
                    @if one.verdict.no_activity_on_record { p.hint { (asked.word(Word::NoActivity)) } }
                    ul.holdings { @for hindrance in &one.verdict.hindrances {
                        li { (status::said(reason::withheld(hindrance.reason), &asked.locale)) (asked.locale.colon()) (chain::holding(asked, &hindrance.holding)) }
                    } }
                }
            }
        }
    })
}
