//! Columns: as wide as what stands in them, by what a terminal shows of it (accents and wide letters counted right).

use console::{Alignment, measure_text_width, pad_str};

/// A column: its heading, whether it holds numbers (right-aligned), and its widest cell in terminal columns.
pub(crate) type Column = (&'static str, bool, usize);

const GAP: &str = "  ";

/// A heading and rows as lines.
pub(crate) fn lines(columns: &[Column], rows: &[Vec<String>]) -> Vec<String> {
    let width = |(place, (heading, _, widest)): (usize, &Column)| {
        let cells = rows.iter().filter_map(|row| row.get(place)).map(|cell| measure_text_width(cell));
        cells.max().unwrap_or(0).min(*widest).max(measure_text_width(heading))
    };
    let widths: Vec<usize> = columns.iter().enumerate().map(width).collect();
    let headings: Vec<String> = columns.iter().map(|(heading, ..)| (*heading).to_owned()).collect();
    std::iter::once(&headings).chain(rows).map(|row| line(columns, &widths, row)).collect()
}

fn line(columns: &[Column], widths: &[usize], row: &[String]) -> String {
    let cell = |((cell, (_, right, _)), width): ((&String, &Column), &usize)| {
        let side = if *right { Alignment::Right } else { Alignment::Left };
        // What fits is only padded: `pad_str` cuts what fills a column exactly.
        let cut = if measure_text_width(cell) > *width { Some("…") } else { None };
        pad_str(cell, *width, side, cut).into_owned()
    };
    let cells: Vec<String> = row.iter().zip(columns).zip(widths).map(cell).collect();
    cells.join(GAP).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_under_their_headings_and_are_cut_where_a_column_ends() {
        let columns = [("Name", false, 8), ("Sent", true, 9)];
        let row = |name: &str, sent: &str| vec![name.to_owned(), sent.to_owned()];
        let shown = lines(&columns, &[row("Été", "7"), row("Annual report", "50000")]);
        assert_eq!(shown, ["Name       Sent", "Été           7", "Annual …  50000"]);
    }
}
