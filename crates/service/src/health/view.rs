//! Where the view behind the pages is. It does not decide whether a process is ready: what mailers and providers send is taken
//! and folded all the same.

use serde::Serialize;

/// The view of a process that has pages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ViewReport {
    /// One of [`VIEW_STATES`].
    pub state: &'static str,
    /// Why it stands still, or why another could not be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// While it does not have everything: whole per cent that is read of what was published before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<u64>,
    /// While another is made beside it: whole per cent of that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anew_percent: Option<u64>,
}

/// What a view does: it has everything, it does not have everything yet, it takes nothing more in.
pub const VIEW_STATES: [&str; 3] = ["live", "catching_up", "stands_still"];
