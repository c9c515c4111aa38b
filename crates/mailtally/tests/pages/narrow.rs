//! On a phone the page itself never scrolls sideways; a wide table does, in its own frame.

use anyhow::Result;
use browser::Browser;

use crate::site::{LANGUAGES, Site, keep};

/// Width of a phone, in pixels.
const PHONE: u32 = 390;
/// What is wider than the page, by its markup, tables in their own frames aside.
const WIDE: &str = "[...document.querySelectorAll('body *')].filter(one => !one.closest('.scroll') && \
                    one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 120)).join('\\n')";

#[test]
fn no_page_is_wider_than_a_phone() -> Result<()> {
    let site = Site::demo()?;
    let mut browser = Browser::start()?;
    for language in LANGUAGES {
        let mut page = site.page(&mut browser, language)?;
        page.size(PHONE, 844)?;
        for path in site.paths(&mut page)? {
            page.goto(&site.url(&path))?;
            page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")?;
            let is_narrow = page.evaluate("document.documentElement.scrollWidth <= innerWidth")? == true;
            let wide = page.text(WIDE)?;
            assert!(is_narrow && wide.is_empty(), "{path} in {language}: {wide}");
            keep(&mut page, &format!("phone-{language}{path}"))?;
        }
    }
    Ok(())
}
