//! Why a mail was withheld or dropped: the suppression, the mail that caused it, and what happened to that mail; and how the
//! chain ends where nothing of this organisation explains it.

use domain::contact::state::{EmailState, Holding, email_state};
use domain::contact::{Contact, ContactFact, Subject};
use domain::{DropReason, Entry, Fact, Time, WithheldReason};

use crate::place::{Error, Snapshot};

/// What was said of the mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The provider dropped it.
    Dropped(DropReason),
    /// The platform withheld it.
    Withheld(WithheldReason),
}

/// A state that explains a refusal, and the mail that caused it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The state, as it held then.
    pub holding: Holding,
    /// What happened to the mail that `holding.message` names: its bounce, complaint, drop or unsubscribe. `None` when no mail
    /// is named, or its row does not have it.
    pub fact: Option<Entry>,
}

/// Where a chain ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// At what the links name.
    Explained,
    /// The reason is the mail, the campaign or the account itself: content, quota, settings.
    Itself,
    /// Flagged earlier by the delivery provider, not by one of the organisation's mails.
    Provider,
    /// Lifted in the register, still on the provider's list: to be removed there.
    ProvidersList,
}

/// Why one mail was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// When it was.
    pub at: Time,
    /// As what.
    pub refusal: Refusal,
    /// What explains it, the gravest first.
    pub links: Vec<Explanation>,
    /// How the chain ends.
    pub end: End,
}

impl Snapshot<'_> {
    /// The cause chain of a message; `None` when it was neither dropped nor withheld, or the organisation has none of this id.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn cause(&self, organisation: &str, id: &str) -> Result<Option<Cause>, Error> {
        let Some(recipient) = self.recipient(organisation, id)? else { return Ok(None) };
        let message = contract::message::from_wire(recipient.row).unwrap_or_default();
        let Some((at, refusal)) = message.live().rev().find_map(refused) else { return Ok(None) };
        let attribution = message.attribution();
        let client = Subject::Client(attribution.client.unwrap_or_default());
        let known = self.subject_at(organisation, &client, at)?.unwrap_or_else(|| Contact::new(&client));
        let address = attribution.address.map(Subject::Address);
        let row = address.as_ref().map(|address| self.subject_at(organisation, address, at)).transpose()?.flatten();
        let held = self.held(organisation, &known, (attribution.address, row.as_ref()), at)?;
        let explains = held.into_iter().filter(|holding| fits(refusal, holding.state) && !is_own(holding, id));
        let links = explains.map(|holding| self.link(organisation, holding)).collect::<Result<Vec<_>, _>>()?;
        let end = ends(refusal, &links, row.as_ref());
        Ok(Some(Cause { at, refusal, links, end }))
    }

    /// The states of the client and of the address that the mail used, whether or not the client still uses it.
    fn held(
        &self,
        organisation: &str,
        client: &Contact,
        (hash, row): (Option<domain::AddressHash>, Option<&Contact>),
        at: Time,
    ) -> Result<Vec<Holding>, Error> {
        let policy = self.policy(organisation)?;
        let mail = domain::contact::check::Mail { class: domain::MailClass::Mass, list: None, at };
        let address = hash.map(|hash| (hash, row));
        let verdict = domain::contact::check::verdict(client, address, &mail, &policy);
        let mut held: Vec<Holding> = verdict.hindrances.into_iter().map(|hindrance| hindrance.holding).collect();
        // Registers of single lists, which only a mail of the list meets.
        let listed = email_state(client, &std::collections::BTreeMap::new(), &policy, at);
        let listed = listed.into_iter().filter(|holding| holding.state == EmailState::Unsubscribed);
        for holding in listed {
            if !held.contains(&holding) {
                held.push(holding);
            }
        }
        Ok(held)
    }

    fn link(&self, organisation: &str, holding: Holding) -> Result<Explanation, Error> {
        let Some(id) = holding.message.as_deref().filter(|id| !id.is_empty()) else {
            return Ok(Explanation { holding, fact: None });
        };
        let found = self.recipient(organisation, id)?;
        let message = found.and_then(|found| contract::message::from_wire(found.row).ok()).unwrap_or_default();
        let of_state = |entry: &&Entry| caused(&entry.fact, holding.state) && Some(entry.time) >= holding.since;
        let fact = message.live().find(of_state).cloned();
        Ok(Explanation { holding, fact })
    }
}

fn refused(entry: &Entry) -> Option<(Time, Refusal)> {
    match &entry.fact {
        Fact::Dropped(drop) => Some((entry.time, Refusal::Dropped(drop.reason))),
        Fact::Withheld(reason) => Some((entry.time, Refusal::Withheld(*reason))),
        _ => None,
    }
}

/// A drop that only shows what the provider knew does not explain itself.
fn is_own(holding: &Holding, id: &str) -> bool {
    holding.message.as_deref() == Some(id)
}

fn fits(refusal: Refusal, state: EmailState) -> bool {
    use EmailState::{Inactive, Invalid, NoAddress, Spam, Undeliverable, Unsubscribed};
    match refusal {
        Refusal::Dropped(DropReason::PriorBounce | DropReason::DomainFlagged)
        | Refusal::Withheld(WithheldReason::Bounced | WithheldReason::DomainFlagged) => state == Undeliverable,
        Refusal::Dropped(DropReason::Unsubscribed)
        | Refusal::Withheld(WithheldReason::ClientUnsubscribed | WithheldReason::AddressUnsubscribed) => {
            state == Unsubscribed
        }
        Refusal::Dropped(DropReason::PriorSpam) | Refusal::Withheld(WithheldReason::Spam) => state == Spam,
        Refusal::Dropped(DropReason::InvalidAddress) | Refusal::Withheld(WithheldReason::Invalid) => state == Invalid,
        Refusal::Dropped(DropReason::Suppressed) => {
            matches!(state, Spam | Invalid | Undeliverable | Unsubscribed)
        }
        Refusal::Withheld(WithheldReason::Inactive) => state == Inactive,
        Refusal::Withheld(WithheldReason::NoAddress) => state == NoAddress,
        Refusal::Dropped(_) | Refusal::Withheld(WithheldReason::OverLimit | WithheldReason::Other) => false,
    }
}

fn caused(fact: &Fact, state: EmailState) -> bool {
    match fact {
        Fact::Bounced { .. } => state == EmailState::Undeliverable,
        Fact::Complained => state == EmailState::Spam,
        Fact::Unsubscribed { .. } => state == EmailState::Unsubscribed,
        Fact::Dropped(_) => !matches!(state, EmailState::Unsubscribed),
        _ => false,
    }
}

fn ends(refusal: Refusal, links: &[Explanation], address: Option<&Contact>) -> End {
    use DropReason::{DomainFlagged, InvalidAddress, PriorBounce, PriorSpam, Suppressed, Unsubscribed};
    let Refusal::Dropped(reason) = refusal else {
        return if links.is_empty() { End::Itself } else { End::Explained };
    };
    if !matches!(reason, DomainFlagged | InvalidAddress | PriorBounce | PriorSpam | Suppressed | Unsubscribed) {
        return End::Itself;
    }
    if !links.is_empty() {
        return End::Explained;
    }
    let lifted = |contact: &Contact| match reason {
        Unsubscribed => contact.registers().iter().any(|register| !register.unsubscribed),
        _ => contact.live().any(|entry| entry.fact == ContactFact::Reactivated),
    };
    if address.is_some_and(lifted) { End::ProvidersList } else { End::Provider }
}
