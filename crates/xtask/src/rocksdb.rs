//! Which RocksDB is linked: decided from facts, in the order of ADR 1. Fetches the prebuilt one from Maven Central.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{output, run};

/// The release that the crate `rocksdb` 0.24 binds.
const RELEASE: &str = "10.4";
/// How large the prebuilt one is.
pub(crate) const SIZE: &str = "28 MB, unpacked 15 MB,";
const ARTIFACT: &str = "org.rocksdb:rocksdbjni:10.4.2:jar:linux64";
const JAR: &str = "rocksdbjni-10.4.2-linux64.jar";
const JAR_SHA256: &str = "34a9b9ab5bdb128c058363d72a83ab5d0a498a97df9cf1291f1a6e9260bb70b1";
const LIBRARY: &str = "librocksdbjni-linux64.so";

/// Where RocksDB comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// `ROCKSDB_LIB_DIR` names it.
    Named(PathBuf),
    /// A distribution's library of the right release.
    Distribution(PathBuf),
    /// The library inside Maven Central's Java binding, unpacked here.
    Prebuilt(PathBuf),
    /// Compiled with the crate: 19 minutes on 2 cores.
    Source,
}

/// What the decision is made from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// `ROCKSDB_LIB_DIR`.
    pub(crate) named: Option<PathBuf>,
    /// A distribution's library and its release, `10.4.2` say.
    pub(crate) distribution: Option<(PathBuf, String)>,
    /// Where the prebuilt library is or would be; `None` on another platform.
    pub(crate) cache: Option<PathBuf>,
}

/// The first that fits. A name that says what would be chosen without it (`cargo xtask env` was evaluated before) does
/// not change what the library is called.
pub(crate) fn choose(facts: Facts) -> Link {
    let unnamed = choose_unnamed(facts.distribution, facts.cache);
    match facts.named {
        Some(folder) if unnamed.folder() != Some(folder.as_path()) => Link::Named(folder),
        _ => unnamed,
    }
}

fn choose_unnamed(distribution: Option<(PathBuf, String)>, cache: Option<PathBuf>) -> Link {
    match distribution {
        Some((folder, release)) if release == RELEASE || release.starts_with(&format!("{RELEASE}.")) => {
            Link::Distribution(folder)
        }
        _ => cache.map_or(Link::Source, Link::Prebuilt),
    }
}

impl Link {
    /// Looks at this machine.
    pub(crate) fn here(cache: &Path) -> Self {
        let linux64 = cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"));
        choose(Facts {
            named: std::env::var_os("ROCKSDB_LIB_DIR").map(PathBuf::from),
            distribution: distribution(),
            cache: linux64.then(|| cache.join("rocksdb-10.4.2")),
        })
    }

    /// How `mailtally version` says it.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Named(_) => "ROCKSDB_LIB_DIR",
            Self::Distribution(_) => "distribution",
            Self::Prebuilt(_) => "prebuilt 10.4.2 (org.rocksdb:rocksdbjni)",
            Self::Source => "source",
        }
    }

    /// The folder that is linked; `None` for source.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match self {
            Self::Named(folder) | Self::Distribution(folder) | Self::Prebuilt(folder) => Some(folder),
            Self::Source => None,
        }
    }

    /// Whether something is to be fetched first.
    pub(crate) fn is_lacking(&self) -> bool {
        matches!(self, Self::Prebuilt(folder) if !folder.join("librocksdb.so").exists())
    }
}

/// Fetches and unpacks the prebuilt library; refuses one with another checksum.
pub(crate) fn fetch(folder: &Path) -> Result<(), String> {
    let said = |error: std::io::Error| format!("{}: {error}", folder.display());
    std::fs::create_dir_all(folder).map_err(said)?;
    let to = format!("-DoutputDirectory={}", folder.display());
    run(Command::new("mvn").args(["-B", "-q", "dependency:copy"]).arg(format!("-Dartifact={ARTIFACT}")).arg(to))?;
    let jar = folder.join(JAR);
    check(&output("sha256sum", &[&jar.to_string_lossy()]).unwrap_or_default(), JAR_SHA256)?;
    run(Command::new("unzip").arg("-qo").arg(&jar).arg(LIBRARY).arg("-d").arg(folder))?;
    std::fs::remove_file(&jar).map_err(said)?;
    // The rename comes last: a folder with librocksdb.so in it is complete.
    std::fs::rename(folder.join(LIBRARY), folder.join("librocksdb.so")).map_err(said)
}

/// Compares what `sha256sum` printed with the pinned checksum.
pub(crate) fn check(printed: &str, wanted: &str) -> Result<(), String> {
    match printed.split_whitespace().next() {
        Some(found) if found == wanted => Ok(()),
        Some(_) => Err(format!("checksum mismatch, wanted {wanted}: {printed}: remove the file and try again")),
        None => Err("sha256sum printed nothing: is it installed and is the file readable?".to_owned()),
    }
}

fn distribution() -> Option<(PathBuf, String)> {
    let release = output("dpkg-query", &["-W", "-f=${Version}", "librocksdb-dev"])?;
    let folder = PathBuf::from("/usr/lib/x86_64-linux-gnu");
    folder.join("librocksdb.so").exists().then(|| (folder, release.split('-').next().unwrap_or_default().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(named: bool, release: Option<&str>, cache: bool) -> Facts {
        Facts {
            named: named.then(|| "named".into()),
            distribution: release.map(|release| ("distribution".into(), release.to_owned())),
            cache: cache.then(|| "cache".into()),
        }
    }

    #[test]
    fn the_first_that_fits_is_linked() {
        for (given, expected) in [
            (facts(true, Some("10.4.2"), true), Link::Named("named".into())),
            (facts(false, Some("10.4.2"), true), Link::Distribution("distribution".into())),
            (facts(false, Some("7.8.3"), true), Link::Prebuilt("cache".into())),
            (facts(false, Some("10.40.1"), true), Link::Prebuilt("cache".into())),
            (facts(false, Some("7.8.3"), false), Link::Source),
            (facts(false, None, false), Link::Source),
        ] {
            assert_eq!(choose(given.clone()), expected, "{given:?}");
        }
    }

    #[test]
    fn an_evaluated_environment_does_not_rename_the_library() {
        let with_name = |name: &str, release| Facts { named: Some(name.into()), ..facts(false, release, true) };
        for (given, expected) in [
            (with_name("cache", None), Link::Prebuilt("cache".into())),
            (with_name("distribution", Some("10.4.2")), Link::Distribution("distribution".into())),
            (with_name("distribution", Some("7.8.3")), Link::Named("distribution".into())),
            (with_name("elsewhere", None), Link::Named("elsewhere".into())),
        ] {
            assert_eq!(choose(given.clone()), expected, "{given:?}");
        }
    }

    #[test]
    fn only_the_pinned_checksum_passes() {
        let printed = |sum: &str| format!("{sum}  /cache/{JAR}");
        assert_eq!(check(&printed(JAR_SHA256), JAR_SHA256), Ok(()));
        let other = JAR_SHA256.replace('3', "4");
        for wrong in ["", " ", printed(&other).as_str(), &JAR_SHA256[..63], JAR] {
            assert!(check(wrong, JAR_SHA256).is_err(), "{wrong:?}");
        }
    }
}
