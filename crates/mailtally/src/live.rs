//! A command through the live `run` that has the data directory: the same request over its loopback HTTP, its answer copied
//! to this process's streams.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use api::frame::Frame;
use service::config::Config;

use crate::perform;
use crate::request::Request;
use crate::run::control::Control;
use crate::system::System;
use crate::terminal::Bar;

/// How often a directory that is locked is tried again: its `run` may just be starting, or a command just ending.
const ATTEMPTS: u32 = 30;
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a live `run` may take to accept a connection.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Has the live `run` execute the request; `locked` is what is said when there is none.
pub(crate) fn ask(config: &Config, request: &Request, locked: anyhow::Error) -> Result<ExitCode> {
    let body = serde_json::to_vec(request)?;
    for _ in 0..ATTEMPTS {
        if let Some(answered) = once(config, &body) {
            return answered;
        }
        std::thread::sleep(PAUSE);
        match System::to_ask(config, request.accounts()) {
            Ok(system) => return perform::here(&system, request),
            Err(error) if perform::is_locked(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Err(locked).context("no live `mailtally run` answers there")
}

/// Has the live `run` or `processor` execute the request, if one answers.
pub(crate) fn ask_if_there(config: &Config, request: &Request) -> Option<Result<ExitCode>> {
    once(config, &serde_json::to_vec(request).ok()?)
}

fn once(config: &Config, body: &[u8]) -> Option<Result<ExitCode>> {
    let answer = Control::read(&config.data).and_then(|control| send(&control, body).transpose())?;
    Some(answer.and_then(copy))
}

type Body = ureq::Body;

/// Sends it; nothing when nobody answers at that address.
fn send(control: &Control, body: &[u8]) -> Result<Option<Body>> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .timeout_connect(Some(CONNECT_MAX))
        .build()
        .into();
    let url = format!("http://{}/v1/commands", control.address);
    let sent = agent.post(&url).header("Authorization", format!("Bearer {}", control.token)).send(body);
    match sent {
        Err(ureq::Error::Io(_) | ureq::Error::ConnectionFailed | ureq::Error::Timeout(_)) => Ok(None),
        Err(error) => Err(error).context("ask the live `mailtally run`"),
        // Another run, or another program, has the address by now.
        Ok(answer) if matches!(answer.status().as_u16(), 401 | 404 | 405) => Ok(None),
        Ok(mut answer) if answer.status() != 200 => {
            let problem = answer.body_mut().read_to_string().unwrap_or_default();
            let problem: serde_json::Value = serde_json::from_str(&problem).unwrap_or_default();
            bail!(
                "the live `mailtally run` refused: {} {}",
                answer.status(),
                problem.get("detail").and_then(serde_json::Value::as_str).unwrap_or_default()
            )
        }
        Ok(answer) => Ok(Some(answer.into_body())),
    }
}

/// Copies the answer's frames to this process's streams.
fn copy(body: Body) -> Result<ExitCode> {
    let mut frames = std::io::BufReader::new(body.into_reader());
    let (mut out, mut notes, bar) = (std::io::stdout().lock(), std::io::stderr(), Bar::new());
    loop {
        match Frame::read(&mut frames).context("the live `mailtally run` went away before it was done: ask again")? {
            Frame::Out(rows) => out.write_all(&rows)?,
            Frame::Err(words) => notes.write_all(&words)?,
            Frame::Progress(done, of, what) => bar.show_words(&what, done, (of > 0).then_some(of)),
            Frame::Exit(code) => {
                out.flush()?;
                return Ok(ExitCode::from(code));
            }
        }
    }
}
