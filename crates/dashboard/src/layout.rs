//! What every page has around its content.

use maud::{DOCTYPE, Markup, Render, html};
use view::Standing;

use crate::access::Role;
use crate::answer::Asked;
use crate::asset;
use crate::locale::Locale;
use crate::text::{Language, Word};

/// What the menu leads to, and from which role on.
const MENU: [(&str, Word, Role); 4] = [
    ("/campaigns", Word::Communications, Role::Viewer),
    ("/clients", Word::Clients, Role::Viewer),
    ("/suppressions", Word::Suppressions, Role::Viewer),
    ("/send-check", Word::SendCheck, Role::Sender),
];

/// A page of somebody who is logged in: who, whose, and what moment it is of.
pub(crate) fn full(asked: &Asked<'_>, title: &str, main: &Markup) -> Markup {
    let locale = &asked.locale;
    let organisation = asked.said.as_ref().map(|known| known.name.as_str()).filter(|name| !name.is_empty());
    let organisation = organisation.unwrap_or(asked.organisation());
    let head = html! {
        header.top {
            a.brand href="/campaigns" { "Mailtally" }
            nav aria-label=(locale.word(Word::Menu)) {
                @for (path, word, _) in MENU.iter().filter(|(.., role)| asked.viewer.role >= *role) {
                    @let here = asked.address.path().starts_with(path);
                    a href=(path) aria-current=[here.then_some("page")] { (locale.word(*word)) }
                }
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
            (languages(locale, asked.address.query().unwrap_or_default()))
        }
    };
    let standing = standing(&asked.standing, locale);
    document(locale, title, true, &html! { (head) main #content tabindex="-1" { (standing) (main) } (foot) })
}

/// Whether the numbers below are all there are, and of now; nothing where they are.
pub(crate) fn standing(standing: &Standing, locale: &Locale) -> Markup {
    html! {
        div #standing data-live role="status" {
            @if let Some(share) = standing.lacks {
                p.alert { (locale.word(Word::CatchingUpView)) " " (locale.number(share.percent())) "\u{a0}%" }
            }
            @if standing.halted.is_some() { p.alert { (locale.word(Word::StandsStill)) } }
        }
    }
}

/// A page of nobody in particular.
pub(crate) fn bare(locale: &Locale, title: &str, main: &Markup) -> Markup {
    document(locale, title, false, &html! { main #content tabindex="-1" { (main) } footer { (languages(locale, "")) } })
}

/// Links to the same page in each language, with what else its address asks for.
fn languages(locale: &Locale, query: &str) -> Markup {
    let kept: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("lang=")).collect();
    let link = |language: Language| [&kept[..], &[&format!("lang={}", language.word())]].concat().join("&");
    html! {
        p.languages {
            (locale.word(Word::Language)) " "
            @for language in Language::ALL {
                a href={ "?" (link(language)) } lang=(language.word())
                    aria-current=[(language == locale.language).then_some("true")] { (language.name()) }
                " "
            }
        }
    }
}

fn document(locale: &Locale, title: &str, live: bool, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(locale.language.word()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " – Mailtally" }
                link rel="icon" type="image/svg+xml" href=(asset::ICON.address());
                link rel="stylesheet" href=(asset::STYLE.address());
                @if live { script src=(asset::SCRIPT.address()) defer {} }
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
    let mut path = String::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
    write_path(parts, &mut path);
    path
}

/// The same, written into a page without a text of its own between.
pub(crate) struct To<'a, const PARTS: usize>(pub(crate) [&'a str; PARTS]);

impl<const PARTS: usize> Render for To<'_, PARTS> {
    fn render_to(&self, page: &mut String) {
        // Encoded it has nothing that HTML would read otherwise.
        write_path(&self.0, page);
    }
}

fn write_path(parts: &[&str], to: &mut String) {
    const KEPT: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    for part in parts {
        to.push('/');
        to.extend(percent_encoding::utf8_percent_encode(part, KEPT));
    }
}

/// An address: a path, and what of a query is not empty.
pub(crate) fn address(path: &str, query: &[(&str, &str)]) -> String {
    let encode =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let pairs = query.iter().filter(|(_, value)| !value.is_empty());
    let pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}={}", encode(value))).collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

/// Links to the next page and back to the first.
pub(crate) fn pages(
    asked: &Asked<'_>,
    path: &str,
    query: &[(&str, &str)],
    next: Option<&str>,
    is_first: bool,
) -> Markup {
    html! {
        @if !is_first || next.is_some() {
            nav.pages aria-label=(asked.word(Word::Pages)) {
                @if !is_first { a href=(address(path, query)) { (asked.word(Word::FirstPage)) } }
                @if let Some(next) = next {
                    a rel="next" href=(address(path, &[query, &[("after", next)]].concat())) { (asked.word(Word::NextPage)) }
                }
            }
        }
    }
}

/// The list as a file for spreadsheets, from the read API: every row of the filter, not only this page's.
pub(crate) fn export(asked: &Asked<'_>, list: &[&str], query: &[(&str, &str)]) -> Markup {
    let place = path(&[&["v1", "orgs", asked.organisation()], list].concat());
    html! {
        p.hint { a href=(address(&place, &[query, &[("format", "csv")]].concat())) download { (asked.word(Word::AsFile)) } }
    }
}

/// A table of rows under headings, which scrolls by itself where it is too wide.
pub(crate) fn table(label: &str, head: &Markup, rows: &Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(label) {
            table { thead { tr { (head) } } tbody { (rows) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_the_same_as_a_text_and_in_a_page_whatever_an_id_holds() {
        for id in ["c1", "a/b?c#d", "<script>\"&'", "é\0", "", "..", "100%"] {
            let text = path(&["campaigns", id]);
            assert_eq!(html! { a href=(To(["campaigns", id])) {} }.0, html! { a href=(text) {} }.0, "{id}");
            assert!(!text.contains(['<', '"', '&', '?', '#', '\'']), "{text}");
        }
    }
}
