//! Writing a journal while a run goes.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Event, Journal, ReadError, RunHeader};

/// Appends events to a journal: one `write` an event, so that a killed run loses at most the line
/// being written.
#[derive(Debug)]
pub struct JournalWriter {
    path: PathBuf,
    file: File,
    line: Vec<u8>,
}

/// Events as lines of a journal, to be appended at once.
#[derive(Debug, Default)]
pub struct Lines {
    octets: Vec<u8>,
    wrong: Option<serde_json::Error>,
}

impl Lines {
    /// Adds an event; what cannot be written as JSON comes to light when the lines are appended.
    pub fn push(&mut self, event: &Event) {
        let before = self.octets.len();
        match serde_json::to_writer(&mut self.octets, event) {
            Ok(()) => self.octets.push(b'\n'),
            Err(error) => {
                self.octets.truncate(before);
                self.wrong.get_or_insert(error);
            }
        }
    }
}

/// Why a journal could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file could not be made, or written to.
    #[error("cannot write {}: {source}; check that the folder exists, is writable and has room, and that no other run uses it", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An event could not be put as JSON.
    #[error("an event for {} cannot be written as JSON: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What the serializer said.
        source: serde_json::Error,
    },
    /// The journal to go on with cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl JournalWriter {
    /// Makes a new journal and writes its first line. A file that is there already is an error:
    /// a record is never overwritten.
    pub fn create(path: &Path, header: &RunHeader) -> Result<Self, WriteError> {
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(path)
            .map_err(|source| WriteError::Io { path: path.into(), source })?;
        let mut writer = Self { path: path.into(), file, line: Vec::new() };
        writer.write(&Event::Run(header.clone()))?;
        Ok(writer)
    }

    /// Goes on with the journal of a killed run: drops a half-written last line, and appends.
    /// Also gives what the journal holds, from which the caller learns what is left to do.
    pub fn resume(path: &Path) -> Result<(Self, Journal), WriteError> {
        let journal = Journal::read(path)?;
        let io = |source| WriteError::Io { path: path.into(), source };
        let file = OpenOptions::new().append(true).open(path).map_err(io)?;
        if let Some(truncated) = &journal.truncated {
            file.set_len(truncated.offset).map_err(io)?;
        }
        let writer = Self { path: path.into(), file, line: Vec::new() };
        Ok((writer, journal))
    }

    /// Appends one event. When it returns, the event survives the death of this process; after
    /// the event that ends the run, also that of the machine.
    pub fn write(&mut self, event: &Event) -> Result<(), WriteError> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, event)
            .map_err(|source| WriteError::Json { path: self.path.clone(), source })?;
        self.line.push(b'\n');
        self.file
            .write_all(&self.line)
            .and_then(|()| match event {
                Event::RunFinished(_) => self.file.sync_data(),
                _ => Ok(()),
            })
            .map_err(|source| WriteError::Io { path: self.path.clone(), source })
    }

    /// Appends events of a run that goes on, in one piece.
    pub fn append(&mut self, lines: Lines) -> Result<(), WriteError> {
        if let Some(source) = lines.wrong {
            return Err(WriteError::Json { path: self.path.clone(), source });
        }
        self.file.write_all(&lines.octets).map_err(|source| WriteError::Io { path: self.path.clone(), source })
    }
}
