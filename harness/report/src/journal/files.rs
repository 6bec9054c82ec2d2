//! The files of a journal: closed parts, and the one that is being written.
//!
//! A journal is written to its own file, `journal.jsonl`. When that has grown to [`PART`] octets, and when the run ends, it
//! is closed: it gets a number, as `journal.0001.jsonl`, and is packed into `journal.0001.jsonl.gz`. So whenever a run is
//! killed, each part is there, packed or not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
#[cfg(test)]
use std::sync::Arc;

use dmsc_octets::file;
use flate2::bufread::GzDecoder;

use super::ReadError;

/// Octets after which a part is closed, at the next end of a case.
pub(super) const PART: u64 = 32 * 1024 * 1024;

/// How a packed part begins: what `gzip` may say of a file, its name and time, is not there, so that nothing in it can be
/// changed unseen.
const GZIP_HEAD: [u8; 10] = [0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0xFF];

/// The files of one journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalFiles {
    /// The file that is written while the run goes. It names the journal, also when all of it is packed.
    pub path: PathBuf,
    /// The parts in their order; the last may be that file.
    pub(super) parts: Vec<Part>,
    /// A part that should be there and is not.
    pub(super) missing: Option<PathBuf>,
}

/// A part of a journal.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// The file that is being written, and that which it becomes when it is closed.
    Open(PathBuf, PathBuf),
    /// Lines as they are, of a closed part.
    Plain(PathBuf),
    /// Lines packed by gzip.
    Packed(PathBuf),
    /// Lines that are in no file.
    #[cfg(test)]
    Memory(PathBuf, Arc<[u8]>),
}

impl JournalFiles {
    /// A journal that is in no file.
    #[cfg(test)]
    pub(crate) fn memory(path: &Path, octets: &[u8]) -> Self {
        Self { path: path.into(), parts: vec![Part::Memory(path.into(), octets.into())], missing: None }
    }

    /// The journals of a folder, `journal*.jsonl` and their closed parts, by name.
    ///
    /// # Errors
    /// If the folder cannot be listed.
    pub fn of_folder(folder: &Path) -> io::Result<Vec<Self>> {
        let mut found: BTreeMap<&str, BTreeMap<u32, Part>> = BTreeMap::new();
        let names = names(folder)?;
        for name in &names {
            let Some(Name { stem, number, packed }) = Name::of(name) else { continue };
            let path = folder.join(name);
            let part = if packed { Part::Packed(path) } else { Part::Plain(path) };
            let parts = found.entry(stem).or_default();
            // Killed between packing a part and removing what it was packed from: both say the same.
            if packed || !parts.contains_key(&number) {
                parts.insert(number, part);
            }
        }
        Ok(found.into_iter().map(|(stem, parts)| Self::of_parts(folder, stem, parts)).collect())
    }

