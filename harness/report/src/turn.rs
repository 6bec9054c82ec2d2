//! Whose turn it is to render the reports of a folder.
//!
//! The parts of a run may share a folder, and each renders at its end what is there by then. Each file appears whole; but one
//! that had read the folder earlier and wrote later would leave reports in which the last part is missing.

use std::fs::File;
use std::path::Path;

/// The turn at a folder, for as long as it is kept: until then whoever else wants to render there waits.
#[derive(Debug)]
#[must_use = "the turn is over when this is dropped"]
pub struct Turn {
    _folder: Option<File>,
}

impl Turn {
    /// Waits for the turn at a folder, which is to be read again after that. A file system that has no locks is believed.
    pub fn at(folder: &Path) -> Self {
        Self { _folder: locked(folder) }
    }
}

#[cfg(unix)]
fn locked(folder: &Path) -> Option<File> {
    let folder = File::open(folder).ok()?;
    folder.lock().ok().map(|()| folder)
}

/// Elsewhere a folder cannot be locked.
#[cfg(not(unix))]
fn locked(_: &Path) -> Option<File> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::TryLockError;

    use super::*;
    use crate::synthetic;

    #[test]
    fn there_is_one_turn_at_a_time() {
        let folder = synthetic::Folder::new();
        let other = || File::open(folder.path()).unwrap().try_lock();
        let turn = Turn::at(folder.path());
        assert!(matches!(other(), Err(TryLockError::WouldBlock)));
        drop(turn);
        assert!(other().is_ok());
        drop(Turn::at(&folder.path().join("gone")));
    }
}
