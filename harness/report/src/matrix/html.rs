//! The matrix as one HTML file: no network, no script, everything escaped.

use dmsc_octets::to_hex;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment};
use serde::Serialize;

use super::{CaseEntry, CauseEntry, Cell, Column, Matrix, Row, State, in_words};
use crate::journal::OutcomeKind;
use crate::text::visible;

/// The template could not be filled; cannot come from what a matrix holds.
#[derive(Debug, thiserror::Error)]
#[error("cannot render matrix.html: {0:#}")]
pub struct HtmlError(#[from] minijinja::Error);

/// With more cases than this, those that passed without a remark have a line each: a page with all of each takes a browser
/// half a minute. What is left out is in matrix.json.
const MANY: usize = 2_000;

/// What the template sees: the matrix, and what a template cannot compute, by the same positions.
#[derive(Serialize)]
struct Page<'a> {
    m: Head<'a>,
    cases: Vec<Shown<'a>>,
    legend: [Legend; State::ALL.len()],
    cells: Vec<Vec<Legend>>,
    groups: Vec<Option<&'a str>>,
    tallies: Vec<Vec<String>>,
    totals: Vec<String>,
    outcomes: Vec<Outcome>,
    evidence: Vec<Vec<Vec<Line>>>,
    /// Which cases have all that is known of them on the page.
    whole: Vec<bool>,
    /// How many of the cases of each cell have not.
    briefs: Vec<Vec<usize>>,
    ixit: Vec<String>,
}

/// The matrix without its cases.
#[derive(Serialize)]
struct Head<'a> {
    harness: &'a str,
    started: &'a str,
    seed: u64,
    catalogue: &'a str,
    selection: &'a str,
    strict: bool,
    notes: &'a [String],
    duts: &'a [Column],
    rows: &'a [Row],
    causes: &'a [CauseEntry],
}

/// A case, as far as the page has it.
#[derive(Serialize)]
#[serde(untagged)]
enum Shown<'a> {
    Whole(&'a CaseEntry),
    Brief { dut: usize, id: &'a str, title: &'a str },
}

impl<'a> Shown<'a> {
    fn of(case: &'a CaseEntry, whole: bool) -> Self {
        match whole {
            true => Shown::Whole(case),
            false => Shown::Brief { dut: case.dut, id: &case.id, title: &case.title },
        }
    }
}

/// How a state looks.
#[derive(Serialize)]
struct Legend {
    word: &'static str,
    symbol: &'static str,
    class: State,
    meaning: &'static str,
}

