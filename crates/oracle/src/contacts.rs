//! DESIGN.md section 1, "Unsubscribe", "Email State" and "Send check", sentence by sentence: every event about a contact
//! kept, its state computed from all of them; and whether messages and contacts told each other what they had to.

use std::collections::{BTreeMap, BTreeSet};

use domain::contact::bound::HOLDERS_MAX;
use domain::contact::{Cause, ContactEvent, ContactFact, Subject};
use domain::{AddressHash, BounceClass, DropReason, Event, EventId, Fact, Scope, Time};

use crate::{Name, Recount, live};

/// A contact, named by its organisation and who it is.
pub type ContactName = (String, Subject);

/// What a contact's events amount to. Compared with `contact-state`, each part with the field of its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactVerdict {
    /// Whether each scope that was ever spoken of is unsubscribed.
    pub registers: BTreeMap<Scope, bool>,
    /// The causes of suppression that hold.
    pub suppressions: BTreeSet<Cause>,
    /// The latest event about the contact.
    pub changed_at: Option<Time>,
    /// The latest erasure.
    pub erased_at: Option<Time>,
    /// The addresses that the client uses.
    pub addresses: BTreeSet<AddressHash>,
    /// The latest interaction.
    pub last_interaction: Option<Time>,
    /// The latest transaction.
    pub last_transaction: Option<Time>,
}

/// All events about contacts.
#[derive(Clone, Debug, Default)]
pub struct Contacts {
    contacts: BTreeMap<ContactName, Vec<ContactEvent>>,
    events: u64,
}

impl Contacts {
    /// Takes an event, in any order and as often as it comes.
    pub fn take(&mut self, event: ContactEvent) {
        self.events += 1;
        self.contacts.entry((event.organisation.clone(), event.subject.clone())).or_default().push(event);
    }

    /// Events taken, copies included.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The contacts that were spoken of.
    pub fn contacts(&self) -> impl Iterator<Item = &ContactName> {
        self.contacts.keys()
    }

    /// Every event about a contact by time: the history of a difference.
    pub fn history(&self, name: &ContactName) -> Vec<&ContactEvent> {
        let mut history: Vec<&ContactEvent> = self.contacts.get(name).into_iter().flatten().collect();
        history.sort_by_key(|event| (event.time, event.id));
        history
    }

    /// What the events of a contact amount to.
    pub fn verdict(&self, name: &ContactName) -> ContactVerdict {
        let events = self.contacts.get(name).map(Vec::as_slice).unwrap_or_default();
        let erased_at = times(events, |fact| *fact == ContactFact::Erased).max();
        let counting = counting(events, erased_at);
        let counting = || counting.iter().copied();
        let latest = |is: &dyn Fn(&ContactFact) -> bool| times(counting(), is).max();
        let changes = |fact: &ContactFact| !matches!(fact, ContactFact::Addressed { by_send: true, .. });
        let scopes = counting().filter_map(|event| scope_of(&event.fact));
        let registers = scopes.map(|(scope, _)| (scope.clone(), holds(counting(), scope))).collect();
        let reactivated = latest(&|fact| *fact == ContactFact::Reactivated);
        let suppressed = |wanted: &Cause| {
            let last = latest(&|fact| matches!(fact, ContactFact::Suppressed { cause, .. } if cause == wanted));
            matches!(name.1, Subject::Address(_)) && last.is_some() && last >= reactivated
        };
        ContactVerdict {
            registers,
            suppressions: Cause::ALL.into_iter().filter(suppressed).collect(),
            changed_at: latest(&changes).max(erased_at),
            erased_at,
            addresses: addresses(counting(), erased_at),
            last_interaction: latest(&|fact| matches!(fact, ContactFact::Interacted { .. })),
            last_transaction: latest(&|fact| *fact == ContactFact::Interacted { transaction: true }),
        }
    }

