//! Where the view behind the pages is, as the process that has the pages tells it.

use std::io::Write;

use anyhow::Result;
use serde_json::{Value, json};
use service::health::ViewReport;

use crate::system::{Folds, System};

/// The view's state; `None` where nobody runs that has pages.
pub(super) fn read(at: &System) -> Option<ViewReport> {
    match &at.folds {
        Folds::AtRest | Folds::Elsewhere => None,
        Folds::Live(board) => board.view(),
    }
}

/// As one row of JSON lines.
pub(super) fn row(view: &ViewReport) -> Value {
    json!({
        "view": view.state, "why": view.why, "percent": view.percent, "anew_percent": view.anew_percent,
    })
}

/// As a line below the tasks.
pub(super) fn line(view: &ViewReport, out: &mut dyn Write) -> Result<()> {
    Ok(writeln!(out, "\npages: {}", words(view))?)
}

fn words(view: &ViewReport) -> String {
    let state = view.state.replace('_', " ");
    let percent = view.percent.map(|percent| format!("{percent} % read"));
    let anew = view.anew_percent.map(|percent| format!("another is made beside it, {percent} % read"));
    [Some(state), percent, anew, view.why.clone()].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_shown_with_what_it_lacks_and_why() {
        let view = ViewReport { state: "live", ..ViewReport::default() };
        assert_eq!(words(&view), "live");
        let view = ViewReport { state: "catching_up", percent: Some(7), anew_percent: Some(3), ..view };
        assert_eq!(words(&view), "catching up, 7 % read, another is made beside it, 3 % read");
        let view =
            ViewReport { state: "stands_still", why: Some("the disk is full".to_owned()), ..ViewReport::default() };
        assert_eq!(words(&view), "stands still, the disk is full");
        assert_eq!(row(&view)["view"], "stands_still");
    }
}
