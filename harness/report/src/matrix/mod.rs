//! The conformance matrix: SCR items down, DUTs across.
//!
//! [`Matrix`] is computed once from a run; each format is a rendering of it.

mod csv;
mod gate;
mod html;
mod judge;
mod markdown;
mod summary;

use std::collections::BTreeMap;

use dmsc_octets::visible_json;
use dmsc_scr::{Basis, Evidence, ItemVerdict, Outcome, Reference, Tables, Tally};
use serde::Serialize;

pub use gate::{Gates, ShutItem};
pub use html::HtmlError;

use crate::cause::Causes;
use crate::evidence::check_text;
use crate::folder::{Record, RunFolder};
use crate::journal::{DutKind, OutcomeKind};
use crate::log::log_path;
use crate::text::brief;

/// The version of `matrix.json`. Within a version fields may be added; a field removed, renamed or
/// given another meaning makes a new one.
pub const VERSION: u32 = 2;

/// The matrix of a run. Serialized as it is, it is `matrix.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Matrix {
    /// [`VERSION`].
    pub matrix: u32,
    /// The version of the harness.
    pub harness: String,
    /// When the run started, RFC 3339.
    pub started: String,
    /// The seed of the run.
    pub seed: u64,
    /// SHA-256 over the texts of all cases the selection was made from.
    pub catalogue: String,
    /// The selection, as the user wrote it.
    pub selection: String,
    /// Whether a miss at level `should` is a fail.
    pub strict: bool,
    /// What a reader should know about the record of the run.
    pub notes: Vec<String>,
    /// The columns.
    pub duts: Vec<Column>,
    /// The rows: every item of appendix B, in its order, then the items of other enablers.
    pub rows: Vec<Row>,
    /// Every case and DUT, in the order of the run; cells refer to them by position.
    pub cases: Vec<CaseEntry>,
    /// What the cases that are fail, error or inconclusive came to grief on, in the order of the first of each.
    pub causes: Vec<CauseEntry>,
}

/// A cause, and the cases that have it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CauseEntry {
    /// Position of the DUT among the columns.
    pub dut: usize,
    /// What came of the cases.
    pub outcome: OutcomeKind,
    /// What was observed, as the first of the cases tells it.
    pub cause: String,
    /// Positions of the cases in the list of cases.
    pub cases: Vec<usize>,
}

/// A DUT.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Card or terminal.
    pub kind: DutKind,
    /// How octets reach it.
    pub link: String,
    /// SHA-256 over its conformance statement.
    pub ics_hash: String,
    /// What it claims: item to yes or no.
    pub ics: BTreeMap<String, bool>,
    /// The readings of open points in force.
    pub interpretations: Vec<Reading>,
    /// The IXIT, secrets replaced.
    pub ixit: serde_json::Value,
    /// All its cases.
    pub tally: Tally,
}

/// A reading of an open point in force.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reading {
    /// The interpretation.
    pub id: String,
    /// What it is about; empty if the tables of this harness do not know it.
    pub title: String,
    /// The alternative chosen.
    pub alternative: String,
    /// What that means; empty if the tables of this harness do not know it.
    pub meaning: String,
    /// Whether it is the default.
    pub default: bool,
}

/// An item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its name.
    pub item: String,
    /// Whether it is an item of another enabler.
    pub external: bool,
    /// What it is about, as the tables print it; of another enabler, the working reading.
    pub function: String,
    /// Whom it binds.
    pub class: String,
    /// Mandatory or optional.
    pub status: String,
    /// The section it refers to; of another enabler, the document.
    pub reference: String,
    /// One cell for each DUT.
    pub cells: Vec<Cell>,
}

/// What came of an item for a DUT.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// The state, a verdict or why there is none.
    pub state: State,
    /// Whether a case of the item came to a verdict, or it is only declared.
    pub evidence: Evidence,
    /// Whether the DUT claims the item; nothing if its statement does not answer it.
    pub claimed: Option<bool>,
    /// The outcomes of its cases.
    pub tally: Tally,
    /// Why the state is what it is; empty for a plain pass.
    pub reasons: Vec<String>,
    /// Positions, in the list of cases, of those of the item and those that cover it.
    pub cases: Vec<usize>,
}

impl Cell {
    /// The state in words. Where the catalogue has no case for the item, that comes first: whoever claims it, or does
    /// not, nothing could be shown of it.
    pub fn words(&self) -> &'static str {
        match (self.state, self.cases.is_empty()) {
            (State::DeclaredOnly, true) => "not run: no case",
            (State::NotClaimed, true) => "not run: no case (not claimed)",
            (state, _) => state.as_str(),
        }
    }
}

/// The state of an item for a DUT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Tested, and conforms.
    Pass,
    /// Not enough was observed, of the item or of what it requires.
    Inconclusive,
    /// Does not conform, in itself or in what it requires.
    Fail,
    /// The harness or the rig broke.
    Error,
    /// Claimed, and no case came to a verdict.
    DeclaredOnly,
    /// Not claimed.
    NotClaimed,
    /// The item does not bind a DUT of this kind.
    NotBinding,
}

