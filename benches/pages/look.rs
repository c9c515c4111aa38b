//! One reader who looks at one page after the other, each beside a static answer of the same size.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use benches::plan::Random;
use serde::{Deserialize, Serialize};

use crate::load::Load;
use crate::rows::{FIRST, Size, name, word};
use crate::site::{self, Served, Site};

/// Requests before the clock counts.
const WARM: usize = 50;
/// How long each page is looked at beside a load, at least: commits and flushes come now and then.
const BESIDE: Duration = Duration::from_secs(4);

/// A page, and the address of one of them that a random number picks.
type Page = (&'static str, fn(&Size, &mut Random) -> String);

/// The pages that are measured: lists of any day, any communication, its recipients, searches for one of all clients.
pub(crate) const PAGES: [Page; 6] = [
    ("list", |_, random| format!("/campaigns?until=2026-{:02}-{:02}", 6 + random.below(7), 1 + random.below(28))),
    ("list by opens", |_, _| "/campaigns?sort=opened".to_owned()),
    ("detail", |size, random| format!("/campaigns/{}", name(random.below(size.campaigns)))),
    ("recipients", |size, random| format!("/campaigns/{}/sent", name(random.below(size.campaigns)))),
    ("search of clients", |size, random| {
        let client = random.below(size.clients());
        format!("/clients?q={}+{client}", word(&FIRST, client))
    }),
    ("search of a list", |size, random| {
        let (campaign, first) = (random.below(size.campaigns), random.below(20));
        format!("/campaigns/{}/sent?q={}", name(campaign), word(&FIRST, first))
    }),
];

/// Milliseconds of a page and of its static twin.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Figure {
    page: String,
    bytes: usize,
    /// p50 and p99.
    took: [f64; 2],
    fixed: [f64; 2],
}

impl Figure {
    /// The rest of a table's row; `least` is the same page where there is least.
    pub(crate) fn row(&self, least: Option<&Self>) -> String {
        let [p50, p99] = self.took;
        let [fixed_p50, fixed_p99] = self.fixed;
        let growth = least.map_or(1.0, |least| p50 / least.took[0]);
        format!(
            "{} | {p50:.2} | {p99:.2} | {fixed_p50:.2} | {fixed_p99:.2} | {:.1} | {:.1} | {growth:.2}",
            self.bytes >> 10,
            p50 / fixed_p50,
            p99 / fixed_p99
        )
    }
}

/// Looks at every page where nothing else goes on.
pub(crate) fn look(folder: &Path, memory_bytes: usize, size: Size, requests: usize) -> Result<Vec<Figure>> {
    let site = Site::open(folder, memory_bytes)?;
    pages(&site::serve(folder, site.view)?, &size, (requests, Duration::ZERO))
}

/// Looks at every page while so many events a second are folded and rows followed; and how many events were.
pub(crate) fn look_beside(
    folder: &Path,
    memory_bytes: usize,
    size: Size,
    (requests, per_second): (usize, u64),
) -> Result<(Vec<Figure>, u64)> {
    let site = Arc::new(Site::open(folder, memory_bytes)?);
    let load = Load::start(folder, memory_bytes, &site, size, per_second)?;
    let looked = pages(&site::serve(folder, Arc::clone(&site.view))?, &size, (requests, BESIDE));
    let events = load.end()?;
    Ok((looked?, events))
}

/// Each page so many times, and for so long.
fn pages(served: &Served, size: &Size, least: (usize, Duration)) -> Result<Vec<Figure>> {
    let (address, token) = (served.address, &served.token);
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).proxy(None).build().into();
    let login = agent.get(format!("http://{address}/login?token={token}")).call()?;
    let cookie = login.headers().get("set-cookie").context("a session")?.to_str()?;
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let reader = Reader { agent, base: format!("http://{address}"), cookie };
    PAGES.iter().map(|page| reader.measure(page, size, least)).collect()
}

struct Reader {
    agent: ureq::Agent,
    base: String,
    cookie: String,
}

impl Reader {
    fn measure(&self, (page, address): &Page, size: &Size, least: (usize, Duration)) -> Result<Figure> {
        let begun = Instant::now();
        let mut random = Random::of(size.seed, 0, 9);
        let (mut took, mut fixed, mut bytes) = (Vec::new(), Vec::new(), 0);
        for place in 0.. {
            if took.len() >= least.0 && begun.elapsed() >= least.1 {
                break;
            }
            let (whole, milliseconds) = self.get(&address(size, &mut random))?;
            let (same, fixed_milliseconds) = self.get(&format!("/static/{whole}"))?;
            ensure!(whole == same && whole > 1_000, "{page}: {whole} bytes beside {same}");
            if place >= WARM {
                took.push(milliseconds);
                fixed.push(fixed_milliseconds);
                bytes += whole;
            }
        }
        Ok(Figure {
            page: (*page).to_owned(),
            bytes: bytes / took.len().max(1),
            took: percentiles(took),
            fixed: percentiles(fixed),
        })
    }

    /// Reads an answer to its end: its bytes, and the milliseconds that it took.
    fn get(&self, address: &str) -> Result<(usize, f64)> {
        let begun = Instant::now();
        let mut answer = self.agent.get(format!("{}{address}", self.base)).header("Cookie", &self.cookie).call()?;
        let body = answer.body_mut().read_to_vec()?;
        let took = begun.elapsed().as_secs_f64() * 1_000.0;
        ensure!(answer.status() == 200, "{address}: {}", answer.status());
        Ok((body.len(), took))
    }
}

fn percentiles(mut all: Vec<f64>) -> [f64; 2] {
    all.sort_by(f64::total_cmp);
    let at = |hundredths: usize| all.get((all.len() * hundredths / 100).min(all.len().saturating_sub(1))).copied();
    [50, 99].map(|hundredths| at(hundredths).unwrap_or_default())
}
