//! Whether journals can be read together, and the header they have in common.

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};

use super::FolderError;
use crate::journal::{DutHeader, RunHeader, Timestamp};

/// Something in which two journals must agree and do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The version of the harness.
    Harness {
        /// That of the first journal.
        first: String,
        /// That of the second.
        second: String,
    },
    /// The cases the selection was made from.
    Catalogue,
    /// Whether the run is strict.
    Strict,
    /// What a DUT is, card or terminal.
    Kind {
        /// Name of the DUT.
        dut: String,
    },
    /// The conformance statement of a DUT.
    Ics {
        /// Name of the DUT.
        dut: String,
    },
    /// The readings of open points chosen for a DUT.
    Interpretations {
        /// Name of the DUT.
        dut: String,
        /// The points that differ.
        ids: Vec<String>,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Harness { first, second } => write!(f, "harness {first} and {second}"),
            Self::Catalogue => f.write_str("the cases differ"),
            Self::Strict => f.write_str("one run is strict, the other is not"),
            Self::Kind { dut } => {
                write!(f, "DUT {dut} is a card in one and a terminal in the other")
            }
            Self::Ics { dut } => write!(f, "the ICS of DUT {dut} differs"),
            Self::Interpretations { dut, ids } => {
                write!(f, "DUT {dut} is read with other interpretations of {}", ids.join(", "))
            }
        }
    }
}

/// Of what run a journal is a part, and what it alone says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    /// Journals whose headers differ in the other two at most have the same number.
    pub(super) run: usize,
    pub(super) started: Timestamp,
    pub(super) selection: String,
}

/// The header that journals have in common, as one after another is added.
#[derive(Debug, Default)]
pub(super) struct Agreed {
    header: Option<(RunHeader, PathBuf)>,
    /// What may differ and does.
    notes: Vec<String>,
    /// The headers of runs that differ in more than selection and start.
    runs: Vec<RunHeader>,
}

impl Agreed {
    /// Adds the header of a journal, or tells in what it disagrees.
    pub(super) fn add(&mut self, other: RunHeader, path: &Path) -> Result<Part, FolderError> {
        let (started, selection) = (other.started, other.selection.clone());
        match &mut self.header {
            None => self.header = Some((other.clone(), path.into())),
            Some((merged, first)) => {
                let differences = differences(merged, &other);
                if !differences.is_empty() {
                    return Err(FolderError::Disagree { first: first.clone(), second: path.into(), differences });
                }
                join(merged, &other, &mut self.notes);
            }
        }
        let run = self.runs.iter().position(|run| is_one_run(run, &other)).unwrap_or_else(|| {
            self.runs.push(other);
            self.runs.len().saturating_sub(1)
        });
        Ok(Part { run, started, selection })
    }

    /// The common header, and the notes; nothing if nothing was added.
    pub(super) fn end(self) -> Option<(RunHeader, Vec<String>)> {
        self.header.map(|(header, _)| (header, self.notes))
    }
}

/// Whether the two differ in selection and start at most.
fn is_one_run(a: &RunHeader, b: &RunHeader) -> bool {
    let RunHeader { journal, harness, started: _, seed, catalogue, selection: _, strict, duts, cases } = a;
    (journal, harness, seed, catalogue, strict) == (&b.journal, &b.harness, &b.seed, &b.catalogue, &b.strict)
        && (duts, cases) == (&b.duts, &b.cases)
}

fn differences(a: &RunHeader, b: &RunHeader) -> Vec<Difference> {
    let mut found = Vec::new();
    if a.harness != b.harness {
        found.push(Difference::Harness { first: a.harness.clone(), second: b.harness.clone() });
    }
    if a.catalogue != b.catalogue {
        found.push(Difference::Catalogue);
    }
    if a.strict != b.strict {
        found.push(Difference::Strict);
    }
    for (x, y) in same_duts(a, b) {
        let dut = x.name.clone();
        if x.kind != y.kind {
            found.push(Difference::Kind { dut: dut.clone() });
        }
        if x.ics != y.ics {
            found.push(Difference::Ics { dut: dut.clone() });
        }
        let mut ids: Vec<String> = x
            .interpretations
            .keys()
            .chain(y.interpretations.keys())
            .filter(|id| x.interpretations.get(*id) != y.interpretations.get(*id))
            .cloned()
            .collect();
        ids.sort();
        ids.dedup();
        if !ids.is_empty() {
            found.push(Difference::Interpretations { dut, ids });
        }
    }
    found
}

fn same_duts<'a>(a: &'a RunHeader, b: &'a RunHeader) -> impl Iterator<Item = (&'a DutHeader, &'a DutHeader)> {
    a.duts.iter().filter_map(|x| b.duts.iter().find(|y| y.name == x.name).map(|y| (x, y)))
}

fn join(merged: &mut RunHeader, other: &RunHeader, notes: &mut Vec<String>) {
    let mut note = |text: String| {
        if !notes.contains(&text) {
            notes.push(text);
        }
    };
    if merged.seed != other.seed {
        note(format!("the seeds differ: {} and {}", merged.seed, other.seed));
    }
    if merged.selection != other.selection {
        note(format!("the selections differ: {} and {}", merged.selection, other.selection));
    }
    for (x, y) in same_duts(merged, other) {
        if x.link != y.link {
            note(format!("the links of DUT {} differ: {} and {}", x.name, x.link, y.link));
        }
        if x.ixit != y.ixit {
            note(format!("the IXIT of DUT {} differs", x.name));
        }
    }
    merged.started = merged.started.min(other.started);
    for dut in &other.duts {
        if merged.duts.iter().all(|known| known.name != dut.name) {
            merged.duts.push(dut.clone());
        }
    }
    if merged.cases == other.cases {
        return;
    }
    let known: HashSet<&str> = merged.cases.iter().map(|case| case.id.as_str()).collect();
    let new: Vec<_> = other.cases.iter().filter(|case| !known.contains(case.id.as_str())).cloned().collect();
    merged.cases.extend(new);
}
