//! Why a record, or a part of it, cannot be used: one word for counting, one sentence for people.

use std::fmt;

/// A closed word and a sentence that names field and remedy, and never repeats personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// One of a closed set of words: the dead letter's reason and a metric's label.
    pub reason: &'static str,
    /// The field at fault, as `proto/` names it; empty when it is the whole record.
    pub field: &'static str,
    /// What is wrong with it and what would be right.
    pub detail: String,
}

impl Reject {
    /// A reject of one field.
    pub fn field(reason: &'static str, field: &'static str, detail: impl Into<String>) -> Self {
        Self { reason, field, detail: detail.into() }
    }

    /// A reject of the whole record.
    pub fn record(reason: &'static str, detail: impl Into<String>) -> Self {
        Self { reason, field: "", detail: detail.into() }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            return f.write_str(&self.detail);
        }
        write!(f, "{}: {}", self.field, self.detail)
    }
}
