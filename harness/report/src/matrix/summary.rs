//! The matrix in a terminal.

use std::fmt::Write;

use super::{Cell, Matrix, Row, State, WITH_CAUSE, in_words};
use crate::text::one_line;

/// The narrowest column for functions that is worth having.
const LEAST_FUNCTION: usize = 10;

impl Matrix {
    /// The matrix for a terminal of `width` columns, with a line for each cause of a failure and of
    /// what is inconclusive, the cases that have it, and a last line
    /// with the counts. `color` adds ANSI colours to the verdicts, which stay words.
    pub fn summary(&self, color: bool, width: usize) -> String {
        let mut out = String::new();
        self.summary_table(&mut out, color, width);
        for (kind, state) in WITH_CAUSE.into_iter().zip([State::Error, State::Fail, State::Inconclusive]) {
            for (dut, cause, cases) in self.causes_of(kind) {
                let kind = paint(state, kind.as_str(), color);
                let name = one_line(&dut.name);
                // A case by itself is told as it is; several of one cause after it.
                match cases.as_slice() {
                    [case] => {
                        let _ = writeln!(out, "{kind} {name} {}: {}", one_line(&case.id), one_line(&case.reason));
                    }
                    cases => {
                        let _ = writeln!(out, "{kind} {name}, {} cases: {}", cases.len(), one_line(&cause.cause));
                        let ids = cases.iter().map(|case| one_line(&case.id));
                        ids.for_each(|id| {
                            let _ = writeln!(out, "  {id}");
                        });
                    }
                }
            }
        }
        for note in &self.notes {
            let _ = writeln!(out, "note: {}", one_line(note));
        }
        for dut in &self.duts {
            let counts = in_words(&dut.tally);
            let counts = if counts.is_empty() { "no cases".into() } else { counts };
            let _ = writeln!(out, "{}: {counts}", one_line(&dut.name));
        }
        out
    }

    fn summary_table(&self, out: &mut String, color: bool, width: usize) {
        let rows: Vec<&Row> = self.own_rows().collect();
        let item_width = rows.iter().map(|row| row.item.len()).max().unwrap_or(0);
        let texts: Vec<Vec<String>> = rows.iter().map(|row| row.cells.iter().map(cell_text).collect()).collect();
        let widths: Vec<usize> = self
            .duts
            .iter()
            .enumerate()
            .map(|(at, dut)| {
                let cells = texts.iter().map(|row| row[at].chars().count());
                cells.max().unwrap_or(0).max(heading(&dut.name).chars().count())
            })
            .collect();
        let taken = item_width + 2 + widths.iter().map(|width| width + 2).sum::<usize>();
        let longest = rows.iter().map(|row| row.function.chars().count()).max().unwrap_or(0);
        let function_width = width.saturating_sub(taken).min(longest);
        let function = |text: &str| match function_width {
            0..LEAST_FUNCTION => String::new(),
            room => format!("{:<room$}  ", shortened(text, room)),
        };

        let mut head = format!("{:<item_width$}  {}", "item", function("function"));
        for (dut, width) in self.duts.iter().zip(&widths) {
            let _ = write!(head, "{:<width$}  ", heading(&dut.name));
        }
        let _ = writeln!(out, "{}", head.trim_end());
        for (row, texts) in rows.iter().zip(&texts) {
            let mut line = format!("{:<item_width$}  {}", row.item, function(&row.function));
            for ((cell, text), width) in row.cells.iter().zip(texts).zip(&widths) {
                // Padded outside the colour, so that columns align.
                let pad = width - text.chars().count() + 2;
                let _ = write!(line, "{}{:pad$}", paint(cell.state, text, color), "");
            }
            let _ = writeln!(out, "{}", line.trim_end());
        }
    }
}

/// `fail 3/4`: the verdict, and how many of the cases that ran have passed.
fn cell_text(cell: &Cell) -> String {
    match (cell.state, cell.tally.ran()) {
        (State::NotBinding, 0) => "-".into(),
        (_, 0) => cell.words().into(),
        (state, ran) => format!("{} {}/{ran}", state.as_str(), cell.tally.pass),
    }
}

/// The name of a DUT over its column, as far as there is room; the lines below the table have all of it.
fn heading(name: &str) -> String {
    const ROOM: usize = 64;
    shortened(&one_line(name), ROOM)
}

fn shortened(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.into();
    }
    let mut short: String = text.chars().take(room.saturating_sub(3)).collect();
    short.truncate(short.trim_end().len());
    short + "..."
}

fn paint(state: State, text: &str, color: bool) -> String {
    let code = match state {
        State::Pass => "32",
        State::Fail => "1;31",
        State::Error => "1;35",
        State::Inconclusive => "33",
        State::DeclaredOnly => "36",
        State::NotClaimed | State::NotBinding => "2",
    };
    if color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.into() }
}