impl State {
    /// All states, in the order of the legend.
    pub const ALL: [Self; 7] = [
        Self::Pass,
        Self::Fail,
        Self::Inconclusive,
        Self::Error,
        Self::DeclaredOnly,
        Self::NotClaimed,
        Self::NotBinding,
    ];

    /// The words for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
            Self::Error => "error",
            Self::DeclaredOnly => "declared only",
            Self::NotClaimed => "not claimed",
            Self::NotBinding => "not binding",
        }
    }

    /// A sign that is told apart without colour; never shown without the word beside it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Pass => "\u{2714}",
            Self::Inconclusive => "?",
            Self::Fail => "\u{2718}",
            Self::Error => "!",
            Self::DeclaredOnly => "\u{25cb}",
            Self::NotClaimed => "\u{2013}",
            Self::NotBinding => "\u{b7}",
        }
    }

    /// What the state means, for the legend.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Pass => "tested; everything required was observed",
            Self::Inconclusive => "not enough was observed, of the item or of what it requires",
            Self::Fail => "does not conform, in itself or in what it requires",
            Self::Error => "the harness or the rig broke; says nothing of the DUT",
            Self::DeclaredOnly => "claimed in the ICS, and not tested: no case has a verdict",
            Self::NotClaimed => "the ICS does not claim it",
            Self::NotBinding => "does not bind a DUT of this kind",
        }
    }
}

/// The counts in words, without those that are zero: `3 pass, 1 fail`.
fn in_words(tally: &Tally) -> String {
    let words: Vec<String> = OutcomeKind::ALL
        .into_iter()
        .filter(|kind| count(tally, *kind) > 0)
        .map(|kind| format!("{} {kind}", count(tally, kind)))
        .collect();
    words.join(", ")
}

fn count(tally: &Tally, kind: OutcomeKind) -> usize {
    match kind {
        OutcomeKind::Pass => tally.pass,
        OutcomeKind::Fail => tally.fail,
        OutcomeKind::Inconclusive => tally.inconclusive,
        OutcomeKind::Error => tally.error,
        OutcomeKind::NotApplicable => tally.not_applicable,
        OutcomeKind::NotRun => tally.not_run,
    }
}

/// What came of a case against a DUT.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaseEntry {
    /// Position of the DUT among the columns.
    pub dut: usize,
    /// Id of the case.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it proves.
    pub purpose: String,
    /// The item it belongs to.
    pub item: String,
    /// Items of other enablers it also gives evidence for.
    pub covers: Vec<String>,
    /// The clauses tested.
    pub spec: Vec<String>,
    /// The numbers by which others know it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refs: Vec<Reference>,
    /// Its file.
    pub file: String,
    /// The outcome.
    pub outcome: OutcomeKind,
    /// Why, in one line; empty for a pass.
    pub reason: String,
    /// Why there is no verdict, as a word for scripts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The steps that were not passed, each as the log shows it.
    pub evidence: Vec<String>,
    /// Misses that are no fail, and other things to know.
    pub remarks: Vec<String>,
    /// Its log, relative to the folder of the reports, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
}

/// Why there is no matrix: the statement of a DUT does not hold under the tables.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the ICS that the run of {dut} rested on does not hold under the tables of this harness: {reason}; render the run with the version of dmsc that ran it"
)]
pub struct MatrixError {
    /// Name of the DUT.
    pub dut: String,
    /// What does not hold.
    pub reason: String,
}

impl Matrix {
    /// The matrix of a run.
    ///
    /// # Errors
    /// If the conformance statement of a DUT, as recorded, is incomplete or contradicts itself
    /// under these tables.
    pub fn new(run: &RunFolder, tables: &Tables) -> Result<Self, MatrixError> {
        let header = &run.header;
        let mut rows = rows(tables);
        for dut in 0..header.duts.len() {
            let verdicts = judge::judge(run, dut, tables)?;
            for (row, verdict) in rows.iter_mut().zip(verdicts) {
                row.cells.push(cell(run, dut, verdict));
            }
        }
        let mut notes = run.notes.clone();
        let counts = |item: &str| tables.knows(item) || tables.topic(item).is_some();
        let unknown = run.records.iter().filter(|record| !counts(&run.case(record).item)).count();
        if unknown > 0 {
            notes.push(format!("results of cases whose item is in no table, which no row counts: {unknown}"));
        }
        Ok(Self {
            matrix: VERSION,
            harness: header.harness.clone(),
            started: header.started.to_string(),
            seed: header.seed,
            catalogue: header.catalogue.clone(),
            selection: header.selection.clone(),
            strict: header.strict,
            notes,
            duts: (0..header.duts.len()).map(|dut| column(run, dut, tables)).collect(),
            rows,
            cases: run.records.iter().map(|record| entry(run, record)).collect(),
            causes: causes(run),
        })
    }

