//! Providers' accounts: which organisations each may speak for, and where its payloads carry our ids.

use std::collections::BTreeMap;

use providers::Mapping;

/// One account at a provider.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// The organisations that it may speak for. An event that names another is refused (organisations are walls, I8).
    pub organisations: Vec<String>,
    /// Where its payloads carry our ids.
    pub mapping: Mapping,
}

impl Account {
    /// The only organisation that it may speak for, if there is one.
    pub fn only(&self) -> Option<&str> {
        match self.organisations.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Whether it may speak for this organisation.
    pub fn speaks_for(&self, organisation: &str) -> bool {
        self.organisations.iter().any(|bound| bound == organisation)
    }
}

/// Accounts by (provider, account name).
pub type Accounts = BTreeMap<(String, String), Account>;
