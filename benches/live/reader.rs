//! Who looks: an open page, as its script does it, and a program at the read API's stream.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::feed::{CAMPAIGN, ORGANISATION};
use crate::product::Product;

/// How long the last probes may take.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// One send of the probed campaign, which then has `number` of them.
#[derive(Clone, Copy)]
pub(crate) struct Probe {
    pub(crate) number: u64,
    pub(crate) acknowledged: Instant,
    /// Not of the warming up.
    pub(crate) counts: bool,
}

/// Milliseconds from each probe's acknowledgement until its number was seen there.
pub(crate) struct Seen {
    pub(crate) place: &'static str,
    pub(crate) took_ms: Vec<f64>,
}

/// An open page: told of news it fetches itself anew, one fetch at a time.
pub(crate) fn page(product: &Product, probes: &Receiver<Probe>) -> Result<Seen> {
    let news = listen(product, "/live")?;
    let mark = format!("href=\"/campaigns/{CAMPAIGN}/sent\">");
    let look = |_: &str| {
        let url = format!("http://{}/campaigns/{CAMPAIGN}", product.address);
        let asked = match ureq::get(url).header("Authorization", format!("Bearer {}", product.token)).call() {
            // Its first send is not there yet.
            Err(ureq::Error::StatusCode(404)) => return Ok(0),
            asked => asked,
        };
        let page = asked?.body_mut().read_to_string()?;
        let number = page.split_once(&mark).and_then(|(_, tile)| tile.split_once("<strong>")?.1.split('<').next());
        Ok(number.context("a tile of what was sent")?.replace(',', "").trim().parse::<u64>()?)
    };
    Ok(Seen { place: "an open page, fetched anew when it is told", took_ms: follow(news, probes, look)? })
}

/// A program at the stream of one campaign.
pub(crate) fn stream(product: &Product, probes: &Receiver<Probe>) -> Result<Seen> {
    let news = listen(product, &format!("/v1/orgs/{ORGANISATION}/events?campaign={CAMPAIGN}"))?;
    let look = |data: &str| {
        let row: serde_json::Value = serde_json::from_str(data)?;
        Ok(row.pointer("/data/sent").and_then(serde_json::Value::as_u64).unwrap_or(0))
    };
    Ok(Seen { place: "the read API's stream of a campaign", took_ms: follow(news, probes, look)? })
}

/// The data of each event of a stream.
fn listen(product: &Product, path: &str) -> Result<impl Iterator<Item = String> + use<>> {
    let mut socket = TcpStream::connect(&product.address)?;
    socket.set_read_timeout(Some(SILENCE_MAX))?;
    let (address, token) = (&product.address, &product.token);
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n");
    socket.write_all(head.as_bytes())?;
    let mut lines = BufReader::new(socket).lines().map_while(Result::ok);
    let status = lines.next().unwrap_or_default();
    ensure!(status.contains(" 200 "), "{path}: {status}");
    Ok(lines.filter_map(|line| line.strip_prefix("data:").map(|data| data.trim_start().to_owned())))
}

/// Looks at each piece of news until every probe was seen.
fn follow(
    mut news: impl Iterator<Item = String>,
    probes: &Receiver<Probe>,
    look: impl Fn(&str) -> Result<u64>,
) -> Result<Vec<f64>> {
    let (mut open, mut took) = (VecDeque::new(), Vec::new());
    // What was seen last, and when: a number may be there before it is known that it is a probe's.
    let (mut number, mut at) = (0, Instant::now());
    loop {
        if open.is_empty() {
            let Ok(probe) = probes.recv() else { return Ok(took) };
            open.push_back(probe);
        }
        open.extend(probes.try_iter());
        while let Some(probe) = open.front().copied().filter(|probe: &Probe| probe.number <= number) {
            open.pop_front();
            if probe.counts {
                took.push(at.saturating_duration_since(probe.acknowledged).as_secs_f64() * 1_000.0);
            }
        }
        if !open.is_empty() {
            number = look(&news.next().context("no news although probes are open")?)?;
            at = Instant::now();
        }
    }
}
