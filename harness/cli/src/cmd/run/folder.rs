//! Where a run is recorded: a new folder, one that is taken up again, or nowhere.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use dmsc_report::folder::{FolderError, journal_files};
use dmsc_report::journal::Timestamp;
use dmsc_runner::run::RunError;

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
            (Some(folder), None) if !part && journal_files(folder).is_ok() => {
                Err(Failure::input(RunError::Taken(folder.to_owned())))
            }
            (Some(folder), None) if !folder.is_dir() && folder.symlink_metadata().is_ok() => {
                Err(Failure::Input(format!(
                    "{} is {}; name a folder, or a path where there is nothing yet, with --out",
                    folder.display(),
                    if folder.exists() { "no folder" } else { "a link that leads nowhere" }
                )))
            }
            (Some(folder), None) => Ok(Self::New(folder.to_owned())),
            (None, None) => Ok(Self::New(unused(&Path::new(REPORTS).join(now()?))?)),
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

/// The folder, or the next of that name that is free, which is made: two runs may begin in one second.
fn unused(folder: &Path) -> Result<PathBuf, Failure> {
    let failed = |folder: &Path, error: io::Error| {
        let folder = folder.display();
        Failure::Rig(format!("cannot make {folder}: {error}; name a folder that can be written to with --out"))
    };
    let parent = folder.parent().unwrap_or(folder);
    std::fs::create_dir_all(parent).map_err(|error| failed(parent, error))?;
    let mut number = 1;
    let mut free = folder.to_owned();
    loop {
        match std::fs::create_dir(&free) {
            Ok(()) => return Ok(free),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                number += 1;
                free = PathBuf::from(format!("{}-{number}", folder.display()));
            }
            Err(error) => return Err(failed(&free, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_begin_at_once_have_folders_of_their_own() {
        let parent = std::env::temp_dir().join(format!("dmsc-folders-{}", std::process::id()));
        let wanted = parent.join("now");
        let made = || (0..20).map(|_| unused(&wanted).unwrap()).collect::<Vec<_>>();
        let mut all = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(made)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 80);
        std::fs::remove_dir_all(parent).unwrap();
    }
}
