//! Writing a journal while a run goes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use flate2::{Compression, GzBuilder};

use super::chain::Chain;
use super::files::{JournalFiles, PART, closed_path};
use super::reader::{Line, told};
use super::{Event, Journal, ReadError, RunFinished, RunHeader, VERSION};

/// Appends events to a journal: one `write` an event, so that a killed run loses at most the line
/// being written.
#[derive(Debug)]
pub struct JournalWriter {
    path: PathBuf,
    /// The file, unless it was closed and nothing was written since.
    file: Option<File>,
    object: Vec<u8>,
    line: Vec<u8>,
    chain: Option<Chain>,
    lines: u64,
    /// Octets in the file.
    size: u64,
    /// How many parts were closed.
    closed: u32,
    packing: Option<JoinHandle<io::Result<()>>>,
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

    /// The lines of a journal with these events and no file.
    #[cfg(test)]
    pub(crate) fn journal(header: &RunHeader, events: &[Event]) -> Result<Vec<u8>, serde_json::Error> {
        let mut lines = Self::default();
        lines.push(&Event::Run(header.clone()));
        events.iter().for_each(|event| lines.push(event));
        match lines.wrong {
            Some(error) => Err(error),
            None => Ok(lines.chained(&mut Chain::default())),
        }
    }

    fn chained(&self, chain: &mut Chain) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.octets.len().saturating_add(self.octets.len() / 8));
        // JSON text has no line feed in it.
        let objects = self.octets.split(|octet| *octet == b'\n').filter(|object| !object.is_empty());
        objects.for_each(|object| chain.add(object, &mut out));
        out
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
        let mut writer = Self {
            path: path.into(),
            file: Some(file),
            object: Vec::new(),
            line: Vec::new(),
            chain: Some(Chain::default()),
            lines: 0,
            size: 0,
            closed: 0,
            packing: None,
        };
        writer.write(&Event::Run(header.clone()))?;
        Ok(writer)
    }

    /// Goes on with the journal of a run: drops a half-written last line, and appends. Each event that it holds is shown to
    /// `visit`, messages apart, from which the caller learns what is left to do; the header is given back.
    pub fn resume(path: &Path, mut visit: impl FnMut(&Event)) -> Result<(Self, RunHeader), WriteError> {
        let read_error = |source| ReadError::Io { path: path.into(), source };
        let files = JournalFiles::of_file(path).map_err(read_error)?;
        let closed = files.closed();
        let (header, mut journal) = Journal::open(files)?;
        journal.read(&mut |line, _| {
            if let Line::Event(event) = &line {
                visit(event);
            }
            Ok(())
        })?;
        let io = |source| WriteError::Io { path: path.into(), source };
        let file = OpenOptions::new().append(true).create(true).open(path).map_err(io)?;
        if let Some(truncated) = &journal.truncated {
            file.set_len(truncated.offset).map_err(io)?;
        }
        let writer = Self {
            path: path.into(),
            size: file.metadata().map_err(io)?.len(),
            file: Some(file),
            object: Vec::new(),
            line: Vec::new(),
            // A journal that was begun without links goes on without.
            chain: (journal.version == VERSION).then_some(journal.chain),
            lines: journal.lines,
            closed,
            packing: None,
        };
        Ok((writer, header))
    }

    /// Appends one event. When it returns, the event survives the death of this process; after
    /// the event that ends the run, also that of the machine.
    pub fn write(&mut self, event: &Event) -> Result<(), WriteError> {
        self.object.clear();
        serde_json::to_writer(&mut self.object, event)
            .map_err(|source| WriteError::Json { path: self.path.clone(), source })?;
        self.write_object().and_then(|()| self.after(event)).map_err(|source| self.failed(source))
    }

    /// Appends lines of another journal, which was read before and is of this version, with links of this one: those
    /// after the first that `keep` wants. Its end is left out.
    pub(crate) fn copy(
        &mut self,
        files: &JournalFiles,
        mut keep: impl FnMut(&Line<'_>) -> bool,
    ) -> Result<(), WriteError> {
        let mut line = Vec::new();
        for part in 0..files.parts.len() {
            let mut lines = files.part(part)?;
            let read = |source| ReadError::Io { path: files.path.clone(), source };
            let mut first = part == 0;
            loop {
                line.clear();
                if lines.read_until(b'\n', &mut line).map_err(read)? == 0 {
                    break;
                }
                let text = line.strip_suffix(b"\n").unwrap_or(&line);
                if std::mem::replace(&mut first, false) {
                    continue;
                }
                let wrong = |source| WriteError::Json { path: files.path.clone(), source };
                let told = told(text, true).map_err(wrong)?;
                if matches!(told, Line::Event(Event::RunFinished(_))) || !keep(&told) {
                    continue;
                }
                self.object.clear();
                self.object.extend_from_slice(Chain::without(text));
                self.object.push(b'}');
                self.write_object().map_err(|source| self.failed(source))?;
                if let Line::Event(event) = &told {
                    self.after(event).map_err(|source| self.failed(source))?;
                }
            }
        }
        Ok(())
    }

    fn failed(&self, source: io::Error) -> WriteError {
        WriteError::Io { path: self.path.clone(), source }
    }

    /// Writes the object at hand as a line.
    fn write_object(&mut self) -> io::Result<()> {
        self.line.clear();
        match &mut self.chain {
            Some(chain) => chain.add(&self.object, &mut self.line),
            None => {
                self.line.extend_from_slice(&self.object);
                self.line.push(b'\n');
            }
        }
        let line = std::mem::take(&mut self.line);
        let written = self.put(&line, 1);
        self.line = line;
        written
    }

    /// Closes what ends with an event that was written.
    fn after(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::RunFinished(_) => self.close(),
            Event::CaseFinished(_) if self.size >= PART => self.close_part(),
            _ => Ok(()),
        }
    }

    /// Appends events of a run that goes on, in one piece.
    pub fn append(&mut self, lines: Lines) -> Result<(), WriteError> {
        if let Some(source) = lines.wrong {
            return Err(WriteError::Json { path: self.path.clone(), source });
        }
        let count = lines.octets.iter().filter(|octet| **octet == b'\n').count();
        let octets = match &mut self.chain {
            Some(chain) => lines.chained(chain),
            None => lines.octets,
        };
        self.put(&octets, count as u64).map_err(|source| WriteError::Io { path: self.path.clone(), source })
    }

    fn put(&mut self, octets: &[u8], lines: u64) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(OpenOptions::new().append(true).create_new(true).open(&self.path)?),
        };
        file.write_all(octets)?;
        self.lines = self.lines.saturating_add(lines);
        self.size = self.size.saturating_add(octets.len() as u64);
        Ok(())
    }

    /// Ends the run: nothing comes after this line, unless the run is taken up again.
    pub fn finish(&mut self, interrupted: bool) -> Result<(), WriteError> {
        let lines = self.chain.map(|_| self.lines.saturating_add(1));
        self.write(&Event::RunFinished(RunFinished { interrupted, lines }))
    }

    /// Closes the part that is being written, and has it packed while the run goes on.
    fn close_part(&mut self) -> io::Result<()> {
        self.packed()?;
        let Some(file) = self.file.take() else { return Ok(()) };
        file.sync_data()?;
        self.closed = self.closed.saturating_add(1);
        let part = closed_path(&self.path, self.closed);
        fs::rename(&self.path, &part)?;
        self.size = 0;
        self.packing = Some(thread::Builder::new().name("pack journal".into()).spawn(move || pack(&part))?);
        Ok(())
    }

    /// Waits until what was closed is packed.
    fn packed(&mut self) -> io::Result<()> {
        match self.packing.take() {
            Some(packing) => packing.join().unwrap_or_else(|_| Err(io::Error::other("a part could not be packed"))),
            None => Ok(()),
        }
    }

    fn close(&mut self) -> io::Result<()> {
        self.close_part()?;
        self.packed()
    }
}

impl Drop for JournalWriter {
    fn drop(&mut self) {
        // What could not be packed is there as it was.
        let _ = self.packed();
    }
}

/// Packs a closed part, and removes what it was packed from once it is there whole.
fn pack(part: &Path) -> io::Result<()> {
    let mut packed = part.as_os_str().to_owned();
    packed.push(".gz");
    let packed = PathBuf::from(packed);
    let beside = packed.with_extension("gz.part");
    let mut gzip = GzBuilder::new().mtime(0).write(File::create(&beside)?, Compression::fast());
    io::copy(&mut BufReader::with_capacity(256 * 1024, File::open(part)?), &mut gzip)?;
    gzip.finish()?.sync_data()?;
    fs::rename(&beside, &packed)?;
    fs::remove_file(part)
}
