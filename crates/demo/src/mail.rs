//! One mail as it was handed to a provider, and what can become of it.

use crate::world::Organisation;

/// One mail on its way to one address.
pub(crate) struct Mail<'a> {
    pub(crate) organisation: &'static Organisation,
    /// Our message id.
    pub(crate) id: String,
    /// The campaign's id; empty for a mail from a client's file.
    pub(crate) campaign: &'a str,
    pub(crate) client: &'a str,
    pub(crate) address: &'a str,
    pub(crate) subject: &'a str,
    /// When it was handed over, seconds since the Unix epoch.
    pub(crate) sent: u64,
    /// The provider's id.
    pub(crate) provider_id: String,
    /// Whether our ids travel in the custom data; without them only the provider's id finds the mail.
    pub(crate) carries_ids: bool,
}

/// What a provider can report of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Processed,
    Deferred,
    Delivered,
    HardBounce,
    SoftBounce,
    Block,
    Undetermined,
    /// Not sent on; the reason in SendGrid's words.
    Dropped(&'static str),
    /// Not sent on because the address hard-bounced before.
    DroppedBounced,
    /// Not sent on because the address reported spam before.
    DroppedSpam,
    /// SES found a virus.
    Rejected,
    /// SES could not fill its template.
    NotRendered,
    MachineOpen,
    Open,
    /// A person followed the mail's link of this number.
    Click(u64),
    /// A scanner followed it.
    MachineClick(u64),
    Complaint,
    /// From all mass mail, or from the provider's group.
    Unsubscribe {
        group: bool,
    },
    Resubscribe,
}

/// How long after its sending, in seconds, what happened.
pub(crate) type Report = (u64, Deed);

/// Links of a mail: what the site's address ends with.
pub(crate) const LINKS: [&str; 5] = ["", "register", "calendar", "news/may", "contact"];

impl Mail<'_> {
    /// The link of this number as this recipient's copy has it.
    pub(crate) fn link(&self, number: u64) -> String {
        let path = crate::random::word(&LINKS, number);
        format!("{}/{path}?utm_source=mail&utm_campaign={}&c={}", self.organisation.site, self.campaign, self.client)
    }
}