impl Matrix {
    /// `matrix.html`.
    ///
    /// # Errors
    /// If the template cannot be filled, which no matrix causes.
    pub fn html(&self) -> Result<String, HtmlError> {
        let mut env = Environment::new();
        env.set_auto_escape_callback(|_| AutoEscape::Html);
        let mut syntax = SyntaxConfig::builder();
        env.set_syntax(syntax.trim_blocks(true).lstrip_blocks(true).build()?);
        env.add_filter("visible", |text: &str| visible(text).into_owned());
        env.add_filter("href", href);
        env.add_template("matrix.html", include_str!("../../templates/matrix.html"))?;
        let legend = State::ALL.map(Legend::of);
        let cells: Vec<Vec<Legend>> =
            self.rows.iter().map(|row| row.cells.iter().map(Legend::of_cell).collect()).collect();
        let tallies: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.cells.iter().map(|cell| in_words(&cell.tally)).collect()).collect();
        // The heading of each row that begins a group.
        let groups: Vec<Option<&str>> = (self.rows.iter().enumerate())
            .map(|(at, row)| {
                let before = at.checked_sub(1).and_then(|at| self.rows.get(at));
                (before.map(group) != Some(group(row))).then(|| group(row))
            })
            .collect();
        let totals: Vec<String> = self.duts.iter().map(|dut| in_words(&dut.tally)).collect();
        let outcomes: Vec<Outcome> = self.cases.iter().map(|case| Outcome::of(case.outcome)).collect();
        let evidence: Vec<Vec<Vec<Line>>> =
            self.cases.iter().map(|case| case.evidence.iter().map(|text| lines(text)).collect()).collect();
        let many = self.cases.len() > MANY;
        let plain = |case: &CaseEntry| case.outcome == OutcomeKind::Pass && case.remarks.is_empty();
        let whole: Vec<bool> = self.cases.iter().map(|case| !many || !plain(case)).collect();
        let brief = |cell: &Cell| cell.cases.iter().filter(|at| whole.get(**at) == Some(&false)).count();
        let briefs = self.rows.iter().map(|row| row.cells.iter().map(brief).collect()).collect();
        let ixit: Vec<String> = self.duts.iter().map(|dut| format!("{:#}", dut.ixit)).collect();
        let cases = self.cases.iter().zip(&whole).map(|(case, whole)| Shown::of(case, *whole)).collect();
        let m = Head {
            harness: &self.harness,
            started: &self.started,
            seed: self.seed,
            catalogue: &self.catalogue,
            selection: &self.selection,
            strict: self.strict,
            notes: &self.notes,
            duts: &self.duts,
            rows: &self.rows,
            causes: &self.causes,
        };
        let page = Page { m, cases, legend, cells, groups, tallies, totals, outcomes, evidence, whole, briefs, ixit };
        Ok(env.get_template("matrix.html")?.render(Serde(&page))?)
    }
}

/// The heading under which a row stands.
fn group(row: &Row) -> &str {
    if row.external { "Items of other enablers" } else { &row.class }
}

impl Legend {
    fn of_cell(cell: &Cell) -> Self {
        Self { word: cell.words(), ..Self::of(cell.state) }
    }

    fn of(state: State) -> Self {
        Self { word: state.as_str(), symbol: state.symbol(), class: state, meaning: state.meaning() }
    }
}

/// How the outcome of a case looks: as the state of an item of that verdict.
#[derive(Serialize)]
struct Outcome {
    word: &'static str,
    symbol: &'static str,
    class: State,
}

impl Outcome {
    fn of(kind: OutcomeKind) -> Self {
        let class = match kind {
            OutcomeKind::Pass => State::Pass,
            OutcomeKind::Fail => State::Fail,
            OutcomeKind::Inconclusive => State::Inconclusive,
            OutcomeKind::Error => State::Error,
            OutcomeKind::NotApplicable | OutcomeKind::NotRun => State::NotClaimed,
        };
        Self { word: kind.as_str(), symbol: class.symbol(), class }
    }
}

/// A line of evidence; the marks under the offending octets are set off.
#[derive(Serialize)]
struct Line {
    lead: String,
    marks: String,
}

fn lines(text: &str) -> Vec<Line> {
    text.lines()
        .map(|line| {
            let marks = line.trim_start();
            if marks.starts_with("^^") && marks.bytes().all(|o| matches!(o, b'^' | b' ')) {
                Line { lead: line[..line.len() - marks.len()].into(), marks: marks.into() }
            } else {
                Line { lead: line.into(), marks: String::new() }
            }
        })
        .collect()
}

/// A relative path as a URL. The names of logs hold few characters that a URL does not.
fn href(path: &str) -> String {
    path.bytes()
        .map(|octet| match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(octet).to_string(),
            octet => format!("%{}", to_hex(&[octet])),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_urls() {
        assert_eq!(href("cases/d/bip[ipv4].log"), "cases/d/bip%5Bipv4%5D.log");
    }

    #[test]
    fn only_lines_of_marks_are_set_off() {
        let lines = lines("  0000  5E 5E  |^^|\n        ^^ ^^\n  came: ^^x");
        let marks: Vec<&str> = lines.iter().map(|line| line.marks.as_str()).collect();
        assert_eq!(marks, ["", "^^ ^^", ""]);
    }
}
