//! When each provider tries again, and after which answers it does not: its documentation's figures, on a faster clock.

use std::time::Duration;

/// How much faster the clock runs: a minute takes half a second.
const FASTER: u32 = 120;
/// The longest that a try is waited for on the faster clock.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// A provider's rules.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// The provider's name.
    pub provider: &'static str,
    /// Seconds before each further try; the last one goes on for so many tries as `more` says.
    pub delays: &'static [u32],
    /// Tries beyond the listed ones, after the last delay.
    pub more: u32,
    /// Events in one request at most.
    pub batch: usize,
    /// Whether an answer ends the tries without the event being taken.
    pub gives_up: fn(u16) -> bool,
    /// Whether each try is signed anew.
    pub signs_again: bool,
}

const fn of(provider: &'static str, delays: &'static [u32], more: u32, batch: usize) -> Schedule {
    Schedule { provider, delays, more, batch, gives_up: |_| false, signs_again: false }
}

const MINUTE: u32 = 60;
const HOUR: u32 = 3_600;

/// All of them, by name. Where a schedule is not published (Mandrill, MailerSend, Mailtrap, Unisender Go) it is every 10 minutes for
/// a day. Amazon SNS has a delivery policy of 50 tries, as `deploy/mailtally.toml` asks for.
pub const SCHEDULES: [Schedule; 13] = [
    Schedule { gives_up: |status| (400..500).contains(&status), ..of("amazon_ses", &[20], 49, 1) },
    Schedule { gives_up: |status| status != 429, ..of("brevo", &[10 * MINUTE, HOUR, 2 * HOUR, 8 * HOUR], 0, 1) },
    of("mailersend", &[10 * MINUTE], 143, 1),
    // A delivery is never tried again: the plan says which reports are.
    Schedule {
        gives_up: |status| status == 406,
        ..of("mailgun", &[5 * MINUTE, 10 * MINUTE, 15 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR], 0, 1)
    },
    of("mailjet", &[30], 2_879, 100),
    of("mailtrap", &[10 * MINUTE], 143, 100),
    of("mandrill", &[10 * MINUTE], 143, 100),
    of("postal", &[2 * MINUTE, 3 * MINUTE, 6 * MINUTE, 10 * MINUTE, 15 * MINUTE], 0, 1),
    Schedule {
        gives_up: |status| status == 403,
        ..of(
            "postmark",
            &[MINUTE, 5 * MINUTE, 10 * MINUTE, 10 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR],
            1,
            1,
        )
    },
    Schedule {
        signs_again: true,
        ..of("resend", &[5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR], 0, 1)
    },
    of("sendgrid", &[MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE, 16 * MINUTE, 32 * MINUTE, HOUR], 22, 100),
    of("sparkpost", &[MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE, 16 * MINUTE, 32 * MINUTE, HOUR], 6, 100),
    of("unisender_go", &[10 * MINUTE], 143, 1),
];

/// The rules of this provider.
pub fn schedule(provider: &str) -> Option<&'static Schedule> {
    SCHEDULES.iter().find(|schedule| schedule.provider == provider)
}

impl Schedule {
    /// How long it waits after so many tries; nothing when it tries no more.
    pub fn after(&self, tries: u32) -> Option<Duration> {
        let listed = u32::try_from(self.delays.len()).unwrap_or(u32::MAX);
        let place = usize::try_from(tries.checked_sub(1)?.min(listed.checked_sub(1)?)).ok()?;
        let seconds = *self.delays.get(place)?;
        (tries <= listed.saturating_add(self.more))
            .then(|| (Duration::from_secs(seconds.into()) / FASTER).min(WAIT_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_has_a_schedule_that_ends() {
        let known: Vec<&str> = providers::ALL.iter().map(|provider| provider.name).collect();
        assert_eq!(SCHEDULES.map(|schedule| schedule.provider).as_slice(), known);
        let tries = |name| (1..).take_while(|tries| schedule(name).unwrap().after(*tries).is_some()).count();
        assert_eq!((tries("mailgun"), tries("brevo"), tries("amazon_ses"), tries("postmark")), (6, 4, 50, 10));
    }
}
