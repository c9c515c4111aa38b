//! Charts: SVG drawn by a library, in the colours of the style sheet, each with a title and a description. What a chart shows
//! stands beside it in figures too.

use std::ops::Range;

use maud::{Markup, PreEscaped, html};
use plotters::coord::Shift;
use plotters::prelude::{ChartBuilder, Color, DrawingArea, IntoDrawingArea, IntoFont, RGBColor, Rectangle, SVGBackend};

/// Colours as the library writes them; the style sheet gives them the page's own, light or dark.
const INK: RGBColor = RGBColor(0x56, 0x60, 0x72);
const LINE: RGBColor = RGBColor(0xdf, 0xe3, 0xea);

/// Size of the chart of a series, in its own pixels; pages scale it.
const SERIES: (u32, u32) = (1_120, 260);
/// Size of the bar of shares.
const SHARES: (u32, u32) = (760, 28);
/// Room between two parts of that bar.
const GAP: i32 = 3;

/// A chart that could not be drawn leaves its figures alone.
type Drawn = Result<(), Box<dyn std::error::Error>>;

/// One of a point's numbers: its colour in the library's words.
pub(crate) struct Kind {
    /// Colour.
    pub(crate) colour: RGBColor,
    /// Width of a bar, of the whole place of a point.
    pub(crate) width: f64,
}

/// Opened: the wider bar behind.
pub(crate) const OPENED: Kind = Kind { colour: RGBColor(0x0b, 0x6b, 0x3a), width: 0.8 };
/// Clicked: the narrower bar in front.
pub(crate) const CLICKED: Kind = Kind { colour: RGBColor(0x1d, 0x4f, 0xd7), width: 0.4 };

/// What a chart is called: an id of its own on the page, a title, and what there is to see.
pub(crate) struct Said<'a> {
    pub(crate) id: &'a str,
    pub(crate) title: &'a str,
    pub(crate) description: &'a str,
}

/// Bars by place: of each kind one number a place. `label` names a place on the axis, `figure` writes a number.
pub(crate) fn bars(
    said: &Said<'_>,
    kinds: &[(&Kind, Vec<u64>)],
    label: impl Fn(usize) -> String,
    figure: impl Fn(u64) -> String,
) -> Markup {
    framed(said, SERIES, |area| {
        let places = kinds.iter().map(|(_, numbers)| numbers.len()).max().unwrap_or(0);
        let highest = kinds.iter().flat_map(|(_, numbers)| numbers).copied().max().unwrap_or(0).max(1);
        // A place is in the middle of its bar.
        let across: Range<f64> = -0.5..float(places.max(1)) - 0.5;
        let mut builder = ChartBuilder::on(area);
        let builder = builder.margin(6).margin_right(16).x_label_area_size(26).y_label_area_size(64);
        let mut chart = builder.build_cartesian_2d(across, 0.0..float_of(highest) * 1.05)?;
        let font = ("sans-serif", 12).into_font().color(&INK);
        // A number of labels that lets each stand on a place of its own.
        let labels = places.clamp(1, 8) + 1;
        let at = |place: &f64| if place.fract() == 0.0 { label(whole(*place)) } else { String::new() };
        let ticks = |number: &f64| if number.fract() == 0.0 { figure(whole_u64(*number)) } else { String::new() };
        let mut mesh = chart.configure_mesh();
        mesh.disable_x_mesh().light_line_style(LINE.mix(0.0)).bold_line_style(LINE).axis_style(LINE);
        mesh.x_labels(labels).y_labels(5).label_style(font).x_label_formatter(&at).y_label_formatter(&ticks).draw()?;
        for (kind, numbers) in kinds {
            let bar = |(place, number): (usize, &u64)| {
                let left = float(place) - kind.width / 2.0;
                Rectangle::new([(left, 0.0), (left + kind.width, float_of(*number))], kind.colour.filled())
            };
            let drawn = numbers.iter().enumerate().filter(|(_, number)| **number > 0).map(bar);
            chart.draw_series(drawn)?;
        }
        Ok(())
    })
}

