//! This process's own streams: rows on standard output, notes and a progress bar on standard error.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::reply::Progress;

/// Redraws a second.
const DRAWS_PER_SECOND: u8 = 10;

/// A bar with rate and ETA on a terminal; nothing elsewhere.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// A bar that shows itself with the first progress.
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::new(0);
        bar.set_draw_target(match std::io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND),
            false => ProgressDrawTarget::hidden(),
        });
        Self(bar)
    }

    /// Shows how far the work is.
    pub(crate) fn show(&self, progress: Progress) {
        self.show_words(progress.what, progress.done, progress.of);
    }

    /// Shows how far work elsewhere is.
    pub(crate) fn show_words(&self, what: &str, done: u64, of: Option<u64>) {
        let bar = &self.0;
        if bar.message() != what || bar.length() != of {
            bar.set_style(style(of.is_some()));
            bar.set_message(what.to_owned());
            match of {
                Some(of) => bar.set_length(of),
                None => bar.unset_length(),
            }
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        bar.set_position(done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn style(bounded: bool) -> ProgressStyle {
    template(match bounded {
        true => BOUNDED,
        false => "{spinner} {msg} {human_pos} {rate}",
    })
}

/// A bar with rate and ETA.
pub(crate) const BOUNDED: &str = "{msg} {wide_bar} {human_pos}/{human_len} {rate} ETA {eta}";

/// A style of this template, in which `{rate}` is the rate a second in whole numbers.
pub(crate) fn template(words: &str) -> ProgressStyle {
    let rate = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        // A terminal that cannot take a rate needs none.
        write!(out, "{:.0}/s", state.per_sec()).ok();
    };
    let style = ProgressStyle::with_template(words).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("rate", rate)
}