    /// The journal that is written to this file.
    ///
    /// # Errors
    /// If its folder cannot be listed, or has no part of it.
    pub fn of_file(path: &Path) -> io::Result<Self> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let all = Self::of_folder(folder)?;
        let nothing = || io::Error::new(io::ErrorKind::NotFound, "it is not there, nor is a part of it");
        all.into_iter().find(|files| files.path == path).ok_or_else(nothing)
    }

    fn of_parts(folder: &Path, stem: &str, mut parts: BTreeMap<u32, Part>) -> Self {
        let closed = || parts.keys().copied().filter(|number| *number != OPEN);
        let gap = (1..).zip(closed()).find(|(wanted, number)| wanted != number);
        let path = folder.join(format!("{stem}.jsonl"));
        let next = closed_path(&path, closed().max().unwrap_or(0).saturating_add(1));
        parts.entry(OPEN).and_modify(|part| *part = Part::Open(path.clone(), next));
        Self {
            path,
            parts: parts.into_values().collect(),
            missing: gap.map(|(wanted, _)| folder.join(format!("{stem}.{wanted:04}.jsonl.gz"))),
        }
    }

    /// The files that there are, with their names in a journal of the name `stem`.
    pub fn named(&self, stem: &str) -> Vec<(PathBuf, String)> {
        let parts = self.paths().filter_map(|path| {
            let name = Name::of(path.file_name()?.to_str()?)?;
            let number = if name.number == OPEN { String::new() } else { format!(".{:04}", name.number) };
            let packed = if name.packed { ".gz" } else { "" };
            Some((path.to_owned(), format!("{stem}{number}.jsonl{packed}")))
        });
        parts.collect()
    }

    /// The lines of a part.
    pub(crate) fn part(&self, number: usize) -> Result<Box<dyn BufRead + '_>, ReadError> {
        let failed = |source| ReadError::Io { path: self.path.clone(), source };
        let gone = || io::Error::new(io::ErrorKind::NotFound, "a part of it is gone");
        let part = self.parts.get(number).ok_or_else(gone).map_err(failed)?;
        part.lines().map_err(failed)
    }

    /// The files that there are.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.parts.iter().map(Part::path)
    }

    /// Whether there is a file that is being written.
    pub(super) fn is_open(&self) -> bool {
        self.parts.last().is_some_and(Part::is_open)
    }

    /// The number of the last closed part; 0 for none.
    pub(super) fn closed(&self) -> u32 {
        let numbers = self.paths().filter_map(|path| Name::of(path.file_name()?.to_str()?).map(|name| name.number));
        numbers.filter(|number| *number != OPEN).max().unwrap_or(0)
    }
}

/// The number of the file that is being written, which comes after all others.
const OPEN: u32 = u32::MAX;

/// What the name of a file says.
struct Name<'a> {
    stem: &'a str,
    number: u32,
    packed: bool,
}

impl<'a> Name<'a> {
    fn of(name: &'a str) -> Option<Self> {
        if !name.starts_with("journal") {
            return None;
        }
        let (plain, packed) = name.strip_suffix(".gz").map_or((name, false), |plain| (plain, true));
        let stem = plain.strip_suffix(".jsonl")?;
        let numbered = stem.rsplit_once('.').and_then(|(stem, number)| Some((stem, number.parse().ok()?)));
        match numbered {
            Some((stem, number)) => Some(Self { stem, number, packed }),
            None if packed => None,
            None => Some(Self { stem, number: OPEN, packed }),
        }
    }
}

/// The file of a closed part, not yet packed.
pub(super) fn closed_path(path: &Path, number: u32) -> PathBuf {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("journal");
    path.with_file_name(format!("{stem}.{number:04}.jsonl"))
}

/// The names of files of journals in a folder. Names change while journals are written, and a list that is made meanwhile may
/// have one both ways or not at all: what two lists agree on is so.
fn names(folder: &Path) -> io::Result<BTreeSet<String>> {
    let list = || -> io::Result<BTreeSet<String>> {
        let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().into_string().unwrap_or_default()));
        names.filter(|name| name.as_ref().map_or(true, |name| Name::of(name).is_some())).collect()
    };
    let mut names = list()?;
    for _ in 0..LISTS {
        let again = list()?;
        if again == names {
            break;
        }
        names = again;
    }
    Ok(names)
}

/// How many lists are made at most; where many write, new names come all the time, and none is lost by that.
const LISTS: usize = 10;

/// The file of a closed part, packed.
pub(super) fn packed_path(closed: &Path) -> PathBuf {
    let mut packed = closed.as_os_str().to_owned();
    packed.push(".gz");
    PathBuf::from(packed)
}

impl Part {
    /// Whether it is that which is being written.
    pub(super) fn is_open(&self) -> bool {
        match self {
            Part::Open(..) => true,
            Part::Plain(_) | Part::Packed(_) => false,
            #[cfg(test)]
            Part::Memory(..) => true,
        }
    }

