//! Who writes a journal: one process, for as long as it goes.
//!
//! The process holds a lock on the last file of the journal, that which is being written or, when all are closed, the last
//! closed part. The lock goes with the process, however that ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use super::files::JournalFiles;

/// How often a journal is looked at again whose files change names meanwhile.
const TRIES: usize = 20;

/// Why a journal cannot be had.
#[derive(Debug)]
pub(super) enum Refused {
    /// Files of it are there already.
    Taken,
    /// A process writes it.
    Busy,
    /// The system says why.
    Io(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AlreadyExists => Refused::Taken,
            _ => Refused::Io(error),
        }
    }
}

impl From<Refused> for io::Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Taken => io::Error::new(io::ErrorKind::AlreadyExists, "another process has made it meanwhile"),
            Refused::Busy => io::Error::new(io::ErrorKind::AlreadyExists, "another process writes it"),
            Refused::Io(error) => error,
        }
    }
}

/// Makes the file of a new journal, of which no part is there.
pub(super) fn begun(path: &Path) -> Result<File, Refused> {
    let file = new_file(path)?;
    // Of a journal whose parts are all closed nothing has that name.
    let parts = JournalFiles::of_file(path).map_or(0, |files| files.parts.len());
    if parts > 1 {
        fs::remove_file(path)?;
        return Err(Refused::Taken);
    }
    Ok(file)
}

/// Makes the file of the next part of a journal, or of the first.
pub(super) fn new_file(path: &Path) -> Result<File, Refused> {
    let file = OpenOptions::new().append(true).create_new(true).open(path)?;
    lock(&file).map(|()| file)
}

/// Takes up the journal that is written to this file: its files, and the last of them, locked.
pub(super) fn taken_up(path: &Path) -> Result<(JournalFiles, File), Refused> {
    for _ in 0..TRIES {
        let files = JournalFiles::of_file(path)?;
        let last = files.parts.last().ok_or(io::Error::from(io::ErrorKind::NotFound))?;
        let file = match OpenOptions::new().read(true).append(last.is_open()).open(last.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            opened => opened?,
        };
        lock(&file)?;
        // Whoever had it until now may have closed or packed it before it was locked.
        if JournalFiles::of_file(path)? == files {
            return Ok((files, file));
        }
    }
    Err(Refused::Busy)
}

/// Locks a file for this process; a file system that has no locks is believed.
#[cfg(unix)]
fn lock(file: &File) -> Result<(), Refused> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Refused::Busy),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

/// Elsewhere a lock also keeps out who only reads, so there is none.
#[cfg(not(unix))]
fn lock(_: &File) -> Result<(), Refused> {
    Ok(())
}
