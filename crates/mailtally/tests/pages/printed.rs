//! On paper: what leads elsewhere is gone, what is said is all there, dark on white.

use anyhow::Result;
use browser::Browser;

use crate::site::{Site, keep};

/// Width of A4 between the margins of a browser, in pixels.
const PAPER: u32 = 718;
/// Text that a reader on paper could not see: cut off by its frame.
const CUT: &str = "[...document.querySelectorAll('.scroll')].filter(one => one.offsetParent !== null && \
                   getComputedStyle(one).overflowX !== 'visible').length";
/// Parts that do nothing on paper and are seen all the same.
const IDLE: &str = "[...document.querySelectorAll('nav, form, button, .skip')].filter(one => one.offsetParent !== null) \
                    .map(one => one.outerHTML.slice(0, 120)).join('\\n')";

#[test]
fn a_printed_page_has_everything_but_what_is_for_clicking() -> Result<()> {
    let site = Site::demo()?;
    let mut browser = Browser::start()?;
    let mut page = site.page(&mut browser, "fr")?;
    let mut wide = Vec::new();
    for path in site.paths(&mut page)?.iter().filter(|path| !matches!(path.as_str(), "/login" | "/send-check")) {
        page.media(true, true)?;
        page.size(PAPER, 1_040)?;
        page.goto(&site.url(path))?;
        assert_eq!(page.evaluate(CUT)?, 0, "{path}");
        assert_eq!(page.text(IDLE)?, "", "{path}");
        let ground =
            page.text("getComputedStyle(document.body).backgroundColor + getComputedStyle(document.body).color")?;
        assert_eq!(ground, "rgb(255, 255, 255)rgb(0, 0, 0)", "{path}: dark on white, whatever the screen is");
        let width = page.evaluate("document.documentElement.scrollWidth")?;
        if width.as_u64() > Some(u64::from(PAPER)) {
            wide.push(format!("{path}: {width}"));
        }
        keep(&mut page, &format!("paper{path}"))?;
        assert!(page.pdf()?.starts_with(b"%PDF-"), "{path}");
    }
    assert!(wide.is_empty(), "wider than A4: {wide:#?}");
    Ok(())
}