/// One bar, divided by shares in their order.
pub(crate) fn shares(said: &Said<'_>, parts: &[(RGBColor, u64)]) -> Markup {
    framed(said, SHARES, |area| {
        let all = parts.iter().map(|(_, number)| number).sum::<u64>().max(1);
        let (width, height) = (f64::from(SHARES.0), i32::try_from(SHARES.1).unwrap_or(0));
        let mut before = 0;
        for (colour, number) in parts.iter().filter(|(_, number)| *number > 0) {
            let place = |of: u64| whole_i32(width * float_of(of) / float_of(all));
            let (left, right) = (place(before), place(before + number));
            // A share of any size is seen.
            let right = if right == whole_i32(width) { right } else { (right - GAP).max(left + 1) };
            area.draw(&Rectangle::new([(left, 0), (right, height)], colour.filled()))?;
            before += number;
        }
        Ok(())
    })
}

/// The picture with its title and description; nothing where it cannot be drawn.
fn framed(
    said: &Said<'_>,
    size: (u32, u32),
    draw: impl FnOnce(&DrawingArea<SVGBackend<'_>, Shift>) -> Drawn,
) -> Markup {
    let mut picture = String::new();
    let drawn = {
        let area = SVGBackend::with_string(&mut picture, size).into_drawing_area();
        draw(&area).and_then(|()| Ok(area.present()?))
    };
    if let Err(error) = drawn {
        tracing::warn!(%error, "a chart could not be drawn");
        return Markup::default();
    }
    // The library's own frame says neither what it is nor that it may shrink.
    let inner = picture.split_once('>').and_then(|(_, rest)| rest.rsplit_once("</svg>")).map_or("", |(inner, _)| inner);
    let (title, description) = (format!("{}-title", said.id), format!("{}-text", said.id));
    html! {
        svg.chart viewBox=(format!("0 0 {} {}", size.0, size.1)) role="img"
            aria-labelledby=(title) aria-describedby=(description) {
            title id=(title) { (said.title) }
            desc id=(description) { (said.description) }
            g aria-hidden="true" { (PreEscaped(inner)) }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "places of a picture")]
fn float_of(number: u64) -> f64 {
    number as f64
}

fn float(place: usize) -> f64 {
    float_of(u64::try_from(place).unwrap_or(u64::MAX))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and small: a place of the axis")]
fn whole(place: f64) -> usize {
    place.max(0.0) as usize
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole: a number of the axis")]
fn whole_u64(number: f64) -> u64 {
    number.max(0.0) as u64
}

#[expect(clippy::cast_possible_truncation, reason = "within the picture")]
fn whole_i32(place: f64) -> i32 {
    place.round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_says_what_it_is_and_what_it_is_given_as_text_stays_text() {
        let hostile = "<script>alert(1)</script>";
        let said = Said { id: "c", title: hostile, description: "two" };
        let page = bars(&said, &[(&OPENED, vec![3, 0, 5])], |_| hostile.to_owned(), |number| format!("<{number}>"))
            .into_string();
        assert!(page.contains("role=\"img\"") && page.contains("<desc id=\"c-text\">two</desc>"), "{page}");
        assert!(!page.contains("<script") && page.contains("&lt;script&gt;"), "{page}");
        assert!(!page.contains("style="), "the pages' policy lets no style in: {page}");
        assert_eq!(page.matches("fill=\"#0B6B3A\"").count(), 2, "a bar a number: {page}");
    }

    #[test]
    fn shares_of_any_size_are_seen() {
        let said = Said { id: "c", title: "t", description: "d" };
        let page = shares(&said, &[(RGBColor(1, 2, 3), 1), (RGBColor(4, 5, 6), 1_000_000), (INK, 0)]).into_string();
        assert!(page.contains("fill=\"#010203\"") && page.contains("fill=\"#040506\""), "{page}");
        assert!(!shares(&said, &[]).into_string().contains("<rect"));
    }
}
