//! `cargo xtask picture`: what the demo shows, as the picture in the README. Drawn from a run, so that it cannot tell of
//! what is not there.

use std::fmt::Write as _;
use std::process::ExitCode;

use crate::setup::{self, Purpose};

/// Where the picture is, from the clone's root.
const PATH: &str = "deploy/demo.svg";
/// Campaigns that the picture has, of those in the table.
const CAMPAIGNS: usize = 8;
/// Recipients that it has.
const RECIPIENTS: usize = 6;
/// Size of a letter and of a line, in pixels.
const LETTER: (usize, usize) = (8, 18);

/// Plays the demo and draws what it shows.
pub(crate) fn command(_: &[String]) -> Result<ExitCode, String> {
    setup::ready(Purpose::Run, true)?;
    let mut demo = setup::cargo(&["run", "--bin", "mailtally", "--", "demo", "--exit"]);
    let done = demo.stderr(std::process::Stdio::inherit()).output().map_err(|error| error.to_string())?;
    if !done.status.success() {
        return Err(format!("the demo ended with {}", done.status));
    }
    let shown = String::from_utf8_lossy(&done.stdout);
    let path = setup::root().join(PATH);
    std::fs::write(&path, drawn(&excerpt(&shown))).map_err(|error| format!("{}: {error}", path.display()))?;
    eprintln!("drawn: {PATH}");
    Ok(ExitCode::SUCCESS)
}

/// The table's beginning and the campaign that was dropped whole, one campaign's detail, its first recipients.
fn excerpt(shown: &str) -> Vec<String> {
    let mut blocks = shown.split("\n\n").map(|block| block.lines().collect::<Vec<_>>());
    let table = blocks.next().unwrap_or_default();
    let dropped_whole = table.iter().skip(CAMPAIGNS + 1).find(|row| row.contains("every mail dropped"));
    let head = table.iter().take(CAMPAIGNS + 1).chain(dropped_whole).copied();
    let mut lines: Vec<&str> = head.collect();
    // What explains the columns stands between the table and the detail.
    let detail = blocks.skip_while(|block| !block.iter().any(|line| line.trim_start().starts_with("Subject ")));
    for block in detail {
        let recipients = block.first().is_some_and(|line| line.starts_with("Client "));
        lines.push("");
        lines.extend(block.iter().take(if recipients { RECIPIENTS + 1 } else { usize::MAX }));
        if recipients {
            break;
        }
    }
    lines.into_iter().map(str::to_owned).collect()
}

/// Lines as a picture of a terminal.
fn drawn(lines: &[String]) -> String {
    let (letter, line) = LETTER;
    let columns = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let (width, height) = ((columns + 4) * letter, (lines.len() + 2) * line);
    let mut picture = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">
<title>What cargo xtask demo shows: the campaigns, one campaign's numbers, its recipients</title>
<rect width="100%" height="100%" rx="8" fill="#14181f"/>
<g font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13" fill="#d7dde6" xml:space="preserve">
"##
    );
    for (number, text) in lines.iter().enumerate() {
        let (left, top) = (2 * letter, (number + 2) * line - line / 3);
        let head = text.starts_with("Organisation ") || text.starts_with("Client ");
        let weight = if head { r##" font-weight="bold" fill="#8fb8ff""## } else { "" };
        let length = text.chars().count() * letter;
        let stretched = if text.is_empty() { String::new() } else { format!(r#" textLength="{length}""#) };
        // Writing to a string does not fail.
        writeln!(picture, r#"<text x="{left}" y="{top}"{weight}{stretched}>{}</text>"#, escaped(text)).ok();
    }
    picture.push_str("</g>\n</svg>\n");
    picture
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_excerpt_has_a_table_a_detail_and_recipients() {
        let rows: String = (0..20).map(|n| format!("Club  Mail {n}\n")).collect();
        let clients: String = (0..20).map(|n| format!("K{n}  k{n}@example.org\n")).collect();
        let shown = format!(
            "Organisation  Name\n{rows}Club  Sale  every mail dropped: spam\n\nOpen 41 (+12): what it means\n\nSale, Club\n  Subject  Now & <then>\n\n  Sent 3\n\nClient  Address\n{clients}page 1\n\n8 dead letters\n"
        );
        let lines = excerpt(&shown);
        assert_eq!(lines.iter().filter(|line| line.starts_with("Club  Mail")).count(), CAMPAIGNS);
        assert_eq!(lines.iter().filter(|line| line.contains("@example.org")).count(), RECIPIENTS);
        for wanted in ["every mail dropped", "Sale, Club", "  Sent 3"] {
            assert!(lines.iter().any(|line| line.contains(wanted)), "{wanted}: {lines:?}");
        }
        assert!(!lines.iter().any(|line| line.contains("dead letters") || line.contains("what it means")), "{lines:?}");
        assert!(drawn(&lines).contains("Now &amp; &lt;then&gt;</text>"));
    }
}
