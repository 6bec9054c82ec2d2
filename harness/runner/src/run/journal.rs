//! The journal of a run while it is written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use dmsc_report::journal::{
    CaseFinished, DutHeader, Event, Journal, JournalWriter, Lines, ReadError, RunHeader, Timestamp, WriteError,
};
use dmsc_scr::{Outcome, Verdict};

use super::plan::Planned;
use super::{Finished, RunConfig, RunError, header};
use dmsc_report::RunFolder;
use dmsc_report::folder::{FolderError, journal_files};

/// The journal of a run, or none.
pub(super) struct RunJournal {
    writer: Option<JournalWriter>,
    folder: PathBuf,
    pub(super) began: Instant,
    /// What an earlier process came to, when it is taken up.
    pub(super) done: BTreeMap<(String, String), Finished>,
    /// Cases that were not chosen, to be written with what comes next.
    left_out: Option<Lines>,
}

impl RunJournal {
    pub(super) fn open(config: &RunConfig<'_>) -> Result<RunJournal, RunError> {
        let mut journal = RunJournal {
            writer: None,
            left_out: None,
            folder: config.out.clone().unwrap_or_default(),
            began: Instant::now(),
            done: BTreeMap::new(),
        };
        let Some(folder) = &config.out else { return Ok(journal) };
        let failed = |cause: String| RunError::Journal { folder: folder.clone(), cause };
        std::fs::create_dir_all(folder).map_err(|e| failed(e.to_string()))?;
        if config.resume {
            let path = earlier(folder, config, Some(config.seed)).map_err(|e| failed(e.to_string()))?.path;
            let mut done = Done::default();
            let (writer, earlier) = match JournalWriter::resume(&path, |event| done.note(event)) {
                Ok(resumed) => resumed,
                // Killed while it wrote the first line: nothing is lost with it.
                Err(WriteError::Read(ReadError::NoHeader { path })) => {
                    std::fs::remove_file(&path).map_err(|e| failed(e.to_string()))?;
                    let header = ours(config).map_err(failed)?;
                    journal.writer = Some(JournalWriter::create(&path, &header).map_err(|e| failed(e.to_string()))?);
                    return Ok(journal);
                }
                Err(error) => return Err(failed(error.to_string())),
            };
            let ours = header(config, earlier.started);
            if earlier.catalogue != ours.catalogue || earlier.harness != ours.harness {
                return Err(failed(
                    "it was written with other cases or another version of dmsc; begin a new run instead of resuming"
                        .into(),
                ));
            }
            let differs = |dut: &&DutHeader| earlier.duts.iter().any(|was| was.name == dut.name && was != *dut);
            if let Some(dut) = ours.duts.iter().find(differs) {
                return Err(failed(format!(
                    "\"{}\" is not what it was then: its link, statement, values or readings differ; give the same DUT file and bring the card where it was, or begin a new run",
                    dut.name
                )));
            }
            journal.done = done.finished;
            journal.writer = Some(writer);
            return Ok(journal);
        }
        let header = ours(config).map_err(failed)?;
        // The parts of a run may share a folder; another run there would be read as a part of this one.
        let begun = if config.selection.shard.is_some() {
            JournalWriter::create_beside(folder, &header)
        } else if journal_files(folder).is_ok() {
            return Err(RunError::Taken(folder.clone()));
        } else {
            JournalWriter::create(&folder.join(JOURNAL), &header)
        };
        journal.writer = Some(begun.map_err(|error| match error {
            // Another process was faster.
            WriteError::Taken { .. } | WriteError::Busy { .. } => RunError::Taken(folder.clone()),
            error => failed(error.to_string()),
        })?);
        Ok(journal)
    }

    pub(super) fn write(&mut self, event: &Event) -> Result<(), RunError> {
        self.write_left_out()?;
        let Some(writer) = self.writer.as_mut() else { return Ok(()) };
        dmsc_link::hold_while_ending();
        writer.write(event).map_err(|e| RunError::Journal { folder: self.folder.clone(), cause: e.to_string() })
    }

    /// All that is to be recorded of a case that ran ahead.
    pub(super) fn append(&mut self, lines: Lines) -> Result<(), RunError> {
        self.write_left_out()?;
        self.put(lines)
    }

    /// Records a case that was not chosen, together with those after it: of those there are many, and nothing happens
    /// between them.
    pub(super) fn leave_out(&mut self, finished: &Finished) {
        if self.is_written() {
            self.left_out.get_or_insert_default().push(finished.event(0, false));
        }
    }

    fn write_left_out(&mut self) -> Result<(), RunError> {
        self.left_out.take().map_or(Ok(()), |lines| self.put(lines))
    }

    fn put(&mut self, lines: Lines) -> Result<(), RunError> {
        let Some(writer) = self.writer.as_mut() else { return Ok(()) };
        dmsc_link::hold_while_ending();
        writer.append(lines).map_err(|e| RunError::Journal { folder: self.folder.clone(), cause: e.to_string() })
    }

    pub(super) fn finish(&mut self, finished: &Finished, duration_us: u64, wall: bool) -> Result<(), RunError> {
        self.write(&finished.event(duration_us, wall))
    }

    /// Whether a case is still to be run.
    pub(super) fn wants(&self, planned: &Planned<'_>) -> bool {
        let key = || (planned.dut.name.clone(), planned.head.name.to_string());
        planned.case.is_ok() && !self.done.contains_key(&key())
    }

