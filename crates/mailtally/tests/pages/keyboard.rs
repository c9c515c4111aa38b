//! Nothing but keys: from the login over a communication and a tile to one message, in an order that one expects.

use anyhow::{Result, bail};
use browser::{Browser, Key, Page};

use crate::site::{ORGANISATION, Site};

/// Presses of the tabulator until one gives up: more than any page of the demo has places.
const TABS_MAX: usize = 200;
/// What has the focus, as a person would name it.
const HERE: &str = "(one => (one.getAttribute('href') ?? one.getAttribute('name') ?? one.localName) + ' ' + \
                    (one.textContent.trim() || one.value || one.getAttribute('aria-label') || ''))(document.activeElement)";

#[test]
fn keys_alone_lead_from_the_login_to_a_message() -> Result<()> {
    let site = Site::demo()?;
    let token = site.token(ORGANISATION, "viewer", "Ada")?;
    let mut browser = Browser::start()?;
    let mut page = browser.page()?;
    page.goto(&site.url("/campaigns"))?;
    // The field gets it when the page is drawn first, which may be after it is loaded (HTML, "flush autofocus candidates").
    page.until("document.activeElement.id === 'token'")?;
    assert_eq!(page.text("location.pathname")?, "/login");
    page.write(&token)?;
    page.leads(|page| page.press(Key::Enter))?;
    let order = ["#content ", "/campaigns Mailtally", "/campaigns ", "/clients ", "/suppressions ", "button ", "q "];
    for expected in order {
        page.press(Key::Tab)?;
        let here = page.text(HERE)?;
        assert!(here.starts_with(expected), "{here} where {expected} was expected");
    }
    for (start, path) in [("/campaigns/", 2), ("/campaigns/", 3), ("/messages/", 2)] {
        page.press(Key::Tab)?;
        focus(&mut page, start, path)?;
        assert!(is_seen(&mut page)?, "a reader sees where the focus is");
        page.leads(|page| page.press(Key::Enter))?;
    }
    assert_eq!(page.text("location.pathname.split('/')[1]")?, "messages");
    page.press(Key::Tab)?;
    page.press(Key::Enter)?;
    assert_eq!(page.text("document.activeElement.id")?, "content", "the first key skips the menu");
    Ok(())
}

/// Goes on until a link has the focus whose path begins so and has so many parts.
fn focus(page: &mut Page, start: &str, parts: usize) -> Result<()> {
    let wanted = format!(
        "document.activeElement.pathname?.startsWith('{start}') && document.activeElement.pathname.split('/').length === {}",
        parts + 1
    );
    for _ in 0..TABS_MAX {
        if page.evaluate(&wanted)? == true {
            return Ok(());
        }
        page.press(Key::Tab)?;
    }
    bail!("no link to {start} is reached by the keyboard")
}

fn is_seen(page: &mut Page) -> Result<bool> {
    let seen = "(one => { const style = getComputedStyle(one); const at = one.getBoundingClientRect(); \
                return style.outlineStyle !== 'none' && at.top >= 0 && at.bottom <= innerHeight; })(document.activeElement)";
    Ok(page.evaluate(seen)? == true)
}
