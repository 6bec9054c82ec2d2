//! Where a run is recorded: a new folder, one that is taken up again, or nowhere.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use dmsc_report::folder::{FolderError, journal_files};
use dmsc_report::journal::{Journal, ReadError, Timestamp};
use dmsc_runner::run::RunConfig;

use crate::failure::Failure;

/// Where run folders are made unless the user names one.
const REPORTS: &str = "reports";

/// Where a run is recorded.
#[derive(Debug)]
pub(super) enum Place {
    /// A folder without a run, or that of the other shards.
    New(PathBuf),
    /// The folder of a run that was interrupted.
    Resumed(PathBuf),
    /// Nowhere.
    Memory,
}

impl Place {
    /// The place that the options ask for.
    ///
    /// # Errors
    /// There is a run in a folder that is to be new, or none in one that is to be taken up.
    pub(super) fn choose(
        out: Option<&Path>,
        resume: Option<&Path>,
        nowhere: bool,
        part: bool,
    ) -> Result<Self, Failure> {
        match (out, resume) {
            _ if nowhere => Ok(Self::Memory),
            (_, Some(folder)) => match journal_files(folder) {
                Ok(_) => Ok(Self::Resumed(folder.to_owned())),
                // Killed before it wrote anything: it is taken up as from nothing.
                Err(FolderError::NoJournal { .. }) => Ok(Self::New(folder.to_owned())),
                Err(error) => Err(Failure::input(error)),
            },
            // The parts of a run may share a folder; another run there would be read as a part of this one.
            (Some(folder), None) if !part && journal_files(folder).is_ok() => Err(Failure::Input(format!(
                "{} is a run folder already, and a record is never overwritten; go on with it with --resume, or name another with --out",
                folder.display()
            ))),
            (Some(folder), None) if !folder.is_dir() && folder.symlink_metadata().is_ok() => {
                Err(Failure::Input(format!(
                    "{} is {}; name a folder, or a path where there is nothing yet, with --out",
                    folder.display(),
                    if folder.exists() { "no folder" } else { "a link that leads nowhere" }
                )))
            }
            (Some(folder), None) => Ok(Self::New(folder.to_owned())),
            (None, None) => Ok(Self::New(unused(&Path::new(REPORTS).join(now()?)))),
        }
    }

    /// The folder, if there is one.
    pub(super) fn folder(&self) -> Option<&Path> {
        match self {
            Self::New(folder) | Self::Resumed(folder) => Some(folder),
            Self::Memory => None,
        }
    }
}

/// The time as the name of a folder, to the second, also on file systems without colons.
fn now() -> Result<String, Failure> {
    let stamp = Timestamp::try_from(SystemTime::now())
        .map_err(|error| Failure::Rig(format!("the clock: {error}; set it, or name a folder with --out")))?;
    let text = stamp.to_string();
    let second = text.get(..19).unwrap_or(&text);
    Ok(format!("{}Z", second.replace(':', "-")))
}

/// The folder, or the next of that name that is free: two runs may begin in one second.
fn unused(folder: &Path) -> PathBuf {
    let mut number = 1;
    let mut free = folder.to_owned();
    while free.exists() {
        number += 1;
        free = PathBuf::from(format!("{}-{number}", folder.display()));
    }
    free
}

/// The seed of the run that is taken up, when it is a run of the same things; none where it was killed before it had
/// written what it is.
///
/// # Errors
/// Something differs: what is left would not be a part of that run.
pub(super) fn agreed_seed(folder: &Path, config: &RunConfig<'_>, seed: Option<u64>) -> Result<Option<u64>, Failure> {
    let mut earlier = None;
    for files in journal_files(folder).map_err(Failure::input)? {
        match Journal::open(files) {
            Ok((header, _)) => earlier = earlier.or(Some(header)),
            Err(ReadError::NoHeader { .. }) => {}
            Err(error) => return Err(Failure::input(error)),
        }
    }
    let Some(earlier) = earlier else { return Ok(None) };
    let names = |all: &mut dyn Iterator<Item = &str>| all.collect::<Vec<_>>().join(", ");
    let was = names(&mut earlier.duts.iter().map(|dut| dut.name.as_str()));
    let is = names(&mut config.duts.iter().map(|dut| dut.name.as_str()));
    let selection = config.selection.to_string();
    let yes = |value: bool| if value { "--strict" } else { "no --strict" }.to_owned();
    let differs = [
        ("the DUTs were", was, is),
        ("the selection was", earlier.selection, selection),
        ("it had", yes(earlier.strict), yes(config.strict)),
        ("the seed was", earlier.seed.to_string(), seed.unwrap_or(earlier.seed).to_string()),
    ];
    match differs.into_iter().find(|(_, was, is)| was != is) {
        None => Ok(Some(earlier.seed)),
        Some((what, was, is)) => Err(Failure::Input(format!(
            "cannot go on with {}: {what} {was}, not {is}; give the options of that run again, or begin a new one",
            folder.display()
        ))),
    }
}
