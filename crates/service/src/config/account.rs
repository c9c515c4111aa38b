//! `[[account]]`: which organisations an account at a provider may speak for, and where its payloads carry our ids.

use std::collections::{BTreeMap, BTreeSet};

use providers::sns::Certificate;
use providers::{Mapping, Place, Secret};

use super::door;
use super::file::{Field, RawAccount};
use super::layer::unknown;
use super::problem::{Origin, Problem, nearest};

/// One account at a provider.
#[derive(Clone, Debug)]
pub struct Account {
    /// The provider, as `mailtally ingest --provider` names it.
    pub provider: String,
    /// The account's name; `main` where none is given.
    pub name: String,
    /// The organisations that it may speak for.
    pub organisations: Vec<String>,
    /// Where its payloads carry our ids.
    pub mapping: Mapping,
    /// What its webhooks are signed or shown with: one, or two while it changes from one to the other. Without any none is taken.
    pub secrets: Vec<Secret>,
    /// The topics of Amazon SNS that may post for it.
    pub topics: Vec<String>,
    /// The public URL as the provider was told it; Mandrill signs it.
    pub url: Option<String>,
    /// The certificate that Amazon SNS signs with, where it is not to be fetched.
    pub certificate: Option<Certificate>,
}

/// The fields of an account.
const FIELDS: [&str; 8] =
    ["provider", "name", "organisations", "mapping", "secrets", "topics", "url", "certificate_file"];

/// The environment's variables, in which a secret may stand.
pub(super) type Variables = BTreeMap<String, String>;

/// One of our ids in a mapping.
type Slot = fn(&mut Mapping) -> &mut Place;

/// The ids that a mapping places, by their names in the file.
const SLOTS: [(&str, Slot); 7] = [
    ("message", |mapping| &mut mapping.message),
    ("campaign", |mapping| &mut mapping.campaign),
    ("organisation", |mapping| &mut mapping.organisation),
    ("client", |mapping| &mut mapping.client),
    ("copy", |mapping| &mut mapping.copy),
    ("origin", |mapping| &mut mapping.origin),
    ("class", |mapping| &mut mapping.class),
];

impl Account {
    /// Where each of our ids stands, by its name in the file.
    pub(super) fn places(&self) -> impl Iterator<Item = (&'static str, &Place)> {
        let mapping = &self.mapping;
        [
            ("message", &mapping.message),
            ("campaign", &mapping.campaign),
            ("organisation", &mapping.organisation),
            ("client", &mapping.client),
            ("copy", &mapping.copy),
            ("origin", &mapping.origin),
            ("class", &mapping.class),
        ]
        .into_iter()
    }
}

/// The file's accounts.
pub(super) fn all(raw: Vec<RawAccount>, variables: &Variables, problems: &mut Vec<Problem>) -> Vec<Account> {
    let mut names = BTreeSet::new();
    let mut accounts = Vec::with_capacity(raw.len());
    for entry in raw {
        let origin = entry.origin.clone();
        let account = one(entry, variables, problems);
        if !names.insert((account.provider.clone(), account.name.clone())) {
            let value = format!("{}/{}", account.provider, account.name);
            problems.push(Problem::of("account", &value, origin, "stands there twice: give each its own name"));
        }
        accounts.push(account);
    }
    accounts
}

fn one(entry: RawAccount, variables: &Variables, problems: &mut Vec<Problem>) -> Account {
    let mut account = Account {
        provider: String::new(),
        name: "main".to_owned(),
        organisations: Vec::new(),
        mapping: Mapping::default(),
        secrets: Vec::new(),
        topics: Vec::new(),
        url: None,
        certificate: None,
    };
    for (name, field, at) in entry.fields {
        let mut wrong = |value: &str, why: &str| {
            problems.push(Problem::of(&format!("account.{name}"), value, at.clone(), why));
        };
        match (name.as_str(), field) {
            ("provider", Field::Text(provider)) => account.provider = provider,
            ("name", Field::Text(text)) if !text.is_empty() => account.name = text,
            ("organisations", Field::List(list)) => account.organisations = texts(list, &mut wrong),
            ("mapping", Field::Table(table)) => mapping(table, &mut account.mapping, problems),
            ("secrets", Field::List(list)) => account.secrets = door::secrets(list, variables, &mut wrong),
            ("topics", Field::List(list)) => account.topics = door::topics(list, &mut wrong),
            ("url", Field::Text(url)) => account.url = door::url(url, &mut wrong),
            ("certificate_file", Field::Text(file)) => account.certificate = door::certificate(&file, &mut wrong),
            ("secrets" | "topics", _) => wrong("", "is no list: write it like [\"file:/run/secrets/sendgrid\"]"),
            ("url" | "certificate_file", _) => wrong("", "is no text: give one"),
            ("provider" | "name", _) => wrong("", "is no text, or an empty one: give one"),
            ("organisations", _) => wrong("", "is no list: write it like [\"acme\"]"),
            ("mapping", _) => wrong("", "is no table: write it like { campaign = \"category:c-\" }"),
            (other, _) => wrong("", &unknown(nearest(other, FIELDS.into_iter()))),
        }
    }
    check(&account, &entry.origin, problems);
    account
}

fn check(account: &Account, origin: &Origin, problems: &mut Vec<Problem>) {
    if providers::provider(&account.provider).is_none() {
        let known: Vec<&str> = providers::ALL.iter().map(|provider| provider.name).collect();
        let why = format!("is none of: {}", known.join(", "));
        problems.push(Problem::of("account.provider", &account.provider, origin.clone(), &why));
    }
    if account.organisations.is_empty() {
        let why = "is missing or empty: name those that this account may speak for";
        problems.push(Problem::of("account.organisations", "", origin.clone(), why));
    }
}

fn texts(list: Vec<Field>, wrong: &mut impl FnMut(&str, &str)) -> Vec<String> {
    let mut taken = Vec::with_capacity(list.len());
    for field in list {
        match field {
            Field::Text(text) if !text.is_empty() => taken.push(text),
            _ => wrong("", "holds something that is no text, or an empty one: name organisations as the events do"),
        }
    }
    taken
}

fn mapping(table: Vec<(String, Field, Origin)>, mapping: &mut Mapping, problems: &mut Vec<Problem>) {
    for (name, field, at) in table {
        let key = format!("account.mapping.{name}");
        let slot = SLOTS.iter().find(|(slot, _)| *slot == name);
        match (slot, field) {
            (Some((_, slot)), Field::Text(words)) => match Place::try_from(words.clone()) {
                Ok(place) => *slot(mapping) = place,
                Err(why) => problems.push(Problem::of(&key, &words, at, &why)),
            },
            (Some(_), _) => problems.push(Problem::of(&key, "", at, "is no text: name the provider's field")),
            (None, Field::Table(groups)) if name == "sendgrid_groups" => {
                mapping.sendgrid_groups = lists(groups, problems);
            }
            (None, _) => {
                let known = SLOTS.iter().map(|(slot, _)| *slot).chain(["sendgrid_groups"]);
                problems.push(Problem::of(&key, "", at, &unknown(nearest(&name, known))));
            }
        }
    }
}

fn lists(groups: Vec<(String, Field, Origin)>, problems: &mut Vec<Problem>) -> BTreeMap<String, String> {
    let mut lists = BTreeMap::new();
    for (group, field, at) in groups {
        match field {
            Field::Text(list) => {
                lists.insert(group, list);
            }
            _ => {
                let key = format!("account.mapping.sendgrid_groups.{group}");
                problems.push(Problem::of(&key, "", at, "is no text: name the list that the group stands for"));
            }
        }
    }
    lists
}
