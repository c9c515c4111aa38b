//! What becomes of a mail. Shares follow what a club's newsletter sees: 97 in a hundred delivered, two in five opened.

use crate::DAY;
use crate::mail::{Deed, Report};
use crate::random::{Random, of};
use crate::world::Cause;

/// What becomes of one mail.
#[derive(Default)]
pub(crate) struct Fate {
    /// What the provider reports.
    pub(crate) reports: Vec<Report>,
    /// The provider's API said no: the reason as `proto/platform.proto` spells it, and the provider's words.
    pub(crate) refused: Option<(&'static str, &'static str)>,
    /// The platform never said that it sent the mail.
    pub(crate) unsaid: bool,
    /// What the client does in their account after following the mail's link: after how many seconds, subscribed or not.
    pub(crate) account: Vec<(u64, bool)>,
}

impl Fate {
    fn of(reports: impl IntoIterator<Item = Report>) -> Self {
        Self { reports: reports.into_iter().collect(), ..Self::default() }
    }

    fn refused(reason: &'static str, words: &'static str) -> Self {
        Self { refused: Some((reason, words)), ..Self::default() }
    }

    /// Delivered and opened within the hour.
    pub(crate) fn plain() -> Self {
        Self::of([(4, Deed::Delivered), (1_900, Deed::Open)])
    }

    /// What usually happens.
    pub(crate) fn usual(random: &mut Random) -> Self {
        Self::of(match random.below(1_000) {
            0..7 => vec![(6, Deed::HardBounce)],
            7..11 => vec![(6, Deed::Block)],
            11..14 => vec![(30, Deed::Deferred), (3 * DAY, Deed::SoftBounce)],
            // A late bounce takes a delivery back.
            14..16 => vec![(5, Deed::Delivered), (7_200, Deed::HardBounce)],
            16..40 => [vec![(3, Deed::Deferred)], reached(900, random)].concat(),
            40..43 => Vec::new(),
            _ => reached(4, random),
        })
    }

    /// What a provider does with a mail that the platform should not have sent.
    pub(crate) fn because(cause: Cause, provider: &str) -> Self {
        match (cause, provider) {
            (Cause::Bounced, _) => Self::of([(2, Deed::DroppedBounced)]),
            (Cause::Spam, _) => Self::of([(2, Deed::DroppedSpam)]),
            (Cause::Invalid, "sendgrid") => Self::of([(2, Deed::Dropped("Invalid"))]),
            (Cause::Invalid, _) => Self::refused("invalid_address", "Illegal address"),
            (Cause::DomainFlagged, _) => Self::refused("domain_flagged", "The recipient's domain is flagged"),
            (_, "sendgrid") => Self::of([(2, Deed::Dropped("Unsubscribed Address"))]),
            _ => Self::refused("unsubscribed", "The recipient opted out of the contact list"),
        }
    }

    /// What happens seldom, in turn, so that every month has it.
    pub(crate) fn seldom(turn: u64, provider: &str, random: &mut Random) -> Self {
        const BOTH: u64 = 17;
        let own = if provider == "sendgrid" { sendgrid } else { amazon_ses };
        match turn % (BOTH + 6) {
            0 => Self::of([(8, Deed::Block)]),
            1 => Self::of([(40, Deed::Deferred), (3 * DAY, Deed::SoftBounce)]),
            2 => Self::of([(5, Deed::Delivered), (9_000, Deed::HardBounce)]),
            3 => Self::of([(7, Deed::Undetermined)]),
            4 => Self::of(forwarded(random)),
            5 => Self::of([(4, Deed::Delivered), (9, Deed::MachineClick(1)), (10, Deed::MachineClick(2))]),
            6 => Self::of([(4, Deed::Delivered), (3_300, Deed::Click(1))]),
            7 => Self::of([(2_500, Deed::Open)]),
            8 => Self::of([(4, Deed::Delivered), (5_000, Deed::Open), (5_060, Deed::Complaint)]),
            9 => Self::of([(4, Deed::Delivered), (6_000, Deed::Open), (6_040, Deed::Unsubscribe { group: true })]),
            10 => Self::of([
                (4, Deed::Delivered),
                (6_000, Deed::Open),
                (6_040, Deed::Unsubscribe { group: true }),
                (2 * DAY, Deed::Resubscribe),
            ]),
            11 => Self { account: vec![(8_000, false)], ..Self::plain() },
            12 => Self { account: vec![(8_000, false), (3 * DAY, true)], ..Self::plain() },
            13 => Self { unsaid: true, ..Self::plain() },
            14 => Self::refused("policy_list", "The list's quality is below the provider's policy"),
            15 => Self::refused("suppressed", "The address is on the provider's suppression list"),
            16 => Self::of([(60, Deed::Deferred)]),
            turn => own(turn - BOTH),
        }
    }
}

fn sendgrid(turn: u64) -> Fate {
    let reasons = [
        "Spam Content",
        "Recipient List over Package Quota",
        "Invalid SMTPAPI header",
        "Duplicate: this address gets the message already",
        "The mail could not be processed",
    ];
    of(&reasons, turn).map_or_else(Fate::default, |reason| Fate::of([(2, Deed::Dropped(reason))]))
}

fn amazon_ses(turn: u64) -> Fate {
    match turn % 4 {
        0 => Fate::of([(3, Deed::Rejected)]),
        1 => Fate::of([(3, Deed::NotRendered)]),
        2 => Fate::refused("quota", "Daily message quota exceeded"),
        _ => Fate::refused("sender_error", "Email address is not verified"),
    }
}

/// A mail that went on to a whole team: more opens than a row keeps one by one.
fn forwarded(random: &mut Random) -> Vec<Report> {
    let opens = (0..45).map(|n| (900 + n * 700 + random.below(300), Deed::Open));
    std::iter::once((4, Deed::Delivered)).chain(opens).collect()
}

/// What follows a delivery: machines and people open and click, few complain, some leave, some of them come back.
fn reached(after: u64, random: &mut Random) -> Vec<Report> {
    let mut reports = vec![(after, Deed::Delivered)];
    if random.chance(110) {
        reports.push((after + 2, Deed::MachineOpen));
    }
    if random.chance(6) {
        reports.push((after + 3, Deed::MachineClick(random.below(5))));
    }
    if !random.chance(400) {
        return reports;
    }
    // Most within the day, some after days.
    let opened = after + 40 + if random.chance(800) { random.below(36_000) } else { random.below(4 * DAY) };
    reports.push((opened, Deed::Open));
    if random.chance(250) {
        reports.push((opened + random.between(600, 90_000), Deed::Open));
    }
    if random.chance(210) {
        reports.push((opened + random.between(5, 60), Deed::Click(random.below(5))));
        if random.chance(200) {
            reports.push((opened + random.between(61, 200), Deed::Click(random.below(5))));
        }
    }
    match random.below(1_000) {
        0..4 => reports.push((opened + 40, Deed::Complaint)),
        4..18 => {
            let group = random.chance(500);
            reports.push((opened + 50, Deed::Unsubscribe { group }));
            if group && random.chance(300) {
                reports.push((opened + random.between(DAY, 3 * DAY), Deed::Resubscribe));
            }
        }
        _ => {}
    }
    reports
}
