//! A run, put together from the journals of one folder or several.

mod agreement;
mod attempts;

use std::path::{Path, PathBuf};

use crate::cause::Cause;
use crate::journal::{
    CaseHeader, Check, CheckVerdict, DutHeader, Event, Gap, Journal, Level, Message, OutcomeKind, ReadError, Recorded,
    RunHeader,
};

pub use agreement::Difference;

/// A run as its journals tell it: one header, and one record for each case and DUT.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFolder {
    /// The header; of several journals, the earliest start, and all DUTs and cases.
    pub header: RunHeader,
    /// What came of each case: DUT by DUT, within a DUT in the order of the header. A case is there
    /// for each DUT that it is meant for, whether or not it ran.
    pub records: Vec<Record>,
    /// What a reader of the reports should know about the record itself.
    pub notes: Vec<String>,
}

/// What came of one case against one DUT.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Index of the DUT in the header.
    pub dut: usize,
    /// Index of the case in the header.
    pub case: usize,
    /// The outcome.
    pub outcome: Recorded,
    /// Misses that are no fail, and other things to know.
    pub remarks: Vec<String>,
    /// How long the case took, in microseconds.
    pub duration_us: u64,
    /// Whether the duration is of the wall clock.
    pub wall: bool,
    /// What passed and what was judged, in order.
    pub entries: Vec<Entry>,
    /// The times without a link that made the case be repeated.
    pub gaps: Vec<Gap>,
}

/// A line of the record of a case.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// A message passed.
    Message(Message),
    /// A step was judged.
    Check(Check),
}

impl Record {
    /// The judged steps, in order.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Check(check) => Some(check),
            Entry::Message(_) => None,
        })
    }

    /// The first step that made the outcome what it is, for outcomes other than pass. A miss at
    /// level `must` goes before one at level `should`, which decides only in a strict run.
    pub fn decisive(&self) -> Option<&Check> {
        let verdict = self.outcome.kind.verdict()?;
        if verdict == CheckVerdict::Pass {
            return None;
        }
        let mut candidates = self.checks().filter(|check| check.verdict == verdict);
        let first = candidates.next()?;
        if first.level == Level::Must {
            return Some(first);
        }
        candidates.find(|check| check.level == Level::Must).or(Some(first))
    }

    /// What made it other than a pass; `case` is the id of its case.
    pub fn cause(&self, case: &str) -> Option<Cause> {
        Cause::of(self.outcome.kind, self.decisive(), &self.reason(), case)
    }

    /// Why the outcome is what it is, in one line; empty for a pass.
    pub fn reason(&self) -> String {
        match (self.decisive(), &self.outcome.reason) {
            // It also tells why what was seen decides nothing.
            (_, Some(reason)) if self.outcome.kind == OutcomeKind::Inconclusive => reason.clone(),
            (Some(check), _) => {
                let clause = check.clause.as_ref().map(|c| format!(" ({c})")).unwrap_or_default();
                format!("{}: expected {}, came {}{clause}", check.what, check.expected, check.got)
            }
            (None, Some(reason)) => reason.clone(),
            (None, None) if self.outcome.kind.verdict() == Some(CheckVerdict::Pass) => String::new(),
            (None, None) => "no reason recorded".into(),
        }
    }
}

/// Why a run could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder could not be listed.
    #[error("cannot read the folder {}: {source}; give the folder of a run, as `dmsc run` printed it", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder holds no journal.
    #[error("no journal*.jsonl in {}; give the folder of a run, as `dmsc run` printed it", path.display())]
    NoJournal {
        /// The folder.
        path: PathBuf,
    },
    /// A journal could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Two journals are not of the same run, nor of runs that can be compared.
    #[error("{} and {} cannot be read together: {}; run both with the same harness, cases and DUT files, or report them apart", first.display(), second.display(), listed(differences))]
    Disagree {
        /// One journal.
        first: PathBuf,
        /// The other.
        second: PathBuf,
        /// In what they differ.
        differences: Vec<Difference>,
    },
}

fn listed(differences: &[Difference]) -> String {
    let texts: Vec<String> = differences.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

impl RunFolder {
    /// Reads the run in a folder: all its `journal*.jsonl` together.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        Self::merge(&[path])
    }

    /// Reads several folders as one run: the parts of a run that was spread over machines, or runs
    /// of the same cases against different DUTs.
    pub fn merge<P: AsRef<Path>>(paths: &[P]) -> Result<Self, FolderError> {
        let mut journals = Vec::new();
        let mut headless = None;
        for path in paths {
            for file in journal_files(path.as_ref())? {
                match Journal::read(&file) {
                    Ok(journal) => journals.push(journal),
                    // A process killed before its first line has lost no verdict.
                    Err(error @ ReadError::NoHeader { .. }) => headless = Some(error),
                    Err(error) => return Err(error.into()),
                }
            }
        }
        let note = headless.as_ref().map(ToString::to_string);
        match (Self::from_journals(journals)?, headless) {
            (Some(mut run), _) => {
                run.notes.extend(note);
                Ok(run)
            }
            (None, Some(error)) => Err(error.into()),
            (None, None) => {
                Err(FolderError::NoJournal { path: paths.first().map(|p| p.as_ref().into()).unwrap_or_default() })
            }
        }
    }

    /// Puts journals together; nothing if there are none.
    pub fn from_journals(journals: Vec<Journal>) -> Result<Option<Self>, FolderError> {
        let mut notes = Vec::new();
        let Some(header) = agreement::merge_headers(&journals, &mut notes)? else {
            return Ok(None);
        };
        for journal in &journals {
            if let Some(truncated) = &journal.truncated {
                notes.push(format!(
                    "{}:{}: half-written last line dropped ({} octets)",
                    journal.path.display(),
                    truncated.line,
                    truncated.length
                ));
            }
            match journal.events.last() {
                Some(Event::RunFinished(end)) if !end.interrupted => {}
                Some(Event::RunFinished(_)) => {
                    notes.push(format!("{}: the run was interrupted", journal.path.display()));
                }
                _ => notes.push(format!("{}: the run was killed, or still goes", journal.path.display())),
            }
        }
        let records = attempts::records(&header, journals);
        Ok(Some(Self { header, records, notes }))
    }

    /// The DUT of a record of this run.
    pub fn dut(&self, record: &Record) -> &DutHeader {
        &self.header.duts[record.dut]
    }

    /// The case of a record of this run.
    pub fn case(&self, record: &Record) -> &CaseHeader {
        &self.header.cases[record.case]
    }
}

/// The journals of a folder, `journal*.jsonl`, by name; one or more.
///
/// # Errors
/// If the folder cannot be listed, or holds none.
pub fn journal_files(folder: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let io = |source| FolderError::Io { path: folder.into(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("journal") && name.ends_with(".jsonl") {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(FolderError::NoJournal { path: folder.into() });
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests;
