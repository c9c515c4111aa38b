//! A date in the past: what was so at an instant, by the time at which things happened and known what is known now. Pages that
//! cannot tell say so.

use domain::Time;
use maud::{Markup, html};

use crate::answer::Asked;
use crate::text::Word;

/// What was asked for.
pub(crate) struct Then {
    text: String,
    /// The instant; `None` for now.
    pub(crate) at: Option<Time>,
}

impl Then {
    /// What a text asks for, on the organisation's clock.
    pub(crate) fn of(asked: &Asked<'_>, text: &str) -> Self {
        let text = text.trim();
        Self { at: asked.locale.instant(text), text: text.to_owned() }
    }

    /// What the address has for it.
    pub(crate) fn query(&self) -> (&str, &str) {
        ("at", if self.at.is_some() { &self.text } else { "" })
    }

    /// The form, and what moment the page is of.
    pub(crate) fn form(&self, asked: &Asked<'_>, path: &str) -> Markup {
        html! {
            form.then action=(path) {
                label for="at" { (asked.word(Word::AtDate)) }
                input #at type="datetime-local" name="at" aria-describedby="at-hint"
                    value=[self.at.map(|at| asked.locale.field(at))];
                button.quiet { (asked.word(Word::ShowThen)) }
                span.hint #at-hint { (asked.word(Word::AtDateHint)) " " (asked.locale.zone()) "." }
            }
            (self.said(asked))
            @if self.at.is_some() { p { a href=(path) { (asked.word(Word::BackToNow)) } } }
        }
    }

    /// What moment the page is of, where it is not now.
    pub(crate) fn said(&self, asked: &Asked<'_>) -> Markup {
        html! {
            @if let Some(at) = self.at {
                p.moment role="status" { (asked.word(Word::AsItWas)) " " strong { (asked.locale.time(at)) } }
            } @else if !self.text.is_empty() {
                p.alert role="alert" { (asked.word(Word::BadInstant)) }
            }
        }
    }
}

/// On a page that only knows what is so now.
pub(crate) fn only_now(asked: &Asked<'_>) -> Markup {
    html! { p.hint { (asked.word(Word::OnlyNow)) } }
}
