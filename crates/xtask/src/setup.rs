//! What a fresh machine lacks, and how to get it. Installs Debian's packages through root or sudo, or says exactly what
//! to install; everything else goes to a cache outside the clone.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use broker::cache;

use crate::rocksdb::{self, Link};
use crate::run::{on_path, output, run};

/// What something is needed for: the later purpose needs what the earlier needs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// Building and running.
    Run,
    /// A local Kafka.
    Kafka,
    /// Tests, too.
    Test,
}

/// Where something comes from.
#[derive(Clone, Copy)]
enum Source {
    /// This package of Debian's.
    Debian(&'static str),
    /// This component of the toolchain where rustup manages it, else this package of Debian's.
    Rust(&'static str, &'static str),
}

/// A thing that is needed, what for, how to see it, and where it comes from.
type Need = (&'static str, Purpose, fn(&Link) -> bool, Source);

const NEEDS: [Need; 20] = [
    ("a C++ compiler", Purpose::Run, |_| on_path("c++"), Source::Debian("g++")),
    ("libclang, for RocksDB's bindings", Purpose::Run, |_| libclang().is_some(), Source::Debian("libclang-dev")),
    (
        "Maven, for the prebuilt RocksDB",
        Purpose::Run,
        |link| !link.is_lacking() || on_path("mvn"),
        Source::Debian("maven"),
    ),
    (
        "a JDK, for Maven",
        Purpose::Run,
        |link| !link.is_lacking() || on_path("java"),
        Source::Debian("default-jdk-headless"),
    ),
    (
        "unzip, for the prebuilt RocksDB",
        Purpose::Run,
        |link| !link.is_lacking() || on_path("unzip"),
        Source::Debian("unzip"),
    ),
    ("make, for librdkafka", Purpose::Run, |_| on_path("make"), Source::Debian("make")),
    (
        "pkg-config, to find what librdkafka links",
        Purpose::Run,
        |_| on_path("pkg-config"),
        Source::Debian("pkg-config"),
    ),
    ("OpenSSL's headers, for librdkafka", Purpose::Run, |_| has_library("openssl"), Source::Debian("libssl-dev")),
    ("zlib's headers, for librdkafka", Purpose::Run, |_| has_library("zlib"), Source::Debian("zlib1g-dev")),
    (
        "Maven, for Apache Kafka's jars",
        Purpose::Kafka,
        |_| broker::are_there() || on_path("mvn"),
        Source::Debian("maven"),
    ),
    ("a JDK, for Apache Kafka", Purpose::Kafka, |_| has_java(), Source::Debian("default-jdk-headless")),
    ("openssl, for a secure Kafka", Purpose::Kafka, |_| on_path("openssl"), Source::Debian("openssl")),
    ("a browser, for the pages", Purpose::Test, |_| browser().is_some(), Source::Debian("chromium-headless-shell")),
    ("rustfmt", Purpose::Test, |_| cargo_has("fmt"), Source::Rust("rustfmt", "rustfmt")),
    ("clippy", Purpose::Test, |_| cargo_has("clippy"), Source::Rust("clippy", "rust-clippy")),
    ("promtool, for the alerts", Purpose::Test, |_| on_path("promtool"), Source::Debian("prometheus")),
    ("Python with venv, for its examples", Purpose::Test, |_| has_venv(), Source::Debian("python3-venv")),
    ("Node and npm, for its example and for axe-core", Purpose::Test, |_| on_path("npm"), Source::Debian("npm")),
    ("a Java compiler, for its example", Purpose::Test, |_| on_path("javac"), Source::Debian("default-jdk-headless")),
    ("Maven, for the example in Java", Purpose::Test, |_| on_path("mvn"), Source::Debian("maven")),
];

/// `cargo xtask setup [--yes]`.
pub(crate) fn command(arguments: &[String]) -> Result<ExitCode, String> {
    ready(Purpose::Test, arguments.iter().any(|argument| argument == "--yes"))?;
    eprintln!("ready; for a plain cargo: eval \"$(cargo xtask env)\"");
    Ok(ExitCode::SUCCESS)
}

/// `cargo xtask env`.
pub(crate) fn print_environment(_: &[String]) -> Result<ExitCode, String> {
    let link = Link::here(&cache());
    if link.is_lacking() {
        eprintln!("RocksDB is not there yet: run cargo xtask setup first");
    }
    for (name, value) in environment(&link) {
        println!("export {name}='{value}'");
    }
    Ok(ExitCode::SUCCESS)
}

/// A cargo that links what was chosen and keeps its target directory outside the clone.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(arguments).current_dir(root()).envs(environment(&Link::here(&cache())));
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_xtask(name)) {
        cargo.env_remove(name);
    }
    cargo
}

