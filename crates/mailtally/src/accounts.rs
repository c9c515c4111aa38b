//! Providers' accounts from a configuration file: which organisations each may speak for, and where our ids stand.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use processor::accounts::{Account, Accounts};
use providers::Mapping;
use serde::Deserialize;

/// The part of a configuration file that names accounts.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    account: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    provider: String,
    #[serde(default = "main_account")]
    name: String,
    organisations: Vec<String>,
    #[serde(default)]
    mapping: Mapping,
}

/// The account's name where none is given.
pub(crate) fn main_account() -> String {
    "main".to_owned()
}

/// The accounts of a configuration file.
pub(crate) fn read(path: &Path) -> Result<Accounts> {
    let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    parse(&text).with_context(|| path.display().to_string())
}

fn parse(text: &str) -> Result<Accounts> {
    let file: File = toml::from_str(text)?;
    let mut accounts = Accounts::new();
    for entry in file.account {
        let name = format!("account {}/{}", entry.provider, entry.name);
        if providers::provider(&entry.provider).is_none() {
            let known: Vec<&str> = providers::ALL.iter().map(|provider| provider.name).collect();
            bail!("{name}: provider is none of: {}", known.join(", "));
        }
        if entry.organisations.is_empty() || entry.organisations.iter().any(String::is_empty) {
            bail!("{name}: organisations is empty: name those that this account may speak for");
        }
        let account = Account { organisations: entry.organisations, mapping: entry.mapping };
        if accounts.insert((entry.provider, entry.name), account).is_some() {
            bail!("{name} stands there twice: give each its own name");
        }
    }
    Ok(accounts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_read_and_mistakes_named() {
        let good = "[[account]]\nprovider = \"sendgrid\"\norganisations = [\"acme\"]\nmapping = { campaign = \"category:c-\" }\n";
        assert_eq!(parse(good).expect("good").len(), 1);
        let cases = [
            ("[[account]]\nprovider = \"sendgird\"\norganisations = [\"a\"]\n", "none of: amazon_ses, sendgrid"),
            ("[[account]]\nprovider = \"sendgrid\"\norganisations = []\n", "organisations is empty"),
            ("[[account]]\nprovider = \"sendgrid\"\norganisation = \"a\"\n", "unknown field `organisation`"),
            (&format!("{good}{good}"), "stands there twice"),
        ];
        for (text, expected) in cases {
            let error = format!("{:#}", parse(text).expect_err("a mistake"));
            assert!(error.contains(expected), "{error}");
        }
    }
}
