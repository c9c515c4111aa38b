//! A communication by the links that were followed, by delivery provider and by mailbox domain.

use domain::rate::{Denominator, Rate};
use maud::{Markup, html};
use view::{Error, Link, Part, Parts};

use crate::answer::Asked;
use crate::layout::table;
use crate::text::Word;

/// Lines of a table.
const ROWS: usize = 20;

pub(crate) fn links(asked: &Asked<'_>, campaign: &str) -> Result<Markup, Error> {
    const COLUMNS: [Word; 3] = [Word::MessagesClicked, Word::ClicksByPersons, Word::ClicksByMachines];
    let found = asked.rows.links(asked.organisation(), campaign, ROWS)?;
    let head = html! {
        th scope="col" { (asked.word(Word::Link)) }
        @for word in COLUMNS { th.number scope="col" { (asked.word(word)) } }
    };
    let row = |link: &Link| {
        html! { tr {
            // Shown, not linked: where it leads is the mail's business.
            th.any scope="row" { code { (shown(&link.template)) } }
            @for number in [link.clicked, link.clicks, link.machine_clicks] { td.number { (asked.locale.number(number)) } }
        } }
    };
    Ok(html! {
        section {
            h2 { (asked.word(Word::Links)) }
            @if found.rows.is_empty() { p.hint { (asked.word(Word::NoLinks)) } } @else {
                (table(asked.word(Word::Links), &head, &html! { @for link in &found.rows { (row(link)) } }))
                p.hint { (asked.word(Word::CountedLinks)) @if found.more { " " (asked.word(Word::MoreThanShown)) } }
            }
        }
    })
}

/// A link as a person reads it: a parameter whose value is not kept, because it may tell the recipient, does not end bare.
fn shown(template: &str) -> String {
    let Some((place, query)) = template.split_once('?') else { return template.to_owned() };
    let whole = |pair: &str| if pair.ends_with('=') { format!("{pair}…") } else { pair.to_owned() };
    format!("{place}?{}", query.split('&').map(whole).collect::<Vec<_>>().join("&"))
}

pub(crate) fn providers(asked: &Asked<'_>, campaign: &str) -> Result<Markup, Error> {
    let found = asked.rows.providers(asked.organisation(), campaign, ROWS)?;
    Ok(parts(asked, &found, [Word::Providers, Word::Provider, Word::NoProviderYet]))
}

pub(crate) fn domains(asked: &Asked<'_>, campaign: &str) -> Result<Markup, Error> {
    let found = asked.rows.domains(asked.organisation(), campaign, ROWS)?;
    Ok(parts(asked, &found, [Word::Domains, Word::Domain, Word::NoDomain]))
}

fn parts(asked: &Asked<'_>, found: &Parts, [title, named, nameless]: [Word; 3]) -> Markup {
    const NUMBERS: [Word; 8] =
        [Word::Sent, Word::Delivered, Word::Open, Word::OpenRate, Word::Click, Word::Bounce, Word::Blocked, Word::Spam];
    let head = html! {
        th scope="col" { (asked.word(named)) }
        @for word in NUMBERS { th.number scope="col" { (asked.word(word)) } }
    };
    html! {
        section {
            h2 { (asked.word(title)) }
            @if found.rows.is_empty() { p.hint { (asked.word(Word::NoRecipients)) } } @else {
                (table(asked.word(title), &head, &html! { @for part in &found.rows { (row(asked, part, nameless)) } }))
                p.hint { (asked.word(Word::CountedParts)) @if found.more { " " (asked.word(Word::MoreThanShown)) } }
            }
        }
    }
}

fn row(asked: &Asked<'_>, part: &Part, nameless: Word) -> Markup {
    let (locale, of) = (&asked.locale, &part.counters);
    let rate = Rate { name: "open_rate", numerator: of.opened, denominator: of.sent, of: Denominator::Sent };
    let before = [of.sent, of.delivered, of.opened];
    let after = [of.clicked, of.bounced, of.blocked, of.spam];
    html! {
        tr {
            th.any scope="row" { @if part.name.is_empty() { (locale.word(nameless)) } @else { (part.name) } }
            @for number in before { td.number { (locale.number(number)) } }
            td.number { (locale.percent(rate)) }
            @for number in after { td.number { (locale.number(number)) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_link_shows_where_something_was_left_out() {
        for (template, said) in [
            ("https://a.example/x", "https://a.example/x"),
            ("https://a.example/x?utm_source=mail&c=", "https://a.example/x?utm_source=mail&c=…"),
            ("https://a.example/x?c=&d", "https://a.example/x?c=…&d"),
            ("https://a.example/=", "https://a.example/="),
            ("", ""),
        ] {
            assert_eq!(shown(template), said);
        }
    }
}
