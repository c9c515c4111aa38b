//! `mailtally rebuild view`: has the live `run` make its view anew from the topics, for one whose rows are not to be trusted: damaged,
//! or found wrong. The old one answers until the new one has everything.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use view::Anew;

use crate::place::Place;
use crate::reply::{Progress, Reply};
use crate::system::System;

/// Between two looks at how far it is.
const LOOK: Duration = Duration::from_millis(200);

/// What can be asked of `rebuild`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) command: Rebuild,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// What is made anew.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub(crate) struct Rebuild {
    /// What is made anew from the topics.
    #[arg(value_enum)]
    what: What,
}

/// What a process that lives can make anew.
#[derive(Clone, Copy, Debug, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    /// Rows and indexes behind the pages and the read API.
    View,
}

impl Rebuild {
    /// Has it made, and waits until it answers. Asked again meanwhile it waits for the same.
    pub(crate) fn execute(&self, at: &System, reply: &mut Reply<'_>) -> Result<u8> {
        let What::View = self.what;
        let view = at.view.get().context(
            "only a live `mailtally run` has a view, and none has this data directory: start it, then ask again",
        )?;
        view.ask_anew();
        loop {
            match view.wait_anew(LOOK) {
                Anew::Asked => {}
                Anew::Making(share) => {
                    (reply.progress)(Progress { what: "reading the topics", done: share.done, of: Some(share.of) });
                }
                Anew::No => {
                    writeln!(reply.out, "the view is made anew from the topics, and answers")?;
                    return Ok(0);
                }
                Anew::Failed(why) => bail!("the view could not be made anew, the old one answers: {why}"),
            }
        }
    }
}
