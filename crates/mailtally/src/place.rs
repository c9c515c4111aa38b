//! Which installation a command is about: a configuration file, a data directory, single keys.

use std::path::PathBuf;

use service::config::{Config, Layers, Problems};

/// Which data directory a command is about.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Place {
    /// Data directory [default: the configuration's, else `data`].
    #[arg(long, global = true)]
    pub(crate) data: Option<PathBuf>,
    /// Configuration file (TOML); deploy/mailtally.toml explains every key.
    #[arg(long, global = true, env = "MAILTALLY_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Sets one key over file and environment; may be repeated.
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

impl Place {
    /// The configuration of all layers.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn config(&self) -> Result<Config, Problems> {
        let pair = |pair: &String| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            ("--set".to_owned(), key.trim().to_owned(), value.to_owned())
        };
        let data = self.data.as_ref().map(|data| ("--data".to_owned(), "data".to_owned(), data.display().to_string()));
        let environment = std::env::vars_os();
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        };
        Config::load(&Layers {
            file: self.config.clone(),
            environment: environment.filter_map(text).collect(),
            flags: self.set.iter().map(pair).chain(data).collect(),
        })
    }
}
