//! Writing a journal while a run goes.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::chain::Chain;
use super::claim::{self, Refused};
use super::files::{JournalFiles, LINE, PART, closed_path, packed_path, read_line};
use super::line::object;
use super::packing::{Packing, STEP};
use super::reader::{Line, told};
use super::{At, Event, Journal, Message, Octets, ReadError, RunFinished, RunHeader};
use crate::folder::Recording;

/// Octets of a journal in all of its parts, unpacked, after which no more messages are written. A run of all cases takes a
/// sixtieth of it; a DUT that says as much as it may in each case would take a hundred gigabytes.
const WHOLE: u64 = 2 * 1024 * 1024 * 1024;

/// Appends events to a journal: one `write` an event, so that a killed run loses at most the line
/// being written.
#[derive(Debug)]
pub struct JournalWriter {
    path: PathBuf,
    /// The file, unless the run has ended.
    file: Option<File>,
    /// The last closed part, of a journal that was taken up and has no other file, until it has one.
    held: Option<File>,
    object: Vec<u8>,
    line: Vec<u8>,
    chain: Option<Chain>,
    lines: u64,
    /// Octets in the file.
    size: u64,
    /// Octets in all files, and how many there may be before messages are left out.
    all: u64,
    whole: u64,
    /// Whether the case that was begun last has been told that messages of it are left out.
    told_of: bool,
    /// How many of them the thread that packs knows of.
    told: u64,
    /// How many parts were closed.
    closed: u32,
    packing: Option<Packing>,
    /// What the lines tell, of a journal that was begun by this process.
    recording: Option<Recording>,
}

/// Octets of lines that there is room for at first.
const AT_FIRST: usize = 64 * 1024;

/// Events as lines of a journal, to be appended at once.
#[derive(Debug, Default)]
pub struct Lines {
    octets: Vec<u8>,
    /// Where each line ends.
    ends: Vec<usize>,
    /// The events but messages, each with the number of its line.
    events: Vec<(usize, Event)>,
    wrong: Option<serde_json::Error>,
}

impl Lines {
    /// Adds an event; what cannot be written as JSON comes to light when the lines are appended.
    pub fn push(&mut self, event: Event) {
        let before = self.octets.len();
        if before == 0 {
            // Most cases leave more than this; growing by little is most of the work of writing them.
            self.octets.reserve(AT_FIRST);
        }
        match object(&event, &mut self.octets) {
            Ok(()) => {
                if !matches!(event, Event::Message(_)) {
                    self.events.push((self.ends.len(), event));
                }
                self.ends.push(self.octets.len());
            }
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
        lines.push(Event::Run(header.clone()));
        events.iter().for_each(|event| lines.push(event.clone()));
        let (mut out, mut chain) = (Vec::new(), Chain::default());
        lines.objects().for_each(|object| chain.add(object, &mut out));
        lines.wrong.map_or(Ok(out), Err)
    }

    /// The lines without their ends.
    fn objects(&self) -> impl Iterator<Item = &[u8]> {
        let begins = std::iter::once(&0).chain(&self.ends);
        begins.zip(&self.ends).filter_map(|(begin, end)| self.octets.get(*begin..*end))
    }
}

/// Why a journal could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file could not be made, or written to.
    #[error("cannot write {}: {source}; {}", path.display(), advice(source))]
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
    /// There is a journal of that name.
    #[error("{} is the journal of another run, and a record is never overwritten; go on with that run, or name another folder", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
    },
    /// The run goes on in another process.
    #[error("{} is being written by a run that still goes; wait until it has ended, or end it", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The journal to go on with cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// What to do about a file that cannot be written.
fn advice(error: &io::Error) -> &'static str {
    /// ENFILE and EMFILE, which have no kind of their own.
    const DESCRIPTORS: [i32; 2] = [23, 24];
    match error.kind() {
        io::ErrorKind::FileTooLarge => "raise the size that a file may have (`ulimit -f`)",
        _ if cfg!(unix) && error.raw_os_error().is_some_and(|code| DESCRIPTORS.contains(&code)) => {
            "raise the number of open files (`ulimit -n`)"
        }
        _ => "check that the folder exists, is writable and has room",
    }
}