/// Whether cargo set a variable for this program: one that a build script asks about (`ring` does) would have what depends on it
/// built again whenever a developer's own cargo and this one take turns.
fn is_of_xtask(name: &OsStr) -> bool {
    const OF_A_PACKAGE: [&str; 3] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];
    name.to_str().is_some_and(|name| OF_A_PACKAGE.iter().any(|begin| name.starts_with(begin)))
}

/// A program of the workspace, where [`cargo`] builds it.
pub(crate) fn built(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| cache().join("target"), PathBuf::from);
    // What is relative is so to the clone, where cargo is started.
    root().join(target).join("debug").join(name)
}

/// The clone.
pub(crate) fn root() -> PathBuf {
    clone_of(std::env::var_os("CARGO_MANIFEST_DIR"))
}

/// Where cargo says that it runs us; where we were built may be another clone with the same target directory.
fn clone_of(running: Option<OsString>) -> PathBuf {
    running.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from).join("../..")
}

/// Installs what is lacking for a purpose, after saying and asking.
pub(crate) fn ready(purpose: Purpose, yes: bool) -> Result<(), String> {
    let link = Link::here(&cache());
    let lacking: Vec<&Need> = NEEDS.iter().filter(|(_, of, there, _)| *of <= purpose && !there(&link)).collect();
    if lacking.is_empty() && !link.is_lacking() {
        return Ok(());
    }
    let rustup = on_path("rustup");
    eprintln!("Mailtally needs, and will install:");
    for (what, _, _, source) in &lacking {
        eprintln!("  {what}: {}", source.words(rustup));
    }
    if let (true, Some(folder)) = (link.is_lacking(), link.folder()) {
        eprintln!("  RocksDB 10.4.2: {} from Maven Central, to {}", rocksdb::SIZE, folder.display());
    }
    if !yes && std::io::stdin().is_terminal() && !asked()? {
        return Err("nothing was installed".to_owned());
    }
    let packages: BTreeSet<&str> = lacking.iter().filter_map(|(.., source)| source.package(rustup)).collect();
    install(&Vec::from_iter(packages))?;
    let components: Vec<&str> = lacking.iter().filter_map(|(.., source)| source.component(rustup)).collect();
    if !components.is_empty() {
        run(Command::new("rustup").args(["component", "add"]).args(components))?;
    }
    match link.folder() {
        Some(folder) if link.is_lacking() => rocksdb::fetch(folder),
        _ => Ok(()),
    }
}

impl Source {
    fn component(self, rustup: bool) -> Option<&'static str> {
        match self {
            Self::Rust(component, _) if rustup => Some(component),
            _ => None,
        }
    }

    fn package(self, rustup: bool) -> Option<&'static str> {
        match self {
            Self::Debian(package) => Some(package),
            Self::Rust(_, package) => (!rustup).then_some(package),
        }
    }

    fn words(self, rustup: bool) -> String {
        match (self.component(rustup), self.package(rustup)) {
            (Some(component), _) => format!("component {component} of the Rust toolchain"),
            (_, package) => format!("Debian package {}", package.unwrap_or_default()),
        }
    }
}

