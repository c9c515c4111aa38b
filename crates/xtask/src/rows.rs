//! Rows of steps beside each other: each step is this program once more, and what it prints comes in one piece when it has ended.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Itself, also where a build has put another in its place meanwhile.
const THIS_PROGRAM: &str = "/proc/self/exe";

/// What became of a step, and how long it took.
type Line = (&'static str, Duration, Result<(), String>);

/// Takes the rows beside each other, each in its order; the flag tells this program which step it is. The steps in the order in which
/// they end; `say` hears when one begins, and all that it printed when it has ended.
pub(crate) fn take(rows: &[Vec<&'static str>], flag: &str, say: &(dyn Fn(&str) + Sync)) -> Vec<Line> {
    let lines = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for row in rows {
            scope.spawn(|| row.iter().for_each(|name| step(name, flag, say, &lines)));
        }
    });
    lines.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn step(name: &'static str, flag: &str, say: &(dyn Fn(&str) + Sync), lines: &Mutex<Vec<Line>>) {
    say(&format!("begun: {name}"));
    let began = Instant::now();
    let (printed, result) = printed(name, &["test", flag, name]);
    let took = began.elapsed();
    // Held while it is printed: one after the other.
    let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    let word = if result.is_ok() { "ok" } else { "FAILED" };
    say(&format!("\n== {name}: {word} after {:.0} s\n{printed}", took.as_secs_f64()));
    lines.push((name, took, result));
}

/// Runs this program; all that it printed, in its order.
fn printed(name: &str, arguments: &[&str]) -> (String, Result<(), String>) {
    let mut printed = String::new();
    let mut run = || {
        let mut file = nameless(name)?;
        let mut command = Command::new(THIS_PROGRAM);
        command.args(arguments).stdin(Stdio::null());
        let status = command.stdout(file.try_clone()?).stderr(file.try_clone()?).status()?;
        file.rewind()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        printed = String::from_utf8_lossy(&bytes).into_owned();
        Ok::<_, io::Error>(status)
    };
    let result = match run() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(status.to_string()),
        Err(error) => Err(error.to_string()),
    };
    (printed, result)
}

/// A file without a name: what is asked for has one.
fn nameless(asked: &str) -> io::Result<File> {
    let path = std::env::temp_dir().join(format!("mailtally-{}-{asked}", std::process::id()));
    let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_fails_is_told_with_what_it_printed_and_stops_no_other() {
        // This program is the test's own harness here: it lists what it is asked for, and refuses a flag that it does not know.
        let (printed, result) = printed("rows::", &["--list", "rows::tests"]);
        assert!(result.is_ok() && printed.contains("a_step_that_fails"), "{printed}");
        let said = Mutex::new(Vec::new());
        let say = |words: &str| said.lock().unwrap().push(words.to_owned());
        let lines = take(&[vec!["no such"], vec!["nor this", "nor that"]], "--no-such-flag", &say);
        assert_eq!((lines.len(), said.lock().unwrap().len()), (3, 6));
        assert!(
            said.lock()
                .unwrap()
                .iter()
                .any(|words| words.contains("nor this: FAILED") && words.contains("no-such-flag"))
        );
        assert!(
            lines.iter().all(|(_, _, result)| result.as_ref().is_err_and(|why| why.contains("exit status"))),
            "{lines:?}"
        );
    }
}