    /// The first fact of a message that a contact which the message names was not told. Takes the events of messages below
    /// the messages fold's committed offsets, and every event about contacts.
    pub fn untold_by_messages(&self, messages: &Recount) -> Option<(Name, String)> {
        messages.messages().find_map(|name| {
            let live = events_of(messages, name);
            let named = named(&live);
            let told = live.iter().filter_map(|event| Some((event.time, goes_on(event)?)));
            let mut pairs = told.flat_map(|(time, fact)| named.iter().map(move |whom| (time, fact.clone(), whom)));
            let (time, fact, whom) = pairs.find(|(time, fact, whom)| !self.knows(&name.0, whom, *time, fact))?;
            Some((name.clone(), format!("{fact:?} of {} is not with {whom:?}", time.rfc3339())))
        })
    }

    /// The first message that was not told the latest lift of its unsubscribe. Takes the events about contacts below the
    /// contacts fold's committed offsets, and every event of messages.
    pub fn untold_lifts(&self, messages: &Recount) -> Option<(ContactName, String)> {
        self.contacts.iter().find_map(|(name, events)| {
            let counting = counting(events, None);
            let holders = counting.iter().rev().filter(|event| is_off(&event.fact)).take(HOLDERS_MAX);
            let untold = holders.filter_map(|off| untold_lift(&counting, off)).find(|(message, lift)| {
                let told = |event: &&Event| {
                    matches!(event.fact, Fact::Resubscribed { from_register: true, .. }) && event.time == *lift
                };
                !events_of(messages, &(name.0.clone(), message.clone())).iter().any(told)
            });
            untold.map(|(message, lift)| {
                (name.clone(), format!("message {message} is not told the lift of {}", lift.rfc3339()))
            })
        })
    }

    fn knows(&self, organisation: &str, whom: &Subject, time: Time, fact: &ContactFact) -> bool {
        let events = self.contacts.get(&(organisation.to_owned(), whom.clone()));
        let events = events.map(Vec::as_slice).unwrap_or_default();
        counting(events, None).iter().any(|event| event.time == time && event.fact == *fact)
    }
}

fn times<'a>(
    events: impl IntoIterator<Item = &'a ContactEvent>,
    is: impl Fn(&ContactFact) -> bool,
) -> impl Iterator<Item = Time> {
    events.into_iter().filter(move |event| is(&event.fact)).map(|event| event.time)
}

/// One event an id, that of the highest decoder, without those that were taken back or refused; by (time, id).
fn counting(events: &[ContactEvent], erased: Option<Time>) -> Vec<&ContactEvent> {
    let mut winners: BTreeMap<EventId, &ContactEvent> = BTreeMap::new();
    for event in events.iter().filter(|event| !is_refused(event, erased)) {
        let held = winners.entry(event.id).or_insert(event);
        if precedence(event) > precedence(held) {
            *held = event;
        }
    }
    let stands = |event: &&ContactEvent| !event.retracted || event.fact == ContactFact::Erased;
    let mut counting: Vec<&ContactEvent> = winners.into_values().filter(stands).collect();
    counting.sort_by_key(|event| (event.time, event.id));
    counting
}

fn precedence(event: &ContactEvent) -> impl Ord + '_ {
    (event.version, event.decoder, event.retracted, &event.fact, event.time)
}

/// An erasure refuses what is personal and not later.
fn is_refused(event: &ContactEvent, erased: Option<Time>) -> bool {
    let protects = scope_of(&event.fact).is_some()
        || matches!(event.fact, ContactFact::Addressed { .. } | ContactFact::Removed { .. } | ContactFact::Erased);
    event.fact == ContactFact::Held || (!protects && Some(event.time) <= erased)
}

fn scope_of(fact: &ContactFact) -> Option<(&Scope, bool)> {
    match fact {
        ContactFact::Unsubscribed { scope, .. } => Some((scope, true)),
        ContactFact::Resubscribed { scope, .. } => Some((scope, false)),
        _ => None,
    }
}

fn is_off(fact: &ContactFact) -> bool {
    matches!(fact, ContactFact::Unsubscribed { .. })
}

/// A resubscribe of the same scope or of everything.
fn lifts(fact: &ContactFact, off: &Scope) -> bool {
    matches!(fact, ContactFact::Resubscribed { scope, .. } if scope == off || *scope == Scope::Organisation)
}

