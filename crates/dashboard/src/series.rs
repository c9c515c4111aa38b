//! When a communication was opened and clicked, by hour or by day of the organisation's clock: a chart, and the same figures
//! as a table.

use domain::Time;
use maud::{Markup, html};
use view::{Error, Point, Width};

use crate::answer::Asked;
use crate::chart::{CLICKED, OPENED, Said, bars};
use crate::layout::{self, address, path};
use crate::locale::Locale;
use crate::text::Word;

/// Places of a chart at most: beyond, only the latest are shown.
const PLACES_MAX: usize = 168;
const HOUR_MICROS: i64 = 3_600_000_000;
/// What took no longer is shown by hour, where nobody said how: three days.
const HOURLY_MICROS: i64 = 72 * HOUR_MICROS;

pub(crate) fn section(asked: &Asked<'_>, campaign: &str, by: &str) -> Result<Markup, Error> {
    let series = |width| asked.rows.series(asked.organisation(), campaign, width, asked.locale.zone(), None);
    let by_hour = series(Width::Hour)?.points;
    let opened = |point: &&Point| point.opened + point.clicked > 0;
    let (first, last) = (by_hour.iter().find(opened), by_hour.iter().rfind(opened));
    let Some((first, last)) = first.zip(last) else {
        return Ok(
            html! { section { h2 { (asked.word(Word::OverTime)) } p.hint { (asked.word(Word::NothingOpened)) } } },
        );
    };
    let is_short = last.start.micros() - first.start.micros() <= HOURLY_MICROS;
    let width = match by {
        "hour" => Width::Hour,
        "day" => Width::Day,
        _ if is_short => Width::Hour,
        _ => Width::Day,
    };
    let points = if width == Width::Hour { by_hour } else { series(Width::Day)?.points };
    let mut points = filled(&points, width, &asked.locale);
    let is_cut = points.len() > PLACES_MAX;
    points.drain(..points.len().saturating_sub(PLACES_MAX));
    let here = path(&["campaigns", campaign]);
    let choice = |of: Width, word: Word| {
        let is_this = (of == width).then_some("true");
        html! { a href=(address(&here, &[("by", of.word())])) aria-current=[is_this] { (asked.word(word)) } }
    };
    Ok(html! {
        section.series {
            h2 { (asked.word(Word::OverTime)) }
            p.choice { (choice(Width::Hour, Word::ByHour)) " " (choice(Width::Day, Word::ByDay)) }
            div.scroll tabindex="0" role="region" aria-label=(asked.word(Word::OverTime)) { (chart(asked, &points, width)) }
            p.legend {
                span.key.opened aria-hidden="true" {} " " (asked.word(Word::Open)) " "
                span.key.clicked aria-hidden="true" {} " " (asked.word(Word::Click))
            }
            p.hint { (asked.word(Word::OverTimeText)) @if is_cut { " " (asked.word(Word::LatestShown)) } }
            details { summary { (asked.word(Word::AsTable)) } (figures(asked, &points, width)) }
        }
    })
}

/// The points from the first to the last in which something was opened, those in which nothing was among them.
fn filled(points: &[Point], width: Width, locale: &Locale) -> Vec<Point> {
    let opened = |point: &&Point| point.opened + point.clicked > 0;
    let Some((first, last)) = points.iter().find(opened).zip(points.iter().rfind(opened)) else { return Vec::new() };
    let step = if width == Width::Hour { HOUR_MICROS } else { 24 * HOUR_MICROS };
    // No more than what is shown, however far apart they are.
    let places = i64::try_from(PLACES_MAX + 1).unwrap_or(i64::MAX);
    let from = first.start.max(last.start.plus_micros(-step.saturating_mul(places)));
    let mut all = Vec::new();
    let mut known = points.iter().filter(|point| point.start >= from && point.start <= last.start).peekable();
    let mut at = known.peek().map_or(from, |point| point.start);
    while at <= last.start {
        // A day of 23 or 25 hours begins when the next point says so.
        let is_here = known.peek().is_some_and(|point| point.start < at.plus_micros(step / 2));
        let point = if is_here { known.next().copied() } else { None };
        let point = point.unwrap_or(Point { start: at, ..Point::default() });
        at = next(point.start, width, step, locale);
        all.push(point);
    }
    all
}

fn next(start: Time, width: Width, step: i64, locale: &Locale) -> Time {
    match width {
        Width::Hour => start.plus_micros(step),
        Width::Day => locale.next_day(start).unwrap_or(start.plus_micros(step)),
    }
}

fn chart(asked: &Asked<'_>, points: &[Point], width: Width) -> Markup {
    let locale = &asked.locale;
    let sum = |of: fn(&Point) -> u64| locale.number(points.iter().map(of).sum());
    let (opened, clicked) = (sum(|point| point.opened), sum(|point| point.clicked));
    let ends = [points.first(), points.last()].map(|point| point.map(|point| named(locale, point, width)));
    let [from, until] = ends.map(Option::unwrap_or_default);
    let description =
        format!("{} {opened}, {} {clicked}: {from} – {until}", locale.word(Word::Open), locale.word(Word::Click));
    let said = Said { id: "over-time", title: locale.word(Word::OverTime), description: &description };
    let kinds = [
        (&OPENED, points.iter().map(|point| point.opened).collect()),
        (&CLICKED, points.iter().map(|point| point.clicked).collect()),
    ];
    let place = |place| points.get(place).map(|point| named(locale, point, width)).unwrap_or_default();
    bars(&said, &kinds, place, |number| locale.number(number).to_string())
}

fn named(locale: &Locale, point: &Point, width: Width) -> String {
    if width == Width::Hour { locale.hour(point.start) } else { locale.day(point.start) }
}

fn figures(asked: &Asked<'_>, points: &[Point], width: Width) -> Markup {
    let locale = &asked.locale;
    let head = html! {
        th scope="col" { (locale.word(Word::Period)) }
        @for word in [Word::Open, Word::Click] { th.number scope="col" { (locale.word(word)) } }
    };
    let rows = html! { @for point in points.iter().filter(|point| point.opened + point.clicked > 0) {
        tr {
            th scope="row" { (named(locale, point, width)) }
            td.number { (locale.number(point.opened)) }
            td.number { (locale.number(point.clicked)) }
        }
    } };
    layout::table(locale.word(Word::AsTable), &head, &rows)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use contract::proto::platform::v1::Organisation;

    use super::*;

    #[test]
    fn empty_places_are_shown_and_a_long_series_is_bounded() {
        let toronto = Organisation { zone: "America/Toronto".into(), ..Organisation::default() };
        let locale = Locale::of(&HeaderMap::new(), Some(&toronto));
        let at = |text: &str| Point { start: locale.day_begins(text).unwrap(), opened: 1, ..Point::default() };
        // Clocks go back on 1 November: that day has 25 hours.
        let points = filled(&[at("2026-10-30"), at("2026-11-03")], Width::Day, &locale);
        let days: Vec<String> = points.iter().map(|point| locale.day(point.start)).collect();
        assert_eq!(days, ["30 October", "31 October", "1 November", "2 November", "3 November"]);
        assert_eq!(points.iter().map(|point| point.opened).sum::<u64>(), 2);
        let apart = [at("1990-01-01"), at("2026-11-03")];
        assert!(filled(&apart, Width::Hour, &locale).len() <= PLACES_MAX + 2);
        assert_eq!(filled(&[Point::default()], Width::Hour, &locale), []);
    }
}
