//! The list of campaigns: searched, filtered, sorted, page by page, or as CSV.

use axum::response::Response;
use contract::proto::event::v1::MailClass;
use serde::Deserialize;
use utoipa::IntoParams;
use view::{Campaign, Filter, Sort, WORDS_MAX};

use crate::answer::{Asking, Envelope, Page};
use crate::export::{self, Format};
use crate::problem::Problem;
use crate::query::{Ids, Read, instant, rows, word, words};
use crate::row::CampaignRow;

#[derive(Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Words that name, subject, sender or id hold, whatever their case.
    q: Option<String>,
    /// Only this class.
    #[param(schema_with = classes)]
    class: Option<String>,
    /// Only those created then or later.
    #[param(format = DateTime)]
    from: Option<String>,
    /// Only those created before.
    #[param(format = DateTime)]
    until: Option<String>,
    /// Only of this sender, whatever its case.
    sender: Option<String>,
    /// `troubled`: only those of which a mail was dropped, blocked or reported as spam.
    #[param(schema_with = statuses)]
    status: Option<String>,
    /// The order: `created` newest first, `name` from A, numbers the highest first.
    #[param(schema_with = sorts)]
    sort: Option<String>,
    /// `next` of the part before.
    after: Option<String>,
    /// Rows at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<String>,
    /// `csv` for every row of the filter as RFC 4180.
    #[param(schema_with = export::formats)]
    format: Option<String>,
}

fn classes() -> utoipa::openapi::schema::ObjectBuilder {
    words(["mass", "transactional"])
}

fn statuses() -> utoipa::openapi::schema::ObjectBuilder {
    words(["troubled"])
}

fn sorts() -> utoipa::openapi::schema::ObjectBuilder {
    words(Sort::ALL.map(Sort::word))
}

impl Wanted {
    fn read(&self) -> Result<view::Wanted, Problem> {
        let text = |text: &Option<String>| text.as_deref().unwrap_or_default().to_owned();
        let class =
            word("class", self.class.as_deref(), &[MailClass::Mass, MailClass::Transactional], |class| match class {
                MailClass::Transactional => "transactional",
                _ => "mass",
            })?;
        let troubled = word("status", self.status.as_deref(), &["troubled"], |word| word)?.is_some();
        let sort = word("sort", self.sort.as_deref(), &Sort::ALL, Sort::word)?.unwrap_or_default();
        Ok(view::Wanted {
            filter: Filter { words: text(&self.q).chars().take(WORDS_MAX).collect(), class },
            sort,
            from: instant("from", self.from.as_deref())?,
            until: instant("until", self.until.as_deref())?,
            sender: text(&self.sender).trim().to_owned(),
            troubled,
        })
    }
}

/// Campaigns of the organisation.
#[utoipa::path(
    get, path = "/v1/orgs/{org}/campaigns", tag = "campaigns", operation_id = "campaigns",
    params(("org" = String, Path, description = "The organisation."), Wanted),
    responses((status = 200, description = "A part of the list.",
        content((Envelope<Page<CampaignRow>> = "application/json"), (String = "text/csv")))),
)]
pub(crate) async fn list(asking: Asking, Ids(_): Ids<String>, Read(wanted): Read<Wanted>) -> Result<Response, Problem> {
    let (list, limit) = (wanted.read()?, rows(wanted.limit.as_deref())?);
    let rows_of = |found: &[Campaign]| found.iter().map(CampaignRow::of).collect::<Result<Vec<_>, _>>();
    if export::wanted(wanted.format.as_deref())? == Format::Csv {
        return export::csv(asking, "campaigns", CampaignRow::columns(), wanted.after, move |asked, after, limit| {
            let page = asked.rows.campaigns_by(&asked.organisation, &list, after, limit)?;
            Ok((rows_of(&page.rows)?.into_iter().map(|row| row.0).collect(), page.next))
        })
        .await;
    }
    Ok(asking
        .answer(move |asked| {
            let page = asked.rows.campaigns_by(&asked.organisation, &list, wanted.after.as_deref(), limit)?;
            Ok(Page { rows: rows_of(&page.rows)?, next: page.next })
        })
        .await)
}