    /// The rows of DM_SC itself, without the items of other enablers.
    pub fn own_rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| !row.external)
    }

    /// The rows of the items of other enablers.
    pub fn external_rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.external)
    }

    /// `matrix.json`.
    ///
    /// # Errors
    /// None that a matrix can cause; the serializer has errors at all.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| visible_json(&text).into_owned() + "\n")
    }

    /// The causes of an outcome, each with the DUT and the cases that have it.
    fn causes_of(&self, kind: OutcomeKind) -> impl Iterator<Item = (&Column, &CauseEntry, Vec<&CaseEntry>)> {
        self.causes
            .iter()
            .filter(move |cause| cause.outcome == kind)
            .map(|cause| (&self.duts[cause.dut], cause, cause.cases.iter().map(|&at| &self.cases[at]).collect()))
    }
}

/// The outcomes that have causes, in the order in which reports tell of them.
const WITH_CAUSE: [OutcomeKind; 3] = [OutcomeKind::Error, OutcomeKind::Fail, OutcomeKind::Inconclusive];

fn causes(run: &RunFolder) -> Vec<CauseEntry> {
    let mut known = Causes::default();
    let mut entries: Vec<CauseEntry> = Vec::new();
    for (at, record) in run.records.iter().enumerate() {
        let Some(cause) = record.cause(&run.case(record).id) else { continue };
        let first = known.first(record.dut, &cause, at);
        match entries.iter_mut().find(|entry| entry.cases.first() == Some(&first)) {
            Some(entry) => entry.cases.push(at),
            None => {
                let (dut, outcome) = (record.dut, record.outcome.kind);
                entries.push(CauseEntry { dut, outcome, cause: cause.text, cases: vec![at] });
            }
        }
    }
    entries
}

/// The rows without cells, in the order in which items are judged.
fn rows(tables: &Tables) -> Vec<Row> {
    let own = tables.items().iter().map(|item| Row {
        item: item.id.to_string(),
        external: false,
        function: item.function.clone(),
        class: item.class.to_string(),
        status: item.status.to_string(),
        reference: item.reference.clone(),
        cells: Vec::new(),
    });
    let external = tables.external().iter().map(|item| Row {
        item: item.id.to_string(),
        external: true,
        function: format!("{} ({})", item.what, basis(item.basis)),
        class: item.id.class().to_string(),
        status: item.status.to_string(),
        reference: item.document.clone(),
        cells: Vec::new(),
    });
    own.chain(external).collect()
}

/// What the reading of an item of another enabler rests on.
fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Confirmed => "working reading, confirmed",
        Basis::Inferred => "working reading, inferred",
        Basis::Memory => "working reading, from memory, unverified",
    }
}

fn cell(run: &RunFolder, dut: usize, verdict: ItemVerdict) -> Cell {
    let shown = |record: &Record| {
        let case = run.case(record);
        record.dut == dut
            && (verdict.item == case.item.as_str() || case.covers.iter().any(|item| verdict.item == item.as_str()))
    };
    let evidence = verdict.evidence();
    let mut reasons: Vec<String> = verdict.outcome.reason().map(str::to_owned).into_iter().collect();
    reasons.extend(verdict.reasons);
    Cell {
        state: State::from(&verdict.outcome),
        evidence,
        claimed: verdict.claimed,
        tally: verdict.own,
        reasons,
        cases: (0..run.records.len()).filter(|&at| shown(&run.records[at])).collect(),
    }
}

fn column(run: &RunFolder, dut: usize, tables: &Tables) -> Column {
    let header = &run.header.duts[dut];
    let reading = |(id, chosen): (&String, &String)| {
        let known = tables.interpretation(id);
        let alternative = known.and_then(|known| known.alternative(chosen));
        Reading {
            id: id.clone(),
            title: known.map(|known| known.title.clone()).unwrap_or_default(),
            alternative: chosen.clone(),
            meaning: alternative.map(|it| it.meaning.clone()).unwrap_or_default(),
            default: known.is_some_and(|known| known.default == *chosen),
        }
    };
    let mut tally = Tally::default();
    for record in run.records.iter().filter(|record| record.dut == dut) {
        tally.add(&Outcome::from(&record.outcome));
    }
    Column {
        name: header.name.clone(),
        kind: header.kind,
        link: header.link.clone(),
        ics_hash: header.ics.hash.clone(),
        ics: header.ics.answers.clone(),
        interpretations: header.interpretations.iter().map(reading).collect(),
        ixit: header.ixit.clone(),
        tally,
    }
}

fn entry(run: &RunFolder, record: &Record) -> CaseEntry {
    let case = run.case(record);
    CaseEntry {
        dut: record.dut,
        id: case.id.clone(),
        title: case.title.clone(),
        purpose: case.purpose.clone(),
        item: case.item.clone(),
        covers: case.covers.clone(),
        spec: case.spec.clone(),
        refs: case.refs.clone(),
        file: case.file.clone(),
        outcome: record.outcome.kind,
        reason: record.reason(),
        code: record.outcome.code.clone(),
        evidence: record.missed.iter().map(check_text).collect(),
        remarks: record.remarks.iter().map(|remark| brief(remark).into_owned()).collect(),
        log: log_path(run, record),
    }
}

#[cfg(test)]
mod tests;
