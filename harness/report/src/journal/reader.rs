//! Reading a journal back, line by line.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::chain::Chain;
use super::files::{JournalFiles, read_line};
use super::{Event, Message, Party, RunFinished, RunHeader, VERSION};

/// A journal whose first line was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Journal {
    /// Its files.
    pub files: JournalFiles,
    /// The version of the format.
    pub version: u32,
    /// Whether the run was strict.
    pub strict: bool,
    known: Arc<Known>,
    /// The half-written last line, if the writer was killed; known once all lines were read.
    pub truncated: Option<Truncated>,
    /// The last line, if that ends the run.
    pub end: Option<RunFinished>,
    /// How many whole lines were read, the first among them.
    pub lines: u64,
    /// The link of the last line.
    pub(super) chain: Chain,
}

/// A last line that was being written when the run was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truncated {
    /// Its number, from 1, in the whole journal.
    pub line: u64,
    /// Offset of its first octet in its file.
    pub offset: u64,
    /// How many octets of it are there.
    pub length: usize,
}

/// What a line after the first says.
#[derive(Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and a box would cost an allocation a line")]
pub(crate) enum Line {
    /// A message, which belongs to the case that was begun last. It was not read.
    Message,
    /// Anything else.
    Event(Event),
}

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    /// Which part of the journal, from 0.
    pub(crate) part: usize,
    /// Offset of its first octet in the part, unpacked.
    pub(crate) offset: u64,
    /// Offset of what follows it.
    pub(crate) end: u64,
}

/// Why a journal could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file could not be opened or read.
    #[error("cannot read {}: {source}; give the folder of a run, as `dmsc run` printed it", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A packed part cannot be unpacked.
    #[error("{} is not as dmsc packs a part: {source}; restore it from a copy", path.display())]
    Packed {
        /// The file.
        path: PathBuf,
        /// What was found.
        source: io::Error,
    },
    /// A part between two others is not there.
    #[error("{} is missing; the parts before and after it are there: restore it from a copy", path.display())]
    MissingPart {
        /// The file that should be there.
        path: PathBuf,
    },
    /// The file does not hold one whole line.
    #[error("{}: no complete first line; the run was killed before it began, remove the file", path.display())]
    NoHeader {
        /// The file.
        path: PathBuf,
    },
    /// The first line is of another version, or of something else.
    #[error("{}:1: {}, and this harness reads versions 1 to {VERSION}; use the version of dmsc that wrote it", path.display(), version_text(*found))]
    Version {
        /// The file.
        path: PathBuf,
        /// The version it names, if it names one.
        found: Option<u64>,
    },
    /// A line is not as it was written, or not where it was written.
    #[error("{}:{line}: {}; a journal is never rewritten, so restore it from a copy", path.display(), chain_text(*changed))]
    Chain {
        /// The journal.
        path: PathBuf,
        /// The line, from 1, over all parts.
        line: u64,
        /// Whether this line was changed; otherwise lines before it.
        changed: bool,
    },
    /// A message was read as the line that it is, and what it says cannot be.
    #[error("{}: the message at octet {offset} of {}: {reason}; the file was damaged or edited: restore it from a copy", path.display(), part_text(*part))]
    Message {
        /// The journal.
        path: PathBuf,
        /// The part, from 0.
        part: usize,
        /// Where in it the line begins, unpacked.
        offset: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A line that ends as it should cannot be read.
    #[error("{}:{line}: {reason}; a finished line is never rewritten, so the file was damaged or edited: restore it from a copy", path.display())]
    Malformed {
        /// The journal.
        path: PathBuf,
        /// The line, from 1, over all parts.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
}

fn version_text(found: Option<u64>) -> String {
    match found {
        Some(version) => format!("journal version {version}"),
        None => "no journal version".into(),
    }
}

fn part_text(part: usize) -> String {
    format!("part {}", part.saturating_add(1))
}

fn chain_text(changed: bool) -> &'static str {
    if changed {
        "the line is not as it was written"
    } else {
        "the line does not follow the one before it: lines were removed, added or moved"
    }
}

/// The part of the first line that every version keeps.
#[derive(Deserialize)]
struct Probe {
    #[serde(default)]
    journal: Option<u64>,
    #[serde(default)]
    event: String,
}