    /// Whether it is written.
    pub(super) fn is_written(&self) -> bool {
        self.writer.is_some()
    }

    /// Nothing more comes, unless the run is taken up again.
    pub(super) fn end(&mut self, interrupted: bool) -> Result<(), RunError> {
        self.write_left_out()?;
        let Some(writer) = self.writer.as_mut() else { return Ok(()) };
        dmsc_link::hold_while_ending();
        writer.finish(interrupted).map_err(|e| RunError::Journal { folder: self.folder.clone(), cause: e.to_string() })
    }

    /// The run as it was recorded, where this process has recorded all of it.
    pub(super) fn recorded(self) -> Option<RunFolder> {
        let path = self.folder.join(JOURNAL);
        let recording = self.writer?.into_recorded()?;
        recording.folder(&path).ok().filter(|recorded| recorded.is_all_of(&self.folder))
    }
}

/// The journal of a run in one process.
const JOURNAL: &str = "journal.jsonl";

/// The header of a journal that begins now.
fn ours(config: &RunConfig<'_>) -> Result<RunHeader, String> {
    let started = Timestamp::try_from(SystemTime::now()).map_err(|e| e.to_string())?;
    Ok(header(config, started))
}

/// A journal to be taken up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// The file that it is written to.
    pub path: PathBuf,
    /// The seed of its run; none where the process was killed before it had written what the run is.
    pub seed: Option<u64>,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum EarlierError {
    /// The folder, or a journal in it, cannot be read.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// All journals are of runs of something else.
    #[error("cannot go on with {}: {what} {was}, not {is}; give the options of that run again, or begin a new one", folder.display())]
    Differs {
        /// The folder.
        folder: PathBuf,
        /// In what the first of them differs.
        what: &'static str,
        /// How it was then.
        was: String,
        /// How it is asked for now.
        is: String,
    },
}

/// The journal in a folder that `config` goes on with: the first of a run of the same DUTs, selection and demands, for several
/// parts of a run may share a folder. `seed` is that which is asked for, if one is.
///
/// # Errors
/// [`EarlierError`].
pub fn earlier(folder: &Path, config: &RunConfig<'_>, seed: Option<u64>) -> Result<Earlier, EarlierError> {
    let (mut headless, mut other) = (None, None);
    for files in journal_files(folder)? {
        let path = files.path.clone();
        match Journal::open(files) {
            Ok((header, _)) => match difference(&header, config, seed) {
                None => return Ok(Earlier { path, seed: Some(header.seed) }),
                found => other = other.or(found),
            },
            Err(ReadError::NoHeader { .. }) => headless = headless.or(Some(path)),
            Err(error) => return Err(FolderError::from(error).into()),
        }
    }
    match (headless, other) {
        (None, Some((what, was, is))) => Err(EarlierError::Differs { folder: folder.into(), what, was, is }),
        (headless, _) => Ok(Earlier { path: headless.unwrap_or_else(|| folder.join(JOURNAL)), seed: None }),
    }
}

/// In what a run differs from one that is to be taken up, which would not be a part of it: how it was, and how it is.
fn difference(
    earlier: &RunHeader,
    config: &RunConfig<'_>,
    seed: Option<u64>,
) -> Option<(&'static str, String, String)> {
    let names = |all: &mut dyn Iterator<Item = &str>| all.collect::<Vec<_>>().join(", ");
    let was = names(&mut earlier.duts.iter().map(|dut| dut.name.as_str()));
    let is = names(&mut config.duts.iter().map(|dut| dut.name.as_str()));
    let yes = |value: bool| if value { "--strict" } else { "no --strict" }.to_owned();
    let both = [
        ("the DUTs were", was, is),
        ("the selection was", earlier.selection.clone(), config.selection.to_string()),
        ("it had", yes(earlier.strict), yes(config.strict)),
        ("the seed was", earlier.seed.to_string(), seed.unwrap_or(earlier.seed).to_string()),
    ];
    both.into_iter().find(|(_, was, is)| was != is)
}

/// What an earlier process came to.
#[derive(Default)]
struct Done {
    begun: BTreeSet<(String, String)>,
    finished: BTreeMap<(String, String), Finished>,
}

impl Done {
    fn note(&mut self, event: &Event) {
        match event {
            Event::CaseStarted(started) => {
                self.begun.insert((started.dut.clone(), started.case.clone()));
            }
            Event::CaseFinished(finished) => self.finished(finished),
            _ => {}
        }
    }

    fn finished(&mut self, finished: &CaseFinished) {
        let key = (finished.dut.clone(), finished.case.clone());
        let outcome = Outcome::from(&finished.outcome.clone().coded());
        let walled = matches!(outcome, Outcome::Verdict(_)) && !self.begun.contains(&key);
        // What was not run then, for want of an operator or of a living DUT, is tried again, and so is what was not begun
        // for what the look before the cases had shown, and what the rig broke.
        if walled || matches!(outcome, Outcome::NotRun(_) | Outcome::Verdict(Verdict::Error)) {
            self.finished.remove(&key);
            return;
        }
        let entry = Finished {
            dut: finished.dut.clone(),
            case: finished.case.clone(),
            outcome,
            reason: finished.outcome.reason.clone().unwrap_or_default(),
            remarks: finished.remarks.clone(),
            decisive: None,
        };
        self.finished.insert(key, entry);
    }
}
