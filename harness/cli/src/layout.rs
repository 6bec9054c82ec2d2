//! Tables and lists of named values, on a terminal of any width or on none.

use std::fmt::Write as _;

use clap::builder::styling::Style;
use dmsc_octets::one_line;

use crate::terminal::{BOLD, DIM, Terminal, paint};

/// Narrower than this, a column is not broken but left to the terminal.
const LEAST: usize = 24;

/// Cells of more characters have no say in how wide their column is: one of a thousand would tear all rows apart.
const MOST: usize = 64;

/// A text and how it is shown.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A text in a style.
    pub(crate) fn new(style: Style, text: impl Into<String>) -> Self {
        Self { text: text.into(), style }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(Style::new(), text)
    }
}

/// A table. The last column is broken into lines where the terminal is narrow; what stands after a cell that is wider than
/// its column is put off to the next line there.
#[derive(Debug)]
pub(crate) struct Table<const N: usize> {
    head: [&'static str; N],
    rows: Vec<[Cell; N]>,
}

impl<const N: usize> Table<N> {
    /// A table without rows.
    pub(crate) fn new(head: [&'static str; N]) -> Self {
        Self { head, rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, mut cells: [Cell; N]) {
        // The last is broken into lines below its head; a line feed in another would begin a row.
        for cell in cells.iter_mut().rev().skip(1) {
            cell.text = one_line(&cell.text).into_owned();
        }
        self.rows.push(cells);
    }

    /// Whether there are no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as lines.
    pub(crate) fn render(&self, terminal: &Terminal) -> String {
        let mut widths = self.head.map(|title| title.chars().count());
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                let own = cell.text.chars().count();
                *width = (*width).max(if own > MOST { 0 } else { own });
            }
        }
        let head = self.head.map(|title| Cell::new(DIM, title));
        let mut out = String::new();
        for row in std::iter::once(&head).chain(&self.rows) {
            line(&mut out, terminal, row, &widths);
        }
        out
    }
}

fn line(out: &mut String, terminal: &Terminal, row: &[Cell], widths: &[usize]) {
    let Some((last, others)) = row.split_last() else { return };
    let mut indent = 0;
    let mut text = String::new();
    for (cell, width) in others.iter().zip(widths) {
        let own = cell.text.chars().count();
        let pad = width.saturating_sub(own) + 2;
        indent += width + 2;
        // Padded outside the colour, so that columns align.
        let _ = write!(text, "{}{:pad$}", paint(terminal.color, cell.style, &cell.text), "");
        if own > *width && terminal.width.is_some() {
            let _ = writeln!(out, "{}", text.trim_end());
            text = " ".repeat(indent);
        }
    }
    for (index, part) in wrap(&last.text, terminal.width, indent).iter().enumerate() {
        let start = if index == 0 { text.clone() } else { " ".repeat(indent) };
        let _ = writeln!(out, "{}", (start + &paint(terminal.color, last.style, part)).trim_end());
    }
}

/// A heading and named values under it; names without values are left out.
pub(crate) fn sheet(terminal: &Terminal, title: &str, fields: &[(&str, Vec<String>)]) -> String {
    let mut out = format!("{}\n", paint(terminal.color, BOLD, title));
    let width = fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, values) in fields {
        for (index, value) in values.iter().enumerate() {
            let shown = if index == 0 { format!("{name:<width$}") } else { " ".repeat(width) };
            let indent = width + 4;
            for (part_index, part) in wrap(value, terminal.width, indent).iter().enumerate() {
                let start = if part_index == 0 { paint(terminal.color, DIM, &shown) } else { " ".repeat(width) };
                let _ = writeln!(out, "{}", format!("  {start}  {part}").trim_end());
            }
        }
    }
    out
}

/// The text in lines that fit after `indent` columns; one line where there is no width.
fn wrap(text: &str, width: Option<usize>, indent: usize) -> Vec<String> {
    let room = width.map(|width| width.saturating_sub(indent)).filter(|room| *room >= LEAST);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut current = String::new();
        // Leading blanks of a line carry its depth and stay.
        let lead: String = paragraph.chars().take_while(|c| *c == ' ').collect();
        for word in paragraph.split_whitespace() {
            let needed = current.chars().count() + 1 + word.chars().count();
            if current.is_empty() {
                current = format!("{lead}{word}");
            } else if room.is_some_and(|room| needed > room) {
                lines.push(std::mem::replace(&mut current, format!("{lead}{word}")));
            } else {
                current.push(' ');
                current.push_str(word);
            }
        }
        lines.push(current);
    }
    if lines.is_empty() {
        lines.push(String::new());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Verbosity;

    fn terminal(width: Option<usize>) -> Terminal {
        Terminal { verbosity: Verbosity::Normal, color: false, error_color: false, width, is_watched: false }
    }

    fn table() -> Table<2> {
        let mut table = Table::new(["item", "function"]);
        table.row(["A".into(), "a text that is too long for a narrow terminal".into()]);
        table.row(["LONG-NAME".into(), "".into()]);
        table
    }

    #[test]
    fn a_cell_that_is_very_wide_moves_its_own_row_alone() {
        let mut table = Table::new(["case", "role", "title"]);
        table.row(["a".into(), "card".into(), "first".into()]);
        table.row(["b".repeat(70).into(), "card".into(), "second".into()]);
        insta::assert_snapshot!(table.render(&terminal(None)), @"
        case  role  title
        a     card  first
        bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb  card  second
        ");
        insta::assert_snapshot!(table.render(&terminal(Some(80))), @"
        case  role  title
        a     card  first
        bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
              card  second
        ");
    }

    #[test]
    fn the_last_column_is_broken_on_narrow_terminals_only() {
        insta::assert_snapshot!(table().render(&terminal(Some(40))), @"
        item       function
        A          a text that is too long for a
                   narrow terminal
        LONG-NAME
        ");
        insta::assert_snapshot!(table().render(&terminal(None)), @"
        item       function
        A          a text that is too long for a narrow terminal
        LONG-NAME
        ");
    }

    #[test]
    fn names_without_values_are_left_out() {
        let fields = [("one", vec!["1".into(), "2".into()]), ("none", vec![]), ("three", vec!["3".into()])];
        insta::assert_snapshot!(sheet(&terminal(None), "Title", &fields), @"
        Title
          one    1
                 2
          three  3
        ");
    }

    #[test]
    fn words_longer_than_the_room_stay_whole() {
        let word = "x".repeat(60);
        assert_eq!(wrap(&format!("a {word} b"), Some(30), 2), ["a", word.as_str(), "b"]);
        assert_eq!(wrap("", Some(30), 2), [""]);
    }
}
