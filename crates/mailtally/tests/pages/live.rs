//! An open page shows the number of an acknowledged event within a second, without being loaded anew and with the focus where it was.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use browser::Browser;

use crate::site::Site;
use crate::support::send;

/// From the acknowledgement of an event to its number on an open page, in milliseconds.
const FRESH_MS: f64 = 1_000.0;
/// Times that it is looked at.
const TIMES: usize = 5;

#[test]
fn a_number_follows_its_event_within_a_second_and_the_focus_stays() -> Result<()> {
    let site = Site::empty()?;
    let post = |message: &str| site.run.lock().expect("no other").post(&[send(message, "spring")]).context("taken");
    post("m0")?;
    let token = site.token("acme", "viewer", "Ada")?;
    let mut browser = Browser::start()?;
    let mut page = browser.page()?;
    page.goto(&site.url(&format!("/login?token={token}")))?;
    page.until("document.querySelector('a[href=\"/campaigns/spring/sent\"]')")?;
    for path in ["/campaigns", "/campaigns/spring"] {
        page.goto(&site.url(path))?;
        // It looks for what it missed as soon as it hears.
        page.until("performance.getEntriesByType('resource').some(one => one.initiatorType === 'fetch')")?;
        page.evaluate(
            "window.unchanged = true; document.querySelector('a[href=\"/campaigns/spring/sent\"]').focus(); \
             const shown = () => document.querySelector('a[href=\"/campaigns/spring/sent\"]').textContent; let last = shown(); \
             new MutationObserver(() => { if (shown() !== last) { last = shown(); window.changed = Date.now(); } }) \
             .observe(document.body, { subtree: true, childList: true, characterData: true }); 0",
        )?;
        for time in 0..TIMES {
            page.evaluate("window.changed = 0")?;
            post(&format!("{path}-{time}").replace('/', "m"))?;
            let acknowledged = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
            page.until("window.changed")?;
            let changed = page.evaluate("window.changed")?.as_f64().context("a time")?;
            let took = changed - acknowledged * 1_000.0;
            assert!(took < FRESH_MS, "{path}: {took} ms");
        }
        assert_eq!(page.evaluate("window.unchanged")?, true, "it was loaded anew");
        assert_eq!(page.text("document.activeElement.getAttribute('href')")?, "/campaigns/spring/sent");
    }
    assert_eq!(page.seen()?.problems, Vec::<String>::new());
    Ok(())
}