fn asked() -> Result<bool, String> {
    eprint!("Go on? [Y/n] ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(|error| error.to_string())?;
    Ok(matches!(answer.trim(), "" | "y" | "Y" | "yes"))
}

fn install(packages: &[&str]) -> Result<(), String> {
    if packages.is_empty() {
        return Ok(());
    }
    let wanted = packages.join(" ");
    if !on_path("apt-get") {
        return Err(format!("no apt-get here: install what Debian calls {wanted}, then try again"));
    }
    let root = output("id", &["-u"]).as_deref() == Some("0");
    if !root && !on_path("sudo") {
        return Err(format!("needs root: apt-get install {wanted}"));
    }
    let apt = |arguments: &[&str]| {
        let mut command = Command::new(if root { "apt-get" } else { "sudo" });
        if !root {
            command.arg("apt-get");
        }
        run(command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update", "-qq"])?;
    apt(&[&["install", "-y", "-qq", "--no-install-recommends"], packages].concat())
}

fn environment(link: &Link) -> Vec<(&'static str, String)> {
    let mut variables = vec![("MAILTALLY_ROCKSDB_LINK", link.word().to_owned())];
    if let Some(folder) = link.folder() {
        let folder = folder.display();
        variables.push(("ROCKSDB_LIB_DIR", folder.to_string()));
        variables.push((
            "RUSTFLAGS",
            with_flag(std::env::var("RUSTFLAGS").ok(), &format!("-Clink-arg=-Wl,-rpath,{folder}")),
        ));
    }
    if std::env::var_os("LIBCLANG_PATH").is_none()
        && let Some(folder) = libclang()
    {
        variables.push(("LIBCLANG_PATH", folder.display().to_string()));
    }
    if std::env::var_os("CARGO_TARGET_DIR").is_none() {
        variables.push(("CARGO_TARGET_DIR", cache().join("target").display().to_string()));
    }
    variables
}

/// The developer's own flags, then ours, once.
fn with_flag(own: Option<String>, flag: &str) -> String {
    match own.filter(|own| !own.trim().is_empty()) {
        Some(own) if own.split_whitespace().any(|word| word == flag) => own,
        Some(own) => format!("{own} {flag}"),
        None => flag.to_owned(),
    }
}

/// A browser that can be driven; the first that is there.
pub(crate) fn browser() -> Option<&'static str> {
    ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| on_path(name))
}

/// The folder of a libclang.
fn libclang() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("LIBCLANG_PATH") {
        return Some(named.into());
    }
    let versions = std::fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path().join("lib"));
    let mut found: Vec<PathBuf> = versions.filter(|folder| has_libclang(folder)).collect();
    found.sort();
    found.pop()
}

/// Whether cargo has this command: rustup leaves a stand-in on the path where the component is not installed.
fn cargo_has(command: &str) -> bool {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    output(&cargo, &[command, "--version"]).is_some()
}

fn has_libclang(folder: &Path) -> bool {
    let is_it = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with("libclang.so");
    std::fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(is_it))
        || std::fs::read_dir(folder).is_ok_and(|entries| {
            entries.flatten().any(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                name.starts_with("libclang-") && name.contains(".so") && !name.contains("cpp")
            })
        })
}

/// Whether the linker's half of a library is here.
fn has_library(name: &str) -> bool {
    output("pkg-config", &["--exists", name]).is_some()
}

fn has_java() -> bool {
    on_path("java") || std::env::var_os("JAVA_HOME").is_some()
}

fn has_venv() -> bool {
    output("python3", &["-c", "import ensurepip, venv"]).is_some()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{OsStr, Source, cargo, clone_of, is_of_xtask, with_flag};

    #[test]
    fn a_cargo_that_is_started_here_knows_nothing_of_this_package() {
        for (name, ours) in [("CARGO_PKG_NAME", true), ("CARGO_MANIFEST_DIR", true), ("CARGO_TARGET_DIR", false)] {
            assert_eq!(is_of_xtask(OsStr::new(name)), ours, "{name}");
        }
        let cargo = cargo(&["test"]);
        let kept = cargo.get_envs().filter(|(_, value)| value.is_some()).any(|(name, _)| is_of_xtask(name));
        assert!(!kept && cargo.get_envs().any(|(name, value)| name == "CARGO_PKG_NAME" && value.is_none()));
    }

    #[test]
    fn a_program_that_two_clones_share_works_in_the_one_that_runs_it() {
        assert_eq!(clone_of(Some("/other/crates/xtask".into())), Path::new("/other/crates/xtask/../.."));
        assert!(clone_of(None).join("Cargo.lock").is_file());
    }

    #[test]
    fn parts_of_the_toolchain_come_from_whoever_manages_it() {
        let clippy = Source::Rust("clippy", "rust-clippy");
        assert_eq!((clippy.component(true), clippy.package(true)), (Some("clippy"), None));
        assert_eq!((clippy.component(false), clippy.package(false)), (None, Some("rust-clippy")));
        assert_eq!(clippy.words(false), "Debian package rust-clippy");
        let unzip = Source::Debian("unzip");
        assert_eq!((unzip.component(true), unzip.package(true)), (None, Some("unzip")));
    }

    #[test]
    fn a_developers_own_flags_are_kept_and_ours_is_added_once() {
        for (own, expected) in [
            (None, "-x"),
            (Some(" "), "-x"),
            (Some("-Dwarnings"), "-Dwarnings -x"),
            (Some("-Dwarnings -x"), "-Dwarnings -x"),
        ] {
            assert_eq!(with_flag(own.map(str::to_owned), "-x"), expected, "{own:?}");
        }
    }
}
