//! What a test delivery is about.

use domain::Time;
use providers::sign::About;

/// The ids and the address of it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The address that it was delivered to.
    #[arg(long, default_value = "test@example.com")]
    recipient: String,
    /// The message's id; without it a new one.
    #[arg(long)]
    message: Option<String>,
    /// The campaign's id.
    #[arg(long)]
    campaign: Option<String>,
    /// The organisation's id.
    #[arg(long)]
    organisation: Option<String>,
    /// The client's id.
    #[arg(long)]
    client: Option<String>,
}

impl Arguments {
    /// Our ids under their default names.
    pub(super) fn about<'a>(&'a self, at: Time, nonce: &'a str) -> About<'a> {
        let named = [
            ("mailtally_message", Some(self.message.as_deref().unwrap_or(nonce))),
            ("mailtally_campaign", self.campaign.as_deref()),
            ("mailtally_organisation", self.organisation.as_deref()),
            ("mailtally_client", self.client.as_deref()),
        ];
        let custom = named.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        About { custom, recipient: &self.recipient, at, message_id: nonce, nonce }
    }
}
