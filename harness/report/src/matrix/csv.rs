//! The matrix as CSV (RFC 4180): one line for each item and DUT.

use dmsc_scr::Evidence;

use super::{Cell, Matrix, count};
use crate::journal::OutcomeKind;
use crate::text::one_line;

impl Matrix {
    /// `matrix.csv`, with a header line. Texts that a spreadsheet would take for a formula begin
    /// with an apostrophe.
    pub fn csv(&self) -> String {
        let mut out = String::new();
        let counted = OutcomeKind::ALL.map(OutcomeKind::as_str);
        let mut head = vec!["item", "function", "class", "status", "dut", "verdict", "evidence", "claimed"];
        head.extend(counted);
        head.extend(["reasons", "refs"]);
        line(&mut out, head.into_iter().map(str::to_owned));
        for row in &self.rows {
            for (dut, cell) in self.duts.iter().zip(&row.cells) {
                let claimed = match cell.claimed {
                    Some(true) => "yes",
                    Some(false) => "no",
                    None => "",
                };
                let evidence = match cell.evidence {
                    Evidence::Tested => "tested",
                    Evidence::Declared => "declared",
                    Evidence::None => "none",
                };
                let mut fields: Vec<String> = [
                    &row.item,
                    &row.function,
                    &row.class,
                    &row.status,
                    &dut.name,
                    cell.state.as_str(),
                    evidence,
                    claimed,
                ]
                .map(str::to_owned)
                .into();
                fields.extend(OutcomeKind::ALL.map(|kind| count(&cell.tally, kind).to_string()));
                fields.push(cell.reasons.join("; "));
                fields.push(self.refs(cell).join("; "));
                line(&mut out, fields.into_iter());
            }
        }
        out
    }

    /// The numbers by which others know the cases of a cell: `ETCS 5.2.1 (DM_SC-C-001-M/session-id)`.
    fn refs(&self, cell: &Cell) -> Vec<String> {
        let cases = cell.cases.iter().filter_map(|at| self.cases.get(*at));
        cases.flat_map(|case| case.refs.iter().map(move |one| format!("{one} ({})", case.id))).collect()
    }
}

fn line(out: &mut String, fields: impl Iterator<Item = String>) {
    let fields: Vec<String> = fields.map(|field| quoted(&field)).collect();
    out.push_str(&fields.join(","));
    out.push_str("\r\n");
}

fn quoted(field: &str) -> String {
    let mut text = one_line(field).into_owned();
    if text.starts_with(['=', '+', '-', '@']) {
        text.insert(0, '\'');
    }
    if text.contains([',', '"']) {
        text = format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_no_formula() {
        assert_eq!(quoted("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(quoted("=1+1"), "'=1+1");
        assert_eq!(quoted("two\nlines"), "two\\nlines");
        assert_eq!(quoted("plain"), "plain");
    }
}
