//! Posts a request that was made.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use providers::sign::Posting;

/// How long the answer may take: no provider waits longer than Amazon SNS, 15 seconds.
const ANSWER_MAX: Duration = Duration::from_secs(15);

/// Who posts as providers do, straight to where it is told, and waits so long for an answer.
pub(crate) fn agent(answer_max: Duration) -> ureq::Agent {
    let agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).proxy(None);
    agent.timeout_global(Some(answer_max)).build().into()
}

/// Posts it once and prints the answer's status and body.
pub(super) fn send(to: &str, posting: &Posting) -> Result<ExitCode> {
    if !to.starts_with("http://") {
        bail!(
            "--to {to} is no http:// URL: print the request with `mailtally webhook sign` and post it with a client that speaks TLS"
        );
    }
    let request =
        posting.headers.iter().fold(agent(ANSWER_MAX).post(to), |request, (name, value)| request.header(name, value));
    let mut answer = request.send(posting.body.as_slice()).with_context(|| format!("post to {to}"))?;
    println!("{} {}", answer.status().as_u16(), answer.body_mut().read_to_string().unwrap_or_default().trim());
    Ok(if answer.status().is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