impl Journal {
    /// Reads the first line of a journal, and gives it.
    ///
    /// # Errors
    /// [`ReadError`]: no journal, or of a version that is not known.
    pub fn open(files: JournalFiles) -> Result<(RunHeader, Self), ReadError> {
        let path = files.path.clone();
        if let Some(missing) = &files.missing {
            return Err(ReadError::MissingPart { path: missing.clone() });
        }
        let Some(first_part) = files.parts.first() else { return Err(ReadError::NoHeader { path }) };
        let failed = |source: io::Error| unread(first_part.path(), (&path, 1), source);
        let mut first = Vec::new();
        first_part.lines().and_then(|mut lines| read_line(&mut lines, &mut first)).map_err(failed)?;
        let malformed = |reason: String| ReadError::Malformed { path: path.clone(), line: 1, reason };
        if first.last() != Some(&b'\n') {
            return Err(match first_part.is_open() {
                true => ReadError::NoHeader { path },
                false => malformed(half(first_part.path())),
            });
        }
        let probe: Probe = serde_json::from_slice(&first).map_err(|e| malformed(json(&e)))?;
        if probe.journal.is_none_or(|version| version == 0 || version > u64::from(VERSION)) {
            return Err(ReadError::Version { path, found: probe.journal });
        }
        if probe.event != "run" {
            return Err(malformed("the first line is not the run's".into()));
        }
        let header: RunHeader = serde_json::from_slice(&first).map_err(|e| malformed(json(&e)))?;
        let known = Arc::new(Known::of(&header).map_err(malformed)?);
        let (version, strict, chain) = (header.journal, header.strict, Chain::default());
        Ok((header, Self { files, version, strict, known, truncated: None, end: None, lines: 0, chain }))
    }

    /// Holds what its first line announced once, where another journal announced the same.
    pub(crate) fn share(&mut self, other: &Self) {
        if self.known == other.known {
            self.known = Arc::clone(&other.known);
        }
    }

    /// Whether it has links, and was written to the end of a run that was not interrupted; known once all lines
    /// were read.
    pub(crate) fn ended(&self) -> bool {
        self.version > 1 && self.truncated.is_none() && self.end.as_ref().is_some_and(|end| !end.interrupted)
    }

    /// Reads the lines after the first, in order, and shows each to `visit`. None is a header, and all name DUTs and cases
    /// of the header.
    ///
    /// # Errors
    /// [`ReadError`] with the place: a line that cannot be read, that was changed after it was written, or that `visit`
    /// finds fault with.
    pub(crate) fn read(&mut self, visit: &mut dyn FnMut(Line, At) -> Result<(), String>) -> Result<(), ReadError> {
        let path = self.files.path.clone();
        let chained = self.version > 1;
        let mut chain = Chain::default();
        let mut broken: Option<u64> = None;
        let (mut number, mut line, mut end) = (0_u64, Vec::new(), None);
        let (mut truncated, mut begun) = (None, false);
        for (part, from) in self.files.parts.iter().enumerate() {
            let failed = |source: io::Error| unread(from.path(), (&path, number.saturating_add(1)), source);
            let mut lines = from.lines().map_err(failed)?;
            let mut offset = 0_u64;
            loop {
                line.clear();
                let read = read_line(&mut lines, &mut line);
                let length = read.map_err(|source| unread(from.path(), (&path, number.saturating_add(1)), source))?;
                if length == 0 {
                    break;
                }
                let Some(text) = line.strip_suffix(b"\n") else {
                    truncated = Some(Truncated { line: number.saturating_add(1), offset, length });
                    break;
                };
                number = number.saturating_add(1);
                let at = At { part, offset, end: offset.saturating_add(length as u64) };
                offset = at.end;
                let follows = !chained || chain.follow(text);
                // Whether a line was changed, or those before it, shows in what follows.
                if let Some(line) = broken {
                    return Err(ReadError::Chain { path, line, changed: follows });
                }
                if !follows {
                    broken = Some(number);
                    continue;
                }
                if number == 1 {
                    // Or the version of the first line would be all that has to be changed.
                    if !chained && Chain::is_in(text) {
                        return Err(ReadError::Chain { path, line: 1, changed: true });
                    }
                    continue;
                }
                let malformed = |reason: String| ReadError::Malformed { path: path.clone(), line: number, reason };
                let told = told(text, chained).map_err(|e| malformed(json(&e)))?;
                self.known.admit(&told).map_err(malformed)?;
                match &told {
                    Line::Event(Event::CaseStarted(_)) => begun = true,
                    Line::Event(Event::CaseFinished(_)) => begun = false,
                    Line::Message if !begun => return Err(malformed("a message, and no case is begun".into())),
                    _ => {}
                }
                end = match &told {
                    Line::Event(Event::RunFinished(end)) => Some(end.clone()),
                    _ => None,
                };
                if end.as_ref().and_then(|end| end.lines).is_some_and(|lines| lines != number) {
                    return Err(malformed("the run ended after another number of lines".into()));
                }
                visit(told, at).map_err(malformed)?;
            }
            if truncated.is_some() && !from.is_open() {
                let line = number.saturating_add(1);
                return Err(ReadError::Malformed { path, line, reason: half(from.path()) });
            }
        }
        if let Some(line) = broken {
            return Err(ReadError::Chain { path, line, changed: true });
        }
        (self.truncated, self.end, self.lines, self.chain) = (truncated, end, number, chain);
        Ok(())
    }
}

