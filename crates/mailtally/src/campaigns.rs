//! `mailtally campaigns`: every campaign's latest published row, newest first.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::reply::Reply;
use crate::request::Place;
use crate::system::System;
use crate::{Format, rows, show};

/// What can be asked of `campaigns`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) command: Campaigns,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Every campaign's numbers.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub(crate) struct Campaigns {
    /// How they are shown.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Campaigns {
    /// Shows them.
    pub(crate) fn execute(&self, at: &System, reply: &mut Reply<'_>) -> Result<u8> {
        let (campaigns, organisations) = (rows::campaigns(at)?, rows::organisations(at)?);
        let without_mail = rows::unsubscribed_without_mail(at)?;
        show::campaigns::write(reply.out, &campaigns, &organisations, &without_mail, self.format).map(|()| 0)
    }
}
