//! Platform events with personal data and content: kept in `private`, the only copy.

use contract::proto::platform::v1 as wire;
use contract::proto::private::v1::{Person, Private, private::Row};
use domain::contact::{ContactFact, Policy, PolicyError};

use super::platform::Common;
use super::{platform_contacts, text};
use crate::emit::Emit;
use crate::reject::Reject;

/// Largest body, html and text together, in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 1 << 20;

/// What was sent, of a message or of a campaign.
pub(super) fn body(common: &Common<'_>, body: &wire::Body, emit: &mut Emit<'_>) -> Result<(), Reject> {
    let size = body.html.len() + body.text.len();
    if size > BODY_BYTES_MAX {
        let detail = format!("{size} bytes, at most {BODY_BYTES_MAX} are taken: send the template and the fields");
        return Err(Reject::field("too_large", "body", detail));
    }
    let row = private(common, Row::Body(body.clone()));
    if body.message.is_empty() {
        let campaign = text::id("body.campaign", &body.campaign)?;
        emit.private(common.organisation, "", &format!("campaign/{campaign}"), Some(&row));
        return Ok(());
    }
    let message = text::id("body.message", &body.message)?;
    let client = text::id("body.client", &body.client)?;
    let part = format!("body/{message}");
    emit.private(common.organisation, client, &part, Some(&row));
    platform_contacts::held(common, client, &part, ContactFact::Held, emit);
    Ok(())
}

/// A client's name.
pub(super) fn client(common: &Common<'_>, given: &wire::Client, emit: &mut Emit<'_>) -> Result<(), Reject> {
    let client = text::id("client.client", &given.client)?;
    let row = private(common, Row::Person(Person { name: text::words(&given.name), since: given.since }));
    emit.private(common.organisation, client, "", Some(&row));
    platform_contacts::held(common, client, "", ContactFact::Described, emit);
    Ok(())
}

/// The organisation's own attributes.
pub(super) fn organisation(common: &Common<'_>, given: &wire::Organisation, emit: &mut Emit<'_>) -> Result<(), Reject> {
    Policy::new(&given.zone, given.inactivity_months).map_err(|why| match why {
        PolicyError::Zone => Reject::field("bad_zone", "settings.zone", why.to_string()),
        PolicyError::Months(_) => Reject::field("bad_period", "settings.inactivity_months", why.to_string()),
    })?;
    let row = private(common, Row::Organisation(given.clone()));
    emit.private(common.organisation, "", "organisation", Some(&row));
    Ok(())
}

/// A private row as of the event's time.
pub(super) fn private(common: &Common<'_>, row: Row) -> Private {
    Private { time: Some(contract::timestamp_of(common.time)), row: Some(row) }
}
