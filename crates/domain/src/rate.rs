//! Rates of a campaign, each under a name that says its denominator: three denominators are in use in the field, and a rate
//! without its own is a number nobody can check.

use crate::Counters;

/// What a rate divides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Denominator {
    /// Every mail sent, dropped ones too.
    Sent,
    /// Mails whose outcome is Delivered.
    Delivered,
    /// Mails opened by a person.
    Opened,
}

/// One numerator over one denominator, exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Its name in JSON and CSV. Those over [`Denominator::Sent`] carry no suffix, as the product's own column.
    pub name: &'static str,
    /// What is counted.
    pub numerator: u64,
    /// What it is a part of.
    pub denominator: u64,
    /// The denominator's name.
    pub of: Denominator,
}

impl Rate {
    /// Ten-thousandths, half up; `None` when there is nothing to divide by.
    ///
    /// ```
    /// # use domain::rate::{Denominator, Rate};
    /// let rate = |numerator, denominator| Rate { name: "open_rate", numerator, denominator, of: Denominator::Sent };
    /// assert_eq!(rate(2, 3).ten_thousandths(), Some(6_667));
    /// assert_eq!(rate(0, 0).ten_thousandths(), None);
    /// ```
    pub fn ten_thousandths(self) -> Option<u64> {
        let doubled = u128::from(self.numerator) * 20_000 + u128::from(self.denominator);
        let share = doubled.checked_div(u128::from(self.denominator) * 2)?;
        Some(u64::try_from(share).unwrap_or(u64::MAX))
    }

    /// For people: `41.07 %`, or `-` when there is nothing to divide by.
    pub fn percent(self) -> String {
        self.ten_thousandths().map_or_else(|| "-".to_owned(), |rate| format!("{}.{:02} %", rate / 100, rate % 100))
    }

    /// For scripts: `0.4107`, four decimals; `None` when there is nothing to divide by.
    pub fn decimal(self) -> Option<String> {
        self.ten_thousandths().map(|rate| format!("{}.{:04}", rate / 10_000, rate % 10_000))
    }
}

/// Every rate of a campaign, in the order in which readers see them.
pub fn rates(counters: &Counters) -> [Rate; 11] {
    use Denominator::{Delivered, Opened, Sent};
    let rate = |name, numerator, of| {
        let denominator = match of {
            Sent => counters.sent,
            Delivered => counters.delivered,
            Opened => counters.opened,
        };
        Rate { name, numerator, denominator, of }
    };
    [
        rate("open_rate", counters.opened, Sent),
        rate("open_rate_of_delivered", counters.opened, Delivered),
        rate("open_rate_with_machine", counters.opened_with_machine, Sent),
        rate("click_rate", counters.clicked, Sent),
        rate("click_rate_of_delivered", counters.clicked, Delivered),
        rate("click_rate_of_opened", counters.clicked, Opened),
        rate("delivery_rate", counters.delivered, Sent),
        rate("bounce_rate", counters.bounced, Sent),
        rate("drop_rate", counters.dropped, Sent),
        rate("spam_rate_of_delivered", counters.spam, Delivered),
        rate("unsubscribe_rate_of_delivered", counters.unsubscribed, Delivered),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_rounded_half_up_and_absent_without_a_denominator() {
        for (numerator, denominator, expected, shown) in [
            (0, 0, None, "-"),
            (1, 3, Some(3_333), "33.33 %"),
            (2, 3, Some(6_667), "66.67 %"),
            (1, 20_000, Some(1), "0.01 %"),
            (1, 20_001, Some(0), "0.00 %"),
            (5, 5, Some(10_000), "100.00 %"),
            (u64::MAX, u64::MAX, Some(10_000), "100.00 %"),
        ] {
            let rate = Rate { name: "open_rate", numerator, denominator, of: Denominator::Sent };
            assert_eq!(rate.ten_thousandths(), expected, "{numerator}/{denominator}");
            assert_eq!(rate.percent(), shown);
        }
        let rate = Rate { name: "open_rate", numerator: 2, denominator: 3, of: Denominator::Sent };
        assert_eq!(rate.decimal().as_deref(), Some("0.6667"));
    }

    #[test]
    fn each_rate_divides_by_what_its_name_says() {
        let counters = Counters { sent: 100, delivered: 80, opened: 40, clicked: 10, spam: 8, ..Counters::default() };
        for rate in rates(&counters) {
            let named = match rate.name.split_once("_of_").map(|(_, of)| of) {
                None => (Denominator::Sent, 100),
                Some("delivered") => (Denominator::Delivered, 80),
                Some("opened") => (Denominator::Opened, 40),
                Some(other) => panic!("no denominator is called {other}"),
            };
            assert_eq!((rate.of, rate.denominator), named, "{}", rate.name);
        }
    }
}
