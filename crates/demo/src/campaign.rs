//! One campaign: whom the platform mails, what it withholds, and what becomes of each mail. Shares follow what a club's
//! newsletter sees: 96 in a hundred delivered, two in five of them opened.

use contract::proto::platform::v1::PlatformEvent;

use crate::random::Random;
use crate::reports::{Mail, Reports};
use crate::{CAMPAIGNS, DROPPED_WHOLE, ORGANISATIONS};

/// Days of the month that campaigns are spread over.
const DAYS: u64 = 28;
const NAMES: [&str; 8] = [
    "Newsletter",
    "Programme du mois",
    "Season opening",
    "Rappel d'inscription",
    "Open day",
    "Fermeture du bassin",
    "Volunteers wanted",
    "Tournoi de mai",
];
/// Reasons that the platform withholds mails for, in turn.
const WITHHELD: [&str; 9] = [
    "inactive",
    "client_unsubscribed",
    "address_unsubscribed",
    "invalid",
    "bounced",
    "spam",
    "domain_flagged",
    "no_address",
    "over_limit",
];
/// Reasons of the provider's API, in turn.
const REFUSED: [&str; 4] = ["invalid_address", "quota", "policy_list", "sender_error"];

/// Adds what the platform says of a campaign, and what is reported of its mails.
pub(crate) fn play(
    campaign: u64,
    place: u64,
    clients: u64,
    random: &mut Random,
    platform: &mut Vec<PlatformEvent>,
    reports: &mut Reports,
) -> Result<(), contract::Error> {
    let (organisation, provider) =
        usize::try_from(place).ok().and_then(|place| ORGANISATIONS.get(place)).copied().unwrap_or_default();
    let (day, hour) = (1 + campaign * 7 % DAYS, 8 + campaign % 10);
    let mut say = |second: u64, kind: String, twice: bool| -> Result<(), contract::Error> {
        let time = format!("2026-05-{day:02}T{hour:02}:{:02}:{:02}Z", second / 60 % 60, second % 60);
        let line = format!(r#"{{"organisation":"{organisation}","time":"{time}",{kind}}}"#);
        let event = contract::json::platform_event(line.as_bytes())?;
        platform.extend(std::iter::repeat_n(event, 1 + usize::from(twice)));
        Ok(())
    };
    say(0, definition(campaign), false)?;
    for client in 0..clients {
        let mail = Mail {
            organisation,
            provider,
            campaign,
            client,
            sent: 1_777_593_600 + (day - 1) * 86_400 + hour * 3_600 + client % 3_600,
        };
        let (twice, turn) = (random.chance(200), random.below(1_000));
        let named = mail.named();
        match random.below(100) {
            0 => say(client, format!(r#""refused":{{{named},"reason":"{}"}}"#, of(&REFUSED, turn)), twice)?,
            1 => say(client, withheld(campaign, client, turn), twice)?,
            2 => say(client, format!(r#""send":{{{named},{},"origin":"client_file"}}"#, mail.handed()), twice)?,
            _ if campaign == DROPPED_WHOLE => {
                say(client, format!(r#""send":{{{named},{}}}"#, mail.handed()), twice)?;
                reports.dropped(&mail, "Spam Content", random);
            }
            _ => {
                // The first of a campaign is the organisation's own copy, the confirmation that it went out.
                let copy = client == 0;
                say(client, format!(r#""send":{{{named},{},"copy":{copy}}}"#, mail.handed()), twice)?;
                reports.mail(&mail, random);
            }
        }
    }
    Ok(())
}

fn definition(campaign: u64) -> String {
    let name = if campaign == CAMPAIGNS { "Annual report to all members" } else { of(&NAMES, campaign) };
    let class = if campaign % 9 == 4 { "transactional" } else { "mass" };
    let automated = campaign % 9 == 4;
    format!(
        r#""campaign":{{"campaign":"c{campaign}","name":"{name} {campaign}","class":"{class}","automated":{automated}}}"#
    )
}

fn withheld(campaign: u64, client: u64, turn: u64) -> String {
    format!(r#""withheld":{{"campaign":"c{campaign}","client":"k{client}","reason":"{}"}}"#, of(&WITHHELD, turn))
}

/// The word whose turn it is.
pub(crate) fn of<'a>(words: &[&'a str], turn: u64) -> &'a str {
    let count = u64::try_from(words.len()).unwrap_or(1);
    usize::try_from(turn % count.max(1)).ok().and_then(|place| words.get(place)).copied().unwrap_or_default()
}
