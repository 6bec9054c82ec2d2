//! A run that was just recorded, as its reports see it: what the lines told while they were written needs not be read again.

use std::path::Path;

use super::agreement::Agreed;
use super::attempts::Attempts;
use super::{FolderError, RunFolder, Source, as_recorded};
use crate::journal::{At, Event, JournalFiles, Line, RunHeader};
use crate::log::Logs;

/// What the lines of a journal told.
#[derive(Debug)]
pub struct Recording {
    header: RunHeader,
    attempts: Attempts,
    /// How the journal contradicts itself.
    wrong: Option<String>,
}

impl Recording {
    pub(crate) fn new(header: &RunHeader) -> Self {
        Self { header: header.clone(), attempts: Attempts::of(header), wrong: None }
    }

    /// Takes the line of a message.
    pub(crate) fn message(&mut self, at: At) {
        self.attempts.message((0, at));
    }

    /// Takes the line of anything else.
    pub(crate) fn event(&mut self, event: Event, at: At) {
        let noted = self.attempts.note(Line::Event(event), (0, at), self.header.strict);
        self.wrong = self.wrong.take().or(noted.err());
    }

    /// The run, of which this was the one journal and came to its end; `path` is that of its journal.
    ///
    /// # Errors
    /// [`FolderError`]: its files are not there, or it contradicts itself.
    pub fn folder(mut self, path: &Path) -> Result<RunFolder, FolderError> {
        if let Some(reason) = self.wrong {
            return Err(FolderError::Contradiction { reason });
        }
        let files = JournalFiles::of_file(path).map_err(|source| FolderError::Io { path: path.into(), source })?;
        self.attempts.end_of_journal();
        let records = self.attempts.records(&self.header);
        let mut agreed = Agreed::default();
        let part = agreed.add(self.header, path)?;
        let (header, notes) = agreed.end().ok_or_else(|| FolderError::NoJournal { path: path.into() })?;
        let journals = vec![Source { files, ended: true, part }];
        Ok(RunFolder { header, records, notes, logs: Logs::default(), decode: as_recorded, journals })
    }
}
