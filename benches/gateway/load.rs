//! Connections that post one request after another and keep how long each took.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use providers::sign::Posting;

/// How long requests took.
#[derive(Default)]
pub(crate) struct Measured {
    took: Vec<Duration>,
    seconds: f64,
    /// Calls, records and time of the appends meanwhile; none at a door that keeps nothing.
    appends: Option<(u64, u64, Duration)>,
}

impl Measured {
    /// Requests a second.
    pub(crate) fn per_second(&self) -> f64 {
        float(self.took.len()) / self.seconds.max(f64::EPSILON)
    }

    /// The time below which so many of a hundred requests stayed.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let place = (self.took.len() * percent).div_ceil(100).saturating_sub(1);
        self.took.get(place).copied().unwrap_or_default()
    }

    /// The same with the appends meanwhile: calls, records, time.
    pub(crate) fn with(self, appends: (u64, u64, Duration)) -> Self {
        Self { appends: Some(appends), ..self }
    }

    /// Records of an append on average.
    pub(crate) fn records_an_append(&self) -> Option<f64> {
        self.appends.map(|(calls, records, _)| wide(records) / wide(calls.max(1)))
    }

    /// Milliseconds of an append on average.
    pub(crate) fn ms_an_append(&self) -> Option<f64> {
        self.appends.map(|(calls, _, time)| time.as_secs_f64() * 1_000.0 / wide(calls.max(1)))
    }

    /// The one of the two with more requests a second.
    pub(crate) fn better(self, other: Self) -> Self {
        if other.per_second() > self.per_second() { other } else { self }
    }
}

/// A count as a number with a fraction.
pub(crate) fn float(count: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of a bench stay below 2^53")]
    let float = count as f64;
    float
}

fn wide(count: u64) -> f64 {
    float(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Posts in turn over so many connections for so long. One answer that is not 200 fails the run.
pub(crate) fn run(url: &str, bodies: &[Posting], connections: usize, time: Duration) -> Result<Measured> {
    let (next, begun) = (AtomicUsize::new(0), Instant::now());
    let until = begun + time;
    let mut took = std::thread::scope(|scope| {
        let one = |_| scope.spawn(|| connection(url, bodies, &next, until));
        let all: Vec<_> = (0..connections).map(one).collect();
        let each = all.into_iter().map(|one| one.join().map_err(|_| anyhow!("a connection panicked"))?);
        each.collect::<Result<Vec<_>>>().map(|each| each.concat())
    })?;
    took.sort_unstable();
    Ok(Measured { took, seconds: begun.elapsed().as_secs_f64(), appends: None })
}

fn connection(url: &str, bodies: &[Posting], next: &AtomicUsize, until: Instant) -> Result<Vec<Duration>> {
    let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build();
    let agent: ureq::Agent = agent.into();
    let mut took = Vec::new();
    while Instant::now() < until {
        let place = next.fetch_add(1, Ordering::Relaxed) % bodies.len();
        let posting = bodies.get(place).context("no body")?;
        let begun = Instant::now();
        let request =
            posting.headers.iter().fold(agent.post(url), |request, (name, value)| request.header(name, value));
        let mut answer = request.send(posting.body.as_slice())?;
        let status = answer.status();
        ensure!(status == 200, "{url}: {status}");
        answer.body_mut().read_to_vec()?;
        took.push(begun.elapsed());
    }
    Ok(took)
}
