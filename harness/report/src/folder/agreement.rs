//! Whether journals can be read together, and the header they have in common.

use std::fmt;
use std::path::Path;

use super::FolderError;
use crate::journal::{DutHeader, RunHeader};

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

/// The header of all journals, or the first disagreement. What may differ and does is noted.
pub(super) fn merge_headers(
    headers: Vec<RunHeader>,
    paths: &[&Path],
    notes: &mut Vec<String>,
) -> Result<Option<RunHeader>, FolderError> {
    let mut all = headers.into_iter().zip(paths);
    let Some((mut merged, first)) = all.next() else { return Ok(None) };
    for (other, path) in all {
        let differences = differences(&merged, &other);
        if !differences.is_empty() {
            return Err(FolderError::Disagree { first: first.into(), second: path.into(), differences });
        }
        join(&mut merged, &other, notes);
    }
    Ok(Some(merged))
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
    let known: std::collections::HashSet<String> = merged.cases.iter().map(|case| case.id.clone()).collect();
    merged.cases.extend(other.cases.iter().filter(|case| !known.contains(&case.id)).cloned());
}
