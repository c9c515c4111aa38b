//! What strangers send us, read: providers' bodies, their signatures, Amazon's envelopes, a spool's file. Each function must end, never
//! panic, and take memory in proportion to its input. `fuzz/` calls them with bytes that it makes up, `tests/corpus.rs` with those
//! that were worth keeping.

use domain::Time;
use peak_alloc::PeakAlloc;
use providers::sns::{Certificate, Envelope};
use providers::{ALL, Mapping, Request, Secret, provider, to_json};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes of memory at most for each byte of input.
pub const FACTOR: usize = 256;
/// Bytes of memory at most beside that.
pub const BASE: usize = 256 << 10;

/// A time at which the signatures of the corpus are neither old nor of the future.
const NOW: Time = Time::from_micros(1_735_725_600_000_000);

/// Decodes a body as this provider's and prints what it says.
///
/// # Panics
/// When it takes too much memory, or there is no such provider.
pub fn decode(name: &str, body: &[u8]) {
    let known = provider(name);
    assert!(known.is_some(), "{name} is a provider");
    let read = || {
        let outcomes = known.map(|known| known.read(&[("svix-id", "msg_1")], body, &Mapping::default()));
        outcomes.into_iter().flatten().flatten().map(|outcome| to_json(&outcome).to_string().len()).sum::<usize>()
    };
    bounded(body, read);
}

/// Checks a request by all providers' rules: lines of headers, an empty line, the body.
///
/// # Panics
/// When a forged request passes for a provider's, or it takes too much memory.
pub fn signature(input: &[u8]) {
    let (head, body) = parted(input);
    let lines = std::str::from_utf8(head).unwrap_or_default().lines();
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
    let request = Request { url: "https://mail.example/v1/webhooks/a/b", headers: &headers, body };
    let secrets = [Secret::Key("c2VjcmV0LW9mLTMyLWJ5dGVzLWZvci1mdXp6aW5nISE=".to_owned())];
    let accepted =
        || ALL.iter().filter_map(|known| known.check).filter(|check| check(&request, &secrets, NOW).is_ok()).count();
    assert_eq!(bounded(input, accepted), 0, "nobody knows the key");
}

/// Reads an envelope of Amazon's with its links, then the same bytes as a certificate.
///
/// # Panics
/// When a link leads elsewhere than to Amazon, or it takes too much memory.
pub fn sns(body: &[u8]) {
    let is_amazons = |url: &str| {
        let host = url.strip_prefix("https://").and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
        host.starts_with("sns.") && (host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn"))
    };
    bounded(body, || {
        let Ok(envelope) = Envelope::of(body) else { return drop(Certificate::read(body)) };
        assert!(envelope.certificate_url().map_or(true, is_amazons), "a foreign certificate");
        assert!(envelope.confirmation_url().is_none_or(is_amazons), "a foreign confirmation");
    });
}

/// Reads a segment of the gateway's spool.
///
/// # Panics
/// When the parts are not the whole, or it takes too much memory.
pub fn spool(segment: &[u8]) {
    let held = bounded(segment, || gateway::held(segment));
    assert!(held.values_bytes + held.damaged + held.torn <= segment.len(), "{held:?} of {}", segment.len());
}

/// What stands before the first empty line, and behind it.
fn parted(input: &[u8]) -> (&[u8], &[u8]) {
    let at = input.windows(2).position(|two| two == b"\n\n").unwrap_or(input.len());
    (input.get(..at).unwrap_or_default(), input.get(at + 2..).unwrap_or_default())
}

/// Runs this, and fails when it has taken more memory at once than its input allows.
fn bounded<T>(input: &[u8], run: impl FnOnce() -> T) -> T {
    let before = PeakAlloc.current_usage();
    PeakAlloc.reset_peak_usage();
    let made = run();
    let taken = PeakAlloc.peak_usage().saturating_sub(before);
    assert!(taken <= BASE + FACTOR * input.len(), "{taken} bytes for an input of {}", input.len());
    made
}
