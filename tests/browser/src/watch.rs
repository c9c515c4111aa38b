//! What a page did beside showing itself, read out of the browser's events.

use serde_json::Value;

/// What a page did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Errors and warnings of the console, exceptions, dialogs, refusals of the page's policy.
    pub problems: Vec<String>,
    /// Every address that was asked for, in order, frames included; those inside the browser (`about:`, `data:`) aside.
    pub requests: Vec<String>,
}

impl Seen {
    /// Requests that went elsewhere than to this host and port.
    #[must_use]
    pub fn foreign(&self, host: &str) -> Vec<&str> {
        let own = [format!("http://{host}/"), format!("ws://{host}/")];
        let is_foreign = |address: &&str| !own.iter().any(|own| address.starts_with(own.as_str()));
        self.requests.iter().map(String::as_str).filter(is_foreign).collect()
    }
}

pub(crate) fn seen(events: &[Value]) -> Seen {
    let mut seen = Seen::default();
    for event in events {
        let of = &event["params"];
        match event["method"].as_str() {
            Some("Network.requestWillBeSent") => seen.requests.extend(outward(&of["request"]["url"])),
            Some("Network.webSocketCreated") => seen.requests.extend(outward(&of["url"])),
            Some("Runtime.exceptionThrown") => seen.problems.push(format!("exception: {}", of["exceptionDetails"])),
            Some("Page.javascriptDialogOpening") => seen.problems.push(format!("dialog: {}", of["message"])),
            Some("Runtime.consoleAPICalled") if is_bad(&of["type"]) => {
                seen.problems.push(format!("console: {}", of["args"]));
            }
            Some("Log.entryAdded") if is_bad(&of["entry"]["level"]) => {
                seen.problems.push(format!("log: {} ({})", of["entry"]["text"], of["entry"]["url"]));
            }
            _ => {}
        }
    }
    seen
}

fn is_bad(level: &Value) -> bool {
    matches!(level.as_str(), Some("error" | "warning" | "assert"))
}

fn outward(address: &Value) -> Option<String> {
    let address = address.as_str()?;
    let is_inside = ["about:", "data:", "blob:"].iter().any(|scheme| address.starts_with(scheme));
    (!is_inside).then(|| address.to_owned())
}