    /// Its file, or a name for messages.
    pub(super) fn path(&self) -> &Path {
        match self {
            Part::Open(path, _) | Part::Plain(path) | Part::Packed(path) => path,
            #[cfg(test)]
            Part::Memory(path, _) => path,
        }
    }

    /// The file that has it by now, and whether that is packed: whoever writes a journal closes and packs its parts.
    fn now(&self) -> (PathBuf, bool) {
        let (path, closed) = match self {
            Part::Open(path, closed) => (path, closed),
            Part::Plain(path) => (path, path),
            Part::Packed(path) => return (path.clone(), true),
            #[cfg(test)]
            Part::Memory(path, _) => return (path.clone(), false),
        };
        let packed = packed_path(closed);
        if packed.exists() {
            return (packed, true);
        }
        (if closed.exists() { closed } else { path }.clone(), false)
    }

    /// Its lines.
    pub(super) fn lines(&self) -> io::Result<Box<dyn BufRead + '_>> {
        #[cfg(test)]
        if let Part::Memory(_, octets) = self {
            return Ok(Box::new(&octets[..]));
        }
        let (mut path, mut packed) = self.now();
        // A part changes its name twice at most; another of the old name may be there since.
        for _ in 0..2 {
            let file = file::open(&path);
            let now = self.now();
            if now.0 == path {
                return lines(file?, packed);
            }
            (path, packed) = now;
        }
        lines(file::open(&path)?, packed)
    }
}

/// The lines of a file.
fn lines(file: File, packed: bool) -> io::Result<Box<dyn BufRead>> {
    let mut file = BufReader::with_capacity(BUFFER, file);
    if !packed {
        return Ok(Box::new(file));
    }
    if file.fill_buf()?.get(..GZIP_HEAD.len()) != Some(&GZIP_HEAD) {
        return Err(damaged(
            "it begins otherwise; where another program has packed it, it is read once `gunzip` has unpacked it",
        ));
    }
    Ok(Box::new(BufReader::with_capacity(BUFFER, Packed(GzDecoder::new(file)))))
}

/// Octets of a line with its end at most. Of a message 256 KiB of octets are written, in hexadecimal, and 4 MiB of what its
/// fields say, of which JSON may make six times as much; the first line has half a KiB for each case.
pub(super) const LINE: u64 = 32 * 1024 * 1024;

/// Reads the next line with its end, where it has one, to an empty `line`; gives how many octets it has.
pub(crate) fn read_line(lines: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    let length = lines.take(LINE.saturating_add(1)).read_until(b'\n', line)?;
    if length as u64 > LINE {
        let what = format!("the line has more than {}", file::amount(LINE));
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    Ok(length)
}

const BUFFER: usize = 256 * 1024;

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Open(path, _) => f.debug_tuple("Open").field(path).finish(),
            Part::Plain(path) => f.debug_tuple("Plain").field(path).finish(),
            Part::Packed(path) => f.debug_tuple("Packed").field(path).finish(),
            #[cfg(test)]
            Part::Memory(_, octets) => write!(f, "Memory({} octets)", octets.len()),
        }
    }
}

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// A packed part, which ends where its file ends.
struct Packed(GzDecoder<BufReader<File>>);

impl Read for Packed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(into)?;
        if count == 0 && !into.is_empty() && !self.0.get_mut().fill_buf()?.is_empty() {
            return Err(damaged("something follows the packed lines"));
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_journal_and_part() {
        let of = |name| Name::of(name).map(|name| (name.stem, name.number, name.packed));
        assert_eq!(of("journal.jsonl"), Some(("journal", OPEN, false)));
        assert_eq!(of("journal-7.jsonl"), Some(("journal-7", OPEN, false)));
        assert_eq!(of("journal.0002.jsonl"), Some(("journal", 2, false)));
        assert_eq!(of("journal-7.0012.jsonl.gz"), Some(("journal-7", 12, true)));
        assert_eq!((of("journal.jsonl.gz"), of("notes.jsonl"), of("journal.0002.gz.part")), (None, None, None));
    }
}