/// What is wrong with a half line anywhere but in the file that is being written.
fn half(part: &Path) -> String {
    let name = part.file_name().unwrap_or(part.as_os_str()).display();
    format!("the line has no end, and {name}, of which it is the last, was closed")
}

/// Why a file could not be read, at this line of the journal: a packed one that cannot be unpacked is damaged.
fn unread(file: &Path, (journal, line): (&Path, u64), source: io::Error) -> ReadError {
    let path = file.to_owned();
    match source.kind() {
        io::ErrorKind::FileTooLarge => {
            ReadError::Malformed { path: journal.to_owned(), line, reason: source.to_string() }
        }
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
            ReadError::Packed { path, source }
        }
        _ => ReadError::Io { path, source },
    }
}

/// What a message has to have, read without keeping it.
#[derive(Deserialize)]
struct Seen<'a> {
    #[serde(rename = "at_us")]
    _at_us: u64,
    #[serde(rename = "from")]
    _from: Party,
    #[serde(rename = "kind", borrow)]
    _kind: Cow<'a, str>,
    #[serde(rename = "octets", borrow)]
    octets: Cow<'a, str>,
}

/// What a line says. Most are messages, and of one that is as it was written nothing has to be known but that it can be read
/// when its log is asked for.
pub(super) fn told(line: &[u8], trusted: bool) -> serde_json::Result<Line> {
    if trusted && line.starts_with(br#"{"event":"message","#) {
        let seen: Seen<'_> = serde_json::from_slice(line)?;
        return match is_hex(&seen.octets) {
            true => Ok(Line::Message),
            false => serde_json::from_slice::<Message>(line).map(|_| Line::Message),
        };
    }
    // Of the rest, most by far are these; that the kind comes first saves looking for it.
    if trusted && line.starts_with(br#"{"event":"case-finished","#) {
        return serde_json::from_slice(line).map(|event| Line::Event(Event::CaseFinished(event)));
    }
    if trusted && line.starts_with(br#"{"event":"check","#) {
        return serde_json::from_slice(line).map(|event| Line::Event(Event::Check(event)));
    }
    match serde_json::from_slice(line)? {
        Event::Message(_) => Ok(Line::Message),
        event => Ok(Line::Event(event)),
    }
}

/// Whether a text is whole octets in hexadecimal.
fn is_hex(text: &str) -> bool {
    text.len().is_multiple_of(2) && text.bytes().all(|octet| octet.is_ascii_hexdigit())
}

/// What the first line announced, and later lines may therefore speak of.
#[derive(Debug, Clone, Default, PartialEq)]
struct Known {
    duts: HashSet<String>,
    cases: HashSet<String>,
}

impl Known {
    fn of(header: &RunHeader) -> Result<Self, String> {
        let mut known = Self::default();
        for dut in &header.duts {
            if dut.name.is_empty() || !known.duts.insert(dut.name.clone()) {
                return Err(format!("DUT name `{}` is empty or there twice", dut.name));
            }
        }
        for case in &header.cases {
            if case.id.is_empty() || !known.cases.insert(case.id.clone()) {
                return Err(format!("case id `{}` is empty or there twice", case.id));
            }
        }
        Ok(known)
    }

    fn admit(&self, line: &Line) -> Result<(), String> {
        let (dut, case): (&str, &str) = match line {
            Line::Message | Line::Event(Event::Message(_) | Event::RunFinished(_)) => return Ok(()),
            Line::Event(Event::Run(_)) => return Err("a second `run` event".into()),
            Line::Event(Event::CaseStarted(e)) => (&e.dut, &e.case),
            Line::Event(Event::Check(e)) => (&e.dut, &e.case),
            Line::Event(Event::CaseFinished(e)) => (&e.dut, &e.case),
        };
        if !self.duts.contains(dut) {
            return Err(format!("DUT `{dut}` is not in the first line"));
        }
        if !self.cases.contains(case) {
            return Err(format!("case `{case}` is not in the first line"));
        }
        Ok(())
    }
}

/// The text of a JSON error without its line number, which is always 1 here and would mislead.
fn json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let cut = text.rfind(" at line ").unwrap_or(text.len());
    match error.column() {
        0 => text[..cut].into(),
        column => format!("{} at column {column}", &text[..cut]),
    }
}

#[cfg(test)]
mod tests;
