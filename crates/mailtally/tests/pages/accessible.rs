//! Rules of accessibility on every page in both languages, light and dark.

use anyhow::Result;
use browser::{Browser, Page};

use crate::site::{LANGUAGES, Site};

#[test]
fn no_page_breaks_a_rule_of_accessibility() -> Result<()> {
    let site = Site::demo()?;
    let mut browser = Browser::start()?;
    for (language, is_dark) in LANGUAGES.into_iter().zip([false, true]) {
        let mut page = site.page(&mut browser, language)?;
        page.size(1_280, 900)?;
        page.media(false, is_dark)?;
        let mut broken = Vec::new();
        for path in site.paths(&mut page)? {
            page.goto(&site.url(&path))?;
            broken.extend(found(&mut page, &path)?);
        }
        site.check(&mut page, "c1\nnobody@example.org")?;
        broken.extend(found(&mut page, "the send check's answer")?);
        page.goto(&site.url("/campaigns/never-was"))?;
        broken.extend(found(&mut page, "what is not there")?);
        assert!(broken.is_empty(), "{language}: {broken:#?}");
    }
    Ok(())
}

/// What is broken where, with everything that can be opened open.
fn found(page: &mut Page, path: &str) -> Result<Vec<String>> {
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = !one.querySelector('iframe'); })")?;
    let found = page.violations()?;
    Ok(found
        .iter()
        .map(|one| format!("{path}: {} ({}): {:?}", one.rule, one.help, one.places.iter().take(3).collect::<Vec<_>>()))
        .collect())
}
