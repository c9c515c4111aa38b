//! What every page has around its content.

use maud::{DOCTYPE, Markup, html};

use crate::answer::Asked;
use crate::locale::Locale;
use crate::text::{Language, Word};

/// A page of somebody who is logged in: who, whose, and what moment it is of.
pub(crate) fn full(asked: &Asked<'_>, title: &str, main: &Markup) -> Markup {
    let locale = &asked.locale;
    let organisation = asked.rows.organisation(asked.organisation()).ok().flatten();
    let organisation = organisation.map(|known| known.name).filter(|name| !name.is_empty());
    let organisation = organisation.unwrap_or_else(|| asked.organisation().to_owned());
    let head = html! {
        header.top {
            a.brand href="/campaigns" { "Mailtally" }
            nav aria-label=(locale.word(Word::Communications)) {
                a href="/campaigns" { (locale.word(Word::Communications)) }
            }
            span.who { (organisation) " · " (asked.viewer.name) }
            form method="post" action="/logout" { button.quiet { (locale.word(Word::Logout)) } }
        }
    };
    let foot = html! {
        footer {
            p #as-of data-live role="status" {
                (locale.word(Word::AsOf)) " "
                time { (locale.clock(asked.as_of.time)) }
                " (" (locale.word(Word::LastEvent)) " " (locale.time(asked.as_of.time)) ", " (locale.zone()) ")"
            }
            p.languages {
                (locale.word(Word::Language)) ": "
                @for language in Language::ALL {
                    @let name = language.name();
                    a href={ "?lang=" (language.word()) } lang=(language.word())
                        aria-current=[(language == locale.language).then_some("true")] { (name) }
                    " "
                }
            }
        }
    };
    let stands_still = html! { @if asked.halted { p.alert role="alert" { (locale.word(Word::StandsStill)) } } };
    document(locale, title, true, &html! { (head) main #content tabindex="-1" { (stands_still) (main) } (foot) })
}

/// A page of nobody in particular.
pub(crate) fn bare(locale: &Locale, title: &str, main: &Markup) -> Markup {
    document(locale, title, false, &html! { main #content tabindex="-1" { (main) } })
}

fn document(locale: &Locale, title: &str, live: bool, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(locale.language.word()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " – Mailtally" }
                link rel="stylesheet" href="/assets/style.css";
                @if live { script src="/assets/live.js" defer {} }
            }
            body {
                a.skip href="#content" { (locale.word(Word::SkipToContent)) }
                (body)
            }
        }
    }
}

/// The path of something, its ids encoded.
pub(crate) fn path(parts: &[&str]) -> String {
    const KEPT: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    parts
        .iter()
        .flat_map(|part| ["/".to_owned(), percent_encoding::utf8_percent_encode(part, KEPT).to_string()])
        .collect()
}

/// Links to the next page and back to the first.
pub(crate) fn pages(
    asked: &Asked<'_>,
    path: &str,
    query: &[(&str, &str)],
    next: Option<&str>,
    is_first: bool,
) -> Markup {
    let link = |after: Option<&str>| {
        let after = after.map(|after| ("after", after));
        let encode =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let pairs = query.iter().copied().chain(after).filter(|(_, value)| !value.is_empty());
        let pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}={}", encode(value))).collect();
        format!("{path}?{}", pairs.join("&"))
    };
    html! {
        nav.pages aria-label=(asked.word(Word::NextPage)) {
            @if !is_first { a href=(link(None)) { (asked.word(Word::FirstPage)) } }
            @if let Some(next) = next { a rel="next" href=(link(Some(next))) { (asked.word(Word::NextPage)) } }
        }
    }
}
