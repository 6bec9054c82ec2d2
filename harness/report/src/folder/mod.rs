//! A run, put together from the journals of one folder or several.

mod agreement;
mod attempts;
mod entries;
mod join;
mod recording;

use std::path::{Path, PathBuf};

use crate::cause::Cause;
use crate::journal::{
    CaseHeader, Check, CheckVerdict, DutHeader, Event, Gap, Journal, JournalFiles, Level, Message, OutcomeKind,
    ReadError, Recorded, RunHeader,
};

use crate::log::Logs;

use agreement::{Agreed, Part};

pub use agreement::Difference;
pub(crate) use entries::Place;
pub use join::JoinError;
pub use recording::Recording;

/// A run as its journals tell it: one header, and one record for each case and DUT. What passed is not held: it is read
/// again from the journals where it is asked for ([`RunFolder::visit`]).
#[derive(Debug, Clone)]
pub struct RunFolder {
    /// The header; of several journals, the earliest start, and all DUTs and cases.
    pub header: RunHeader,
    /// What came of each case: DUT by DUT, within a DUT in the order of the header. A case is there
    /// for each DUT that it is meant for, whether or not it ran.
    pub records: Vec<Record>,
    /// What a reader of the reports should know about the record itself.
    pub notes: Vec<String>,
    /// Which cases have a log in the folder of the reports.
    pub logs: Logs,
    /// What gives a message the fields that its octets tell, when it is read.
    pub decode: Decode,
    /// The journals.
    journals: Vec<Source>,
}

/// Gives a message the fields that its octets tell, and says how they are written.
pub type Decode = fn(&mut Message);

/// Leaves a message as it is recorded.
fn as_recorded(_: &mut Message) {}

