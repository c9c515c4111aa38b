//! What the gateway knows of an account: its secrets, and for Amazon SNS its topics.

use std::collections::BTreeMap;

use providers::Secret;
use providers::sns::Certificate;

/// An account at a provider, as the front door sees it.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// What its requests are signed or shown with: one, or two while it changes from one to the other.
    pub secrets: Vec<Secret>,
    /// The topics of Amazon SNS that may post here: anyone may have a topic whose signature is Amazon's.
    pub topics: Vec<String>,
    /// The public URL as the provider was told it, where the request does not show it: Mandrill signs it.
    pub url: Option<String>,
    /// The certificate that Amazon SNS signs with, where it is not to be fetched.
    pub certificate: Option<Certificate>,
}

/// Accounts by provider and name.
pub type Accounts = BTreeMap<(String, String), Account>;
