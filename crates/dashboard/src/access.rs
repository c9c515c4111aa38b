//! Who looks: a token that belongs to one person, one organisation and one role. Only its hash is kept, a line of JSON a
//! token; a browser trades it for a session that ends by itself.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Name of the cookie.
pub(crate) const COOKIE_NAME: &str = "mailtally";
/// How long a session lasts, in seconds.
pub(crate) const SESSION_SECONDS: i64 = 12 * 3_600;
/// Sessions at once; beyond, the one that ends first is ended.
const SESSIONS_MAX: usize = 10_000;

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look.
    Viewer,
    /// Look, and ask before a send.
    Sender,
    /// All of it.
    Admin,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Sender, Self::Admin];

    /// The role as a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Sender => "sender",
            Self::Admin => "admin",
        }
    }

    /// The role of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// Who is logged in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    /// Whose campaigns it may see; nobody else's.
    pub organisation: String,
    /// What it may do.
    pub role: Role,
    /// Whom the token was made for.
    pub name: String,
}

/// A line of the tokens file.
#[derive(Serialize, Deserialize)]
struct Granted {
    sha256: String,
    #[serde(flatten)]
    viewer: Viewer,
}

struct Session {
    viewer: Viewer,
    until: i64,
}

/// The tokens that were granted, and the sessions that are open.
pub struct Access {
    tokens: PathBuf,
    sessions: Mutex<BTreeMap<String, Session>>,
}

impl Access {
    /// Access by the tokens of a file, which may not be there yet. It is read at every login, so that a token that was
    /// granted or taken away while this process runs counts at once.
    pub fn new(tokens: PathBuf) -> Self {
        Self { tokens, sessions: Mutex::default() }
    }

    /// Opens a session for a token; `None` when nobody granted it. Times are seconds since the Unix epoch.
    pub(crate) fn login(&self, token: &str, now: i64) -> Option<String> {
        let viewer = self.granted(token)?;
        let session = random()?;
        let mut sessions = self.sessions();
        sessions.retain(|_, session| session.until > now);
        if sessions.len() >= SESSIONS_MAX {
            let first = sessions.iter().min_by_key(|(_, session)| session.until).map(|(key, _)| key.clone());
            first.into_iter().for_each(|key| drop(sessions.remove(&key)));
        }
        sessions.insert(hash(&session), Session { viewer, until: now.saturating_add(SESSION_SECONDS) });
        Some(session)
    }

    /// Who asks: the cookie's session, or the bearer of a token. `now` is seconds since the Unix epoch.
    pub fn viewer(&self, headers: &HeaderMap, now: i64) -> Option<Viewer> {
        if let Some(session) = cookie(headers, COOKIE_NAME) {
            let sessions = self.sessions();
            let open = sessions.get(&hash(session)).filter(|open| open.until > now);
            return open.map(|open| open.viewer.clone());
        }
        let shown = headers.get(AUTHORIZATION)?.to_str().ok()?;
        self.granted(shown.strip_prefix("Bearer ")?)
    }

    /// Ends the cookie's session.
    pub(crate) fn logout(&self, headers: &HeaderMap) {
        if let Some(session) = cookie(headers, COOKIE_NAME) {
            self.sessions().remove(&hash(session));
        }
    }

    fn granted(&self, token: &str) -> Option<Viewer> {
        let (wanted, lines) = (hash(token), std::fs::read_to_string(&self.tokens).ok()?);
        // Hashes are compared: the time it takes says nothing of the token.
        let mut granted = lines.lines().filter_map(|line| serde_json::from_str::<Granted>(line).ok());
        granted.find(|granted| granted.sha256 == wanted).map(|granted| granted.viewer)
    }

    fn sessions(&self) -> MutexGuard<'_, BTreeMap<String, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes a token for a person and keeps its hash; the token is told once.
///
/// # Errors
/// When the file cannot be written.
pub fn grant(tokens: &Path, viewer: &Viewer) -> std::io::Result<String> {
    let token = random().ok_or_else(|| std::io::Error::other("the system gives no random bytes"))?;
    let line = serde_json::to_string(&Granted { sha256: hash(&token), viewer: viewer.clone() })?;
    let mut file = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(tokens)?;
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_all()?;
    Ok(token)
}

/// The value of a cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(';'));
    let mut named = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(known, _)| *known == name);
    named.next().map(|(_, value)| value)
}

fn random() -> Option<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(contract::json::hex(&bytes))
}

fn hash(text: &str) -> String {
    contract::json::hex(&Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn shown(name: axum::http::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn a_token_opens_a_session_that_ends_and_its_text_is_kept_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = folder.path().join("tokens");
        let access = Access::new(tokens.clone());
        assert_eq!(access.login("anything", 0), None, "no file, no token");
        let viewer = Viewer { organisation: "acme".into(), role: Role::Viewer, name: "Ada".into() };
        let token = grant(&tokens, &viewer).unwrap();
        assert!(!std::fs::read_to_string(&tokens).unwrap().contains(&token));
        let session = access.login(&token, 0).unwrap();
        let headers = shown(COOKIE, &format!("theme=dark; {COOKIE_NAME}={session}"));
        assert_eq!(access.viewer(&headers, SESSION_SECONDS - 1), Some(viewer.clone()));
        assert_eq!(access.viewer(&headers, SESSION_SECONDS), None, "it ends by itself");
        assert_eq!(access.viewer(&shown(AUTHORIZATION, &format!("Bearer {token}")), 0), Some(viewer));
        access.logout(&headers);
        assert_eq!(access.viewer(&headers, 0), None);
        std::fs::write(&tokens, "").unwrap();
        assert_eq!(access.login(&token, 0), None, "a token that was taken away opens nothing");
    }
}
