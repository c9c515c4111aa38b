//! A communication's numbers as they were at an instant: every message as it was then, counted by the rule that counts it now.
//! Lists are of now, so no number leads to one.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use domain::Counters;
use maud::{Markup, html};

use crate::answer::{Asked, Asking, failed, refused};
use crate::campaign::{TILES, rate};
use crate::layout::table;
use crate::locale::Locale;
use crate::text::Word;

impl Asking {
    /// Counters of a communication at the instant that a text names on the organisation's clock; `None` for now. Reads every
    /// message, without holding up the view. No more at once than there are turns: who comes beyond is asked to come again.
    pub(crate) async fn counters_at(&self, id: &str, text: &str) -> Result<Option<Counters>, Response> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let locale = Locale::of(&self.headers, None);
        let turn = Arc::clone(&self.dashboard.long).try_acquire_owned();
        let turn = turn.map_err(|_| refused(StatusCode::SERVICE_UNAVAILABLE, &locale))?;
        let (view, headers) = (Arc::clone(&self.dashboard.view), self.headers.clone());
        let (organisation, id, text) = (self.viewer.organisation.clone(), id.to_owned(), text.trim().to_owned());
        let counted = tokio::task::spawn_blocking(move || {
            let said = view.snapshot().organisation(&organisation)?;
            let at = Locale::of(&headers, said.as_ref()).instant(&text);
            let counted = at.map(|at| view.counters_at(&organisation, &id, at)).transpose();
            drop(turn);
            counted
        });
        match counted.await {
            Ok(counted) => counted.map_err(|error| failed(&error, &locale)),
            Err(_) => Err(refused(StatusCode::SERVICE_UNAVAILABLE, &locale)),
        }
    }
}

/// The numbers with their rates, and the sums that hold of them.
pub(crate) fn numbers(asked: &Asked<'_>, of: &Counters) -> Markup {
    let (locale, word) = (&asked.locale, |word| asked.word(word));
    let head = html! {
        th scope="col" { (word(Word::Number)) } th.number scope="col" { (word(Word::Messages)) } th scope="col" { (word(Word::Rates)) }
    };
    let rows = html! {
        @for (tile, said, _, denominators) in TILES {
            @let number = tile.count(of);
            tr {
                th scope="row" { (word(said)) }
                td.number { (locale.number(number)) }
                td { @for denominator in denominators { p { (rate(asked, number, *denominator, of)) } } }
            }
        }
        tr { th scope="row" { (word(Word::NotSent)) } td.number { (locale.number(of.not_sent)) } td {} }
    };
    let part = |name: Word, number: u64| format!("{} {}", word(name), locale.number(number));
    html! {
        (table(word(Word::Number), &head, &rows))
        p.sum { (part(Word::Sent, of.sent)) " = " (part(Word::Pending, of.pending)) " + " (part(Word::Delivered, of.delivered))
            " + " (part(Word::Bounce, of.bounced)) " + " (part(Word::Dropped, of.dropped)) }
        p.hint { (word(Word::PastNumbers)) }
    }
}