/// The latest event time wins, a tie is unsubscribed.
fn holds<'a>(events: impl Iterator<Item = &'a ContactEvent> + Clone, scope: &Scope) -> bool {
    let off = times(events.clone(), |fact| scope_of(fact) == Some((scope, true))).max();
    off.is_some() && off >= times(events, |fact| lifts(fact, scope)).max()
}

/// The platform's last word on an address, and the last send to it.
type Words = (Option<(Time, bool)>, Option<Time>);

/// The platform's last word on each address, else any send; none that is only known from before the erasure.
fn addresses<'a>(events: impl Iterator<Item = &'a ContactEvent>, erased: Option<Time>) -> BTreeSet<AddressHash> {
    let mut words: BTreeMap<AddressHash, Words> = BTreeMap::new();
    for event in events {
        match &event.fact {
            ContactFact::Addressed { address, by_send: true } => {
                let (_, sent) = words.entry(*address).or_default();
                *sent = (*sent).max(Some(event.time));
            }
            ContactFact::Addressed { address, .. } | ContactFact::Removed { address } => {
                let used = matches!(event.fact, ContactFact::Addressed { .. });
                let (said, _) = words.entry(*address).or_default();
                *said = (*said).max(Some((event.time, used)));
            }
            _ => {}
        }
    }
    let used = |(said, sent): Words| match said {
        Some((time, used)) => used && Some(time).max(sent) > erased,
        None => sent > erased,
    };
    words.into_iter().filter(|(_, words)| used(*words)).map(|(address, _)| address).collect()
}

/// What a fact of a message means for whom the message names.
fn goes_on(event: &Event) -> Option<ContactFact> {
    let message = event.message.clone();
    let (cause, revealed) = match &event.fact {
        Fact::Unsubscribed { scope, from_register: false } => {
            return Some(ContactFact::Unsubscribed { scope: scope.clone(), message: Some(message) });
        }
        Fact::Resubscribed { scope, from_register: false } => {
            return Some(ContactFact::Resubscribed { scope: scope.clone(), message: Some(message) });
        }
        Fact::Complained => (Cause::Complaint, false),
        Fact::Bounced { class: BounceClass::Hard, .. } => (Cause::Bounce, false),
        Fact::Dropped(drop) if drop.reason == DropReason::PriorBounce => (Cause::Bounce, true),
        Fact::Dropped(drop) if drop.reason == DropReason::PriorSpam => (Cause::Complaint, true),
        Fact::Dropped(drop) if drop.reason == DropReason::InvalidAddress => (Cause::Invalid, true),
        Fact::Dropped(drop) if drop.reason == DropReason::DomainFlagged => (Cause::Domain, true),
        _ => return None,
    };
    Some(ContactFact::Suppressed { cause, revealed, message })
}

/// Whom the events that count name, the client of a copy aside.
fn named(live: &[&Event]) -> BTreeSet<Subject> {
    let mut named = BTreeSet::new();
    for event in live {
        let said = &event.attribution;
        if said.copy != Some(true) {
            named.extend(said.client.clone().map(Subject::Client));
        }
        named.extend(said.address.map(Subject::Address));
    }
    named
}

/// The events of a message that count.
fn events_of<'a>(messages: &'a Recount, name: &Name) -> Vec<&'a Event> {
    messages.messages.get(name).map(|held| live(&held.events)).unwrap_or_default()
}

/// The message that an unsubscribe was made from and the latest lift of it, which the message is to know; none when that is
/// its own.
fn untold_lift(counting: &[&ContactEvent], off: &ContactEvent) -> Option<(String, Time)> {
    let ContactFact::Unsubscribed { scope, message: Some(message) } = &off.fact else { return None };
    let lift = counting.iter().rfind(|on| lifts(&on.fact, scope) && on.time > off.time)?;
    let own = matches!(&lift.fact, ContactFact::Resubscribed { message: Some(own), .. } if own == message);
    (!own).then(|| (message.clone(), lift.time))
}
