//! The matrix as Markdown, for tickets and pull requests.

use std::fmt::Write;

use super::{CaseEntry, Matrix, Row, State, WITH_CAUSE, in_words};
use crate::text::one_line;

impl Matrix {
    /// `matrix.md`.
    pub fn markdown(&self) -> String {
        let mut out = String::from("# DM_SC 1.0 conformance matrix\n\n");
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "Harness {}, started {}, seed {}, selection {}{}.\n",
            escape(&self.harness),
            escape(&self.started),
            self.seed,
            escape(&self.selection),
            if self.strict { ", strict" } else { "" }
        );
        for note in &self.notes {
            let _ = writeln!(out, "> Note: {}\n", escape(note));
        }
        self.markdown_table(&mut out, self.own_rows());
        for state in State::ALL {
            let _ = writeln!(out, "- {} **{}**: {}", escape(state.symbol()), state.as_str(), state.meaning());
        }
        if !self.causes.is_empty() {
            out.push_str("\n## Errors, failures and what is inconclusive\n\n");
        }
        for (dut, cause, cases) in WITH_CAUSE.into_iter().flat_map(|kind| self.causes_of(kind)) {
            let (kind, name) = (cause.outcome, escape(&dut.name));
            match cases.as_slice() {
                [case] => {
                    let (id, reason) = (escape(&case.id), escape(&case.reason));
                    let _ = writeln!(out, "- **{kind}** {name}, {id}: {reason}{}", link(case));
                }
                cases => {
                    let _ = writeln!(out, "- **{kind}** {name}, {} cases: {}", cases.len(), escape(&cause.cause));
                    for case in cases {
                        let _ = writeln!(out, "  - {}{}", escape(&case.id), link(case));
                    }
                }
            }
        }
        out.push_str("\n## Items of other enablers\n\n");
        self.markdown_table(&mut out, self.external_rows());
        out.push_str("## What the verdicts rest on\n\n");
        for dut in &self.duts {
            let claimed: Vec<String> = dut.ics.iter().filter(|(_, yes)| **yes).map(|(item, _)| escape(item)).collect();
            let _ = writeln!(
                out,
                "- {} over {}, ICS {}: claims {}",
                escape(&dut.name),
                escape(&dut.link),
                escape(&dut.ics_hash),
                if claimed.is_empty() { "nothing".into() } else { claimed.join(", ") }
            );
            for reading in &dut.interpretations {
                let origin = if reading.default { "default" } else { "chosen" };
                let _ = writeln!(out, "  - {}: {} ({origin})", escape(&reading.id), escape(&reading.alternative));
            }
        }
        out
    }

    fn markdown_table<'a>(&self, out: &mut String, rows: impl Iterator<Item = &'a Row>) {
        out.push_str("| Item | Function |");
        for dut in &self.duts {
            let _ = write!(out, " {} |", escape(&dut.name));
        }
        out.push_str("\n|---|---|");
        out.push_str(&"---|".repeat(self.duts.len()));
        out.push('\n');
        for row in rows {
            let _ = write!(out, "| {} | {} |", escape(&row.item), escape(&row.function));
            for cell in &row.cells {
                let mut text = format!("{} {}", cell.state.symbol(), cell.words());
                if cell.tally.ran() > 0 {
                    let _ = write!(text, " ({})", in_words(&cell.tally));
                }
                let _ = write!(out, " {} |", escape(&text));
            }
            out.push('\n');
        }
        out.push('\n');
    }
}

/// The way to the log of a case, where it has one.
fn link(case: &CaseEntry) -> String {
    case.log.as_ref().map(|log| format!(" ([log](<{log}>))")).unwrap_or_default()
}

/// Text that Markdown and the HTML in it take literally.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '|' | '*' | '_' | '`' | '[' | ']' | '#' | '~' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}
