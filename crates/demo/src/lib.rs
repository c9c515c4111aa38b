//! A platform's month from one seed: what its mailer says, and what its delivery providers post about it, byte for byte as
//! they post it. Pure: the same seed gives the same bytes.

mod campaign;
mod random;
mod reports;

use contract::proto::platform::v1::PlatformEvent;

use random::Random;
use reports::Reports;

/// The organisations, each with its provider and how many clients its largest mail may have.
pub const ORGANISATIONS: [(&str, &str); 3] =
    [("aquatics", "sendgrid"), ("chess-club", "amazon_ses"), ("city-league", "sendgrid")];
/// Campaigns besides the large one.
pub const CAMPAIGNS: u64 = 40;
/// The campaign that is dropped whole.
pub const DROPPED_WHOLE: u64 = 13;

/// Something that reaches Mailtally.
#[derive(Clone, Debug)]
pub enum Item {
    /// What the platform says.
    Platform(PlatformEvent),
    /// What a provider posts for the account of this organisation.
    Webhook {
        /// The provider's name.
        provider: &'static str,
        /// The account, named like its only organisation.
        account: &'static str,
        /// The request's body.
        body: Vec<u8>,
    },
}

/// Everything of a month in the order in which it arrives: a fifth of it twice, out of order, reports before their sends.
///
/// # Errors
/// When a platform event is not what `proto/platform.proto` says: a mistake of this crate.
pub fn month(seed: u64, large: u64) -> Result<Vec<Item>, contract::Error> {
    let mut random = Random::new(seed);
    let mut platform = Vec::new();
    let mut reports = Reports::default();
    for campaign in 0..=CAMPAIGNS {
        let place = if campaign == CAMPAIGNS { 2 } else { campaign % 3 };
        let clients = if campaign == CAMPAIGNS { large } else { 20 + random.below(131) };
        campaign::play(campaign, place, clients, &mut random, &mut platform, &mut reports)?;
    }
    let mut items: Vec<Item> = platform.into_iter().map(Item::Platform).collect();
    let posted = reports.posted(&mut random);
    items = interleaved(items, posted);
    for place in (1..items.len()).rev() {
        let back = usize::try_from(random.below(50)).unwrap_or(0).min(place);
        items.swap(place, place - back);
    }
    Ok(items)
}

/// Both lists in their order, spread evenly over each other.
fn interleaved(platform: Vec<Item>, posted: Vec<Item>) -> Vec<Item> {
    let every = platform.len().checked_div(posted.len()).unwrap_or(0).max(1);
    let mut items = Vec::with_capacity(platform.len() + posted.len());
    let mut posted = posted.into_iter();
    for (n, item) in platform.into_iter().enumerate() {
        items.push(item);
        if n % every == 0 {
            items.extend(posted.next());
        }
    }
    items.extend(posted);
    items
}
