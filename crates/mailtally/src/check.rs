//! `mailtally check`: what decode would do, line by line, without writing anything.

use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use contract::proto::platform::v1::PlatformEvent;
use domain::{Arrival, Time};
use processor::decode::platform;
use processor::emit::Emit;
use processor::settings::Settings;

use crate::system::now_ms;

/// Exit code 1 when a line would be refused.
pub(crate) fn run(file: &Path) -> Result<ExitCode> {
    let mut refused = 0_u64;
    let mut out = std::io::stdout().lock();
    for (number, line) in (1_u64..).zip(lines(file)?) {
        match verdict(line?.as_bytes()) {
            Ok(_) => writeln!(out, "{number}: ok")?,
            Err(why) => {
                refused += 1;
                writeln!(out, "{number}: {why}")?;
            }
        }
    }
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The event of a line, when decode would take it; else field and remedy.
pub(crate) fn verdict(line: &[u8]) -> Result<PlatformEvent, String> {
    let event = contract::json::platform_event(line).map_err(|error| error.to_string())?;
    let settings = Settings::new("mailtally", 1, b"check".to_vec());
    let received = Time::from_micros(now_ms().saturating_mul(1_000));
    let arrival = Arrival { received, ..Arrival::default() };
    platform::event_of(&settings, &event, arrival, &mut Emit::new(&settings)).map_err(|why| why.to_string())?;
    Ok(event)
}

/// The lines of a file or of standard input, empty ones left out.
pub(crate) fn lines(file: &Path) -> Result<impl Iterator<Item = std::io::Result<String>>> {
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).with_context(|| format!("open {}", file.display()))?)
    };
    let is_empty = |line: &std::io::Result<String>| line.as_ref().is_ok_and(|line| line.trim().is_empty());
    Ok(BufReader::new(source).lines().filter(move |line| !is_empty(line)))
}
