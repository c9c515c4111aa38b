//! What is compared or shown to others and never printed: given in place, or as a file.

use std::fmt;
use std::path::Path;

use super::problem::Problem;
use super::{Setting, Settings};

/// A value that is compared and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a value.
    pub fn new(value: &str) -> Self {
        Self(value.to_owned())
    }

    /// The value, for who needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// What clients show.
pub(super) fn token(settings: &Settings, problems: &mut Vec<Problem>) -> Option<Secret> {
    const SHORTEST: usize = 16;
    let (token, key) = read(settings, ["token", "token_file"], problems)?;
    let is_good = token.0.len() >= SHORTEST && token.0.bytes().all(|byte| byte.is_ascii_graphic());
    if let (false, Some(setting)) = (is_good, settings.get(key)) {
        let why = format!("wants {SHORTEST} or more visible ASCII characters, e.g. from: openssl rand -hex 32");
        problems.push(Problem::of(key, "(secret)", setting.origin.clone(), &why));
    }
    Some(token)
}

/// The secret of a key, or the content of the file that another key names; and which of the two it was.
pub(super) fn read(
    settings: &Settings,
    [key, file_key]: [&'static str; 2],
    problems: &mut Vec<Problem>,
) -> Option<(Secret, &'static str)> {
    let given = |key: &str| settings.get(key).filter(|setting| !setting.value.to_string().is_empty());
    let mut wrong = |setting: &Setting, why: &str| {
        problems.push(Problem::of(file_key, &setting.value.to_string(), setting.origin.clone(), why));
        None
    };
    match (given(key), given(file_key)) {
        (None, None) => None,
        (Some(_), Some(file)) => wrong(file, &format!("{key} is given too: keep one of them")),
        (Some(secret), None) => Some((Secret(secret.value.to_string()), key)),
        (None, Some(file)) => match std::fs::read_to_string(Path::new(&file.value.to_string())) {
            Ok(secret) => Some((Secret(secret.trim().to_owned()), file_key)),
            Err(error) => wrong(file, &format!("cannot be read ({error}): make it readable for this user")),
        },
    }
}
