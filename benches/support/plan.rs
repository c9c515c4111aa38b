//! What happens to one message: its steps, and when each happens and arrives. A pure function of seed and message.

use domain::{Agent, BounceClass, Drop, DropReason, Fact, Scope};

/// Messages of one campaign.
const CAMPAIGN_MESSAGES: u64 = 2_000;
/// Campaigns that are sent side by side.
const CAMPAIGNS_AT_ONCE: u64 = 4;
/// Clients of the platform.
const CLIENTS: u64 = 300_000;
/// The organisations.
pub const ORGANISATIONS: [&str; 3] = ["aquatics", "chess-club", "city-league"];
/// Messages sent after a message until the last of its opens and clicks.
const ENGAGEMENT_TICKS: u64 = 100_000;

/// One step of a message. Time goes in ticks: a message is sent every tick.
#[derive(Clone, Debug)]
pub struct Step {
    /// When it happened.
    pub happens: u64,
    /// When its report arrives, copies of it included: one or two.
    pub arrives: [Option<u64>; 2],
    /// The mailer says it, not the provider.
    pub by_mailer: bool,
    /// What happened.
    pub fact: Fact,
}

/// Who a message is for and what it is of.
#[derive(Clone, Debug)]
pub struct Names {
    /// The organisation.
    pub organisation: &'static str,
    /// The campaign.
    pub campaign: String,
    /// The client.
    pub client: String,
    /// The message.
    pub message: String,
    /// The address used.
    pub address: String,
}

/// The names of a message.
pub fn names(seed: u64, message: u64) -> Names {
    let block = message / (CAMPAIGN_MESSAGES * CAMPAIGNS_AT_ONCE);
    let campaign = block * CAMPAIGNS_AT_ONCE + message % CAMPAIGNS_AT_ONCE;
    let client = Random::of(seed, message, 1).below(CLIENTS);
    let organisation = usize::try_from(campaign % 3).ok().and_then(|place| ORGANISATIONS.get(place));
    Names {
        organisation: organisation.copied().unwrap_or_default(),
        campaign: format!("c{campaign:05}"),
        client: format!("k{client:06}"),
        message: format!("m-{:016x}", message.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
        address: format!("client{client:06}@example.org"),
    }
}

/// The steps of a message, 4 on average, a fifth of which are reported twice.
pub fn steps(seed: u64, message: u64) -> Vec<Step> {
    let mut plan = Plan { random: Random::of(seed, message, 0), sent: message, steps: Vec::with_capacity(8) };
    plan.add(true, 0, Fact::Sent);
    let roll = plan.random.below(1_000);
    if roll < 10 {
        plan.add(false, 2, Fact::Dropped(dropped()));
        return plan.steps;
    }
    plan.add(false, 1, Fact::Sent);
    if plan.random.below(100) < 5 {
        plan.add(false, 100, Fact::Deferred { reason: "450 4.2.1 try again later".to_owned() });
    }
    let delivered = 20 + plan.random.below(2_000);
    match roll {
        10..25 => plan.bounce(delivered, BounceClass::Hard, false),
        25..40 => plan.bounce(delivered, BounceClass::Block, false),
        40..50 => plan.bounce(delivered, BounceClass::Soft, false),
        50..60 => {
            plan.add(false, delivered, Fact::Delivered);
            plan.bounce(delivered + 500, BounceClass::Undetermined, true);
        }
        _ => {
            plan.add(false, delivered, Fact::Delivered);
            plan.engage(delivered);
        }
    }
    plan.steps
}

fn dropped() -> Drop {
    Drop { reason: DropReason::PriorBounce, scope: Scope::Address, text: "Bounced Address".to_owned() }
}

struct Plan {
    random: Random,
    sent: u64,
    steps: Vec<Step>,
}

impl Plan {
    fn add(&mut self, by_mailer: bool, after: u64, fact: Fact) {
        let happens = self.sent + after;
        // Some disorder: a report comes up to 300 messages late, its copy up to 3,000.
        let first = happens + self.random.below(300);
        let copy = (self.random.below(5) == 0).then(|| first + 1 + self.random.below(3_000));
        self.steps.push(Step { happens, arrives: [Some(first), copy], by_mailer, fact });
    }

    fn bounce(&mut self, after: u64, class: BounceClass, asynchronous: bool) {
        let reason = "550 5.1.1 the address that you tried to reach does not exist".to_owned();
        self.add(false, after, Fact::Bounced { class, asynchronous, reason });
    }

    /// Opens and clicks by machines and people, and what people do besides.
    fn engage(&mut self, delivered: u64) {
        if self.random.below(100) < 20 {
            self.add(false, delivered + 50, Fact::Opened(Agent::Machine));
        }
        if self.random.below(100) >= 38 {
            return;
        }
        let mut at = delivered + 200 + self.random.below(ENGAGEMENT_TICKS);
        for _ in 0..=self.random.below(3).min(self.random.below(3)) {
            self.add(false, at, Fact::Opened(Agent::Human));
            if self.random.below(100) < 30 {
                let link = format!("https://example.org/offers/{}", self.random.below(9));
                self.add(false, at + 1, Fact::Clicked { agent: Agent::Unknown, link });
            }
            at += 1 + self.random.below(5_000);
        }
        match self.random.below(100) {
            0 => self.add(false, at, Fact::Complained),
            // Without a resubscribe: it would lift what other mails of the client hold, and the peer has no register.
            1..4 => self.add(false, at, Fact::Unsubscribed { scope: Scope::Organisation, from_register: false }),
            _ => {}
        }
    }
}

/// SplitMix64.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of a message for one purpose.
    pub fn of(seed: u64, message: u64, purpose: u64) -> Self {
        let mut random = Self(seed ^ message.wrapping_mul(0xD6E8_FEB8_6659_FD93) ^ (purpose << 56));
        random.draw();
        random
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 when that is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.draw().checked_rem(bound).unwrap_or(0)
    }
}
