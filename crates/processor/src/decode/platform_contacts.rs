//! Platform events about contacts: address, preference, interaction, transaction, erase. Stateless: what an event means for
//! what came before it is the contacts fold's.

use contract::proto::platform::v1 as wire;
use contract::proto::private::v1::private::Row;
use domain::contact::{ContactEvent, ContactFact, Subject};
use domain::{AddressHash, Attribution, Event, Fact, Rank, Scope, Time};

use super::platform::{Common, DECODER_VERSION};
use super::platform_facts::{event, some};
use super::{platform_people, text};
use crate::emit::Emit;
use crate::reject::Reject;

/// An address of a client: its text into `private`, its hash to the client's row.
pub(super) fn address(common: &Common<'_>, given: &wire::Address, emit: &mut Emit<'_>) -> Result<(), Reject> {
    let client = text::id("address.client", &given.client)?;
    let address = text::address("address.address", &given.address)?;
    if given.removed && given.reactivated {
        let detail = "cannot be said together with removed: an address that works again is in use";
        return Err(Reject::field("contradiction", "address.reactivated", detail));
    }
    let hash = hash(common, address);
    let part = format!("address/{}", contract::json::hex(&hash.0));
    // The last word about the address is the contacts fold's to know; this row only keeps the text.
    let row = wire::Address { address: address.to_owned(), ..given.clone() };
    emit.private(common.organisation, client, &part, Some(&platform_people::private(common, Row::Address(row))));
    let fact = match given.removed {
        true => ContactFact::Removed { address: hash },
        false => ContactFact::Addressed { address: hash, by_send: false },
    };
    emit.contact(&ContactEvent { part: Some(part), ..of(common, of_client(client), fact) });
    if given.reactivated {
        emit.contact(&of(common, Subject::Address(hash), ContactFact::Reactivated));
    }
    Ok(())
}

/// An unsubscribe or its reversal on the platform. After following a mail's link it is a fact of that message, exactly as if
/// the provider had reported it; without any mail it is the contact's alone.
pub(super) fn preference(common: &Common<'_>, given: &wire::Preference, emit: &mut Emit<'_>) -> Result<(), Reject> {
    let client = text::optional_id("preference.client", &given.client)?;
    let address = match given.address.as_str() {
        "" => None,
        address => Some(hash(common, text::address("preference.address", address)?)),
    };
    let scope = match text::optional_id("preference.list", &given.list)? {
        "" => Scope::Organisation,
        list => Scope::List(list.to_owned()),
    };
    let message = text::optional_id("preference.from_message", &given.from_message)?;
    if !message.is_empty() {
        emit.event(&from_message(common, message, (client, address), scope, given.subscribed));
        return Ok(());
    }
    let fact = match given.subscribed {
        true => ContactFact::Resubscribed { scope, message: None },
        false => ContactFact::Unsubscribed { scope, message: None },
    };
    let subject = match (client, address) {
        ("", None) => {
            let detail = "is required: give the client, or the address whose register it is, or from_message";
            return Err(Reject::field("missing_field", "preference.client", detail));
        }
        ("", Some(address)) => Subject::Address(address),
        (client, None) => of_client(client),
        (_, Some(_)) => {
            let detail = "is given beside the client: leave one out, the client's register reaches all its addresses";
            return Err(Reject::field("contradiction", "preference.address", detail));
        }
    };
    emit.contact(&of(common, subject, fact));
    Ok(())
}

fn from_message(
    common: &Common<'_>,
    message: &str,
    (client, address): (&str, Option<AddressHash>),
    scope: Scope,
    subscribed: bool,
) -> Event {
    let fact = match subscribed {
        true => Fact::Resubscribed { scope, from_register: false },
        false => Fact::Unsubscribed { scope, from_register: false },
    };
    let said = Attribution { client: some(client), address, ..Attribution::default() };
    Event { rank: Rank::CustomData, ..event(common, message, said, "", fact) }
}

/// A login, a registration and the like.
pub(super) fn interaction(common: &Common<'_>, given: &wire::Interaction, emit: &mut Emit<'_>) -> Result<(), Reject> {
    let client = text::id("interaction.client", &given.client)?;
    emit.contact(&of(common, of_client(client), ContactFact::Interacted { transaction: false }));
    Ok(())
}

/// What lifts an inactivity.
pub(super) fn transaction(common: &Common<'_>, given: &wire::Transaction, emit: &mut Emit<'_>) -> Result<(), Reject> {
    let client = text::id("transaction.client", &given.client)?;
    emit.contact(&of(common, of_client(client), ContactFact::Interacted { transaction: true }));
    Ok(())
}

/// Everything personal of a client is to go: the contacts fold knows what there is.
pub(super) fn erase(common: &Common<'_>, given: &wire::Erase, emit: &mut Emit<'_>) -> Result<(), Reject> {
    let client = text::id("erase.client", &given.client)?;
    emit.contact(&of(common, of_client(client), ContactFact::Erased));
    Ok(())
}

/// A client's row in `private` that was just written, and what it says of the client.
pub(super) fn held(common: &Common<'_>, client: &str, part: &str, fact: ContactFact, emit: &mut Emit<'_>) {
    emit.contact(&ContactEvent { part: Some(part.to_owned()), ..of(common, of_client(client), fact) });
}

pub(super) fn of_client(client: &str) -> Subject {
    Subject::Client(client.to_owned())
}

fn hash(common: &Common<'_>, address: &str) -> AddressHash {
    contract::identity::address(&common.settings.address_key, address)
}

pub(super) fn of(common: &Common<'_>, subject: Subject, fact: ContactFact) -> ContactEvent {
    ContactEvent {
        organisation: common.organisation.to_owned(),
        subject,
        id: common.id,
        time: common.time,
        decoder: DECODER_VERSION,
        retracted: false,
        version: Time::default(),
        fact,
        part: None,
        arrival: common.arrival.clone(),
    }
}
