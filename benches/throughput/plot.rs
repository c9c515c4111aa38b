//! The figures of a run as a picture: what each side does with a CPU second, how long an event takes to its row, and how Mailtally
//! grows with instances and partitions.

use std::path::Path;

use anyhow::{Result, anyhow};
use benches::figures::Figure;
use benches::pace::quantile;
use plotters::coord::Shift;
use plotters::prelude::{
    ChartBuilder, Color, DrawingArea, IntoDrawingArea, IntoFont, RGBColor, Rectangle, SVGBackend, Text,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};

const SIZE: (u32, u32) = (860, 780);
const INK: RGBColor = RGBColor(0x33, 0x3b, 0x48);
const LINE: RGBColor = RGBColor(0xdf, 0xe3, 0xea);
/// Colours of the bars of one place.
const COLOURS: [RGBColor; 2] = [RGBColor(0x1d, 0x4f, 0xd7), RGBColor(0x8a, 0xa4, 0xd6)];
/// Room above the highest bar, for its number.
const AIR: f64 = 1.15;

/// A place on the axis: its label, and a number for each bar.
type Bars = Vec<(String, Vec<f64>)>;

/// Draws an SVG. A panel without figures is left out.
pub(crate) fn draw(to: &Path, figures: &[Figure], grown: &[Figure]) -> Result<()> {
    let panels: Vec<(&str, Bars)> = [
        ("records a CPU second", rates(figures)),
        ("milliseconds from an event to its visible row: p50, p99", latencies(figures)),
        ("Mailtally by instances and partitions: records a second, and a CPU second", growth(grown)),
    ]
    .into_iter()
    .filter(|(_, bars)| !bars.is_empty())
    .collect();
    let drawn = |error| anyhow!("{}: {error}", to.display());
    let root = SVGBackend::new(to, SIZE).into_drawing_area();
    root.fill(&plotters::style::WHITE).map_err(|error| anyhow!("{error}"))?;
    for (area, (title, bars)) in root.split_evenly((panels.len().max(1), 1)).iter().zip(&panels) {
        panel(area, title, bars).map_err(|error| anyhow!("{error}"))?;
    }
    root.present().map_err(|error| drawn(error.to_string()))
}

fn rates(figures: &[Figure]) -> Bars {
    let is_restore = |figure: &&Figure| figure.phase.ends_with("restore");
    let bar = |figure: &Figure| (figure.phase.clone(), vec![figure.cpu_rate()]);
    figures.iter().filter(|figure| !is_restore(figure)).map(bar).collect()
}

fn latencies(figures: &[Figure]) -> Bars {
    let at = |figure: &Figure| [0.5, 0.99].map(|share| quantile(&figure.latency_ms, share)).to_vec();
    let measured = figures.iter().filter(|figure| !figure.latency_ms.is_empty());
    measured.map(|figure| (figure.phase.clone(), at(figure))).collect()
}

fn growth(grown: &[Figure]) -> Bars {
    grown.iter().map(|figure| (figure.phase.clone(), vec![figure.rate(), figure.cpu_rate()])).collect()
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

fn panel(area: &DrawingArea<SVGBackend<'_>, Shift>, title: &str, bars: &Bars) -> Drawn {
    let highest = bars.iter().flat_map(|(_, numbers)| numbers).copied().fold(1.0, f64::max) * AIR;
    let font = |size: u32| ("sans-serif", size).into_font().color(&INK);
    let mut builder = ChartBuilder::on(area);
    let builder = builder.margin(10).x_label_area_size(26).y_label_area_size(70).caption(title, font(15));
    let across = -0.5..bars.len() as f64 - 0.5;
    let mut chart = builder.build_cartesian_2d(across, 0.0..highest)?;
    let label = |at: &f64| {
        let is_place = (at - at.round()).abs() < 0.01 && *at > -0.25;
        let place = bars.get(at.round().max(0.0) as usize).filter(|_| is_place);
        place.map_or_else(String::new, |(label, _)| label.clone())
    };
    let mut mesh = chart.configure_mesh();
    mesh.disable_x_mesh().light_line_style(LINE.mix(0.0)).bold_line_style(LINE).axis_style(LINE);
    mesh.x_labels(bars.len() * 2 + 1).x_label_formatter(&label).x_label_style(font(12)).y_labels(5);
    mesh.y_label_formatter(&|number: &f64| grouped(*number)).y_label_style(font(12)).draw()?;
    for (place, (_, numbers)) in bars.iter().enumerate() {
        let width = 0.7 / numbers.len().max(1) as f64;
        for (bar, number) in numbers.iter().enumerate() {
            let left = place as f64 - 0.35 + width * bar as f64;
            let colour = COLOURS.get(bar).unwrap_or(&INK).filled();
            chart.draw_series([Rectangle::new([(left, 0.0), (left + width * 0.94, *number)], colour)])?;
            let above = font(11).pos(Pos::new(HPos::Center, VPos::Bottom));
            chart.draw_series([Text::new(grouped(*number), (left + width * 0.47, *number), above)])?;
        }
    }
    Ok(())
}

/// `123,456`.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(phase: &str, cpu_seconds: f64, latency_ms: Vec<f64>) -> Figure {
        let phase = phase.to_owned();
        Figure { phase, records: 1_900_000, seconds: 10.0, cpu_seconds, latency_ms, ..Figure::default() }
    }

    #[test]
    fn every_figure_has_its_bar_and_what_was_not_measured_no_panel() {
        let folder = tempfile::tempdir().expect("a folder");
        let to = folder.path().join("plot.svg");
        let figures = [
            figure("pass-through", 2.0, Vec::new()),
            figure("kafka streams", 32.0, vec![200.0, 378.0]),
            figure("mailtally", 14.0, vec![43.0, 104.0]),
            figure("mailtally restore", 4.0, Vec::new()),
        ];
        let grown = [figure("1 of 4", 13.0, Vec::new()), figure("3 of 4", 15.0, Vec::new())];
        draw(&to, &figures, &grown).expect("drawn");
        let drawn = std::fs::read_to_string(&to).expect("text");
        for said in ["950,000", "kafka streams", "146,154", "378", "1 of 4", "190,000", "by instances and partitions"] {
            assert!(drawn.contains(said), "{said}");
        }
        assert!(!drawn.contains("restore"), "it is no rate of events");
        draw(&to, &figures[..1], &[]).expect("drawn");
        assert!(!std::fs::read_to_string(&to).expect("text").contains("by instances and partitions"));
    }
}
