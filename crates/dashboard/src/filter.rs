//! What the list of communications is asked for: words, kind, dates, sender, status and order, all of it in the address, so
//! that a list can be kept as a bookmark and sent to a colleague.

use contract::proto::event::v1::MailClass;
use domain::Time;
use maud::{Markup, html};
use serde::Deserialize;
use view::{Filter, Sort, WORDS_MAX};

use crate::answer::Asked;
use crate::layout;
use crate::locale::Locale;
use crate::text::Word;

/// The address's query.
#[derive(Default, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    q: String,
    #[serde(default)]
    class: String,
    #[serde(default)]
    sort: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    sender: String,
    #[serde(default)]
    status: String,
    pub(crate) after: Option<String>,
}

/// What it comes to.
pub(crate) struct Read {
    pub(crate) list: view::Wanted,
    /// A date that is none.
    is_bad: bool,
}

impl Wanted {
    pub(crate) fn read(&self, locale: &Locale) -> Read {
        let class = match self.class.as_str() {
            "mass" => Some(MailClass::Mass),
            "transactional" => Some(MailClass::Transactional),
            _ => None,
        };
        let (from, until) = (locale.day_begins(&self.from), locale.day_ends(&self.until));
        let is_bad = (!self.from.is_empty() && from.is_none()) || (!self.until.is_empty() && until.is_none());
        let list = view::Wanted {
            filter: Filter { words: self.q.chars().take(WORDS_MAX).collect(), class },
            sort: Sort::parse(&self.sort).unwrap_or_default(),
            from,
            until,
            sender: self.sender.trim().to_owned(),
            troubled: self.status == "troubled",
        };
        Read { list, is_bad }
    }

    /// It as a query again, its place in the list aside.
    pub(crate) fn query(&self) -> [(&str, &str); 7] {
        [
            ("q", &self.q),
            ("class", &self.class),
            ("from", &self.from),
            ("until", &self.until),
            ("sender", &self.sender),
            ("status", &self.status),
            ("sort", &self.sort),
        ]
    }

    /// The same in another order.
    pub(crate) fn sorted(&self, sort: Sort) -> [(&str, &str); 7] {
        let word = if sort == Sort::default() { "" } else { sort.word() };
        self.query().map(|(name, value)| if name == "sort" { (name, word) } else { (name, value) })
    }

    /// The same list as a file.
    pub(crate) fn export(&self, asked: &Asked<'_>, read: &Read) -> Markup {
        let list = &read.list;
        let class = list.filter.class.map(|_| self.class.as_str()).unwrap_or_default();
        let instant = |at: Option<domain::Time>| at.map(domain::Time::rfc3339).unwrap_or_default();
        let (from, until) = (instant(list.from), instant(list.until));
        let query = [
            ("q", list.filter.words.as_str()),
            ("class", class),
            ("from", &from),
            ("until", &until),
            ("sender", &list.sender),
            ("status", if list.troubled { "troubled" } else { "" }),
            ("sort", list.sort.word()),
        ];
        layout::export(asked, &["campaigns"], &query)
    }

    fn filters(&self) -> bool {
        self.query().iter().any(|(name, value)| !matches!(*name, "q" | "sort") && !value.is_empty())
    }
}

/// The form. A plain one: what it asks for goes into the address.
pub(crate) fn form(asked: &Asked<'_>, wanted: &Wanted, read: &Read) -> Markup {
    let word = |word| asked.word(word);
    let kinds = [("", Word::AllClasses), ("mass", Word::Mass), ("transactional", Word::Transactional)];
    let troubles = [("", Word::AnyTrouble), ("troubled", Word::OnlyTroubled)];
    html! {
        form.search role="search" action="/campaigns" {
            div.line {
                label for="q" { (word(Word::Search)) }
                input #q type="search" name="q" value=(wanted.q) placeholder=(word(Word::SearchHint)) maxlength=(WORDS_MAX);
                @if !wanted.sort.is_empty() { input type="hidden" name="sort" value=(wanted.sort); }
                button { (word(Word::Search)) }
                @if wanted.filters() || !wanted.q.is_empty() { a href="/campaigns" { (word(Word::ClearFilters)) } }
            }
            details open[wanted.filters()] {
                summary { (word(Word::MoreFilters)) }
                div.fields {
                    (select("class", word(Word::Kind), &wanted.class, &kinds.map(|(value, kind)| (value, word(kind)))))
                    (select("status", word(Word::Trouble), &wanted.status, &troubles.map(|(value, kind)| (value, word(kind)))))
                    (field("from", "date", word(Word::CreatedFrom), known(read.list.from, &wanted.from)))
                    (field("until", "date", word(Word::CreatedUntil), known(read.list.until, &wanted.until)))
                    (field("sender", "text", word(Word::AnySender), &wanted.sender))
                }
            }
        }
        @if read.is_bad { p.alert role="alert" { (word(Word::BadDate)) } }
    }
}

/// What a field for a date may be filled with: a browser complains of what is none.
fn known(read: Option<Time>, given: &str) -> &str {
    if read.is_some() { given } else { "" }
}

/// A field under its label.
pub(crate) fn field(name: &str, kind: &str, label: &str, value: &str) -> Markup {
    html! { label { span { (label) } input type=(kind) name=(name) value=(value); } }
}

/// A choice under its label.
pub(crate) fn select(name: &str, label: &str, chosen: &str, choices: &[(&str, &str)]) -> Markup {
    html! {
        label { span { (label) }
            select name=(name) { @for (value, said) in choices { option value=(value) selected[*value == chosen] { (said) } } }
        }
    }
}
