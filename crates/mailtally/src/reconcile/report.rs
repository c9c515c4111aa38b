//! What was compared, and the first thing that is not as recounted, with its history.

use std::io::Write;

use anyhow::Result;
use serde_json::{Value, json};

use super::Name;

/// The result of a recount.
#[derive(Default)]
pub(super) struct Report {
    pub(super) events: u64,
    pub(super) messages: u64,
    pub(super) campaigns: u64,
    pub(super) contacts: u64,
    /// Offsets that no fold has committed yet: nothing was compared there.
    pub(super) behind: u64,
    pub(super) difference: Option<Difference>,
}

/// A row that is not what its events say.
pub(super) struct Difference {
    /// The topic, without prefix and version.
    pub(super) topic: &'static str,
    pub(super) name: Name,
    pub(super) published: String,
    pub(super) recounted: String,
    pub(super) history: Vec<String>,
}

impl Report {
    pub(super) fn json(&self) -> Value {
        let difference = self.difference.as_ref().map(|found| {
            json!({
                "topic": found.topic, "organisation": found.name.0, "name": found.name.1,
                "published": found.published, "recounted": found.recounted, "history": found.history,
            })
        });
        json!({
            "events": self.events, "messages": self.messages, "campaigns": self.campaigns, "contacts": self.contacts,
            "behind": self.behind,
            "difference": difference,
        })
    }

    pub(super) fn print(&self, out: &mut dyn Write) -> Result<()> {
        let counted =
            format!("recounted from {} events: {} messages, {} campaigns", self.events, self.messages, self.campaigns);
        let counted = format!("{counted}, {} contacts", self.contacts);
        let Some(found) = &self.difference else {
            writeln!(out, "{counted}, difference 0")?;
            if self.behind > 0 {
                writeln!(out, "  {} offsets are not folded yet: compared below them", self.behind)?;
            }
            return Ok(());
        };
        writeln!(out, "{counted}, DIFFERENT: {} of {} {}", found.topic, found.name.0, found.name.1)?;
        writeln!(out, "  published: {}\n  recounted: {}", found.published, found.recounted)?;
        found.history.iter().try_for_each(|line| Ok(writeln!(out, "    {line}")?))
    }
}