impl JournalWriter {
    /// Makes a new journal and writes its first line. A journal of which a part is there already is an error:
    /// a record is never overwritten.
    ///
    /// # Errors
    /// [`WriteError`]; [`WriteError::Taken`] where there is such a journal.
    pub fn create(path: &Path, header: &RunHeader) -> Result<Self, WriteError> {
        let file = claim::begun(path).map_err(|refused| WriteError::of(path, refused))?;
        let mut writer = Self {
            path: path.into(),
            file: Some(file),
            held: None,
            object: Vec::new(),
            line: Vec::new(),
            chain: Some(Chain::default()),
            lines: 0,
            size: 0,
            all: 0,
            whole: WHOLE,
            told_of: false,
            told: 0,
            closed: 0,
            packing: None,
            recording: Some(Recording::new(header)),
        };
        writer.write(&Event::Run(header.clone()))?;
        Ok(writer)
    }

    /// Makes a new journal in a folder that may hold those of other processes: `journal.jsonl`, or the first `journal-N.jsonl`
    /// of which nothing is there, from the number of this process. That alone is no name: where processes live in containers,
    /// several have one number.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn create_beside(folder: &Path, header: &RunHeader) -> Result<Self, WriteError> {
        let io = |source| WriteError::Io { path: folder.into(), source };
        let taken: BTreeSet<PathBuf> =
            JournalFiles::of_folder(folder).map_err(io)?.into_iter().map(|files| files.path).collect();
        let numbered = (std::process::id()..).map(|number| format!("journal-{number}.jsonl"));
        let names = std::iter::once("journal.jsonl".to_owned()).chain(numbered);
        for path in names.map(|name| folder.join(name)).filter(|path| !taken.contains(path)) {
            match Self::create(&path, header) {
                Err(WriteError::Taken { .. } | WriteError::Busy { .. }) => {}
                created => return created,
            }
        }
        Err(WriteError::Taken { path: folder.into() })
    }

    /// Goes on with the journal of a run: drops a half-written last line, and appends. Each event that it holds is shown to
    /// `visit`, messages apart, from which the caller learns what is left to do; the header is given back.
    ///
    /// # Errors
    /// [`WriteError`]; [`WriteError::Busy`] where another process writes it.
    pub fn resume(path: &Path, mut visit: impl FnMut(&Event)) -> Result<(Self, RunHeader), WriteError> {
        let (files, file) = claim::taken_up(path).map_err(|refused| match refused {
            Refused::Io(source) => ReadError::Io { path: path.into(), source }.into(),
            refused => WriteError::of(path, refused),
        })?;
        let closed = files.closed();
        let open = files.is_open();
        let (header, mut journal) = Journal::open(files)?;
        let mut all = 0_u64;
        journal.read(&mut |line, at| {
            all = all.saturating_add(at.end.saturating_sub(at.offset));
            if let Line::Event(event) = &line {
                visit(event);
            }
            Ok(())
        })?;
        let io = |source| WriteError::Io { path: path.into(), source };
        // A half line is in the file that is being written, or the journal was refused.
        if let Some(truncated) = journal.truncated.filter(|_| open) {
            file.set_len(truncated.offset).map_err(io)?;
        }
        let size = if open { file.metadata().map_err(io)?.len() } else { 0 };
        let (file, held) = if open { (Some(file), None) } else { (None, Some(file)) };
        let writer = Self {
            path: path.into(),
            size,
            all,
            whole: WHOLE,
            told_of: false,
            file,
            held,
            object: Vec::new(),
            line: Vec::new(),
            // A journal that was begun without links goes on without.
            chain: (journal.version > 1).then_some(journal.chain),
            lines: journal.lines,
            told: 0,
            closed,
            packing: None,
            recording: None,
        };
        Ok((writer, header))
    }

    /// Appends one event. When it returns, the event survives the death of this process; after
    /// the event that ends the run, also that of the machine.
    pub fn write(&mut self, event: &Event) -> Result<(), WriteError> {
        match event {
            Event::CaseStarted(_) => self.told_of = false,
            Event::Message(message) if self.is_full() => {
                return match std::mem::replace(&mut self.told_of, true) {
                    true => Ok(()),
                    false => self.write_event(&self.left_out(message)),
                };
            }
            _ => {}
        }
        self.write_event(event)
    }

    fn write_event(&mut self, event: &Event) -> Result<(), WriteError> {
        self.object.clear();
        object(event, &mut self.object).map_err(|source| WriteError::Json { path: self.path.clone(), source })?;
        let at = self.write_object().map_err(|source| self.failed(source))?;
        match event {
            Event::Message(_) => self.record_message(at),
            event if self.recording.is_some() => self.record(event.clone(), at),
            _ => {}
        }
        self.after(event).map_err(|source| self.failed(source))
    }

    fn record(&mut self, event: Event, at: At) {
        if let Some(recording) = &mut self.recording {
            recording.event(event, at);
        }
    }

    fn record_message(&mut self, at: At) {
        if let Some(recording) = &mut self.recording {
            recording.message(at);
        }
    }

    /// Appends lines of another journal, which was read before and is of this version, with links of this one: those
    /// after the first that `keep` wants. Its end is left out.
    pub(crate) fn copy(&mut self, files: &JournalFiles, mut keep: impl FnMut(&Line) -> bool) -> Result<(), WriteError> {
        let mut line = Vec::new();
        for part in 0..files.parts.len() {
            let mut lines = files.part(part)?;
            let read = |source| ReadError::Io { path: files.path.clone(), source };
            let mut first = part == 0;
            loop {
                line.clear();
                if read_line(&mut lines, &mut line).map_err(read)? == 0 {
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

    /// Writes the object at hand as a line, and gives where it stands.
    fn write_object(&mut self) -> io::Result<At> {
        self.line.clear();
        link(&mut self.chain, &self.object, &mut self.line);
        let line = std::mem::take(&mut self.line);
        let at = self.next(0, line.len());
        readable(line.len())?;
        self.all = self.all.saturating_add(line.len() as u64);
        let written = self.put(&line, 1);
        self.line = line;
        written.map(|()| at)
    }

    /// Where a line stands that is written next but so many octets.
    fn next(&self, before: usize, length: usize) -> At {
        let offset = self.size.saturating_add(before as u64);
        At { part: self.closed as usize, offset, end: offset.saturating_add(length as u64) }
    }

    /// Closes what ends with an event that was written.
    fn after(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::RunFinished(_) => self.close(false),
            Event::CaseFinished(_) if self.size >= PART => self.close(true),
            _ => Ok(()),
        }
    }

    /// Appends events of a run that goes on, in one piece.
    pub fn append(&mut self, mut lines: Lines) -> Result<(), WriteError> {
        if let Some(source) = lines.wrong.take() {
            return Err(WriteError::Json { path: self.path.clone(), source });
        }
        self.line.clear();
        let mut events = std::mem::take(&mut lines.events).into_iter().peekable();
        let mut count = 0_u64;
        for (number, object) in lines.objects().enumerate() {
            // An event is large to be moved, and most lines are of messages.
            let event = events.peek().is_some_and(|(of, _)| *of == number).then(|| events.next()).flatten();
            if matches!(event, Some((_, Event::CaseStarted(_)))) {
                self.told_of = false;
            }
            let mut object = Cow::Borrowed(object);
            if self.is_full() && event.is_none() {
                if std::mem::replace(&mut self.told_of, true) {
                    continue;
                }
                let wrong = |source| WriteError::Json { path: self.path.clone(), source };
                let Event::Message(message) = serde_json::from_slice(&object).map_err(wrong)? else { continue };
                object = Cow::Owned(serde_json::to_vec(&self.left_out(&message)).map_err(wrong)?);
            }
            let begin = self.line.len();
            link(&mut self.chain, &object, &mut self.line);
            let length = self.line.len().saturating_sub(begin);
            readable(length).map_err(|source| self.failed(source))?;
            let at = self.next(begin, length);
            self.all = self.all.saturating_add(length as u64);
            match event {
                Some((_, event)) => self.record(event, at),
                None => self.record_message(at),
            }
            count = count.saturating_add(1);
        }
        let line = std::mem::take(&mut self.line);
        let written = self.put(&line, count);
        self.line = line;
        written.map_err(|source| self.failed(source))
    }

    /// The run as it was recorded, read from nowhere; none of a journal that was taken up.
    pub fn into_recorded(mut self) -> Option<Recording> {
        self.recording.take()
    }

    /// Whether there is no room for more messages: verdicts and checks are always written.
    fn is_full(&self) -> bool {
        self.all >= self.whole
    }

    /// The first message of a case that is left out: it says so, and no more than that it came.
    fn left_out(&self, message: &Message) -> Event {
        let note = format!(
            "no more messages are recorded of this case: the journal has more than {}",
            dmsc_octets::file::amount(self.whole)
        );
        let &Message { at_us, from, ref kind, .. } = message;
        let (kind, octets, context) = (kind.clone(), Octets::default(), Default::default());
        Event::Message(Message {
            at_us,
            from,
            kind,
            octets,
            fields: None,
            context,
            written: Default::default(),
            note: Some(note),
        })
    }

    /// The same, with room for so many octets.
    #[cfg(test)]
    pub(crate) fn with_room(self, whole: u64) -> Self {
        Self { whole, ..self }
    }

    fn put(&mut self, octets: &[u8], lines: u64) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(claim::new_file(&self.path)?),
        };
        file.write_all(octets)?;
        self.held = None;
        self.lines = self.lines.saturating_add(lines);
        self.size = self.size.saturating_add(octets.len() as u64);
        if self.size.saturating_sub(self.told) >= STEP {
            self.told = self.size;
            let size = self.size;
            self.packing()?.reached(size);
        }
        Ok(())
    }

    /// The thread that packs the part at hand.
    fn packing(&mut self) -> io::Result<&Packing> {
        let closed = closed_path(&self.path, self.closed.saturating_add(1));
        match self.packing.take() {
            Some(packing) => Ok(self.packing.insert(packing)),
            None => Ok(self.packing.insert(Packing::begin(&self.path, closed)?)),
        }
    }

    /// Ends the run: nothing comes after this line, unless the run is taken up again.
    pub fn finish(&mut self, interrupted: bool) -> Result<(), WriteError> {
        let lines = self.chain.map(|_| self.lines.saturating_add(1));
        self.write(&Event::RunFinished(RunFinished { interrupted, lines }))
    }

    /// Closes the part that is being written, which is packed but for its last octets. Where `more` comes, the next is there
    /// before this one is let go: whoever wants to take up the journal meanwhile finds it locked.
    fn close(&mut self, more: bool) -> io::Result<()> {
        let Some(file) = self.file.take() else { return Ok(()) };
        // It reads the file under the name that it has until now.
        self.packing()?;
        let closed = closed_path(&self.path, self.closed.saturating_add(1));
        // Nobody else has this journal, so that it stays so until the name is taken.
        if let Some(there) = [&closed, &packed_path(&closed)].into_iter().find(|path| path.symlink_metadata().is_ok()) {
            let why = format!("{} is there already, and a record is never overwritten", there.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
        }
        fs::rename(&self.path, &closed)?;
        self.closed = self.closed.saturating_add(1);
        (self.size, self.told) = (0, 0);
        if more {
            self.file = Some(claim::new_file(&self.path)?);
        }
        // What is packed is on the disk as such, and this file gone; one that could not be packed stays.
        match self.packing.take().is_some_and(Packing::closed) {
            true => Ok(()),
            false => file.sync_data(),
        }
    }
}

impl WriteError {
    fn of(path: &Path, refused: Refused) -> Self {
        let path = path.to_owned();
        match refused {
            Refused::Taken => Self::Taken { path },
            Refused::Busy => Self::Busy { path },
            Refused::Io(source) => Self::Io { path, source },
        }
    }
}

/// What is written can be read.
fn readable(length: usize) -> io::Result<()> {
    if length as u64 <= LINE {
        return Ok(());
    }
    let what = format!("a line would have more than {}", dmsc_octets::file::amount(LINE));
    Err(io::Error::new(io::ErrorKind::FileTooLarge, what))
}

/// Adds an object as a line, with its link where the journal has links.
fn link(chain: &mut Option<Chain>, object: &[u8], line: &mut Vec<u8>) {
    match chain {
        Some(chain) => chain.add(object, line),
        None => {
            line.extend_from_slice(object);
            line.push(b'\n');
        }
    }
}

#[cfg(test)]
mod tests;
