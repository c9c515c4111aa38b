//! Whether a request is its provider's. All checks are the providers' own; a certificate is fetched here where one is needed.

use std::sync::{Mutex, PoisonError};

use domain::Time;
use providers::sns::{self, Envelope};
use providers::{Accepted, Provider, Refusal, Replays, Request};

use crate::account::Account;
use crate::certificate::{Certificates, Unfetched};

/// What checks share between requests.
pub(crate) struct Checks {
    certificates: Certificates,
    replays: Mutex<Replays>,
}

/// A request that is its provider's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Authentic {
    /// It asks whether this address wants a topic of Amazon SNS: the link that says yes, which leads to Amazon.
    pub(crate) confirmation: Option<String>,
}

impl Checks {
    pub(crate) fn new(certificates: Certificates) -> Self {
        Self { certificates, replays: Mutex::default() }
    }

    /// Decides it. May block while a certificate is fetched, and only for a topic that is the account's.
    pub(crate) fn authentic(
        &self,
        provider: &Provider,
        account: &Account,
        request: &Request<'_>,
        now: Time,
    ) -> Result<Authentic, Unfetched> {
        let Some(check) = provider.check else { return self.amazon(account, request, now) };
        let accepted = check(request, &account.secrets, now)?;
        self.first(&accepted, now)?;
        Ok(Authentic::default())
    }

    fn amazon(&self, account: &Account, request: &Request<'_>, now: Time) -> Result<Authentic, Unfetched> {
        if sns::is_raw(request) {
            sns::check_raw(request, &account.secrets, now)?;
            return Ok(Authentic::default());
        }
        let envelope = Envelope::of(request.body)?;
        let topics: Vec<&str> = account.topics.iter().map(String::as_str).collect();
        // Before anything is fetched.
        match topics.as_slice() {
            [] => return Err(Refusal::NoSecret.into()),
            topics if !topics.contains(&envelope.topic()) => return Err(Refusal::ForeignTopic.into()),
            _ => {}
        }
        let certificate = match &account.certificate {
            Some(given) => given.clone(),
            None => self.certificates.of(&envelope, now)?,
        };
        envelope.check(&topics, &certificate, now)?;
        Ok(Authentic { confirmation: envelope.confirmation_url().map(str::to_owned) })
    }

    /// A token stands for one event.
    fn first(&self, accepted: &Accepted, now: Time) -> Result<(), Refusal> {
        let Some(token) = &accepted.token else { return Ok(()) };
        self.replays.lock().unwrap_or_else(PoisonError::into_inner).admit(token, now)
    }
}
