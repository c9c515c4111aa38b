//! The read API against its own description: Schemathesis asks a live run for whatever the document allows, and more, and compares
//! every answer with what the document says of it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use broker::cache;

use crate::run::run;
use crate::served::{LISTEN, Served};
use crate::setup;

/// What is asked for and with what, in the clone.
const FOLDER: &str = "crates/rest/tests/schemathesis";
/// Requests made up for an operation.
const EXAMPLES: &str = "60";
/// What an answer is held to.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

/// Serves the demo's month and lets Schemathesis ask.
pub(crate) fn check() -> Result<(), String> {
    let program = prepare()?;
    let place = std::env::temp_dir().join(format!("mailtally-described-{}", std::process::id()));
    let asked = Served::start(&place).and_then(|served| ask(&program, &served));
    fs::remove_dir_all(&place).map_err(|error| error.to_string())?;
    asked
}

fn ask(program: &PathBuf, served: &Served) -> Result<(), String> {
    let config = setup::root().join(FOLDER).join("schemathesis.toml");
    let mut command = Command::new(program);
    command.arg("--config-file").arg(config).arg("run").arg(format!("http://{LISTEN}/v1/openapi.json"));
    command.args(["--checks", CHECKS, "--max-examples", EXAMPLES, "--phases", "examples,coverage,fuzzing"]);
    // A stream that stays open answers nothing that could be compared.
    command.args(["--exclude-path-regex", "events$", "--no-color"]);
    command.args(["--header", &format!("Authorization: Bearer {}", served.token())]);
    run(command.current_dir(std::env::temp_dir()))
}

/// Installs Schemathesis into the cache outside the clone, as pinned; where it is.
fn prepare() -> Result<PathBuf, String> {
    let pinned = setup::root().join(FOLDER).join("requirements.txt");
    let (folder, said) =
        (cache().join("schemathesis"), |error: std::io::Error| format!("{}: {error}", pinned.display()));
    let (wanted, stamp) = (fs::read_to_string(&pinned).map_err(said)?, folder.join("ready"));
    let program = folder.join("bin/schemathesis");
    if fs::read_to_string(&stamp).is_ok_and(|ready| ready == wanted) {
        return Ok(program);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", "-r"]).arg(&pinned))?;
    fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(program)
}