/// A journal of the run.
#[derive(Debug, Clone, PartialEq)]
struct Source {
    files: JournalFiles,
    /// Whether it has links, and was written to its end by a run that was not interrupted.
    ended: bool,
    part: Part,
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
    /// The steps that were not passed, in order.
    pub missed: Vec<Check>,
    /// The times without a link that made the case be repeated.
    pub gaps: Vec<Gap>,
    /// Where what passed stands; none where nothing was begun.
    pub(crate) place: Option<Place>,
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
    /// The first step that made the outcome what it is, for outcomes other than pass. A miss at
    /// level `must` goes before one at level `should`, which decides only in a strict run.
    pub fn decisive(&self) -> Option<&Check> {
        let verdict = self.outcome.kind.verdict()?;
        if verdict == CheckVerdict::Pass {
            return None;
        }
        let mut candidates = self.missed.iter().filter(|check| check.verdict == verdict);
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
    #[error("no journal in {}; give the folder of a run, as `dmsc run` printed it", path.display())]
    NoJournal {
        /// The folder.
        path: PathBuf,
    },
    /// A journal could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What came of a run that was not recorded contradicts itself.
    #[error("{reason}; this is a defect of the harness: run with a run folder, and report it")]
    Contradiction {
        /// How.
        reason: String,
    },
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

/// How often a folder is looked at once more when a file is gone that was there.
const LOOKS: usize = 3;

fn listed(differences: &[Difference]) -> String {
    let texts: Vec<String> = differences.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

impl RunFolder {
    /// Reads the run in a folder: all its `journal*.jsonl` together.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        Self::merge(&[path])
    }

    /// Whether it still holds all that is in the folder: another process may have begun a journal there since.
    pub fn is_all_of(&self, folder: &Path) -> bool {
        journal_files(folder).is_ok_and(|files| files.len() == self.journals.len())
    }

    /// Reads several folders as one run: the parts of a run that was spread over machines, or runs
    /// of the same cases against different DUTs.
    pub fn merge<P: AsRef<Path>>(paths: &[P]) -> Result<Self, FolderError> {
        let gone = |error: &FolderError| match error {
            FolderError::Read(ReadError::Io { source, .. }) => source.kind() == std::io::ErrorKind::NotFound,
            FolderError::Read(ReadError::MissingPart { .. }) => true,
            _ => false,
        };
        // What was there and is gone was closed or packed by a run that still goes: its files have other names now.
        for _ in 0..LOOKS {
            match Self::merge_once(paths) {
                Err(error) if gone(&error) => {}
                merged => return merged,
            }
        }
        Self::merge_once(paths)
    }

    fn merge_once<P: AsRef<Path>>(paths: &[P]) -> Result<Self, FolderError> {
        let mut journals: Vec<(Part, Journal)> = Vec::new();
        let mut agreed = Agreed::default();
        let mut headless = None;
        for path in paths {
            for files in journal_files(path.as_ref())? {
                match Journal::open(files) {
                    Ok((header, mut journal)) => {
                        let part = agreed.add(header, &journal.files.path)?;
                        if let Some((_, last)) = journals.last() {
                            journal.share(last);
                        }
                        journals.push((part, journal));
                    }
                    // A process killed before its first line has lost no verdict.
                    Err(error @ ReadError::NoHeader { .. }) => headless = Some(error),
                    Err(error) => return Err(error.into()),
                }
            }
        }
        let note = headless.as_ref().map(ToString::to_string);
        match (Self::of(agreed, journals)?, headless) {
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

    /// A run that is in no folder, as its events tell it. What passed in it cannot be shown.
    ///
    /// # Errors
    /// [`FolderError::Contradiction`].
    pub fn unrecorded(header: RunHeader, events: impl IntoIterator<Item = Event>) -> Result<Self, FolderError> {
        let records = attempts::records_of(&header, events).map_err(|reason| FolderError::Contradiction { reason })?;
        Ok(Self {
            header,
            records,
            notes: Vec::new(),
            logs: Logs::default(),
            decode: as_recorded,
            journals: Vec::new(),
        })
    }

    /// A run whose journal is in memory; `name` stands for it in messages.
    ///
    /// # Errors
    /// As of [`RunFolder::open`], and when an event cannot be written as JSON.
    #[cfg(test)]
    pub(crate) fn of_memory(
        name: &Path,
        header: &RunHeader,
        events: &[Event],
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let octets = crate::journal::Lines::journal(header, events)?;
        let (header, journal) = Journal::open(JournalFiles::memory(name, &octets))?;
        let mut agreed = Agreed::default();
        let part = agreed.add(header, name)?;
        Ok(Self::of(agreed, vec![(part, journal)])?.ok_or_else(|| FolderError::NoJournal { path: name.into() })?)
    }

    /// Puts journals together; nothing if there are none.
    fn of(agreed: Agreed, journals: Vec<(Part, Journal)>) -> Result<Option<Self>, FolderError> {
        let (parts, mut journals): (Vec<Part>, Vec<Journal>) = journals.into_iter().unzip();
        let Some((header, mut notes)) = agreed.end() else {
            return Ok(None);
        };
        let records = attempts::records(&header, &mut journals)?;
        for journal in &journals {
            let path = journal.files.path.display();
            if let Some(truncated) = &journal.truncated {
                notes.push(format!(
                    "{path}:{}: half-written last line dropped ({} octets)",
                    truncated.line, truncated.length
                ));
            }
            match &journal.end {
                Some(end) if !end.interrupted => {}
                Some(_) => notes.push(format!("{path}: the run was interrupted")),
                None => notes.push(format!("{path}: the run was killed, or still goes")),
            }
        }
        let sources = journals.into_iter().zip(parts);
        let source = |(journal, part): (Journal, Part)| Source { ended: journal.ended(), files: journal.files, part };
        let journals = sources.map(source).collect();
        Ok(Some(Self { header, records, notes, logs: Logs::default(), decode: as_recorded, journals }))
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

/// The journals of a folder, by name; one or more.
///
/// # Errors
/// If the folder cannot be listed, or holds none.
pub fn journal_files(folder: &Path) -> Result<Vec<JournalFiles>, FolderError> {
    let files = JournalFiles::of_folder(folder).map_err(|source| FolderError::Io { path: folder.into(), source })?;
    if files.is_empty() {
        return Err(FolderError::NoJournal { path: folder.into() });
    }
    Ok(files)
}

#[cfg(test)]
mod tests;
